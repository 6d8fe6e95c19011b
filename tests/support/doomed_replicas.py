"""Run replicas that die when a delivery passes its point of doom: `python -m tests.support.doomed_replicas PLAN`.

The replicas are processes of their own, forked so that dozens of deaths take seconds; who dies is replaced. They end
when standard input does. A delivery's death is a file named after its record, with the process's id.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.support.waiting import PATIENCE_S

REPLICAS = 3
PACE = 1_000
"""How many times what Slack publishes is called: hundreds of deaths at once are not to wait for its limits."""
STALL = "stall"
"""Not a death: the process is stopped before it sends, as by SIGSTOP, until somebody continues it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Say where the replicas work, how their delivery differs, and which record dooms them at which point."""

    workspace: str
    database_url: str
    slack_url: str
    folder: str
    doomed: Mapping[str, str]
    delivery: Mapping[str, Any]
    sends: bool = True

    def deaths(self) -> set[str]:
        """Return which records' deaths have happened."""
        return {path.name for path in Path(self.folder).iterdir()}


@contextmanager
def replicas(plan: Plan) -> Iterator[subprocess.Popen[bytes]]:
    """Run three replicas until the end of the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.doomed_replicas", json.dumps(asdict(plan))], stdin=subprocess.PIPE
    )
    assert process.stdin is not None
    try:
        yield process
        assert process.poll() is None, "the replicas ended by themselves"
    finally:
        process.stdin.close()
        process.wait(PATIENCE_S)


class Doom:
    """Die, once for each record, when its delivery passes its point."""

    def __init__(self, plan: Plan, database: Any) -> None:
        self._plan = plan
        self._database = database

    def at(self, point: str, ids: Sequence[str]) -> None:
        """Die if a delivery at hand, or before there are any some due time, is doomed to this point."""
        for record in self._records(ids) if ids else list(self._plan.doomed):
            if self._plan.doomed.get(record) == point and self._first(record):
                os.kill(os.getpid(), signal.SIGSTOP if point == STALL else signal.SIGKILL)
                return

    def _records(self, ids: Sequence[str]) -> list[str]:
        from sqlalchemy import select

        from storage.queues.outbox import Delivery

        with self._database.transaction(self._plan.workspace) as session:
            return [record or "" for record in session.scalars(select(Delivery.record).where(Delivery.id.in_(ids)))]

    def _first(self, record: str) -> bool:
        try:
            with (Path(self._plan.folder) / record).open("x") as mark:
                mark.write(str(os.getpid()))
        except FileExistsError:
            return False
        return True


def live(plan: Plan) -> None:
    """Be a replica until killed."""
    from functools import partial

    from slack_sdk import WebClient

    from bench.torture.kill_points import POINTS, die_at
    from bot.delivery.calls import Rendered, at_pace
    from bot.delivery.sender import Sender
    from bot.schedule import clock
    from storage.database.engine import Database

    database = Database(plan.database_url, pool_size=4)
    doom = Doom(plan, Database(plan.database_url, pool_size=1))
    for point in POINTS:
        die_at(point, partial(doom.at, point), mid_request_s=0.03)
    die_at("before send", partial(doom.at, STALL), mid_request_s=0)
    # Small, so that each replica gets a share of what is due at once.
    clock.BATCH = 50
    delivery = Sender(
        database,
        lambda _session, row: Rendered(str(row.record)),
        lambda _workspace: WebClient("xoxb-a-sandbox", base_url=f"{plan.slack_url}/api/"),
        limits=at_pace(PACE),
        **plan.delivery,
    )
    ticking = clock.Clock(database, delivery, run_job=lambda *_: None, materialise_s=0.2)
    if plan.sends:
        delivery.start()
    ticking.start()
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(0.2)
    os._exit(1)


def main() -> None:
    """Import what replicas need, then keep three alive."""
    from bench.torture import kill_points
    from bot.delivery import sender
    from bot.schedule import clock

    assert clock and sender and kill_points
    plan = Plan(**json.loads(sys.argv[1]))
    alive: set[int] = set()
    while not (select.select([0], [], [], 0.02)[0] and not os.read(0, 1)):
        while len(alive) < REPLICAS:
            if (pid := os.fork()) == 0:
                try:
                    live(plan)
                finally:
                    os._exit(1)
            alive.add(pid)
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid:
            alive.remove(pid)
            if not os.WIFSIGNALED(status):
                sys.exit(f"a replica ended by itself with {os.WEXITSTATUS(status)}")
    for pid in alive:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
