"""Attack the ports: what is asked of the wrong one, and what only looks like HTTP."""

from __future__ import annotations

import pytest

from sandbox.server import Sandbox
from tests.support.replicas import Replica, StartReplica
from tests.support.waiting import until


@pytest.fixture
def replica(start: StartReplica) -> Replica:
    """Start one that Slack reaches over HTTP."""
    return start()


def test_the_world_sees_neither_probes_nor_metrics(replica: Replica) -> None:
    for path in ("/livez", "/readyz", "/metrics", "/", "/metrics/", "//metrics", "/slack/../metrics", "/%6detrics"):
        assert replica.get(path, public=True)[0] == 404, path
    for path in ("/livez", "/readyz", "/metrics"):
        assert replica.get(path)[0] == 200
    assert replica.get("/slack/events")[0] == 404


@pytest.mark.parametrize("setting", ["PORT", "RAPPORT_PROBE_PORT"])
def test_a_port_that_is_taken_is_one_sentence(replica: Replica, start: StartReplica, setting: str) -> None:
    second = start(ready=False, settings={setting: str(replica.port)})
    until(lambda: second.process.poll() is not None)
    assert second.process.returncode == 2
    assert second.said.startswith(f"{setting}: port {replica.port} cannot be listened on (Address already in use).")
    assert "Traceback" not in second.said


def test_a_process_without_slack_over_http_answers_nothing_to_the_world(slack: Sandbox, start: StartReplica) -> None:
    replica = start(socket=True)
    for path in ("/livez", "/slack/events", "/slack/install"):
        assert replica.get(path, public=True)[0] == 404
    assert replica.get("/livez")[0] == 200
