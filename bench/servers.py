"""Start the processes that are measured, and stop them: a sandbox, Rapport, the bare app, and who calls them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.company import PEOPLE, TEAM, Question
from bench.load import Found, Round
from ml.text.encoder import PACKAGE

APP_ID = "A0RAPPORT"
SECRET = "0123456789abcdef0123456789abcdef"
TOKEN = "xoxb-bench"
INSTALLED = {"SLACK_BOT_TOKEN": TOKEN}
POOL = 10
"""Connections of each app: what Rapport takes when nobody says otherwise."""
START_S = 60.0
STOP_S = 20.0
Process = subprocess.Popen[bytes]


@dataclass(frozen=True, slots=True)
class App:
    """Hold a process that serves; `address` answers anything but 503 once it is ready."""

    port: int
    process: Process
    address: str

    def wait_until_ready(self) -> None:
        """Wait for the first answer; raise RuntimeError if the process ends or takes too long."""
        wait_until_ready(self.address, self.process)


def wait_until_ready(address: str, process: Process) -> None:
    """Wait until an address answers anything but 503; raise RuntimeError if the process ends or takes too long."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=1):
                return
        except urllib.error.HTTPError as error:
            error.close()
            if error.code != 503:
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise RuntimeError(f"{process.args!r} did not start; its last words are in the log")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def free_ports() -> dict[str, str]:
    """Return the settings of a replica beside others: ports that nobody listens on."""
    return {"PORT": str(free_port()), "RAPPORT_PROBE_PORT": str(free_port())}


@contextmanager
def sandbox(folder: Path, seed: Mapping[str, Any] | None = None) -> Iterator[str]:
    """Run the Slack that apps ask who they and their users are, by default the benchmarks'; give its address."""
    port, path = free_port(), folder / "seed.json"
    path.write_text(json.dumps(seed or _seed()), encoding="utf-8")
    arguments = ["-m", "sandbox", "--port", str(port), "--seed", str(path), "--with-parent"]
    with running(arguments, folder) as process:
        App(port, process, f"http://127.0.0.1:{port}/control/people").wait_until_ready()
        yield f"http://127.0.0.1:{port}"


@contextmanager
def rapport(
    database_url: str,
    slack: str,
    data: Path,
    folder: Path,
    *,
    role: str = "all",
    installed: Mapping[str, str] = INSTALLED,
    pace: float = 1.0,
    meaning: bool = True,
) -> Iterator[App]:
    """Run Rapport as its users do: `data` is where its model is, `installed` the settings that say for whom.

    `pace` is how much more than Slack's its Slack takes; without `meaning` it is as where the sentence encoder is not
    installed.
    """
    ports = free_ports()
    settings = {
        "DATABASE_URL": database_url,
        **ports,
        "RAPPORT_DATA_DIR": str(data.resolve()),
        "RAPPORT_LOG_LEVEL": "WARNING",
        "RAPPORT_SLACK_PACE": str(pace),
        "SLACK_API_URL": f"{slack}/api/",
        "SLACK_SIGNING_SECRET": SECRET,
        **installed,
    }
    hidden = "" if meaning else f"import sys; sys.modules[{PACKAGE!r}] = None; "
    program = f"{hidden}from bot.cli.main import main; main()"
    with running(["-c", program, "run", "--role", role], folder, settings) as process:
        yield App(int(ports["PORT"]), process, f"http://127.0.0.1:{ports['RAPPORT_PROBE_PORT']}/readyz")


@contextmanager
def bare(database_url: str, slack: str, folder: Path, *, token: str = TOKEN, messages: bool = False) -> Iterator[App]:
    """Run the bare app; it learns what to do with `messages` only if they come, as that takes seconds."""
    port = free_port()
    settings = {
        "API_URL": f"{slack}/api/",
        "CONNECTIONS": str(POOL),
        "DATABASE_URL": database_url,
        "PORT": str(port),
        **own_code(),
        "SECRET": SECRET,
        "TOKEN": token,
        **({"MESSAGES": "1"} if messages else {}),
    }
    with running(["-m", "bench.bare"], folder, settings) as process:
        yield App(port, process, f"http://127.0.0.1:{port}/")


class Callers:
    """Play rounds in a process of its own."""

    def __init__(self, process: Process, slack: str, callers: int) -> None:
        self._process = process
        self._slack = slack
        self._callers = callers
        self._rounds = 0

    def play(self, port: int, questions: Sequence[Question], seconds: float) -> Found:
        """Ask an app the questions, for this long at most; raise RuntimeError if nobody answers."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._rounds += 1
        asked = Round(
            port, SECRET, TEAM, PEOPLE, questions, f"{self._slack}/response/none", self._callers, seconds, self._rounds
        )
        self._process.stdin.write(json.dumps(asdict(asked)).encode() + b"\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the callers ended")
        return Found(**json.loads(line))


@contextmanager
def callers(slack: str, number: int, folder: Path) -> Iterator[Callers]:
    """Run so many concurrent callers."""
    with running(["-m", "bench.load"], folder, own_code(), stdout=subprocess.PIPE) as process:
        yield Callers(process, slack, number)


def own_code() -> dict[str, str]:
    """Return the setting with which a process elsewhere finds this folder's code."""
    return {"PYTHONPATH": str(Path(__file__).parent.parent)}


@contextmanager
def running(
    arguments: Sequence[str], folder: Path, settings: Mapping[str, str] | None = None, stdout: int | None = None
) -> Iterator[Process]:
    """Run Python in a folder, with no settings of Rapport's but the given; what it says goes to the folder's log."""
    ours = ("SLACK_", "RAPPORT_", "DATABASE_", "PORT")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=folder,
            env={**environment, **(settings or {})},
            stdin=subprocess.PIPE,
            stdout=stdout or log,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()


def _seed() -> dict[str, Any]:
    app = {"id": APP_ID, "name": "Rapport", "app_token": "xapp-bench", "signing_secret": SECRET, "manifest": {}}
    users = [{"id": user, "name": user.lower(), "real_name": user.title(), "tz": "Europe/Berlin"} for user in PEOPLE]
    installed = {"app_id": APP_ID, "bot_token": TOKEN, "bot_user_id": "U0RAPPORT", "bot_id": "B0RAPPORT"}
    team = {
        "id": TEAM,
        "name": "Bench",
        "domain": "bench",
        "users": users,
        "channels": [{"id": "C0BENCH", "name": "bench", "members": [*PEOPLE, "U0RAPPORT"]}],
        "installs": [installed],
    }
    return {"apps": [app], "teams": [team]}
