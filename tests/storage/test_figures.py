"""Show that a digest's numbers are right, and each is the number of the records that explain it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from storage import deals, figures, followups, tickets
from storage.database import current_workspace
from storage.deals import Deal
from storage.figures import BacklogLine, Figure, FirstResponse, Period, Total
from storage.members import Kind, Member, Role
from storage.money import Money
from storage.tickets import Ticket

MONDAY = datetime(2030, 1, 7, tzinfo=UTC)
WEEK = Period(MONDAY, MONDAY + timedelta(days=7))
BEFORE, WITHIN, AFTER = MONDAY - timedelta(days=1), MONDAY + timedelta(days=2), MONDAY + timedelta(days=8)


def put(session: Session, record: Any, **times: datetime) -> Any:
    """Set moments of a record, as if the clock had stood there."""
    model = type(record)
    session.execute(update(model).where(model.id == record.id).values(**{"updated_at": model.updated_at, **times}))
    session.refresh(record)
    return record


def sale(session: Session, name: str, minor: int | None = None, currency: str = "EUR", **values: Any) -> Deal:
    return deals.add(session, name=name, amount=None if minor is None else Money(minor, currency), **values)


def test_the_pipeline_has_a_line_per_stage_and_currency(session: Session) -> None:
    sale(session, "a", 100)
    sale(session, "b", 250)
    sale(session, "c", 99, "USD")
    sale(session, "d")
    sale(session, "e", 333, stage="proposal")
    deals.win(session, sale(session, "f", 1000))
    lines = [(line.stage, line.count, line.total, line.weighted) for line in figures.pipeline(session, WEEK)]
    assert lines == [
        ("Lead", 2, Money(350, "EUR"), Money(35, "EUR")),
        ("Lead", 1, Money(99, "USD"), Money(10, "USD")),
        ("Lead", 1, None, None),
        ("Proposal", 1, Money(333, "EUR"), Money(166, "EUR")),
    ]


def test_new_won_and_lost_deals_are_those_of_the_period(session: Session) -> None:
    for name, created in (("old", BEFORE), ("new", WITHIN), ("first", WEEK.since), ("next", WEEK.until)):
        put(session, sale(session, name, 100), created_at=created)
    won = sale(session, "won", 500)
    deals.win(session, won)
    put(session, won, created_at=BEFORE, closed_at=WITHIN)
    for name, closed in (("lost", WITHIN), ("lost before", BEFORE)):
        lost = sale(session, name, 70, "USD")
        deals.lose(session, lost, "price")
        put(session, lost, created_at=BEFORE, closed_at=closed)
    assert figures.total(session, Figure.DEALS_NEW, WEEK) == Total(2, (Money(200, "EUR"),))
    assert figures.total(session, Figure.DEALS_WON, WEEK) == Total(1, (Money(500, "EUR"),))
    assert figures.total(session, Figure.DEALS_LOST, WEEK) == Total(1, (Money(70, "USD"),))
    assert figures.total(session, Figure.DEALS_OPEN, WEEK) == Total(4, (Money(400, "EUR"),))
    assert [deal.name for deal in figures.records(session, Figure.DEALS_NEW, WEEK)] == ["new", "first"]
    assert figures.records(session, Figure.DEALS_WON, WEEK) == [won]
    with pytest.raises(ValueError, match="does not count deals"):
        figures.total(session, Figure.TICKETS_BACKLOG, WEEK)


def test_a_stalled_deal_is_open_and_untouched_for_two_weeks(session: Session) -> None:
    stalled = put(session, sale(session, "stalled"), touched_at=WEEK.until - timedelta(days=15))
    put(session, sale(session, "fresh"), touched_at=WEEK.until - timedelta(days=13))
    closed = sale(session, "closed")
    deals.win(session, closed)
    put(session, closed, touched_at=BEFORE - timedelta(days=30))
    assert figures.records(session, Figure.DEALS_STALLED, WEEK) == [stalled]
    assert figures.count(session, Figure.DEALS_STALLED, WEEK) == 1


def test_an_overdue_followup_is_open_and_its_time_has_passed(session: Session) -> None:
    def promised(at: datetime) -> followups.Followup:
        return followups.add(session, text="call", due_at=at, zone="UTC", owner_id="UREP")

    overdue, older = promised(WITHIN), promised(BEFORE)
    promised(AFTER)
    followups.done(session, promised(BEFORE))
    assert figures.records(session, Figure.FOLLOWUPS_OVERDUE, WEEK) == [older, overdue]
    assert figures.count(session, Figure.FOLLOWUPS_OVERDUE, WEEK) == 2


def asked(session: Session, name: str, at: datetime = WITHIN, **values: Any) -> Ticket:
    ticket: Ticket = put(session, tickets.add(session, name=name, **values), created_at=at)
    return ticket


def test_support_counts_requests_only(session: Session) -> None:
    bug = asked(session, "bug", category="bug", priority="urgent")
    asked(session, "another bug", category="bug")
    asked(session, "unsorted", BEFORE)
    solved = asked(session, "solved", BEFORE)
    tickets.set_status(session, solved, "resolved")
    put(session, solved, resolved_at=WITHIN)
    tickets.dismiss(session, asked(session, "thanks"), category="other", actor_id="UAGENT")
    assert [ticket.name for ticket in figures.records(session, Figure.TICKETS_OPENED, WEEK)] == ["bug", "another bug"]
    assert figures.records(session, Figure.TICKETS_RESOLVED, WEEK) == [solved]
    assert figures.records(session, Figure.TICKETS_BACKLOG, WEEK)[0] is bug
    assert figures.backlog(session, WEEK) == [
        BacklogLine("bug", "urgent", 1),
        BacklogLine("bug", "normal", 1),
        BacklogLine(None, "normal", 1),
    ]


def test_first_response_is_the_median_and_the_slowest_tenth(session: Session) -> None:
    assert figures.first_response(session, WEEK) == FirstResponse(0, None, None)
    for minutes in (10, 20, 90):
        answered = asked(session, f"answered after {minutes}")
        tickets.responded(session, answered, answered.created_at + timedelta(minutes=minutes))
    waiting = asked(session, "waiting")
    speed = figures.first_response(session, WEEK)
    assert (speed.count, speed.median, speed.ninth_decile) == (3, timedelta(minutes=20), timedelta(minutes=76))
    assert figures.records(session, Figure.TICKETS_ANSWERED, WEEK)[0].name == "answered after 90"
    assert figures.records(session, Figure.TICKETS_UNANSWERED, WEEK) == [waiting]


def test_a_team_is_everybody_below_and_its_figures_are_theirs(session: Session) -> None:
    manager = session.get_one(Member, (current_workspace(session), "UREP"))
    manager.manager_id = "UMANAGER"
    session.add(
        Member(
            workspace_id=manager.workspace_id,
            id="UNEW",
            name="New",
            roles=[Role.REP],
            kind=Kind.STAFF,
            manager_id="UREP",
        )
    )
    session.flush()
    assert figures.team(session, "UMANAGER") == ["UMANAGER", "UNEW", "UREP"]
    assert figures.team(session, "UAGENT") == ["UAGENT"]
    mine = sale(session, "mine", 100, owner_id="UNEW")
    sale(session, "not mine", 100, owner_id="UADMIN")
    team = Period(WEEK.since, WEEK.until, figures.team(session, "UMANAGER"))
    assert figures.records(session, Figure.DEALS_OPEN, team) == [mine]
    assert [line.count for line in figures.pipeline(session, team)] == [1]
    assert figures.count(session, Figure.DEALS_OPEN, Period(WEEK.since, WEEK.until, [])) == 0


@pytest.mark.parametrize("figure", Figure)
def test_every_number_is_that_of_its_records(session: Session, figure: Figure) -> None:
    ways: list[Callable[[], Any]] = [
        lambda: sale(session, "open", 100),
        lambda: deals.win(session, sale(session, "won", 100)),
        lambda: deals.lose(session, sale(session, "lost", 100), "price"),
        lambda: put(session, sale(session, "stalled"), touched_at=datetime.now(UTC) - timedelta(days=60)),
        lambda: followups.add(session, text="call", due_at=datetime.now(UTC), zone="UTC", owner_id="UREP"),
        lambda: tickets.add(session, name="new"),
        lambda: tickets.responded(session, tickets.add(session, name="answered")),
        lambda: tickets.set_status(session, tickets.add(session, name="resolved"), "resolved"),
    ]
    for way in ways:
        way()
    now = datetime.now(UTC)
    today = Period(now - timedelta(days=1), now + timedelta(days=1))
    counted = figures.count(session, figure, today)
    assert counted == len(figures.records(session, figure, today)) > 0
