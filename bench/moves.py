"""Measure how fast the records of a setting move when it goes out of use, though who moves them is killed halfway.

A stage is merged with its deals, a status retired with its tickets. Each is moved by a process that is killed with
SIGKILL once half is done; another goes on, and at the end not one record may be elsewhere. Then the stage's move is
taken back, killed halfway too. A choice is renamed beside as many records: that is one row, whatever their number.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bench import company
from bench.figures import Figure
from bench.imports import TEAM, prepared
from storage.crm import deals, pipelines
from storage.crm.deals import Deal
from storage.database.embedded import EmbeddedPostgres
from storage.database.engine import Database
from storage.records import history, moves
from storage.records.moves import MoveState
from storage.records.schema import choice_definitions
from storage.support import tickets
from storage.support.tickets import Ticket

RECORDS, RECORDS_QUICK = 100_000, 600
BATCHES = 10
"""At the least so many, so that there is a half at any size."""
POLL_S = 0.02

DEALS = """
INSERT INTO deal (workspace_id, id, name, name_key, find_key, stage_id, version)
SELECT {team}, i, 'Deal ' || i, 'deal ' || i, 'deal ' || i, {stage}, 1 FROM generate_series(1, {count}) AS i
"""
TICKETS = """
INSERT INTO ticket (workspace_id, id, name, name_key, find_key, status, standing, priority, version)
SELECT {team}, i, 'Ticket ' || i, 'ticket ' || i, 'ticket ' || i, 'waiting', {standing}, 'normal', 1
FROM generate_series(1, {count}) AS i
"""


class Lost(Exception):
    """Records are not where the move should have brought them."""


def measure(records: int, logs: Path, settings: dict[str, str]) -> tuple[list[Figure], str]:
    """Move so many deals and tickets; raise Lost where one is elsewhere at the end."""
    logs.mkdir(exist_ok=True)
    with EmbeddedPostgres(logs / "postgres", settings=settings) as server:
        url = prepared(server.start(), "moves")
        version = company.version(url)
        database = Database(url, pool_size=2)
        try:
            return _measured(database, url, records), version
        finally:
            database.dispose()


def _measured(database: Database, url: str, records: int) -> list[Figure]:
    at = f"{records} records"
    size = str(min(moves.BATCH, records // BATCHES))
    with database.transaction(TEAM) as session:
        gone, kept = (pipelines.resolve_stage(session, name).id for name in ("Proposal", "Negotiation"))
        status = choice_definitions.define(
            session, Ticket.__noun__, "status", name="With the vendor", kind="waiting"
        ).key
    with closing(company.connect(url)) as connection:
        values = {"team": f"'{TEAM}'", "stage": gone, "standing": f"'{status}'", "count": records}
        for statement in (DEALS, TICKETS):
            connection.execute(statement.format(**values).encode())
        connection.execute(b"ANALYZE")
    begun = time.perf_counter()
    with database.transaction(TEAM) as session, history.recording(session, actor_id=None, source="bench"):
        choice_definitions.rename(session, Ticket.__noun__, "status", status, "At the vendor's")
    made = [Figure("choice_renamed_ms", 1_000 * (time.perf_counter() - begun), "ms", at)]

    def in_stage(session: Session, stage: int) -> int:
        return session.scalar(select(func.count()).where(Deal.stage_id == stage)) or 0

    def standing(session: Session, key: str) -> int:
        return session.scalar(select(func.count()).where(Ticket.standing == key)) or 0

    merged = _begin(database, deals.WHAT, str(gone), str(kept))
    made.append(Figure("stage_merged_s", _moved(database, url, merged, size), "s", at))
    own = choice_definitions.WHAT
    retired = _begin(database, own, status.removeprefix("~"), "waiting")
    made.append(Figure("status_retired_s", _moved(database, url, retired, size), "s", at))
    with database.transaction(TEAM) as session:
        found = (
            in_stage(session, gone),
            in_stage(session, kept),
            standing(session, status),
            standing(session, "waiting"),
        )
        if found != (0, records, 0, records):
            raise Lost(f"of {records} deals and tickets: {found}")
        moves.ask(session, merged, MoveState.UNDOING)
    made.append(Figure("stage_unmerged_s", _moved(database, url, merged, size), "s", at))
    with database.transaction(TEAM) as session:
        if (found_again := (in_stage(session, gone), in_stage(session, kept))) != (records, 0):
            raise Lost(f"of {records} deals that were brought back: {found_again}")
    return made


def _begin(database: Database, what: str, gone: str, kept: str) -> int:
    with database.transaction(TEAM) as session:
        return moves.begin(session, what, gone=gone, kept=kept, actor_id="UBENCH", renderer="bench").id


def _moved(database: Database, url: str, number: int, size: str) -> float:
    """Have a move carried out by two processes, of which the first is killed halfway; return the seconds of both."""
    command = [sys.executable, "-m", "bench.moves", url, str(number), size]
    begun = time.perf_counter()
    first = subprocess.Popen(command)
    while first.poll() is None:
        with database.transaction(TEAM) as session:
            move = moves.get(session, number)
            done = move.undone if move.state == MoveState.UNDOING else move.moved
            if 2 * done >= move.total:
                first.send_signal(signal.SIGKILL)
        time.sleep(POLL_S)
    if first.returncode != -signal.SIGKILL:
        raise Lost(f"the first process was to be killed halfway and ended with {first.returncode}")
    subprocess.run(command, check=True)
    return time.perf_counter() - begun


def carry_out(url: str, number: int, size: int) -> None:
    """Carry a move out, or back, to its end."""
    database = Database(url, pool_size=1)
    try:
        state = MoveState.RUNNING
        while state in (MoveState.RUNNING, MoveState.UNDOING):
            with database.transaction(TEAM) as session:
                running = moves.get(session, number).state == MoveState.RUNNING
                done = (moves.run_batch if running else moves.undo_batch)(session, number, size)
                state = MoveState(done.state)
    finally:
        database.dispose()


def main(arguments: Sequence[str]) -> None:
    """Carry out the move that is named, in a process of its own, so that it can be killed."""
    # What can be moved is said where the modules are that know it.
    assert deals.WHAT and tickets.TICKET
    url, number, size = arguments
    carry_out(url, int(number), int(size))


if __name__ == "__main__":
    main(sys.argv[1:])
