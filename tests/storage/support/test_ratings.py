"""Whom Rapport asks how they were served, who may answer, and what is counted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from storage.database.engine import current_workspace
from storage.digests import metrics
from storage.digests.metrics import Cut, Metric, Part, Period
from storage.errors import CrmError, Invalid, Refused
from storage.queues.outbox import Delivery
from storage.records import history
from storage.support import ratings, tickets
from storage.support.ratings import Rating
from storage.support.tickets import Ticket, TicketStatus
from storage.workspace.members import Member, MemberKind

RENDERER = "any"


@pytest.fixture(autouse=True)
def people(session: Session) -> Iterator[None]:
    """Let customers be asked, and somebody of each kind be there, while it is recorded what is done."""
    ratings.decide(session, asked=True)
    for member_id, kind in (
        ("UCARLA", MemberKind.OUTSIDE),
        ("UGUEST", MemberKind.GUEST),
        ("UTOM", MemberKind.STAFF),
        ("UBOT", MemberKind.BOT),
    ):
        values = {"workspace_id": current_workspace(session), "id": member_id, "name": member_id, "kind": kind}
        session.merge(Member(**values, roles=[]))
    session.flush()
    with history.recording(session, actor_id="UTOM", source="test"):
        yield


def resolved(session: Session, who: str | None = "UCARLA", **values: object) -> Ticket:
    """Return a ticket of somebody that was just resolved."""
    number = len(session.scalars(select(Ticket)).all()) + 1
    given = {"channel_id": "C1", "thread_ts": f"{number}.0", "requester_id": who, **values}
    ticket = tickets.add(session, name=f"ticket {number}", **given)  # type: ignore[arg-type]  # of mixed types
    return tickets.set_status(session, ticket, TicketStatus.RESOLVED)


def asked(session: Session, ticket: Ticket) -> Rating:
    found = ratings.ask(session, ticket, renderer=RENDERER)
    assert found is not None
    return found


def state(session: Session, rating: Rating) -> str:
    assert isinstance(rating.delivery_id, UUID)
    found = session.get_one(Delivery, (rating.workspace_id, rating.delivery_id), populate_existing=True)
    return found.state


@pytest.mark.parametrize("who", ["UCARLA", "UGUEST"])
def test_a_customer_is_asked_in_their_thread_a_minute_later(session: Session, who: str) -> None:
    rating = asked(session, resolved(session, who, assignee_id="UTOM"))
    sent = session.get_one(Delivery, (rating.workspace_id, rating.delivery_id))
    assert (sent.target_channel, sent.thread_ts, sent.payload) == ("C1", "1.0", {"rating": rating.id})
    assert timedelta(seconds=30) < sent.not_before - datetime.now(UTC) <= timedelta(minutes=1)
    assert (rating.person_id, rating.agent_id, rating.score) == (who, "UTOM", None)


@pytest.mark.parametrize("who", ["UTOM", "UBOT", "UNKNOWN", None])
def test_colleagues_bots_and_nobody_are_never_asked(session: Session, who: str | None) -> None:
    assert ratings.ask(session, resolved(session, who), renderer=RENDERER) is None


def test_nobody_is_asked_where_the_workspace_does_not_want_it(session: Session) -> None:
    ratings.decide(session, asked=False)
    assert ratings.ask(session, resolved(session), renderer=RENDERER) is None


def test_nothing_is_asked_about_what_is_merged_dismissed_closed_or_long_resolved(session: Session) -> None:
    into = resolved(session)
    merged = resolved(session)
    tickets.merge(session, merged, into, learn=False)
    dismissed = tickets.dismiss(session, resolved(session), category="chatter", actor_id=None)
    closed = tickets.set_status(session, resolved(session), TicketStatus.CLOSED)
    by_hand = resolved(session, channel_id=None, thread_ts=None)
    old = resolved(session)
    old.resolved_at = datetime.now(UTC) - timedelta(hours=1)
    unresolved = tickets.set_status(session, resolved(session), TicketStatus.OPEN)
    for ticket in (merged, dismissed, closed, by_hand, old, unresolved):
        assert ratings.ask(session, ticket, renderer=RENDERER) is None
    assert ratings.ask(session, into, renderer=RENDERER) is not None


def test_a_person_is_asked_once_a_month_whatever_they_write(session: Session) -> None:
    first = asked(session, resolved(session))
    assert ratings.ask(session, resolved(session), renderer=RENDERER) is None
    asked(session, resolved(session, "UGUEST"))
    first.asked_at = datetime.now(UTC) - timedelta(days=31)
    session.flush()
    asked(session, resolved(session))


def test_a_ticket_that_is_open_again_takes_the_question_back(session: Session) -> None:
    ticket = resolved(session)
    rating = asked(session, ticket)
    ratings.take_back(session, ticket)
    assert state(session, rating) == "pending"
    tickets.set_status(session, ticket, TicketStatus.OPEN)
    assert not ratings.is_wanted(session, rating)
    ratings.take_back(session, ticket)
    assert state(session, rating) == "cancelled"
    tickets.set_status(session, ticket, TicketStatus.RESOLVED)
    asked(session, ticket)  # the question that never went out is no question


def test_only_who_was_asked_answers_and_for_a_week(session: Session) -> None:
    ticket = resolved(session, assignee_id="UTOM")
    rating = asked(session, ticket)
    with pytest.raises(Refused, match="Only who was asked"):
        ratings.for_person(session, rating.id, "UGUEST")
    with pytest.raises(CrmError, match="no longer there"):
        ratings.for_person(session, rating.id + 1, "UCARLA")
    mine = ratings.for_person(session, rating.id, "UCARLA", lock=True)
    assert ratings.answer(session, mine, 2)
    assert not ratings.answer(session, mine, 2)
    assert ratings.answer(session, mine, 4, "quick  enough ")
    assert (mine.score, mine.words, mine.version) == (4, "quick  enough", 2)
    assert ratings.answer(session, mine, 5)
    assert mine.words == "quick  enough"
    with pytest.raises(Invalid):
        ratings.answer(session, mine, 6)
    with pytest.raises(Invalid, match="1000 characters"):
        ratings.answer(session, mine, 5, "x" * 1001)
    assert [one.action for one in history.timeline(session, "ticket", ticket.id)].count("rated") == 3
    rating.answered_at = datetime.now(UTC) - timedelta(days=8)
    session.flush()
    with pytest.raises(Refused, match="more than a week ago"):
        ratings.for_person(session, rating.id, "UCARLA")


def test_what_was_answered_is_shown_on_the_ticket_that_took_it_over(session: Session) -> None:
    ticket, into = resolved(session), resolved(session, "UGUEST")
    rating = asked(session, ticket)
    assert ratings.of_ticket(session, ticket.id) == []
    ratings.answer(session, rating, 1)
    tickets.merge(session, ticket, into, learn=False)
    assert [one.id for one in ratings.of_ticket(session, into.id)] == [rating.id]


def test_answers_are_counted_by_category_and_agent_and_each_number_is_its_records(session: Session) -> None:
    now = datetime.now(UTC)
    week = Period(now - timedelta(days=7), now + timedelta(minutes=1))
    given = [("bug", "UTOM", 5, now), ("bug", "UTOM", 2, now), ("billing", None, 4, now), ("bug", "UTOM", 1, None)]
    for category, agent, score, at in given:
        ticket = resolved(session, assignee_id=agent, category=category)
        rating = Rating(workspace_id=ticket.workspace_id, ticket_id=ticket.id, person_id="UCARLA", agent_id=agent)
        session.add(rating)
        session.flush()
        ratings.answer(session, rating, score)
        rating.answered_at = at or now - timedelta(days=9)
    session.flush()
    reading = metrics.digest(session, week, sections=["support"])
    assert [(one.count, one.before) for one in map(reading.number, (Metric.RATINGS, Metric.RATINGS_BAD))] == [
        (3, 1),
        (1, 1),
    ]
    found = {
        (line.part.cut, line.part.value) if line.part else None: (line.count, line.mean) for line in reading.scores
    }
    assert found == {
        None: (3, pytest.approx(11 / 3)),
        (Cut.CATEGORY, "bug"): (2, 3.5),
        (Cut.CATEGORY, "billing"): (1, 4),
        (Cut.OWNER, "UTOM"): (2, 3.5),
        (Cut.OWNER, None): (1, 4),
    }
    for number in (one for one in reading.numbers if one.figure in {Metric.RATINGS, Metric.RATINGS_BAD}):
        assert len(metrics.records(session, number.figure, week, number.part)) == number.count
    (worst,) = metrics.records(session, Metric.RATINGS_BAD, week)
    assert worst.score == 2
    mine = metrics.digest(session, Period(week.since, week.until, ["UTOM"]), sections=["support"])
    assert mine.number(Metric.RATINGS).count == 2
    assert metrics.count(session, Metric.RATINGS, week, Part(Cut.OWNER, "UTOM")) == 2


def test_two_tickets_of_a_person_that_are_resolved_at_once_ask_once(session: Session) -> None:
    session.execute(update(Ticket).values(resolved_at=None))
    first, second = resolved(session), resolved(session)
    assert [ratings.ask(session, one, renderer=RENDERER) is None for one in (first, second)] == [False, True]
