"""Give attacks the product as an operator runs it: `rapport run` in processes of its own, beside a sandbox Slack."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.registry import Registry
from sandbox import sample_teams
from sandbox.server import Sandbox
from tests.bot.conftest import seed_of
from tests.support.rapport import Commands, Process

PROJECT = Path(__file__).parents[2]
START_S = 90.0
"""Two cores start several processes in this time, however busy they are."""


def until(holds: Callable[[], bool], within: float = START_S) -> None:
    """Wait until something holds that another process has to do first."""
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, "it did not become so"
        time.sleep(0.05)


def free_ports(number: int) -> list[int]:
    """Return so many ports, no two the same, that nobody listens on."""
    with ExitStack() as probes:
        held = [probes.enter_context(socket.socket()) for _ in range(number)]
        for probe in held:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in held]


def free_port() -> int:
    """Return a port that nobody listens on."""
    return free_ports(1)[0]


@dataclass
class Replica:
    """Hold one `rapport run`: its process, its ports, and the file its output goes to."""

    process: Process
    port: int
    probe_port: int
    log: Path

    @property
    def address(self) -> str:
        """Return where it listens for Slack and browsers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def said(self) -> str:
        """Return all that it has printed so far."""
        return self.log.read_text("utf-8", errors="replace")

    def get(self, path: str, timeout: float = 5.0, *, public: bool = False) -> tuple[int, Any]:
        """Return the status and the body of a page, decoded where it is JSON; raise OSError if nobody answers.

        Probes and metrics have a port of their own; `public` asks the one for Slack and browsers.
        """
        address = self.address if public else f"http://127.0.0.1:{self.probe_port}"
        try:
            with urllib.request.urlopen(address + path, timeout=timeout) as answer:
                status, body = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                status, body = error.code, error.read()
        try:
            return status, json.loads(body)
        except ValueError:
            return status, body.decode("utf-8", errors="replace")

    def is_ready(self) -> bool:
        """Tell whether it answers that it can serve."""
        try:
            return self.get("/readyz")[0] == 200
        except OSError:
            return False

    def is_alive(self) -> bool:
        """Tell whether it answers at all."""
        try:
            return self.get("/livez")[0] == 200
        except OSError:
            return False

    def wait_until_alive(self, within: float = START_S) -> None:
        """Wait until it answers, whether or not it can serve; fail with what it printed if it does not."""
        self._wait_until(self.is_alive, within)

    def wait_until_ready(self, within: float = START_S) -> None:
        """Wait until it can serve; fail with what it printed if it ends or takes too long."""
        self._wait_until(self.is_ready, within)

    def _wait_until(self, holds: Callable[[], bool], within: float) -> None:
        deadline = time.monotonic() + within
        while not holds():
            assert self.process.poll() is None, f"it ended with {self.process.returncode}:\n{self.said}"
            assert time.monotonic() < deadline, f"it takes too long:\n{self.said}"
            time.sleep(0.1)

    def stop(self, within: float = 30.0) -> int:
        """End it as Kubernetes does, and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(within)

    def kill(self) -> None:
        """End it as bad luck does."""
        self.process.kill()
        self.process.wait()


StartReplica = Callable[..., Replica]


@pytest.fixture
def seed(registry: Registry) -> dict[str, Any]:
    """Return the people and channels of the sandbox; a test may change them before it asks for `slack`."""
    return seed_of(registry)


@pytest.fixture
def slack(seed: dict[str, Any]) -> Iterator[Sandbox]:
    """Run a sandbox Slack."""
    with Sandbox(seed=seed) as sandbox:
        yield sandbox


@pytest.fixture
def start(admin_url: str, models: Path, slack: Sandbox, tmp_path: Path, commands: Commands) -> Iterator[StartReplica]:
    """Start replicas of the product on the test's database, as processes of their own.

    By default one that Slack reaches over HTTP, and that is ready. `socket=True` has it use Socket Mode; `ready=False`
    does not wait; `settings` are further variables of its environment, None taking a default away; `descriptors` is how
    many it may have open.
    """
    running: list[Replica] = []

    def run(
        *,
        role: str = "all",
        socket: bool = False,
        ready: bool = True,
        settings: Mapping[str, str | None] | None = None,
        descriptors: int | None = None,
    ) -> Replica:
        port, probe_port = free_ports(2)
        log = tmp_path / f"replica-{len(running) + 1}.log"
        given: dict[str, str | None] = {
            "DATABASE_URL": admin_url,
            "PORT": str(port),
            "RAPPORT_PROBE_PORT": str(probe_port),
            "RAPPORT_DATA_DIR": str(models),
            "SLACK_API_URL": f"{slack.url}/api/",
            "SLACK_BOT_TOKEN": "xoxb-a-sandbox",
            "SLACK_APP_TOKEN": sample_teams.APP_TOKEN if socket else None,
            "SLACK_SIGNING_SECRET": None if socket else sample_teams.SIGNING_SECRET,
            **(settings or {}),
        }
        with log.open("wb") as output:
            process = commands.start(
                ["run", "--role", role], tmp_path, given, out=output, err=output, descriptors=descriptors
            )
        replica = Replica(process, port, probe_port, log)
        running.append(replica)
        if ready:
            replica.wait_until_ready()
        if not socket and role in {"all", "slack"}:
            slack.control.app(sample_teams.APP_ID, request_url=f"{replica.address}/slack/events")
        return replica

    yield run
    for replica in running:
        if replica.process.poll() is None:
            replica.process.send_signal(signal.SIGTERM)
    for replica in running:
        try:
            replica.process.wait(30)
        except subprocess.TimeoutExpired:
            replica.kill()
