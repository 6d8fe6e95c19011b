"""Show that an emoji is held, taken back and undone in whatever order Slack tells of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.queues import outbox
from storage.queues.outbox import Delivery
from storage.support import messages, reactions, tickets
from storage.support.reactions import Reaction

NOON = datetime(2030, 1, 7, 12, tzinfo=UTC)
TS = "1893492000.000100"


def hold(session: Session, minute: int, member_id: str = "UAGENT") -> Reaction | None:
    at = NOON + timedelta(minutes=minute)
    return reactions.hold(session, channel_id="C1", ts=TS, name="eyes", member_id=member_id, at=at)


def let_go(session: Session, minute: int, member_id: str = "UAGENT") -> Reaction | None:
    at = NOON + timedelta(minutes=minute)
    return reactions.let_go(session, channel_id="C1", ts=TS, name="eyes", member_id=member_id, at=at)


def test_what_came_last_counts_and_each_only_once(session: Session) -> None:
    assert hold(session, 0) is not None
    assert hold(session, 0) is None
    assert reactions.is_held(session, "C1", TS, "eyes")
    assert let_go(session, 2) is not None
    assert hold(session, 1) is None
    assert not reactions.is_held(session, "C1", TS, "eyes")
    assert hold(session, 3) is not None
    assert let_go(session, 5, "UREP") is not None
    assert hold(session, 4, "UREP") is None
    assert session.scalar(select(func.count()).select_from(Reaction)) == 2


def test_what_an_emoji_changed_is_undone_unless_the_ticket_changed_since(session: Session) -> None:
    ticket = tickets.add(session, name="Login fails")
    held = hold(session, 0)
    assert held is not None
    tickets.assign(session, ticket, "UAGENT")
    reactions.acted(session, held, ticket, {"assignee_id": None, "status": "new"})
    assert reactions.taken_back(session, "C1", TS, "eyes") is ticket
    assert (ticket.assignee_id, ticket.status, ticket.resolved_at) == (None, "new", None)
    assert reactions.taken_back(session, "C1", TS, "eyes") is None
    tickets.set_status(session, ticket, "resolved")
    reactions.acted(session, held, ticket, {"status": "new"})
    tickets.set_priority(session, ticket, "high")
    assert reactions.taken_back(session, "C1", TS, "eyes") is None
    assert ticket.status == "resolved"


def test_a_card_is_known_by_its_place(session: Session) -> None:
    made = outbox.enqueue(session, target_channel="C9", renderer=reactions.CARD, record="T-7")
    row = session.get_one(Delivery, (session.info["workspace"], made))
    row.state, row.ts, row.sent_at = "sent", TS, messages.slack_time(TS) + timedelta(seconds=1)
    session.flush()
    assert reactions.card_of(session, "C9", TS) == "T-7"
    assert reactions.card_of(session, "C9", "1893492000.000200") is None
    assert reactions.card_of(session, "C1", TS) is None
