"""Show that what falls due becomes one delivery, or one run of a job, whoever looks at the clock."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import ProgrammingError

from storage.database.engine import EVERY_WORKSPACE, Database
from storage.queues import due, outbox
from storage.queues.due import Due
from storage.queues.outbox import Delivery
from tests.support.passing_time import pass_time

NOW = datetime.now(UTC)
PAST = NOW - timedelta(minutes=3)
FUTURE = NOW + timedelta(days=1)


def tomorrow(recurrence: str, zone: str, after: datetime) -> datetime | None:
    if recurrence == "unreadable":
        raise ValueError("no such day")
    return None if recurrence == "over" else after + timedelta(days=1)


def schedule(database: Database, workspace: str, kind: str = "followup", subject: str = "F-1", **values: Any) -> None:
    given: dict[str, Any] = {"at": PAST, "zone": "Europe/Berlin"}
    if not kind.startswith("job:"):
        given |= {"target_user": "UREP", "renderer": "followups.reminder"}
    with database.transaction(workspace) as session:
        due.schedule(session, kind, subject, **(given | values))


def materialise(database: Database, limit: int = 100) -> int:
    with database.transaction(EVERY_WORKSPACE) as session:
        return due.materialise(session, limit, next_time=tomorrow)


def deliveries(database: Database, workspace: str) -> list[Delivery]:
    with database.transaction(workspace) as session:
        return list(session.query(Delivery).order_by(Delivery.seq))


def row(database: Database, workspace: str, kind: str = "followup", subject: str = "F-1") -> Due | None:
    with database.transaction(workspace) as session:
        return due.get(session, kind, subject)


def claim(database: Database, lease_s: float = 60) -> list[Due]:
    with database.transaction(EVERY_WORKSPACE) as session:
        return list(due.claim_jobs(session, 10, lease_s))


def test_what_is_due_becomes_a_delivery_and_is_gone(database: Database, workspace: str) -> None:
    schedule(database, workspace, payload={"note": "call"})
    schedule(database, workspace, subject="F-2", at=FUTURE)
    with database.listen([outbox.CHANNEL]) as listener:
        assert materialise(database) == 1
        assert listener.wait(2)
    (delivery,) = deliveries(database, workspace)
    assert (delivery.target_user, delivery.renderer, delivery.record) == ("UREP", "followups.reminder", "F-1")
    assert delivery.payload["note"] == "call"
    assert datetime.fromisoformat(delivery.payload["due_at"]) == PAST == delivery.not_before
    assert row(database, workspace) is None
    assert row(database, workspace, subject="F-2")


def test_what_recurs_gets_its_next_time_and_missed_times_are_one(database: Database, workspace: str) -> None:
    schedule(database, workspace, "digest", "G-1", at=NOW - timedelta(days=3), recurrence="daily")
    assert materialise(database) == 1
    assert materialise(database) == 0
    again = row(database, workspace, "digest", "G-1")
    assert again and again.at and again.at > datetime.now(UTC)
    assert again.last_at == NOW - timedelta(days=3)
    assert len(deliveries(database, workspace)) == 1


def test_a_recurrence_that_cannot_be_read_stops_alone(database: Database, workspace: str) -> None:
    schedule(database, workspace, "digest", "G-1", recurrence="unreadable")
    schedule(database, workspace, "digest", "G-2", recurrence="daily")
    schedule(database, workspace, "digest", "G-3", recurrence="over")
    assert materialise(database) == 3
    broken, fine, over = (row(database, workspace, "digest", f"G-{n}") for n in (1, 2, 3))
    assert broken and (broken.at, broken.error) == (None, "no such day")
    assert fine and fine.at and fine.error is None
    assert over and (over.at, over.error) == (None, None)
    assert len(deliveries(database, workspace)) == 3


def test_many_clocks_make_one_delivery_each(database: Database, workspace: str, second_workspace: str) -> None:
    for number in range(30):
        schedule(database, workspace, subject=f"F-{number}")
        schedule(database, second_workspace, subject=f"F-{number}")
    made: list[int] = []

    def work() -> None:
        while sum(made) < 100 and (count := materialise(database, 7)):
            made.append(count)

    clocks = [threading.Thread(target=work) for _ in range(4)]
    for clock in clocks:
        clock.start()
    for clock in clocks:
        clock.join()
    assert sum(made) == 60
    assert len(deliveries(database, workspace)) == len(deliveries(database, second_workspace)) == 30


def test_one_workspaces_clock_leaves_the_others_alone(
    database: Database, workspace: str, second_workspace: str
) -> None:
    schedule(database, workspace)
    schedule(database, second_workspace)
    with database.transaction(workspace) as session:
        assert due.materialise(session, 10, next_time=tomorrow) == 1
    assert row(database, second_workspace)


def test_under_every_workspace_nothing_can_be_inserted_or_deleted(database: Database, workspace: str) -> None:
    schedule(database, workspace)
    with pytest.raises(ProgrammingError, match="row-level security"), database.transaction(EVERY_WORKSPACE) as session:
        session.add(Due(workspace_id=workspace, kind="job:x", subject="x", at=PAST, zone="UTC"))
        session.flush()
    with database.transaction(EVERY_WORKSPACE) as session:
        session.query(Due).delete()
    assert row(database, workspace)


def test_putting_it_off_takes_back_what_was_not_sent(database: Database, workspace: str) -> None:
    schedule(database, workspace)
    schedule(database, workspace, subject="F-10")
    materialise(database)
    schedule(database, workspace, at=FUTURE)
    # Both fell due at once, so either may have come first.
    states = {d.record: d.state for d in deliveries(database, workspace)}
    assert states == {"F-1": "cancelled", "F-10": "pending"}
    later = row(database, workspace)
    assert later and later.at == FUTURE


def test_what_is_set_for_the_same_time_again_is_sent(database: Database, workspace: str) -> None:
    schedule(database, workspace)
    materialise(database)
    schedule(database, workspace)
    materialise(database)
    assert [d.state for d in deliveries(database, workspace)] == ["cancelled", "pending"]


def test_what_recurs_is_taken_back_only_from_an_earlier_target(database: Database, workspace: str) -> None:
    schedule(database, workspace, recurrence="daily")
    materialise(database)
    schedule(database, workspace, at=FUTURE, recurrence="daily")
    assert [d.state for d in deliveries(database, workspace)] == ["pending"]
    schedule(database, workspace, recurrence="daily", target_user=None, target_channel="C1")
    materialise(database)
    assert [(d.lane, d.state) for d in deliveries(database, workspace)] == [("UREP", "cancelled"), ("C1", "pending")]


def test_what_is_cancelled_is_not_sent(database: Database, workspace: str) -> None:
    schedule(database, workspace)
    with database.transaction(workspace) as session:
        assert due.cancel(session, "followup", "F-1")
        assert not due.cancel(session, "followup", "F-1")
    assert materialise(database) == 0
    schedule(database, workspace)
    materialise(database)
    with database.transaction(workspace) as session:
        assert due.cancel(session, "followup", "F-1")
    assert [d.state for d in deliveries(database, workspace)] == ["cancelled"]


@pytest.mark.parametrize(
    "wrong",
    [{"at": datetime(2026, 1, 1)}, {"target_user": None}, {"target_channel": "C1"}, {"renderer": None}],
)
def test_a_time_without_zone_or_a_delivery_without_target_is_refused(
    database: Database, workspace: str, wrong: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=r"zone|needs"):
        schedule(database, workspace, **wrong)


def test_a_job_is_not_a_delivery_and_is_claimed_once(database: Database, workspace: str) -> None:
    schedule(database, workspace, "job:streaks.count", "streaks.count", recurrence="daily")
    assert materialise(database) == 0
    (job,) = claim(database)
    assert claim(database) == []
    with database.transaction(workspace) as session:
        assert due.finish(session, job, next_time=tomorrow)
    again = row(database, workspace, "job:streaks.count", "streaks.count")
    assert again and again.at and again.at > NOW
    assert (again.last_at, again.attempt, again.lease_until) == (PAST, 0, None)


def test_a_job_that_does_not_recur_is_gone_when_done(database: Database, workspace: str) -> None:
    schedule(database, workspace, "job:import", "1")
    (job,) = claim(database)
    with database.transaction(workspace) as session:
        assert due.finish(session, job, next_time=tomorrow)
    assert row(database, workspace, "job:import", "1") is None


def test_a_job_that_was_given_up_keeps_its_error(database: Database, workspace: str) -> None:
    schedule(database, workspace, "job:import", "1")
    (job,) = claim(database)
    with database.transaction(workspace) as session:
        assert due.finish(session, job, next_time=tomorrow, error="Traceback: no")
    stopped = row(database, workspace, "job:import", "1")
    assert stopped and (stopped.at, stopped.error) == (None, "Traceback: no")
    assert claim(database) == []


def test_a_job_whose_worker_died_is_run_by_another_and_the_dead_is_refused(database: Database, workspace: str) -> None:
    schedule(database, workspace, "job:import", "1")
    (slow,) = claim(database, lease_s=0)
    (quick,) = claim(database)
    with database.transaction(workspace) as session:
        assert not due.hold(session, slow)
        assert not due.finish(session, slow, next_time=tomorrow)
        assert not due.retry(session, slow, "late", delay_s=0)
        assert due.hold(session, quick)
        assert due.finish(session, quick, next_time=tomorrow)


def test_a_job_that_is_held_is_not_claimed_though_its_lease_ran_out(database: Database, workspace: str) -> None:
    schedule(database, workspace, "job:import", "1")
    (job,) = claim(database, lease_s=0)
    with database.transaction(workspace) as session:
        assert due.hold(session, job)
        assert claim(database) == []


def test_a_failed_job_waits(database: Database, workspace: str) -> None:
    schedule(database, workspace, "job:import", "1")
    (job,) = claim(database)
    with database.transaction(workspace) as session:
        assert due.retry(session, job, "Traceback: busy", delay_s=3_600)
    assert claim(database) == []
    pass_time(database, workspace, 3_600)
    (again,) = claim(database)
    assert (again.attempt, again.error) == (2, "Traceback: busy")


def test_rescheduling_a_running_job_makes_its_mark_void(database: Database, workspace: str) -> None:
    schedule(database, workspace, "job:import", "1")
    (job,) = claim(database)
    schedule(database, workspace, "job:import", "1", at=FUTURE)
    with database.transaction(workspace) as session:
        assert not due.finish(session, job, next_time=tomorrow)
    later = row(database, workspace, "job:import", "1")
    assert later and later.at == FUTURE


def test_a_running_job_that_is_due_anew_is_claimed_at_once(database: Database, workspace: str) -> None:
    schedule(database, workspace, "job:import", "1")
    assert claim(database)
    assert claim(database) == []
    schedule(database, workspace, "job:import", "1", at=NOW)
    assert [job.attempt for job in claim(database)] == [1]


def test_what_is_about_the_same_record_for_another_reason_is_left_alone(database: Database, workspace: str) -> None:
    with database.transaction(workspace) as session:
        outbox.enqueue(session, target_user="UREP", renderer="deals.card", record="F-1", dedupe_key="news:F-1:1")
    schedule(database, workspace)
    assert [d.state for d in deliveries(database, workspace)] == ["pending"]
