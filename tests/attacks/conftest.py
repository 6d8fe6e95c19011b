"""Give attacks the product as an operator runs it: `rapport run` in processes of its own, beside a sandbox Slack."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.registry import Registry
from sandbox import sample_teams
from sandbox.server import Sandbox
from tests.support.company import seed_of
from tests.support.ports import free_ports
from tests.support.rapport import Commands
from tests.support.replicas import Replica, StartReplica


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
