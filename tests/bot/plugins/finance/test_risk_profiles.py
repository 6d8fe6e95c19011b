"""A client's profile: taken, expiring, renewed, and what it reminds of."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from bot.plugins.finance import reminders
from bot.plugins.finance.risk.profile import profiles, questions
from bot.plugins.finance.risk.profile.profiles import RiskProfile
from bot.plugins.finance.risk.profile.questions import FIRST, QUESTION, Topic
from storage.crm import customers, followups
from storage.crm.customers import Customer
from storage.crm.followups import Followup
from storage.errors import Conflict, Invalid
from storage.records import history, lifecycle
from storage.records.declaration import declared

TODAY = date(2026, 11, 30)
REP, OTHER = "UAREP", "UAMANAGER"


@pytest.fixture
def customer(desk: Session) -> Customer:
    return customers.add(desk, name="Harbor & <!channel>", owner_id=REP)


def take(desk: Session, customer: Customer, place: int = 2, today: date = TODAY, months: int = 12) -> RiskProfile:
    asked = questions.ready(desk)
    chosen = {one.id: place for one in asked}
    asked_as = questions.fingerprint(asked)
    return profiles.take(desk, customer, chosen, asked_as, today=today, months=months, text="Renew the profile")


def promised(desk: Session, customer: Customer) -> list[Followup]:
    return followups.list_followups(desk, about=customer, closed=None)


def test_a_workspace_begins_with_questions_and_has_them_once(desk: Session) -> None:
    asked = questions.ready(desk)
    assert [one.name for one in asked] == [name for _topic, name, _answers in FIRST]
    assert questions.ready(desk) == asked
    for one in asked:
        lifecycle.archive(desk, one)
    assert questions.ready(desk) == [], "those that were archived do not come back"


def test_a_profile_is_what_was_answered_and_counts_for_a_time(desk: Session, customer: Customer) -> None:
    made = take(desk, customer)
    assert (made.assessed.level, made.expires_on, made.taken_by) == (3, date(2027, 11, 30), REP)
    assert [one.answer for one in made.given][-1] == "In three to five years"
    newer = take(desk, customer, place=0)
    assert profiles.current(desk, customer.id) is newer
    assert profiles.of_customer(desk, customer.id, 10) == [newer, made]
    assert profiles.current(desk, None) is None


def test_what_is_asked_may_change_and_what_was_answered_stays(desk: Session, customer: Customer) -> None:
    made = take(desk, customer)
    asked = questions.ready(desk)
    before = questions.fingerprint(asked)
    lifecycle.change(desk, QUESTION, asked[0], {"answers": "Nothing = 1\nAll = 5"})
    assert questions.fingerprint(questions.ready(desk)) != before
    with pytest.raises(Conflict, match="changed meanwhile"):
        profiles.take(desk, customer, {}, before, today=TODAY, months=12, text="")
    assert made.given[0].answer == "Funds"
    with pytest.raises(Invalid) as refused:
        take(desk, customer, place=2)  # the first has two answers now
    assert refused.value.field == f"question-{asked[0].id}"


def test_an_answer_is_one_that_was_offered(desk: Session, customer: Customer) -> None:
    for place in (-1, 5):
        with pytest.raises(Invalid, match="no answer"):
            take(desk, customer, place=place)


def test_no_more_questions_than_one_sits_down_to_answer(desk: Session) -> None:
    values = {"name": "What else?", "topic": Topic.HORIZON, "answers": "Less = 1\nMore = 5"}
    for _more in range(questions.MOST - len(questions.ready(desk))):
        lifecycle.add(desk, QUESTION, values)
    with pytest.raises(Invalid, match="30 questions already"):
        lifecycle.add(desk, QUESTION, values)


def test_its_end_is_a_follow_up_of_the_owners_a_month_ahead(desk: Session, customer: Customer) -> None:
    take(desk, customer)
    (followup,) = promised(desk, customer)
    assert (followup.text, followup.owner_id) == ("Renew the profile", REP)
    assert followup.due_at.date() in {date(2027, 10, 31), date(2027, 10, 30)}
    take(desk, customer, today=date(2027, 1, 15))
    (same,) = promised(desk, customer)
    assert same is followup and same.due_at.date() in {date(2027, 12, 15), date(2027, 12, 16)}
    followups.done(desk, followup)
    take(desk, customer, today=date(2027, 12, 16))
    assert [one.status for one in promised(desk, customer)] == ["done", "open"]


def test_a_profile_that_soon_ends_is_promised_for_tomorrow(desk: Session, customer: Customer) -> None:
    take(desk, customer, months=1)
    (followup,) = promised(desk, customer)
    assert followup.due_at - datetime(2026, 12, 1, tzinfo=UTC) < timedelta(days=2)


def test_the_newest_profile_follows_a_merge(desk: Session, customer: Customer) -> None:
    kept = customers.add(desk, name="Harbor Lines", owner_id=REP)
    take(desk, kept)
    newest = take(desk, customer, place=0)
    lifecycle.merge(desk, declared()["customer"], customer, kept)
    assert profiles.current(desk, kept.id) is newest
    take(desk, kept, today=TODAY + timedelta(days=60))
    assert [one.closed_at is None for one in promised(desk, kept)].count(True) == 1


def test_expired_profiles_are_counted_by_the_newest_of_each_customer(desk: Session, customer: Customer) -> None:
    other = customers.add(desk, name="Pier")
    take(desk, customer, months=1)
    take(desk, other, months=1)
    take(desk, other, months=12)
    assert profiles.expired(desk, TODAY) == 0
    assert profiles.expired(desk, date(2026, 12, 30)) == 0, "it counts on its last day"
    assert profiles.expired(desk, date(2026, 12, 31)) == 1
    assert profiles.expired(desk, date(2027, 12, 1)) == 2


def test_a_day_has_one_open_follow_up(desk: Session, customer: Customer) -> None:
    first, second = TODAY + timedelta(days=10), TODAY + timedelta(days=20)

    def keep(on: date | None, owner: str | None = REP) -> Followup | None:
        return reminders.keep(desk, reminders.REVIEW, customer, on, owner, "Review")

    made = keep(first)
    assert made is not None and keep(first) is made
    assert keep(second) is made and made.due_at.date() in {second, second - timedelta(days=1)}
    assert keep(second, OTHER) is made and made.owner_id == OTHER
    followups.done(desk, made)
    assert keep(second) is None, "it was done for this day"
    again = keep(first)
    assert again is not None and again is not made
    assert keep(None) is None and again.closed_at is not None
    assert keep(first, None) is None and keep(first, "api key 7") is None
    reminders.keep(desk, reminders.PROFILE, customer, first, REP, "Renew")
    assert len([one for one in promised(desk, customer) if one.closed_at is None]) == 1


def test_the_history_tells_that_it_was_taken_and_not_what(desk: Session, customer: Customer) -> None:
    take(desk, customer, place=4)
    activities = history.timeline(desk, "customer", customer.id, limit=20)
    told = [one for one in activities if one.entity == "finance.risk_profile"]
    assert [set(one.after or {}) for one in told] == [{"customer_id", "taken_on", "expires_on", "taken_by"}]
