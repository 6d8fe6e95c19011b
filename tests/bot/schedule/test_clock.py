"""Show that what is due is done once, by whichever process ticks, and that no failure ends the ticking."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from bot.schedule.clock import Clock
from storage.database.engine import Database
from storage.queues import due
from storage.queues.due import Due
from storage.queues.inbox import InboxItem
from storage.queues.outbox import Delivery
from storage.workspace.workspaces import Installation
from tests.support.waiting import PATIENCE_S, until

PAST = datetime.now(UTC) - timedelta(days=3)


class Repairs:
    """Count the repairs, the first of which fails."""

    def __init__(self) -> None:
        self.calls = 0

    def repair(self) -> None:
        self.calls += 1
        if self.calls == 1:
            raise RuntimeError("Slack is away")


class Jobs:
    """Hold which jobs ran, and what is to go wrong next."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.wrong: list[Exception] = []

    def run(self, job: Due, session: Session) -> None:
        session.execute(text("UPDATE workspace SET name = name || '+'"))
        if self.wrong:
            raise self.wrong.pop(0)
        self.ran.append(f"{job.workspace_id} {job.subject}")


@pytest.fixture
def repairs() -> Repairs:
    return Repairs()


@pytest.fixture
def jobs() -> Jobs:
    return Jobs()


@pytest.fixture
def start(database: Database, repairs: Repairs, jobs: Jobs) -> Iterator[Callable[..., Clock]]:
    running: list[Clock] = []

    def begin(**changed: Any) -> Clock:
        given: dict[str, Any] = {"materialise_s": 0.1, "repair_s": 0.1, "first_wait_s": 0.1}
        clock = Clock(database, repairs, run_job=jobs.run, **(given | changed))
        running.append(clock)
        clock.start()
        return clock

    yield begin
    for clock in running:
        clock.stop(5)


def schedule(database: Database, workspace: str, kind: str = "digest", **values: Any) -> None:
    given: dict[str, Any] = {"at": PAST, "zone": "Europe/Berlin", "recurrence": "FREQ=DAILY;09:00"}
    if not kind.startswith("job:"):
        given |= {"target_user": "UMANAGER", "renderer": "digests.digest"}
    with database.transaction(workspace) as session:
        due.schedule(session, kind, "G-1", **(given | values))


def row(database: Database, workspace: str, kind: str = "digest") -> Due | None:
    with database.transaction(workspace) as session:
        return due.get(session, kind, "G-1")


def deliveries(database: Database, workspace: str) -> int:
    with database.transaction(workspace) as session:
        return session.query(Delivery).count()


def effects(database: Database, workspace: str) -> int:
    with database.transaction(workspace) as session:
        return str(session.execute(text("SELECT name FROM workspace")).scalar()).count("+")


def test_the_first_tick_is_now_and_missed_digests_are_one(
    database: Database, workspace: str, start: Callable[..., Clock]
) -> None:
    schedule(database, workspace)
    start(materialise_s=3_600.0)
    until(lambda: deliveries(database, workspace) == 1)
    again = row(database, workspace)
    assert again and again.at
    assert datetime.now(UTC) < again.at <= datetime.now(UTC) + timedelta(days=1)


def test_three_clocks_make_each_occurrence_once(
    database: Database, workspace: str, start: Callable[..., Clock]
) -> None:
    with database.transaction(workspace) as session:
        for number in range(200):
            due.schedule(
                session,
                "digest",
                f"G-{number}",
                at=PAST,
                zone="Asia/Tokyo",
                recurrence="FREQ=DAILY;09:00",
                target_user="UMANAGER",
                renderer="digests.digest",
            )
    with ThreadPoolExecutor(3) as pool:
        clocks = list(pool.map(lambda _number: start(), range(3)))
    until(lambda: deliveries(database, workspace) >= 200)
    for clock in clocks:
        clock.stop(PATIENCE_S)
    assert deliveries(database, workspace) == 200


def test_a_tick_that_fails_comes_again_and_counts_as_a_sign_of_life(
    database: Database, workspace: str, repairs: Repairs, start: Callable[..., Clock], caplog: pytest.LogCaptureFixture
) -> None:
    began = time.monotonic()
    clock = start()
    until(lambda: repairs.calls >= 3)
    assert "the tick repair failed: RuntimeError" in caplog.text
    until(lambda: all(at > began for at in clock.last_tick_at.values()))
    assert set(clock.last_tick_at) == {"materialise", "repair", "upkeep"}


