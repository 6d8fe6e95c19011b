"""Measure how soon follow-ups that fall due at once are in the outbox: `measure()`; `main()` runs one replica."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from bench import servers
from bench.figures import Figure
from bot.grammar.calendar.recurrence import next_time
from bot.registry import load
from bot.schedule.clock import BATCH, Clock
from storage.database import migrate
from storage.database.embedded import EmbeddedPostgres
from storage.database.engine import EVERY_WORKSPACE, Database, login_url
from storage.queues import due
from storage.workspace import members, workspaces

TEAM = "T0BENCH"
PEOPLE = 1_000
FOLLOWUPS, FOLLOWUPS_QUICK = 100_000, 3_000
REPLICAS = (1, 3)
ROUNDS = 3
LEAD_S = 8.0
"""How long before the follow-ups are due they are there, so that every replica ticks by then."""
PATIENCE_S = 300.0

FILL = """
INSERT INTO due (workspace_id, kind, subject, at, zone, target_user, renderer)
SELECT %(team)s, 'followup', 'F-' || i, now() + make_interval(secs => %(lead)s), 'Europe/Berlin',
    'U' || i %% %(people)s, 'followups.reminder'
FROM generate_series(1, %(count)s) AS i
"""

BARE = """
UPDATE due SET last_at = due.at, at = NULL
FROM (
    SELECT workspace_id, id FROM due WHERE NOT is_job AND at <= now() ORDER BY at LIMIT %(most)s FOR UPDATE SKIP LOCKED
) AS taken
WHERE due.workspace_id = taken.workspace_id AND due.id = taken.id
"""
"""What is asked of the database at least: rows are claimed, nothing is written elsewhere and no policy looks on."""


def measure(count: int, logs: Path, settings: dict[str, str]) -> tuple[list[Figure], str]:
    """Let so many follow-ups fall due at once for one replica and for three, and claim as many bare."""
    logs.mkdir(exist_ok=True)
    with EmbeddedPostgres(logs / "postgres", settings=settings) as server:
        url = server.start()
        for line in load().lines:
            migrate.upgrade(url, line=line)
        with closing(connect(url)) as connection:
            meet(url)
            made = [_together(connection, url, logs, count, replicas) for replicas in REPLICAS]
            made.append(beside_bare(connection, url, count))
            version = connection.execute("SHOW server_version").fetchone()
            assert version is not None
            return made, str(version[0])


def _together(connection: psycopg.Connection, url: str, logs: Path, count: int, replicas: int) -> Figure:
    """Return the seconds from when the follow-ups are due to the last one's commit, with so many replicas ticking."""
    with ExitStack() as running:
        for _replica in range(replicas):
            running.enter_context(servers.running(["-m", "bench.clock", url], logs, servers.own_code()))
        _fill(connection, count, LEAD_S)
        begun = time.monotonic() + LEAD_S - _age(connection)
        while left(connection):
            if time.monotonic() > begun + PATIENCE_S:
                raise RuntimeError(f"{replicas} replicas did not take {count} follow-ups in {PATIENCE_S:g} s")
            time.sleep(0.05)
        took = time.monotonic() - begun
    put = connection.execute("SELECT count(DISTINCT dedupe_key), count(*) FROM outbox").fetchone()
    if put != (count, count):
        raise RuntimeError(f"of {count} follow-ups {put} are in the outbox")
    few = "" if count == FOLLOWUPS else f", {count} follow-ups"
    return Figure("due_100k_s", took, "s", f"{replicas} replica{'s' if replicas > 1 else ''}{few}")


def beside_bare(connection: psycopg.Connection, url: str, count: int) -> Figure:
    """Return the rows a second of the clock's own statement, beside those of a bare claim, in turns."""
    database = Database(url, pool_size=1)
    seconds = {"ours": 0.0, "bare": 0.0}
    each = count // ROUNDS
    try:
        for _round in range(ROUNDS):
            for name in seconds:
                _fill(connection, each, lead_s=0.0)
                begun = time.perf_counter()
                done = _ours(database) if name == "ours" else _bare(connection)
                seconds[name] += time.perf_counter() - begun
                if done != each:
                    raise RuntimeError(f"{name}: {done} of {each} rows were claimed")
    finally:
        database.dispose()
    ours, bare = (each * ROUNDS / taken for taken in seconds.values())
    return Figure("claim_rows_per_s", ours, "1/s", f"{each * ROUNDS} follow-ups", bare)


def _ours(database: Database) -> int:
    done, taken = 0, BATCH
    while taken == BATCH:
        with database.transaction(EVERY_WORKSPACE) as session:
            taken = due.materialise(session, BATCH, next_time=next_time)
        done += taken
    return done


def _bare(connection: psycopg.Connection) -> int:
    done, taken = 0, BATCH
    while taken == BATCH:
        taken = connection.execute(BARE, {"most": BATCH}).rowcount
        done += taken
    return done


def _fill(connection: psycopg.Connection, count: int, lead_s: float) -> None:
    connection.execute("TRUNCATE due, outbox")
    connection.execute(FILL, {"team": TEAM, "people": PEOPLE, "count": count, "lead": lead_s})
    connection.execute("ANALYZE due")


def _age(connection: psycopg.Connection) -> float:
    """Return how long ago the follow-ups were written, by the database's clock."""
    lead = connection.execute("SELECT extract(epoch FROM min(at) - clock_timestamp())::float FROM due").fetchone()
    assert lead is not None
    return LEAD_S - float(lead[0])


def left(connection: psycopg.Connection) -> bool:
    """Tell whether anything is still due."""
    found = connection.execute("SELECT FROM due WHERE NOT is_job AND at IS NOT NULL LIMIT 1").fetchone()
    return found is not None


def meet(url: str) -> None:
    """Make the workspace and the people whose follow-ups they are."""
    database = Database(url, pool_size=1)
    with database.transaction(TEAM) as session:
        workspaces.ensure(session, name="Bench", zone="Europe/Berlin")
        for number in range(PEOPLE):
            members.ensure(session, f"U{number}", {"id": f"U{number}", "team_id": TEAM, "name": f"person{number}"})
    database.dispose()


def connect(url: str) -> psycopg.Connection:
    """Open a connection of the superuser's on which every statement is its own transaction."""
    plain = login_url(url).set(drivername="postgresql")
    return psycopg.connect(make_url(plain).render_as_string(hide_password=False), autocommit=True)


class _NoRepairs:
    def repair(self) -> None:
        """Repair nothing: nothing is sent here."""


@contextmanager
def _ticking(url: str) -> Iterator[None]:
    """Run a replica's clock as the product does, and nothing else of it."""
    database = Database(url, pool_size=2)
    clock = Clock(database, _NoRepairs(), run_job=lambda _job, _session: None)
    clock.start()
    try:
        yield
    finally:
        clock.stop()
        database.dispose()


def main() -> None:
    """Tick until told to end."""
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_given: ended.set())
    with _ticking(sys.argv[1]):
        ended.wait()


if __name__ == "__main__":
    main()
