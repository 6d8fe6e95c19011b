"""Show that a digest's numbers are right, and each is the number of the records that explain it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from storage.crm import deals, followups
from storage.crm.deals import Deal
from storage.database.engine import current_workspace
from storage.digests import metrics
from storage.digests.metrics import BacklogLine, Cut, Day, Durations, Metric, Part, Period, TargetsKept, more_than_usual
from storage.money import Money
from storage.support import labels, messages, sla, tickets
from storage.support.ratings import Rating
from storage.support.sla import SlaClock
from storage.support.tickets import Ticket
from storage.workspace.members import Member, MemberKind, Role

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
    lines = [(line.stage, line.count, line.total, line.weighted) for line in metrics.pipeline(session, WEEK)]
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
    read = metrics.digest(session, WEEK, sections=["pipeline"])
    told = {
        (one.figure, one.part): (one.count, one.before, *(str(amount) for amount in one.amounts))
        for one in read.numbers
        if not one.part or one.part.cut is Cut.REASON
    }
    assert told == {
        (Metric.DEALS_OPEN, None): (4, None, str(Money(400, "EUR"))),
        (Metric.DEALS_NEW, None): (2, 4, str(Money(200, "EUR"))),
        (Metric.DEALS_WON, None): (1, 0, str(Money(500, "EUR"))),
        (Metric.DEALS_LOST, None): (1, 1, str(Money(70, "USD"))),
        (Metric.DEALS_LOST, Part(Cut.REASON, "price")): (1, 1, str(Money(70, "USD"))),
        (Metric.DEALS_STALLED, None): (4, None),
        (Metric.FOLLOWUPS_OVERDUE, None): (0, None),
    }
    assert [deal.name for deal in metrics.records(session, Metric.DEALS_NEW, WEEK)] == ["new", "first"]
    assert metrics.records(session, Metric.DEALS_WON, WEEK) == [won]
    by_price = metrics.records(session, Metric.DEALS_LOST, WEEK, Part(Cut.REASON, "price"))
    assert [deal.name for deal in by_price] == ["lost"]
    assert metrics.count(session, Metric.DEALS_LOST, WEEK, Part(Cut.REASON, None)) == 0
    with pytest.raises(ValueError, match="Deal has no priority"):
        metrics.count(session, Metric.DEALS_LOST, WEEK, Part(Cut.PRIORITY, "high"))


def test_a_stalled_deal_is_open_and_untouched_for_two_weeks(session: Session) -> None:
    stalled = put(session, sale(session, "stalled"), touched_at=WEEK.until - timedelta(days=15))
    put(session, sale(session, "fresh"), touched_at=WEEK.until - timedelta(days=13))
    closed = sale(session, "closed")
    deals.win(session, closed)
    put(session, closed, touched_at=BEFORE - timedelta(days=30))
    assert metrics.records(session, Metric.DEALS_STALLED, WEEK) == [stalled]
    assert metrics.count(session, Metric.DEALS_STALLED, WEEK) == 1


def test_an_overdue_followup_is_open_and_its_time_has_passed(session: Session) -> None:
    def promised(at: datetime) -> followups.Followup:
        return followups.add(session, text="call", due_at=at, zone="UTC", owner_id="UREP")

    overdue, older = promised(WITHIN), promised(BEFORE)
    promised(AFTER)
    followups.done(session, promised(BEFORE))
    assert metrics.records(session, Metric.FOLLOWUPS_OVERDUE, WEEK) == [older, overdue]
    assert metrics.count(session, Metric.FOLLOWUPS_OVERDUE, WEEK) == 2


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
    assert [ticket.name for ticket in metrics.records(session, Metric.TICKETS_OPENED, WEEK)] == ["bug", "another bug"]
    assert metrics.records(session, Metric.TICKETS_RESOLVED, WEEK) == [solved]
    assert metrics.records(session, Metric.TICKETS_BACKLOG, WEEK)[0] is bug
    assert metrics.backlog(session, WEEK) == [
        BacklogLine("bug", "urgent", 1, 1),
        BacklogLine("bug", "normal", 1, 1),
        BacklogLine(None, "normal", 1, 1),
    ]


def test_first_response_is_the_median_and_the_slowest_tenth(session: Session) -> None:
    assert metrics.digest(session, WEEK).answered == Durations()
    for minutes in (10, 20, 90):
        answered = asked(session, f"answered after {minutes}")
        tickets.responded(session, answered, answered.created_at + timedelta(minutes=minutes))
    waiting = asked(session, "waiting")
    speed = metrics.digest(session, WEEK).answered
    assert (speed.count, speed.median, speed.ninth_decile) == (3, timedelta(minutes=20), timedelta(minutes=76))
    assert metrics.records(session, Metric.TICKETS_ANSWERED, WEEK)[0].name == "answered after 90"
    assert metrics.records(session, Metric.TICKETS_UNANSWERED, WEEK) == [waiting]


def test_a_team_is_everybody_below_and_its_figures_are_theirs(session: Session) -> None:
    manager = session.get_one(Member, (current_workspace(session), "UREP"))
    manager.manager_id = "UMANAGER"
    session.add(
        Member(
            workspace_id=manager.workspace_id,
            id="UNEW",
            name="New",
            roles=[Role.REP],
            kind=MemberKind.STAFF,
            manager_id="UREP",
        )
    )
    session.flush()
    assert metrics.team(session, "UMANAGER") == ["UMANAGER", "UNEW", "UREP"]
    assert metrics.team(session, "UAGENT") == ["UAGENT"]
    mine = sale(session, "mine", 100, owner_id="UNEW")
    sale(session, "not mine", 100, owner_id="UADMIN")
    team = Period(WEEK.since, WEEK.until, metrics.team(session, "UMANAGER"))
    assert metrics.records(session, Metric.DEALS_OPEN, team) == [mine]
    assert [line.count for line in metrics.pipeline(session, team)] == [1]
    assert metrics.count(session, Metric.DEALS_OPEN, Period(WEEK.since, WEEK.until, [])) == 0


def test_a_reading_tells_support_and_the_team(session: Session) -> None:
    for number in range(6):
        asked(session, f"bug {number}", category="bug", assignee_id="UAGENT")
    for number in range(24):
        asked(session, f"bill {number}", WEEK.since - timedelta(days=20), category="billing")
    solved = asked(session, "solved", BEFORE, assignee_id="UAGENT")
    tickets.set_status(session, solved, "resolved")
    put(session, solved, resolved_at=WITHIN)
    won = sale(session, "won", 500, owner_id="UREP")
    deals.win(session, won)
    put(session, won, created_at=BEFORE, closed_at=WITHIN)
    read = metrics.digest(session, WEEK, zone="Asia/Tokyo")
    assert [(one.category, one.count) for one in read.unusual] == [("bug", 6)]
    assert read.number(Metric.TICKETS_OPENED, Part(Cut.CATEGORY, "bug")).count == 6
    assert (read.number(Metric.TICKETS_OPENED).count, read.number(Metric.TICKETS_OPENED).before) == (6, 1)
    assert [(one.part.value, one.count) for one in read.parts(Metric.TICKETS_BACKLOG, Cut.CATEGORY) if one.part] == [
        ("billing", 24),
        ("bug", 6),
    ]
    assert read.number(Metric.TICKETS_UNANSWERED).count == 30
    assert read.number(Metric.DEALS_WON, Part(Cut.OWNER, "UREP")).count == 1
    assert read.number(Metric.TICKETS_RESOLVED, Part(Cut.OWNER, "UAGENT")).count == 1
    assert len(read.days) == 14
    assert Day(WITHIN.date(), 6, 1) in read.days
    assert read.resolved.count == 1


def test_promises_and_corrections_are_told_with_what_is_behind(session: Session) -> None:
    sla.set_target(session, first_response_minutes=60)
    session.flush()
    now = datetime.now(UTC)
    today = Period(now - timedelta(days=1), now + timedelta(days=1))
    late = tickets.add(session, name="late", assignee_id="UAGENT")
    clock = late_clock(session, late, now)
    read = metrics.digest(session, today, sections=["support"])
    assert TargetsKept(clock, 0, 1) in read.promises
    assert metrics.records(session, Metric.FIRST_ANSWERS_LATE, today) == [late]
    mine = Period(today.since, today.until, ["UREP"])
    assert metrics.digest(session, mine, sections=["support"]).promises == []
    correct(session)
    read = metrics.digest(session, today, sections=["support"])
    assert (read.number(Metric.LABELS_CORRECTED).count, read.classified) == (1, 1)


def late_clock(session: Session, ticket: Ticket, now: datetime) -> str:
    session.execute(delete(SlaClock).where(SlaClock.ticket_id == ticket.id))
    session.add(
        SlaClock(
            workspace_id=ticket.workspace_id,
            ticket_id=ticket.id,
            kind=sla.FIRST_RESPONSE,
            priority="normal",
            target_minutes=60,
            started_at=now,
            running_since=now,
            due_at=now,
        )
    )
    session.flush()
    return sla.FIRST_RESPONSE


def correct(session: Session) -> None:
    ts = f"{datetime.now(UTC).timestamp():.6f}"
    message = messages.receive(session, channel_id="C1", ts=ts, text="It breaks", author_id="U9")
    assert message is not None
    message.category = "billing"
    labels.correct(session, message, "bug", actor_id="UAGENT")
    labels.correct(session, message, "bug", actor_id="UAGENT")


def test_more_than_usual_is_a_share_that_chance_does_not_explain() -> None:
    usual = {"bug": 20, "billing": 80}
    assert more_than_usual({"bug": 4, "billing": 16}, usual) == []
    assert more_than_usual({"bug": 40, "billing": 160}, usual) == []
    found = more_than_usual({"bug": 15, "billing": 10}, usual)
    assert [(one.category, one.count, one.expected) for one in found] == [("bug", 15, 5.0)]
    assert [one.category for one in more_than_usual({"outage": 6, "billing": 10}, usual)] == ["outage"]
    assert more_than_usual({"outage": 4, "billing": 4}, usual) == []
    assert more_than_usual({"bug": 15}, {"bug": 19}) == []
    assert more_than_usual({"bug": 15}, {"bug": 30}) == []


def rated(session: Session, ticket: Ticket) -> None:
    rating = Rating(workspace_id=ticket.workspace_id, ticket_id=ticket.id, person_id="U9", score=1)
    rating.answered_at = datetime.now(UTC)
    session.add(rating)
    session.flush()


@pytest.mark.parametrize("figure", Metric)
def test_every_number_is_that_of_its_records(session: Session, figure: Metric) -> None:
    ways: list[Callable[[], Any]] = [
        lambda: sale(session, "open", 100),
        lambda: deals.win(session, sale(session, "won", 100)),
        lambda: deals.lose(session, sale(session, "lost", 100), "price"),
        lambda: put(session, sale(session, "stalled"), touched_at=datetime.now(UTC) - timedelta(days=60)),
        lambda: followups.add(session, text="call", due_at=datetime.now(UTC), zone="UTC", owner_id="UREP"),
        lambda: tickets.add(session, name="new"),
        lambda: tickets.responded(session, tickets.add(session, name="answered")),
        lambda: tickets.set_status(session, tickets.add(session, name="resolved"), "resolved"),
        lambda: late_clock(session, tickets.add(session, name="late"), datetime.now(UTC)),
        lambda: session.execute(update(SlaClock).values(kind=sla.RESOLUTION, ticket_id=SlaClock.ticket_id - 1)),
        lambda: late_clock(session, tickets.add(session, name="late too"), datetime.now(UTC)),
        lambda: correct(session),
        lambda: rated(session, tickets.add(session, name="unhappy")),
    ]
    for way in ways:
        way()
    now = datetime.now(UTC)
    today = Period(now - timedelta(days=1), now + timedelta(days=1))
    counted = metrics.count(session, figure, today)
    rows = metrics.records(session, figure, today)
    assert counted == len(rows) > 0
    ids = metrics.identities(session, figure, today)
    assert metrics.identified(session, figure, today, [*ids, 999]) == rows
