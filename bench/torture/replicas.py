"""Run replicas of `rapport run`, kill them with SIGKILL, and start them again.

A process of its own has everything imported and forks the replicas, as starting Python hundreds of times would take
longer than what is tested. It alone knows the process ids and reaps its children, so it never kills anybody else's
process; when its standard input closes, however its starter ended, it stops them and ends.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

KILL, OUTSIDE = b"k", "outside"
DIED_WITH = "died-with"
"""The file, in the run's folder, of when replicas died at a point and which deliveries they had in hand."""
PATIENCE_S = 3.0
"""How long a replica that is to die at a point may take to come by it; then it is killed where it is."""
YOUNG_S = 0.4
TICK_S = 0.02
STOP_S = 10.0
LOOK_S = 0.1


@dataclass(frozen=True, slots=True)
class Plan:
    """Say what to run: each replica's settings, how its delivery differs, and at which points it may die.

    Among `points`, "outside" means a SIGKILL at any moment.
    """

    role: str
    replicas: Sequence[Mapping[str, str]]
    delivery: Mapping[str, Any]
    points: Sequence[str] = (OUTSIDE,)
    seed: int = 1


@dataclass(slots=True)
class Replica:
    """Hold one replica's present life, in the process that forks them."""

    settings: Mapping[str, str]
    pid: int = 0
    point: str = OUTSIDE
    born: float = 0.0
    doomed_at: float | None = None


@dataclass(slots=True)
class Replicas:
    """Kill replicas from the process that tests them; `deaths` counts those that happened, by point."""

    process: subprocess.Popen[bytes]
    deaths: Counter[str] = field(default_factory=Counter)
    crashes: list[str] = field(default_factory=list)

    def kill(self) -> None:
        """Have one replica killed, which takes a moment; another is started in its place."""
        assert self.process.stdin is not None
        self.process.stdin.write(KILL)
        self.process.stdin.flush()

    @property
    def killed(self) -> int:
        """Return how many replicas were killed so far."""
        return self.deaths.total()

    def follow(self) -> None:
        """Count deaths until the process that forks them ends."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            told = json.loads(line)
            if told["died"] == signal.SIGKILL:
                self.deaths[told["point"]] += 1
            else:
                self.crashes.append(f"a replica ended by itself with {told['died']}")


@contextmanager
def replicas(plan: Plan, log: Path) -> Iterator[Replicas]:
    """Run the replicas; what they say goes to the log."""
    ours = ("SLACK_", "RAPPORT_", "DATABASE_", "PORT")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    # One thread a process: nothing here multiplies matrices, and threads do not survive a fork.
    environment |= {"PYTHONPATH": str(Path(__file__).parents[2]), "OPENBLAS_NUM_THREADS": "1"}
    with log.open("ab") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.torture.replicas"],
            cwd=log.parent,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            start_new_session=True,  # Ctrl-C is for who started us; we end when the pipe does
        )
    running = Replicas(process)
    following = threading.Thread(target=running.follow, daemon=True)
    try:
        assert process.stdin is not None
        process.stdin.write(json.dumps(asdict(plan)).encode() + b"\n")
        process.stdin.flush()
        following.start()
        yield running
    finally:
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.close()
        except BrokenPipeError:
            running.crashes.append("what runs the replicas ended")
        try:
            process.wait(STOP_S + 5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        following.join(5)
        process.stdout.close()


class Nursery:
    """Fork replicas, doom them when told to, and fork others in their place."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._random = random.Random(plan.seed)
        self._replicas = [Replica(settings) for settings in plan.replicas]
        self._wanted = 0

    def run(self) -> None:
        """Serve until standard input ends."""
        for replica in self._replicas:
            self._fork(replica)
        while True:
            if select.select([0], [], [], TICK_S)[0]:
                told = os.read(0, 64)
                if not told:
                    break
                self._wanted += told.count(KILL)
            self._reap()
            self._doom()
        self._stop()

    def _fork(self, replica: Replica) -> None:
        replica.point = self._random.choice(self._plan.points)
        replica.born, replica.doomed_at = time.monotonic(), None
        mid_request_s = self._random.uniform(0.0, 0.02)
        parent = os.getpid()
        doomed = threading.Event()
        # Before it is born, as it may be told in its first moment.
        signal.signal(signal.SIGUSR1, lambda _number, _frame: doomed.set())
        replica.pid = os.fork()
        if replica.pid == 0:
            live(replica, self._plan.role, doomed, mid_request_s, parent)

    def _reap(self) -> None:
        for replica in self._replicas:
            pid, status = os.waitpid(replica.pid, os.WNOHANG)
            if pid:
                died = os.WTERMSIG(status) if os.WIFSIGNALED(status) else -os.WEXITSTATUS(status)
                print(json.dumps({"died": died, "point": replica.point}), flush=True)
                self._fork(replica)
            elif replica.doomed_at is not None and time.monotonic() - replica.doomed_at > PATIENCE_S:
                replica.point = OUTSIDE
                os.kill(replica.pid, signal.SIGKILL)

    def _doom(self) -> None:
        now = time.monotonic()
        alive = [one for one in self._replicas if one.doomed_at is None and now - one.born > YOUNG_S]
        while self._wanted and alive:
            replica = alive.pop(self._random.randrange(len(alive)))
            replica.doomed_at = now
            self._wanted -= 1
            os.kill(replica.pid, signal.SIGKILL if replica.point == OUTSIDE else signal.SIGUSR1)

    def _stop(self) -> None:
        for replica in self._replicas:
            os.kill(replica.pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_S
        for replica in self._replicas:
            while not os.waitpid(replica.pid, os.WNOHANG)[0]:
                if time.monotonic() > deadline:
                    os.kill(replica.pid, signal.SIGKILL)
                time.sleep(TICK_S)


def live(replica: Replica, role: str, doomed: threading.Event, mid_request_s: float, parent: int) -> None:
    """Be a replica until killed; never returns."""
    from bench.torture.kill_points import die_at
    from bot.cli import main as cli

    threading.Thread(target=_die_with, args=(parent,), daemon=True).start()
    os.environ.update(replica.settings)
    with Path(os.devnull).open("r+b") as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(nothing.fileno(), 1)
    try:
        if replica.point != OUTSIDE:
            die_at(replica.point, partial(_die_if, doomed), mid_request_s=mid_request_s)
        cli.run(role)
    except BaseException:
        import traceback

        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _die_if(doomed: threading.Event, ids: Sequence[str]) -> None:
    if doomed.is_set():
        with Path(DIED_WITH).open("a") as told:
            told.write(json.dumps({"at": time.time(), "ids": list(ids)}) + "\n")
        os.kill(os.getpid(), signal.SIGKILL)


def _die_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_S)
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Import what replicas need, then fork them as the plan on standard input says."""
    from bot.registry import load

    plan = Plan(**json.loads(_line()))
    load()
    training: Any = import_module("ml.learn.train")
    model = training.ensure_starter(Path(plan.replicas[0]["RAPPORT_DATA_DIR"]) / "models")
    training.ensure_starter = lambda _folder: model
    app: Any = import_module("bot.app")
    # Slack's patience is not what is tested: with the usual ten seconds a time-out a run would take hours.
    app.Sender = partial(app.Sender, **plan.delivery)
    Nursery(plan).run()


def _line() -> bytes:
    """Read one line and not a byte more: what follows is read without a buffer."""
    read = b""
    while not read.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            sys.exit("no plan was given")
        read += byte
    return read


if __name__ == "__main__":
    main()
