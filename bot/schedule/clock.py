"""Tick: what falls due becomes deliveries, jobs are run, doubled messages are repaired, old rows are deleted.

Every replica ticks, none of them leads: each tick claims its rows in the database. The scheduler keeps nothing but the
intervals in memory.
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bot.grammar.calendar.recurrence import next_time
from bot.workers import Workers, spread_back_off
from storage.database import partitions
from storage.database.engine import EVERY_WORKSPACE, Database
from storage.queues import due, retention
from storage.queues.claimed import IN_INDEX_ORDER
from storage.queues.due import Due
from storage.queues.retention import Keep
from storage.workspace import workspaces

log = logging.getLogger(__name__)
# A tick that takes longer than its interval is left out once, as it should be; liveness sees one that stands still.
logging.getLogger("apscheduler").setLevel(logging.ERROR)

MATERIALISE_S = 5.0
REPAIR_S = 10.0
UPKEEP_S = 3600.0
BATCH = 500
PURGE_MS = 10_000
"""How long deleting one batch may take; the next tick begins again where it was cut short."""
LONGEST_WAIT_S = 3600.0

RunJob = Callable[[Due, Session], None]


class Repairs(Protocol):
    """Name what the clock needs of the delivery."""

    def repair(self) -> None:
        """Delete second copies."""


class Clock:
    """Tick in this process. `run_job` runs one job in the given transaction, which also marks it as done.

    `ticks` adds others: name -> (seconds, function). What a tick raises is logged and comes again with the next. A job
    that raises is tried again later and later; after `attempts` it waits for its next time, its traceback in its row.
    """

    def __init__(
        self,
        database: Database,
        delivery: Repairs,
        *,
        run_job: RunJob,
        ticks: dict[str, tuple[float, Callable[[], None]]] | None = None,
        materialise_s: float = MATERIALISE_S,
        repair_s: float = REPAIR_S,
        lease_s: float = 300.0,
        attempts: int = 5,
        first_wait_s: float = 2.0,
        keep: Keep | None = None,
    ) -> None:
        self.last_tick_at: dict[str, float] = {}
        """When each tick last ended, well or not, as time.monotonic() tells it: what liveness looks at."""
        self._database = database
        self._run_job = run_job
        self._lease_s = lease_s
        self._attempts = attempts
        self._first_wait_s = first_wait_s
        self._keep = keep or Keep()
        self._stopping = threading.Event()
        self.jobs = Workers("jobs", self._claim_jobs, self.work, hands=2, poll_s=materialise_s, database=database)
        all_ticks = {
            "materialise": (materialise_s, self.materialise),
            "repair": (repair_s, delivery.repair),
            "upkeep": (UPKEEP_S, self.upkeep),
        }
        self.scheduler = self._schedule(all_ticks | (ticks or {}))

    def _schedule(self, ticks: dict[str, tuple[float, Callable[[], None]]]) -> BackgroundScheduler:
        scheduler = BackgroundScheduler(
            jobstores={"default": MemoryJobStore()},
            executors={"default": ThreadPoolExecutor(len(ticks))},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone=UTC,
        )
        for name, (seconds, tick) in ticks.items():
            self.last_tick_at[name] = time.monotonic()
            # The first one now: a process that is restarted more often than the interval would never tick.
            scheduler.add_job(
                self._tick, "interval", (name, tick), id=name, seconds=seconds, next_run_time=datetime.now(UTC)
            )
        return scheduler

    def start(self) -> None:
        """Start to tick; returns at once."""
        self.scheduler.start()
        self.jobs.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Tick no more and finish what was begun."""
        self._stopping.set()
        if self.scheduler.running:
            self.scheduler.shutdown(wait=True)
        self.jobs.stop(timeout_s)

    def materialise(self) -> None:
        """Turn what is due into deliveries, until nothing is left."""
        while not self._stopping.is_set():
            with self._database.transaction(EVERY_WORKSPACE, learning=IN_INDEX_ORDER) as session:
                if due.materialise(session, BATCH, next_time=next_time) < BATCH:
                    return

    def upkeep(self) -> None:
        """Make the next months' partitions, and delete what is over, a batch in a transaction."""
        with self._database.transaction(EVERY_WORKSPACE) as session:
            partitions.make_partitions(session)
            known = workspaces.installed(session)
        for workspace_id in known:
            for kind in retention.KINDS:
                self._purge(workspace_id, kind)

    def _purge(self, workspace_id: str, kind: str) -> None:
        gone = BATCH
        while gone == BATCH and not self._stopping.is_set():
            try:
                with self._database.transaction(workspace_id, statement_timeout_ms=PURGE_MS) as session:
                    gone = retention.purge(session, kind, self._keep, BATCH)
            except SQLAlchemyError as exc:
                # One kind that cannot be deleted now keeps no other.
                log.warning("%s in %s are not deleted: %s", kind, workspace_id, type(exc).__name__, exc_info=exc)
                return

    def _tick(self, name: str, tick: Callable[[], None]) -> None:
        try:
            tick()
        except Exception as exc:
            log.warning("the tick %s failed: %s", name, type(exc).__name__, exc_info=exc)
        finally:
            # Also after a failure: a database that is away is no reason to restart the process.
            self.last_tick_at[name] = time.monotonic()

    def _claim_jobs(self, free: int) -> Sequence[Due]:
        with self._database.transaction(EVERY_WORKSPACE) as session:
            return due.claim_jobs(session, free, self._lease_s)

    def work(self, job: Due) -> None:
        """Run a claimed job, or note why it failed."""
        try:
            if job.attempt > self._attempts:
                raise RuntimeError("the process ended during each attempt")
            with self._database.transaction(job.workspace_id) as session:
                if not due.hold(session, job):
                    return
                self._run_job(job, session)
                due.finish(session, job, next_time=next_time)
        except Exception as exc:
            self._failed(job, exc)

    def _failed(self, job: Due, exc: Exception) -> None:
        error = "".join(traceback.format_exception(exc))
        log.warning(
            "%s in %s, attempt %d: %s", job.kind, job.workspace_id, job.attempt, type(exc).__name__, exc_info=exc
        )
        with self._database.transaction(job.workspace_id) as session:
            if job.attempt >= self._attempts:
                due.finish(session, job, next_time=next_time, error=error)
            else:
                wait = spread_back_off(job.attempt, first_s=self._first_wait_s, longest_s=LONGEST_WAIT_S)
                due.retry(session, job, error, delay_s=wait)