def test_others_can_tick_too(start: Callable[..., Clock]) -> None:
    ticked = threading.Event()
    start(ticks={"other": (3_600.0, ticked.set)})
    assert ticked.wait(PATIENCE_S)


def test_upkeep_deletes_what_can_no_longer_be_repeated_and_makes_partitions(
    database: Database, workspace: str, second_workspace: str, start: Callable[..., Clock]
) -> None:
    for served in (workspace, second_workspace):
        with database.transaction(served) as session:
            session.add(Installation(workspace_id=served))
            for age in (1, 8):
                at = datetime.now(UTC) - timedelta(days=age)
                session.add(InboxItem(workspace_id=served, kind="message", body={}, state="done", received_at=at))
            session.add(InboxItem(workspace_id=served, kind="message", body={}, state="dead", received_at=PAST))
    start()
    for served in (workspace, second_workspace):
        until(lambda served=served: inbox_rows(database, served) == 2)  # type: ignore[misc]  # bound in the loop


def inbox_rows(database: Database, workspace: str) -> int:
    with database.transaction(workspace) as session:
        return session.query(InboxItem).count()


def test_a_job_runs_once_for_each_time(
    database: Database, workspace: str, jobs: Jobs, start: Callable[..., Clock]
) -> None:
    schedule(database, workspace, "job:streaks.count")
    clocks = [start(), start()]
    until(lambda: bool((again := row(database, workspace, "job:streaks.count")) and again.last_at == PAST))
    for clock in clocks:
        clock.stop(PATIENCE_S)
    assert jobs.ran == [f"{workspace} G-1"]
    assert effects(database, workspace) == 1
    assert deliveries(database, workspace) == 0


def test_a_job_that_fails_is_tried_again_and_saves_nothing(
    database: Database, workspace: str, jobs: Jobs, start: Callable[..., Clock]
) -> None:
    jobs.wrong = [RuntimeError("busy")] * 2
    schedule(database, workspace, "job:streaks.count")
    start()
    until(lambda: jobs.ran != [])
    until(lambda: bool((again := row(database, workspace, "job:streaks.count")) and again.last_at == PAST))
    assert effects(database, workspace) == 1


def test_a_job_that_always_fails_waits_for_its_next_time_with_its_traceback(
    database: Database, workspace: str, jobs: Jobs, start: Callable[..., Clock]
) -> None:
    jobs.wrong = [RuntimeError("never")] * 9
    schedule(database, workspace, "job:streaks.count")
    start(attempts=2)
    until(lambda: bool((again := row(database, workspace, "job:streaks.count")) and again.last_at == PAST))
    again = row(database, workspace, "job:streaks.count")
    assert again and again.at and again.at > datetime.now(UTC)
    assert again.error and "RuntimeError: never" in again.error
    assert effects(database, workspace) == 0


def test_a_job_that_kills_its_process_each_time_is_given_up(
    database: Database, workspace: str, jobs: Jobs, start: Callable[..., Clock]
) -> None:
    schedule(database, workspace, "job:streaks.count", recurrence=None)
    for _ in range(2):
        with database.transaction("*") as session:
            assert due.claim_jobs(session, 1, 0)
    start(attempts=2)
    until(lambda: bool((stopped := row(database, workspace, "job:streaks.count")) and stopped.at is None))
    assert jobs.ran == []


def test_a_job_that_somebody_else_took_is_left_to_them(
    database: Database, workspace: str, jobs: Jobs, start: Callable[..., Clock]
) -> None:
    schedule(database, workspace, "job:streaks.count")
    with database.transaction("*") as session:
        (slow,) = due.claim_jobs(session, 1, 0)
    with database.transaction("*") as session:
        assert due.claim_jobs(session, 1, 60)
    start().work(slow)
    assert jobs.ran == []


def test_stopping_twice_or_before_the_start_does_no_harm(database: Database, repairs: Repairs, jobs: Jobs) -> None:
    clock = Clock(database, repairs, run_job=jobs.run)
    clock.stop()
    clock.stop()
