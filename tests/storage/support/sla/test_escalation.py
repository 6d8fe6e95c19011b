"""Show who is told that a ticket runs late, when, and that each is told once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from storage.database.engine import EVERY_WORKSPACE, Database
from storage.queues import outbox, outbox_claims
from storage.queues.due import Due
from storage.queues.outbox import Delivery
from storage.support import channels, sla, tickets
from storage.support.sla import RESOLUTION, Rung
from storage.support.tickets import Ticket
from storage.workspace import members
from storage.workspace.members import Member
from tests.support.service_desk import MONDAY, becomes, clock, materialise, opened, planned, said


@pytest.fixture
def desk(session: Session) -> Session:
    """Promise a solution within an hour, and have a channel for support."""
    channels.seen(session, "CSUPPORT", name="support")
    channels.set_triage(session, "CSUPPORT")
    sla.set_target(session, resolution_minutes=60)
    return session


def minutes(number: float) -> datetime:
    return MONDAY + timedelta(minutes=number)


def test_the_ladder_of_a_ticket_that_is_nobodys(desk: Session) -> None:
    opened(desk)
    assert planned(desk) == {
        "sla_warning": (minutes(48), "CSUPPORT"),
        "sla_breach": (minutes(60), "CSUPPORT"),
        # All managers, of whom an admin is one.
        "sla_escalation": (minutes(75), "UMANAGER"),
    }
    ticket = tickets.get(desk, 1)
    told = sla.receivers(desk, ticket, RESOLUTION, Rung.ESCALATION)
    assert {one.user for one in told} == {"UMANAGER", "UADMIN"}


def test_whoever_shows_a_ticket_is_told_once_when_it_is_late(desk: Session) -> None:
    def late() -> list[tuple[str, datetime | None]]:
        rows = desk.scalars(select(Due).where(Due.kind == "job:sla.late").execution_options(populate_existing=True))
        return [(row.subject, row.at) for row in rows]

    ticket = opened(desk)
    assert late() == [("T-1/resolution", minutes(60))]
    becomes(desk, ticket, "waiting", minutes(10))
    assert late() == []
    becomes(desk, ticket, "open", minutes(30))
    assert late() == [("T-1/resolution", minutes(80))]
    becomes(desk, ticket, "resolved", minutes(40))
    assert late() == []


def test_it_follows_the_assignee_and_their_manager(desk: Session) -> None:
    ticket = opened(desk, assignee_id="UAGENT")
    assert planned(desk)["sla_warning"] == (minutes(48), "UAGENT")
    for member_id in ("UREP", "UAGENT"):
        member = members.get(desk, member_id)
        assert member is not None
        members.set_manager(desk, member, members.get(desk, "UVIEWER"))
    tickets.assign(desk, ticket, "UREP")
    sla.changed(desk, ticket, minutes(1))
    assert planned(desk)["sla_warning"] == (minutes(48), "UREP")
    assert [one.user for one in sla.receivers(desk, ticket, RESOLUTION, Rung.ESCALATION)] == ["UVIEWER"]
    desk.execute(update(Member).where(Member.id == "UREP").values(active=False))
    desk.expire_all()
    sla.changed(desk, ticket, minutes(2))
    assert planned(desk)["sla_warning"] == (minutes(48), "CSUPPORT")


def test_without_a_channel_it_is_people(session: Session) -> None:
    sla.set_target(session, resolution_minutes=60)
    ticket = opened(session)
    for rung in Rung:
        assert {one.user for one in sla.receivers(session, ticket, RESOLUTION, rung)} == {"UMANAGER", "UADMIN"}
    tickets.assign(session, ticket, "UMANAGER")
    assert [one.user for one in sla.receivers(session, ticket, RESOLUTION, Rung.BREACH)] == ["UMANAGER"]
    # Nobody is told twice of their own.
    assert [one.user for one in sla.receivers(session, ticket, RESOLUTION, Rung.ESCALATION)] == ["UADMIN"]


def test_cards_in_another_channel_have_their_alerts_there(desk: Session) -> None:
    ticket = opened(desk)
    ticket.card_delivery_id = outbox.enqueue(desk, target_channel="CGOLD", renderer="triage.card", record="T-1")
    desk.flush()
    sla.changed(desk, ticket, minutes(1))
    assert planned(desk)["sla_breach"] == (minutes(60), "CGOLD")


@pytest.mark.parametrize(
    ("target", "warned"), [(5, None), (6, 1), (10, 5), (25, 20), (60, 48), (600, 480)], ids=lambda value: str(value)
)
def test_a_warning_leaves_some_minutes_to_act(session: Session, target: int, warned: int | None) -> None:
    sla.set_target(session, resolution_minutes=target)
    ticket = opened(session)
    assert clock(session, ticket).warn_at == (minutes(warned) if warned is not None else None)


@pytest.mark.parametrize("status", ["waiting", "resolved", "closed"])
def test_what_is_planned_ends_with_the_clock_and_comes_back_with_it(desk: Session, status: str) -> None:
    ticket = opened(desk)
    becomes(desk, ticket, status, minutes(10))
    assert planned(desk) == {}
    assert clock(desk, ticket).warn_at is None
    becomes(desk, ticket, "open", minutes(40))
    assert planned(desk)["sla_warning"] == (minutes(78), "CSUPPORT")


def real(database: Database, workspace: str, minutes_ago: float) -> None:
    """Promise an hour, and open a ticket so many real minutes ago."""
    with database.transaction(workspace) as session:
        channels.seen(session, "CSUPPORT", name="support")
        channels.set_triage(session, "CSUPPORT")
        sla.set_target(session, resolution_minutes=60)
        opened(session, datetime.now(UTC) - timedelta(minutes=minutes_ago))


def state(database: Database, workspace: str) -> list[tuple[str, str | None, str]]:
    with database.transaction(workspace) as session:
        return [one for one in said(session) if one[1] == "CSUPPORT"]


def now_becomes(database: Database, workspace: str, status: str) -> None:
    with database.transaction(workspace) as session:
        becomes(session, tickets.get(session, 1), status, datetime.now(UTC))


def later(database: Database, workspace: str, span: timedelta) -> None:
    """Let time pass for the ticket: it was opened that much earlier."""
    with database.transaction(workspace) as session:
        ticket = session.scalars(select(Ticket)).one()
        ticket.created_at -= span
        session.flush()
        sla.changed(session, ticket, datetime.now(UTC))


def test_what_was_said_is_not_said_again(database: Database, workspace: str) -> None:
    real(database, workspace, 50)
    materialise(database)
    assert state(database, workspace) == [("sla_warning", "CSUPPORT", "pending")]
    with database.transaction(workspace) as session:
        session.execute(update(Delivery).values(state="sent"))
    for status in ("waiting", "open", "resolved", "open"):
        now_becomes(database, workspace, status)
    materialise(database)
    assert state(database, workspace) == [("sla_warning", "CSUPPORT", "sent")]
    later(database, workspace, timedelta(minutes=15))
    materialise(database)
    assert state(database, workspace) == [("sla_warning", "CSUPPORT", "sent"), ("sla_breach", "CSUPPORT", "pending")]


def test_what_is_not_sent_yet_is_cancelled_and_said_later(database: Database, workspace: str) -> None:
    real(database, workspace, 50)
    materialise(database)
    now_becomes(database, workspace, "waiting")
    assert state(database, workspace) == [("sla_warning", "CSUPPORT", "cancelled")]
    now_becomes(database, workspace, "open")
    materialise(database)
    assert [one[2] for one in state(database, workspace)] == ["cancelled", "pending"]


def test_what_a_sender_dropped_meanwhile_is_said_once_it_is_true_again(database: Database, workspace: str) -> None:
    real(database, workspace, 50)
    materialise(database)
    with database.transaction(EVERY_WORKSPACE) as session:
        (row,) = outbox_claims.claim(session, 10, 60)
    now_becomes(database, workspace, "waiting")
    with database.transaction(workspace) as session:
        assert outbox_claims.cancelled(session, row, "no longer wanted")
    now_becomes(database, workspace, "open")
    materialise(database)
    assert [one[2] for one in state(database, workspace)] == ["cancelled", "pending"]


def test_what_was_missed_before_it_was_promised_is_told_nobody(database: Database, workspace: str) -> None:
    with database.transaction(workspace) as session:
        opened(session, datetime.now(UTC) - timedelta(hours=3))
        sla.set_target(session, resolution_minutes=60)
        sla.recount(session, datetime.now(UTC))
        assert clock(session, tickets.get(session, 1)).alert_at is not None
    now_becomes(database, workspace, "open")
    assert materialise(database) == 0


def test_a_stricter_promise_cancels_what_was_planned_and_is_silent_too(database: Database, workspace: str) -> None:
    real(database, workspace, 30)
    with database.transaction(workspace) as session:
        sla.set_target(session, resolution_minutes=10)
        sla.recount(session, datetime.now(UTC))
        assert planned(session) == {}


def test_a_priority_raised_by_somebody_is_alerted_at_once(database: Database, workspace: str) -> None:
    real(database, workspace, 30)
    with database.transaction(workspace) as session:
        sla.set_target(session, priority="urgent", resolution_minutes=20)
        ticket = tickets.get(session, 1)
        tickets.set_priority(session, ticket, "urgent")
        sla.changed(session, ticket, datetime.now(UTC))
    materialise(database)
    assert state(database, workspace) == [("sla_breach", "CSUPPORT", "pending")]


def test_setting_a_clock_twice_plans_nothing_twice(desk: Session) -> None:
    ticket = opened(desk)
    before = planned(desk)
    for _ in range(3):
        sla.changed(desk, ticket, minutes(5))
    sla.recount(desk, minutes(6))
    assert planned(desk) == before


def test_who_is_no_manager_any_more_is_not_among_those_told(desk: Session) -> None:
    ticket = opened(desk)
    desk.execute(update(Member).where(Member.id == "UMANAGER").values(roles=["viewer"]))
    desk.expire_all()
    assert [one.user for one in sla.receivers(desk, ticket, RESOLUTION, Rung.ESCALATION)] == ["UADMIN"]
