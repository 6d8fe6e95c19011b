"""Run `rapport` commands in processes of their own, without the seconds that each takes to import the program.

One process, `python -m tests.support.rapport`, has imported it, and forks another for each command: with its own
arguments, environment, folder and open files, and with an end as any process has it.
"""

from __future__ import annotations

import gc
import json
import os
import pkgutil
import random
import resource
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from tests.support.waiting import PATIENCE_S

ROOT = Path(__file__).parents[2]
MOST_BYTES = 200_000
NOT_OURS = ("SLACK_", "RAPPORT_", "DATABASE_")
FOR_PYTHON = "PYTHON"
"""How variables begin that are for Python itself: it reads them when it starts."""


class Forked:
    """Hold a command's process, as subprocess.Popen holds one."""

    def __init__(self, pid: int, ended: socket.socket, words: Sequence[str]) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._ended = ended
        self._words = list(words)

    def poll(self) -> int | None:
        """Return its exit code, None while it runs."""
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end and return its exit code; raise subprocess.TimeoutExpired if that takes too long."""
        code = self._look(timeout)
        if code is None:
            assert timeout is not None
            raise subprocess.TimeoutExpired(self._words, timeout)
        return code

    def send_signal(self, number: int) -> None:
        """Send it a signal; without effect once it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def _look(self, timeout: float | None) -> int | None:
        # select() itself takes no descriptor from 1024 on.
        waiting = select.poll()
        if self.returncode is None:
            waiting.register(self._ended, select.POLLIN)
        if self.returncode is None and waiting.poll(None if timeout is None else 1_000 * timeout):
            self.returncode = int(self._ended.recv(MOST_BYTES) or -signal.SIGKILL)
            self._ended.close()
        return self.returncode


Process = Forked | subprocess.Popen[bytes]


class Commands:
    """Run commands of the program, in whatever folder and with variables besides those that are not for it."""

    def __init__(self) -> None:
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.rapport"],
                cwd=ROOT,
                env=_environment({"OPENBLAS_NUM_THREADS": "1"}),
                stdin=theirs.fileno(),
            )

    def start(
        self,
        words: Sequence[str],
        folder: Path,
        variables: Mapping[str, str | None],
        *,
        out: IO[bytes],
        err: IO[bytes],
        descriptors: int | None = None,
    ) -> Process:
        """Start a command that may have so many `descriptors` open; one that is to tell of Python has its own."""
        environment = _environment(variables)
        if any(name.startswith(FOR_PYTHON) for name in variables):
            program = [sys.executable, "-c", "from bot.cli.main import main; main()", *words]
            return subprocess.Popen(
                program, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err
            )
        wanted = {"words": [*words], "folder": str(folder), "variables": environment, "descriptors": descriptors}
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, Path(os.devnull).open("rb") as nothing:
            passed = [one.fileno() for one in (nothing, out, err, theirs)]
            socket.send_fds(self._channel, [json.dumps(wanted).encode()], passed)
        pid = ours.recv(MOST_BYTES)
        assert pid, "what forks the commands has ended"
        return Forked(int(pid), ours, words)

    def run(
        self, words: Sequence[str], folder: Path, variables: Mapping[str, str | None]
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, and return its exit code and what it printed."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            code = self.start(words, folder, variables, out=out, err=err).wait(PATIENCE_S)
            said = [os.pread(one.fileno(), os.fstat(one.fileno()).st_size, 0).decode() for one in (out, err)]
        return subprocess.CompletedProcess(words, code, *said)

    def close(self) -> None:
        """End what is still running."""
        self._channel.close()
        self._process.wait()


def _environment(given: Mapping[str, str | None]) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(NOT_OURS)}
    return kept | {"PYTHONPATH": str(ROOT)} | {key: value for key, value in given.items() if value is not None}


def serve() -> None:
    """Fork a process for each command that is wanted; return in each, and exit once nobody is there any more."""
    with socket.socket(fileno=os.dup(0)) as channel:
        woken, wakes = socket.socketpair()
        for end in (woken, wakes):
            end.setblocking(False)
        signal.set_wakeup_fd(wakes.fileno())
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        running: dict[int, socket.socket] = {}
        while True:
            ready, _, _ = select.select([channel, woken], [], [])
            if woken in ready:
                woken.recv(MOST_BYTES)
                _reap(running)
            if channel in ready:
                wanted, fds, _, _ = socket.recv_fds(channel, MOST_BYTES, 4)
                if not wanted:
                    break
                ended = socket.socket(fileno=fds.pop())
                pid = os.fork()
                if pid == 0:
                    for held in (*running.values(), ended, woken, wakes, channel):
                        held.close()
                    _become(json.loads(wanted), fds)
                    return
                for fd in fds:
                    os.close(fd)
                running[pid] = ended
                ended.send(str(pid).encode())
    for pid in running:
        os.kill(pid, signal.SIGKILL)
    sys.exit()


def _reap(running: dict[int, socket.socket]) -> None:
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        with running.pop(pid) as ended:
            try:
                ended.send(str(os.waitstatus_to_exitcode(status)).encode())
            except OSError:
                continue  # nobody waits for it


def _become(wanted: Mapping[str, Any], fds: Sequence[int]) -> None:
    """Be as a process that was just started with these words."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, fd in enumerate(fds):
        os.dup2(fd, number)
        os.close(fd)
    os.chdir(wanted["folder"])
    os.environ.clear()
    os.environ.update(wanted["variables"])
    time.tzset()
    random.seed()
    if most := wanted["descriptors"]:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    sys.argv = ["rapport", *wanted["words"]]
    sys.modules["__main__"].__package__ = None


def _load() -> None:
    """Import what commands need, without starting a thread: none would be there after a fork."""
    from sqlalchemy.orm import configure_mappers

    import api
    import bot
    import ml
    import storage
    from bot.registry import load

    for package in (api, bot, ml, storage):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "migrations" not in found.name and not found.name.endswith("__main__"):
                import_module(found.name)
    load()
    configure_mappers()
    assert len(list(Path("/proc/self/task").iterdir())) == 1
    # Else each process would copy all of it, only to take it apart at its end.
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    _load()
    serve()
    from bot.cli.main import main

    main()
