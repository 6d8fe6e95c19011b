"""Show what an alert says, and when it is no longer wanted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from bot.handlers.sla.notices import alert
from bot.kit import blocks as b
from bot.kit.format import reader
from bot.kit.replies import Message
from storage.crm import customers
from storage.queues.outbox import Delivery
from storage.support import channels, sla, tickets
from storage.support.sla import Rung
from storage.support.tickets import Ticket
from storage.workspace import members, workspaces

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def late(session: Session, workspace: str) -> Ticket:
    """Promise an hour, and open a ticket of a gold customer that is 25 minutes late."""
    channels.seen(session, "CSUPPORT", name="support")
    channels.set_triage(session, "CSUPPORT")
    sla.set_target(session, resolution_minutes=60)
    acme = customers.add(session, name="Acme <Corp>", tier="gold")
    ticket = tickets.add(
        session, name="Login fails", customer_id=acme.id, channel_id="CEXT", thread_ts="1763900000.000100"
    )
    ticket.created_at = NOW - timedelta(minutes=85)
    session.flush()
    sla.opened(session, ticket, NOW)
    return ticket


def drawn(
    session: Session, rung: Rung = Rung.BREACH, *, now: datetime = NOW, subject: str = "T-1/resolution", **target: Any
) -> Message | None:
    row = Delivery(
        workspace_id=session.info["workspace"],
        id=uuid4(),
        kind="post",
        renderer=sla.RENDERER,
        record=subject,
        payload={"rung": rung.value},
        **(target or {"target_channel": "CSUPPORT"}),
    )
    space = workspaces.get(session, session.info["workspace"])
    assert space is not None
    receiver = members.get(session, target["target_user"]) if "target_user" in target else None
    return alert(row, session, reader(receiver, space, now), space, now)


def text(message: Message | None) -> str:
    assert message is not None
    return str(b.render(message.blocks))


def test_it_says_what_is_late_by_how_much_in_the_readers_zone(session: Session, late: Ticket) -> None:
    said = text(drawn(session))
    assert "the solution was due Mon, Nov 23, 11:35 AM, 25 minutes ago." in said
    for part in ("T-1", "Login fails", "Acme &lt;Corp&gt;", "gold", "nobody yet", "within 1 hr", "Take", "Resolve"):
        assert part in said
    to_manager = text(drawn(session, Rung.ESCALATION, subject="T-1/resolution/UMANAGER", target_user="UMANAGER"))
    assert "12:35 PM" in to_manager  # Berlin


def test_it_links_to_the_card_and_the_message_where_slack_has_said_where_it_is(session: Session, late: Ticket) -> None:
    assert "archives" not in text(drawn(session))
    space = workspaces.get(session, session.info["workspace"])
    assert space is not None
    space.url = "https://acme.slack.com/"
    late.card_delivery_id = uuid4()
    session.add(
        Delivery(
            workspace_id=space.id,
            id=late.card_delivery_id,
            kind="post",
            renderer="triage.card",
            record="T-1",
            target_channel="CSUPPORT",
            channel="CSUPPORT",
            ts="1763900001.000200",
        )
    )
    session.flush()
    said = text(drawn(session))
    assert "https://acme.slack.com/archives/CEXT/p1763900000000100|Message" in said
    assert "https://acme.slack.com/archives/CSUPPORT/p1763900001000200|Card" in said


def test_a_warning_that_comes_late_says_that_it_is_late(session: Session, late: Ticket) -> None:
    assert "was due" in text(drawn(session, Rung.WARNING))
    assert "is due" in text(drawn(session, Rung.WARNING, now=NOW - timedelta(minutes=30)))


Change = Callable[[Session, Ticket], object]


@pytest.mark.parametrize(
    "change",
    [
        lambda session, ticket: tickets.set_status(session, ticket, "waiting"),
        lambda session, ticket: tickets.set_status(session, ticket, "resolved"),
        lambda session, ticket: tickets.dismiss(session, ticket, category="chatter", actor_id=None),
        lambda session, _: sla.set_target(session, resolution_minutes=600),
        lambda session, _: sla.remove_target(session),
        lambda session, _: channels.set_triage(session, "COTHER"),
        lambda session, ticket: setattr(ticket, "merged_into_id", tickets.add(session, name="Other").id),
    ],
    ids=["waiting", "resolved", "dismissed", "promised later", "promised no more", "told elsewhere", "merged"],
)
def test_what_is_no_longer_so_is_not_said(session: Session, late: Ticket, change: Change) -> None:
    change(session, late)
    session.flush()
    sla.changed(session, late, NOW)
    assert drawn(session) is None


def test_a_ticket_that_is_gone_is_not_spoken_of(session: Session, late: Ticket) -> None:
    assert drawn(session, subject="T-99/resolution") is None
    assert drawn(session, subject="T-1/first_response") is None
    assert drawn(session, target_user="UREP") is None
