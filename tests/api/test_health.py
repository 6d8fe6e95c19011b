"""Show what the probes answer while the process, the database or a worker is in trouble."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

import pytest
import uvicorn
from prometheus_client import CollectorRegistry, Counter

from api import health as health_module
from api.health import Health, Pulse, health_app
from tests.support.waiting import PATIENCE_S


class Database:
    """A round trip whose behaviour a test sets."""

    def __init__(self) -> None:
        self.asked = 0
        self.error: Exception | None = None
        self.behave: Callable[[], object] = lambda: None

    def ping(self) -> None:
        self.asked += 1
        self.behave()
        if self.error:
            raise self.error


@dataclass(frozen=True)
class Answer:
    status_code: int
    text: str
    content_type: str

    def json(self) -> Any:
        return json.loads(self.text)


class Probe:
    """Ask over the wire, as a kubelet does."""

    def __init__(self, port: int) -> None:
        self._port = port

    def get(self, path: str, *, accept: str = "*/*", method: str = "GET") -> Answer:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_S)
        try:
            connection.request(method, path, headers={"accept": accept})
            answer = connection.getresponse()
            return Answer(answer.status, answer.read().decode(), answer.getheader("content-type", ""))
        finally:
            connection.close()


@contextmanager
def serving(health: Health, registry: CollectorRegistry) -> Iterator[Probe]:
    server = uvicorn.Server(uvicorn.Config(health_app(health, registry), port=0, log_config=None, ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    assert eventually(lambda: server.started)
    yield Probe(server.servers[0].sockets[0].getsockname()[1])
    server.should_exit = True
    thread.join()


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def health(database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Health]:
    monkeypatch.setattr(health_module, "PING_EVERY_S", 0.005)
    health = Health(ping=database.ping, clock=clock)
    yield health
    health.drain()


@pytest.fixture
def probe(health: Health) -> Iterator[Probe]:
    with serving(health, CollectorRegistry()) as probe:
        yield probe


def eventually(check: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if check():
            return True
        time.sleep(0.002)
    return False


def test_alive_without_a_database(probe: Probe, database: Database) -> None:
    database.error = ConnectionRefusedError("db.internal refused")
    assert probe.get("/livez").json() == {"status": "ok"}
    assert database.asked == 0


def test_dead_when_the_scheduler_stops_ticking(probe: Probe, health: Health, clock: Clock) -> None:
    tick = Pulse(clock)
    health.watch("tick", tick.age, 60)
    clock.now += 60
    assert probe.get("/livez").status_code == 200
    clock.now += 1
    answer = probe.get("/livez")
    assert (answer.status_code, answer.json()["tick"]) == (503, "last seen 61 s ago, expected within 60 s")
    tick.beat()
    assert probe.get("/livez").status_code == 200


def test_a_socket_that_is_not_connected_is_no_reason_to_restart(probe: Probe, health: Health) -> None:
    ages: list[float | None] = [None]
    health.watch("socket", lambda: ages[0], 300)
    assert probe.get("/livez").status_code == 200
    ages[0] = 301
    assert probe.get("/livez").status_code == 503


def test_ready_once_the_database_has_answered(probe: Probe, database: Database) -> None:
    assert probe.get("/readyz").json()["database"] == "not asked yet"
    assert eventually(lambda: probe.get("/readyz").status_code == 200)
    assert eventually(lambda: database.asked > 3)


def test_not_ready_while_the_database_refuses_and_ready_again_after(probe: Probe, database: Database) -> None:
    database.error = ConnectionRefusedError("db.internal refused crm@secret")
    assert eventually(lambda: probe.get("/readyz").json().get("database") == "ConnectionRefusedError")
    assert "secret" not in probe.get("/readyz").text
    database.error = None
    assert eventually(lambda: probe.get("/readyz").status_code == 200)


def test_not_ready_when_the_database_is_slow(probe: Probe, database: Database, clock: Clock) -> None:
    def slow() -> None:
        clock.now += 2.5

    database.behave = slow
    assert eventually(lambda: probe.get("/readyz").json().get("database") == "answered after 2.5 s")


def test_a_silent_database_is_noticed_and_no_probe_waits_for_it(probe: Probe, database: Database, clock: Clock) -> None:
    assert eventually(lambda: probe.get("/readyz").status_code == 200)
    answers, waiting = threading.Event(), threading.Event()

    def silent() -> None:
        waiting.set()
        answers.wait(2 * PATIENCE_S)

    database.behave = silent
    assert waiting.wait(PATIENCE_S)
    clock.now += 6
    assert probe.get("/readyz").json()["database"] == "has not answered for 6 s"
    answers.set()


def test_a_stopping_process_is_alive_but_not_ready(probe: Probe, health: Health) -> None:
    assert eventually(lambda: probe.get("/readyz").status_code == 200)
    health.drain()
    assert probe.get("/readyz").json() == {"status": "failing", "process": "is stopping"}
    assert probe.get("/livez").status_code == 200


def test_metrics_show_the_registry_that_was_given(health: Health) -> None:
    registry = CollectorRegistry()
    Counter("rapport_answers", "Answers given", registry=registry).inc(3)
    with serving(health, registry) as probe:
        plain = probe.get("/metrics")
        open_metrics = probe.get("/metrics", accept="application/openmetrics-text; version=1.0.0")
    assert "rapport_answers_total 3.0" in plain.text
    assert plain.content_type.startswith("text/plain")
    assert open_metrics.text.endswith("# EOF\n")


def test_other_paths_are_not_found(probe: Probe) -> None:
    assert probe.get("/").status_code == 404
    assert probe.get("/livez", method="POST").status_code == 405
