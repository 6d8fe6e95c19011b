"""Show what is held back from whom, until when, and that nothing of it is lost."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, update

from storage.database.engine import EVERY_WORKSPACE, Database
from storage.errors import Conflict, NotFound
from storage.notifications import failures, preferences, throttle
from storage.notifications.preferences import Held, Notice
from storage.queues import outbox, outbox_claims
from storage.queues.outbox import Delivery
from storage.records import history
from storage.support import tickets
from tests.support.outbox_rows import claim, post, read, send
from tests.support.waiting import PATIENCE_S
from tests.support.workspaces import WORKSPACE

BERLIN = ZoneInfo("Europe/Berlin")
# To come, so that what waits until then is not claimed before.
NIGHT, MORNING = datetime(2050, 6, 7, 1, tzinfo=UTC), datetime(2050, 6, 7, 7, tzinfo=UTC)
NOON = datetime(2050, 6, 7, 10, tzinfo=UTC)
EIGHT = datetime(2050, 6, 8, 6, tzinfo=UTC)
PAST = datetime(2020, 1, 1, tzinfo=UTC)


def quiet(database: Database, workspace: str, target: str = "UREP") -> None:
    with database.transaction(workspace) as session:
        preferences.set_quiet(session, target, (time(18), time(9)))


def held(
    database: Database, workspace: str, row: Delivery, notice: Notice = Notice.REMINDERS, *, now: datetime = NIGHT
) -> bool:
    with database.transaction(workspace) as session:
        return throttle.hold(session, row, notice, zone=lambda: BERLIN, now=now)


def to_person(database: Database, workspace: str, target: str = "UREP", **values: Any) -> UUID:
    return post(database, workspace, **{"target_channel": None, "target_user": target} | values)


def claimed(database: Database, delivery_id: UUID) -> Delivery:
    """Claim one delivery, however fast its conversation may go."""
    tried = {"attempt": Delivery.attempt + 1, "fence": Delivery.fence + 1, "first_attempt_at": func.now()}
    row = read(database, WORKSPACE, delivery_id)
    assert row.not_before <= datetime.now(UTC), "it is not to be claimed yet"
    with database.transaction(row.workspace_id) as session:
        changed = update(Delivery).where(Delivery.id == row.id, Delivery.state == "pending")
        leased = {"state": "sending", "lease_until": func.now() + timedelta(minutes=1)}
        assert session.execute(changed.values(tried | leased).returning(Delivery.id)).one()
    return read(database, row.workspace_id, row.id)


def test_who_wishes_nothing_is_told(database: Database, workspace: str) -> None:
    row = claimed(database, to_person(database, workspace))
    assert not held(database, workspace, row)
    assert read(database, workspace, row.id).notice is None


def test_what_comes_at_night_waits_for_the_morning(database: Database, workspace: str) -> None:
    quiet(database, workspace)
    row = claimed(database, to_person(database, workspace))
    assert held(database, workspace, row)
    after = read(database, workspace, row.id)
    assert (after.state, after.not_before, after.attempt, after.lease_until) == ("pending", MORNING, 0, None)
    assert (after.notice, after.held_by, after.held_at) == ("reminders", Held.QUIET, NIGHT)
    other = claimed(database, to_person(database, workspace, "UAGENT"))
    assert not held(database, workspace, other)


def test_by_day_it_goes(database: Database, workspace: str) -> None:
    quiet(database, workspace)
    row = claimed(database, to_person(database, workspace))
    assert not held(database, workspace, row, now=NOON)
    assert read(database, workspace, row.id).notice == "reminders"


def test_it_does_not_hold_up_others_that_may_go(database: Database, workspace: str) -> None:
    quiet(database, workspace, "C1")
    first, second = post(database, workspace), post(database, workspace)
    assert held(database, workspace, claimed(database, first), Notice.NEWS)
    assert [row.id for row in claim(database)] == [second]


def test_what_failed_before_its_night_is_as_if_never_tried(database: Database, workspace: str) -> None:
    quiet(database, workspace)
    row = claimed(database, to_person(database, workspace))
    with database.transaction(workspace) as session:
        assert outbox_claims.retry_later(session, row, "unreachable", delay_s=-1)
    row = claimed(database, row.id)
    assert row.attempt == 2
    assert held(database, workspace, row)
    assert read(database, workspace, row.id).first_attempt_at is None


def test_who_was_overtaken_holds_nothing(database: Database, workspace: str) -> None:
    quiet(database, workspace)
    row = claimed(database, to_person(database, workspace))
    with database.transaction(workspace) as session:
        session.execute(update(Delivery).where(Delivery.id == row.id).values(fence=row.fence + 1))
    assert not held(database, workspace, row)


def test_the_newest_wish_holds(database: Database, workspace: str) -> None:
    quiet(database, workspace)
    row = claimed(database, to_person(database, workspace))
    with database.transaction(workspace) as session:
        throttle.hold(session, row, Notice.REMINDERS, zone=lambda: BERLIN, now=NIGHT)
    assert claim(database) == []
    with database.transaction(workspace) as session, history.recording(session, actor_id="UREP", source="slash"):
        preferences.set_quiet(session, "UREP", None)
    again = claimed(database, row.id)
    assert not held(database, workspace, again)


def test_taking_a_wish_back_lets_go_what_it_held(database: Database, workspace: str) -> None:
    with database.transaction(workspace) as session, history.recording(session, actor_id="UREP", source="slash"):
        preferences.set_quiet(session, "UREP", (time(18), time(9)))
    row = claimed(database, to_person(database, workspace))
    assert held(database, workspace, row)
    with database.transaction(workspace) as session, history.recording(session, actor_id="UREP", source="slash"):
        history.undo(session, "UREP")
    assert claimed(database, row.id).held_by == Held.QUIET


def test_a_wish_that_is_set_at_this_moment_is_waited_for(database: Database, workspace: str) -> None:
    quiet(database, workspace)
    row = claimed(database, to_person(database, workspace))
    answers: list[bool] = []
    with database.transaction(workspace) as session:
        preferences.set_quiet(session, "UREP", None)
        asking = threading.Thread(target=lambda: answers.append(held(database, workspace, row)))
        asking.start()
        asking.join(0.3)
        assert asking.is_alive()
    asking.join(PATIENCE_S)
    assert answers == [False]


def test_who_sets_a_wish_finds_what_is_being_held(database: Database, workspace: str) -> None:
    quiet(database, workspace)
    row = claimed(database, to_person(database, workspace))

    def lift() -> None:
        with database.transaction(workspace) as other:
            preferences.set_quiet(other, "UREP", None)

    lifting = threading.Thread(target=lift)
    with database.transaction(workspace) as session:
        assert throttle.hold(session, row, Notice.REMINDERS, zone=lambda: BERLIN, now=NIGHT)
        lifting.start()
        lifting.join(0.3)
        assert lifting.is_alive()
    lifting.join(PATIENCE_S)
    assert [row.id for row in claim(database)] == [row.id]


@pytest.mark.parametrize(
    ("notice", "priority", "goes"),
    [
        (Notice.BREACHES, "urgent", True),
        (Notice.BREACHES, "high", False),
        (Notice.TICKETS, "urgent", True),
        (Notice.WARNINGS, "urgent", False),
        (Notice.INCIDENTS, "low", True),
    ],
)
def test_what_is_urgent_does_not_wait(
    database: Database, workspace: str, notice: Notice, priority: str, goes: bool
) -> None:
    quiet(database, workspace)
    with database.transaction(workspace) as session:
        ticket = tickets.add(session, name="Fire", priority=priority)
    row = claimed(database, to_person(database, workspace, record=f"{ticket.reference}/resolution"))
    assert held(database, workspace, row, notice) is not goes


def test_what_waits_about_a_ticket_goes_once_that_is_urgent(database: Database, workspace: str) -> None:
    quiet(database, workspace)
    with database.transaction(workspace) as session:
        ticket = tickets.add(session, name="Fire")
        other = tickets.add(session, name="Something else")
    rows = {}
    for record in (ticket.reference, f"{ticket.reference}/resolution", other.reference, f"{ticket.reference}0"):
        rows[record] = claimed(database, to_person(database, workspace, record=record))
        assert held(database, workspace, rows[record], Notice.TICKETS)
    with database.transaction(workspace) as session:
        again = tickets.get(session, ticket.id)
        assert throttle.hurry(session, again) == 0
        tickets.set_priority(session, again, "urgent")
        assert throttle.hurry(session, again) == 2
    row = claimed(database, rows[ticket.reference].id)
    assert not held(database, workspace, row, Notice.TICKETS)


@pytest.mark.parametrize("record", ["T-99", "D-1", "nonsense", None])
def test_what_is_gone_is_not_urgent(database: Database, workspace: str, record: str | None) -> None:
    quiet(database, workspace)
    row = claimed(database, to_person(database, workspace, record=record))
    assert held(database, workspace, row, Notice.TICKETS)


def test_what_is_muted_stays_until_somebody_asks_for_it(database: Database, workspace: str) -> None:
    with database.transaction(workspace) as session:
        preferences.mute(session, "UREP", Notice.INCIDENTS)
    row = claimed(database, to_person(database, workspace, record="T-7"))
    assert held(database, workspace, row, Notice.INCIDENTS, now=NOON)
    assert (read(database, workspace, row.id).state, claim(database)) == ("held", [])
    with database.transaction(workspace) as session:
        assert [one.id for one in throttle.waiting(session, "UREP")] == [row.id]
        assert throttle.waiting(session, "UAGENT") == []
        with pytest.raises(NotFound):
            throttle.send_now(session, row.id, target="UAGENT")
        throttle.send_now(session, row.id, target="UREP")
        with pytest.raises(Conflict, match="not held back any more"):
            throttle.send_now(session, row.id)
    assert not held(database, workspace, claimed(database, row.id), Notice.INCIDENTS, now=NOON)
    with database.transaction(workspace) as session:
        assert throttle.waiting(session, "UREP") == []
        assert [(one.notice, one.count) for one in _held_back(session)] == [(Notice.INCIDENTS, 1)]


def _held_back(session: Any, target: str = "UREP") -> Any:
    return throttle.held_back(session, target, NIGHT - timedelta(days=1), NIGHT + timedelta(days=3))


def test_what_is_no_longer_wanted_is_not_held_back(database: Database, workspace: str) -> None:
    with database.transaction(workspace) as session:
        preferences.mute(session, "UREP", Notice.REMINDERS)
    row = claimed(database, to_person(database, workspace, record="F-1"))
    assert held(database, workspace, row)
    with database.transaction(workspace) as session:
        assert outbox.cancel_for_record(session, "F-1", reason="done") == 1
        assert throttle.waiting(session, "UREP") == []
        assert _held_back(session) == []


def budget(database: Database, workspace: str, number: int, sent: int = 0) -> None:
    with database.transaction(workspace) as session:
        preferences.set_budget(session, "C1", number)
    for _ in range(sent):
        spend(database, workspace)


def spend(database: Database, workspace: str, notice: str = "tickets") -> None:
    delivery_id = post(database, workspace)
    with database.transaction(workspace) as session:
        sent = {"state": "sent", "sent_at": NOON - timedelta(hours=1), "notice": notice}
        session.execute(update(Delivery).where(Delivery.id == delivery_id).values(**sent))


def test_what_is_beyond_the_budget_waits_for_the_next_morning_once(database: Database, workspace: str) -> None:
    budget(database, workspace, 2, sent=1)
    row = claimed(database, post(database, workspace))
    assert not held(database, workspace, row, Notice.TICKETS, now=NOON)
    spend(database, workspace)
    assert held(database, workspace, row, Notice.TICKETS, now=NOON)
    after = read(database, workspace, row.id)
    assert (after.not_before, after.held_by, after.held_at) == (EIGHT, Held.BUDGET, NOON)
    with database.transaction(workspace) as session:
        session.execute(update(Delivery).where(Delivery.id == row.id).values(not_before=PAST))
        preferences.set_budget(session, "C1", 0)
    again = claimed(database, row.id)
    assert not held(database, workspace, again, Notice.TICKETS, now=EIGHT)


def test_the_channel_is_told_once_a_day_that_its_budget_is_spent(database: Database, workspace: str) -> None:
    budget(database, workspace, 0)
    for _ in range(2):
        assert held(database, workspace, claimed(database, post(database, workspace)), Notice.TICKETS, now=NOON)
        with database.transaction(workspace) as session:
            session.execute(
                update(Delivery).where(Delivery.renderer == throttle.SPENT).values(not_before=EIGHT.replace(year=2099))
            )
    with database.transaction(workspace) as session:
        told = session.scalars(select(Delivery).where(Delivery.renderer == throttle.SPENT)).all()
    assert [(row.target_channel, row.payload) for row in told] == [("C1", {"budget": 0})]


@pytest.mark.parametrize(
    ("notice", "sent", "waits"),
    [
        (Notice.NEWS, 1, False),
        (Notice.NEWS, 2, True),
        (Notice.OTHER, 2, True),
        (Notice.TICKETS, 3, False),
        (Notice.TICKETS, 4, True),
        (Notice.BREACHES, 4, True),
        (Notice.INCIDENTS, 9, False),
        (Notice.DIGESTS, 9, False),
    ],
)
def test_a_budget_is_spent_by_urgency(
    database: Database, workspace: str, notice: Notice, sent: int, waits: bool
) -> None:
    budget(database, workspace, 4, sent=sent)
    row = claimed(database, post(database, workspace))
    assert held(database, workspace, row, notice, now=NOON) is waits


def test_digests_and_yesterday_spend_nothing(database: Database, workspace: str) -> None:
    budget(database, workspace, 1)
    spend(database, workspace, "digests")
    with database.transaction(workspace) as session:
        assert throttle.spent_today(session, "C1", zone=BERLIN, now=NOON) == 0
    spend(database, workspace)
    with database.transaction(workspace) as session:
        assert throttle.spent_today(session, "C1", zone=BERLIN, now=NOON) == 1
        assert throttle.spent_today(session, "C1", zone=BERLIN, now=EIGHT) == 0


def test_a_person_has_no_budget(database: Database, workspace: str) -> None:
    with database.transaction(workspace) as session:
        preferences.set_budget(session, "UREP", 0)
    assert not held(database, workspace, claimed(database, to_person(database, workspace)), now=NOON)


def test_a_budget_that_meets_quiet_hours_still_holds_one_morning_only(database: Database, workspace: str) -> None:
    quiet(database, workspace, "C1")
    budget(database, workspace, 0)
    row = claimed(database, post(database, workspace))
    assert held(database, workspace, row, Notice.TICKETS, now=NOON)
    assert read(database, workspace, row.id).not_before == EIGHT + timedelta(hours=1)
    with database.transaction(workspace) as session:
        session.execute(update(Delivery).where(Delivery.id == row.id).values(not_before=PAST))
    row = claimed(database, row.id)
    assert held(database, workspace, row, Notice.TICKETS, now=EIGHT)
    with database.transaction(workspace) as session:
        session.execute(update(Delivery).where(Delivery.id == row.id).values(not_before=PAST))
    row = claimed(database, row.id)
    assert not held(database, workspace, row, Notice.TICKETS, now=EIGHT + timedelta(hours=1))


def test_what_was_held_is_counted_by_kind_with_its_records(database: Database, workspace: str) -> None:
    budget(database, workspace, 0)
    for record, notice in (("T-1", Notice.TICKETS), ("T-2", Notice.TICKETS), ("T-1/resolution", Notice.WARNINGS)):
        row = claimed(database, post(database, workspace, record=record))
        assert held(database, workspace, row, notice, now=NOON)
        with database.transaction(workspace) as session:
            session.execute(update(Delivery).where(Delivery.renderer == throttle.SPENT).values(state="cancelled"))
    with database.transaction(workspace) as session:
        found = [(one.notice, one.count, one.records) for one in _held_back(session, "C1")]
        assert found == [(Notice.TICKETS, 2, ("T-1", "T-2")), (Notice.WARNINGS, 1, ("T-1",))]
        assert _held_back(session, "C2") == []


def test_what_quiet_hours_held_is_there_once_they_are_over(database: Database, workspace: str) -> None:
    quiet(database, workspace)
    row = claimed(database, to_person(database, workspace))
    assert held(database, workspace, row)
    with database.transaction(workspace) as session:
        assert [one.count for one in _held_back(session)] == [1]
        session.execute(update(Delivery).values(not_before=PAST))
    send(database, claimed(database, row.id))
    with database.transaction(workspace) as session:
        assert _held_back(session) == []


def test_what_waits_is_not_late(database: Database, workspace: str) -> None:
    quiet(database, workspace)
    row = claimed(database, to_person(database, workspace))
    assert held(database, workspace, row)
    with database.transaction(workspace) as session:
        preferences.mute(session, "C1", Notice.NEWS)
        outbox.enqueue(session, kind="update", edits=row.id, renderer="card", record="T-1")
    muted = claimed(database, post(database, workspace))
    assert held(database, workspace, muted, Notice.NEWS)

    def late() -> int:
        with database.transaction(EVERY_WORKSPACE) as session:
            return failures.late(session)

    with database.transaction(workspace) as session:
        session.execute(update(Delivery).values(created_at=PAST, not_before=PAST))
        session.execute(update(Delivery).where(Delivery.id == row.id).values(not_before=NIGHT))
    assert late() == 0
    with database.transaction(workspace) as session:
        session.execute(update(Delivery).where(Delivery.id == row.id).values(not_before=PAST))
    assert late() == 2
