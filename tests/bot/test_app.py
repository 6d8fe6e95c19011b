"""Show that the bot starts, serves and stops whatever of the world around it is missing at the moment."""

from __future__ import annotations

import gc
import http.client
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from slack_bolt import BoltRequest
from sqlalchemy import QueuePool

from bot.app import Rapport
from bot.cli.doctor import connections_of
from bot.registry import Registry
from bot.settings import Settings
from bot.workers import Workers
from sandbox import sample_teams
from sandbox.server import Sandbox
from storage.database.engine import Database
from storage.queues import due, outbox
from storage.queues.due import JOB
from storage.queues.outbox import Delivery
from storage.workspace import workspaces
from tests.support.company import Company, Starter, start_company_on
from tests.support.database_wire import Wire
from tests.support.trial_plugin import locked, waiting
from tests.support.waiting import PATIENCE_S, until

T = TypeVar("T")


def asked(port: int, path: str) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    connection.request("GET", path)
    response = connection.getresponse()
    body = json.loads(response.read())
    connection.close()
    return response.status, body


@pytest.fixture
def wire(admin_url: str) -> Iterator[Wire]:
    wire = Wire(admin_url)
    yield wire
    wire.close()


@pytest.fixture
def start_bot(admin_url: str, registry: Registry, models: Path) -> Iterator[Callable[..., Rapport]]:
    """Start bots without waiting for anything."""
    running: list[Rapport] = []

    def start(url: str, database_url: str = admin_url, role: str = "all", **changed: Any) -> Rapport:
        settings = Settings(
            **{
                "bot_token": "xoxb-a-sandbox",
                "signing_secret": sample_teams.SIGNING_SECRET,
                "api_url": f"{url}/api/",
                "data_dir": models,
                "port": 0,
                "probe_port": 0,
                "pool_size": 4,
                **changed,
            }
        )
        bot = Rapport(settings, database_url, role=role, registry=registry)
        bot.start()
        until(lambda: bot.public.started and bot.probes.started)
        running.append(bot)
        return bot

    yield start
    for bot in running:
        bot.stop(5)


def test_a_bot_that_stopped_leaves_no_worker_behind(start_company: Starter) -> None:
    others = set(threading.enumerate())
    company = start_company()
    company.rep.types("/crm help")
    company.bot.stop(5)
    kinds = ("work_", "open_", "intake", "delivery")
    until(lambda: not [t for t in set(threading.enumerate()) - others if t.name.startswith(kinds)])


def test_a_process_opens_as_many_connections_as_the_doctor_says(start_bot: Callable[..., Rapport]) -> None:
    def alive(kind: type[T]) -> dict[int, T]:
        return {id(one): one for one in gc.get_objects() if issubclass(type(one), kind)}

    databases, workers = alive(Database), alive(Workers)
    bot = start_bot("http://127.0.0.1:9", pool_size=7, workers=3)
    pools = [one.engine.pool for key, one in alive(Database).items() if key not in databases]
    # The bot hears of changes, and each of its workers of what there is to do, on a connection besides.
    listening = [one for key, one in alive(Workers).items() if key not in workers and one.listens]
    opened = sum(pool.size() for pool in pools if isinstance(pool, QueuePool)) + 1 + len(listening)
    assert opened == connections_of(bot.settings)


def test_what_was_begun_is_finished_before_the_end(start_company: Starter) -> None:
    company = start_company()
    said: list[str] = []
    blocked = threading.Thread(target=lambda: said.append(company.rep.types("/customer add Acme").text))
    stopping = threading.Thread(target=company.bot.stop, args=(PATIENCE_S,))
    with locked(company, "customer"):
        blocked.start()
        until(lambda: waiting(company, "INSERT INTO customer") == 1)
        stopping.start()
        until(company.bot.stopping.is_set)
    blocked.join()
    stopping.join()
    assert "Added." in said[0]


def test_slack_that_is_down_at_the_start_keeps_nobody_from_working(
    start_bot: Callable[..., Rapport], start_company: Starter, admin_url: str
) -> None:
    """R25: ready, commands that need no call to Slack work, and what is to be sent waits."""
    first = start_company()
    first.rep.types("/customer add Acme")
    first.bot.stop(5)
    with Sandbox(seed=first.seed) as slack:
        slack.control.fault("reset", count=None)
        bot = start_bot(slack.url)
        slack.control.app(sample_teams.APP_ID, request_url=f"http://127.0.0.1:{bot.port}/slack/events")
        until(lambda: asked(bot.probe_port, "/readyz")[0] == 200)
        assert "Acme" in slack.person("UAREP").types("/customer show acme").text
        with first.database.transaction("TA") as session:
            payload = {"text": "later", "blocks": []}
            waits = outbox.enqueue(
                session, target_channel="CGENERAL", renderer="core.answer", record=None, payload=payload
            )

        def tried() -> Delivery:
            with first.database.transaction("TA") as session:
                return session.get_one(Delivery, ("TA", waits))

        until(lambda: tried().attempt > 1)
        assert tried().state != "dead"
        assert asked(bot.probe_port, "/livez")[0] == 200


def test_a_database_that_is_down_at_the_start_is_waited_for(
    start_bot: Callable[..., Rapport], wire: Wire, start_company: Starter
) -> None:
    company = start_company()
    company.bot.stop(5)
    wire.refuse = True
    bot = start_bot(company.sandbox.url, wire.url)
    assert asked(bot.probe_port, "/livez")[0] == 200
    assert asked(bot.probe_port, "/readyz")[0] == 503
    wire.refuse = False
    until(lambda: bot.installations.all() == ["TA"])
    until(lambda: asked(bot.probe_port, "/readyz")[0] == 200)
    company.sandbox.control.app(sample_teams.APP_ID, request_url=f"http://127.0.0.1:{bot.port}/slack/events")
    until(lambda: "What you can do" in company.rep.types("/crm help").text)


def test_events_that_cannot_be_stored_come_again(wire: Wire, admin_url: str, registry: Registry, models: Path) -> None:
    """R20: 503 while the database is away, a sentence for people, and every event handled once it is back."""
    company = start_company_on(wire.url, admin_url, registry, models, "http", {})
    try:
        company.sandbox.control.settings(retry_scale=1 / 60)
        assert "What you can do" in company.rep.types("/crm help").text
        wire.refuse = True
        company.rep.opens_home()
        assert "I can't reach the database, so nothing was saved." in company.rep.types("/customer add Acme").text
        until(lambda: any(one["code"] == 503 for one in company.sandbox.control.deliveries("events_api")))
        assert asked(company.bot.probe_port, "/livez")[0] == 200
        until(lambda: asked(company.bot.probe_port, "/readyz")[0] == 503)
        wire.refuse = False
        company.rep.sees("Here is your work")
        until(lambda: asked(company.bot.probe_port, "/readyz")[0] == 200)
    finally:
        wire.refuse = False
        company.close()


def test_a_bot_that_is_stopping_takes_no_more_events(company: Company) -> None:
    company.bot.stopping.set()
    try:
        body = {"type": "event_callback", "team_id": "TA", "event_id": "Ev9", "event": {"type": "app_home_opened"}}
        assert company.bot.bolt.dispatch(BoltRequest(body=body, mode="socket_mode")).status == 503
    finally:
        company.bot.stopping.clear()


def test_a_process_does_only_its_role(start_bot: Callable[..., Rapport], start_company: Starter) -> None:
    company = start_company()
    company.bot.stop(5)
    worker = start_bot(company.sandbox.url, role="worker")
    connection = http.client.HTTPConnection("127.0.0.1", worker.port, timeout=PATIENCE_S)
    connection.request("POST", "/slack/events", b"")
    assert connection.getresponse().status == 404
    connection.close()
    api = start_bot(company.sandbox.url, role="api")
    assert asked(api.probe_port, "/livez")[0] == 200
    assert not api.clock.scheduler.running


def test_every_workspaces_jobs_are_on_the_clock_also_without_slack(
    start_bot: Callable[..., Rapport], start_company: Starter, database: Database
) -> None:
    company = start_company()
    company.bot.stop(5)
    job = next(job.id for job in company.bot.registry.jobs.values() if job.every)
    with company.database.transaction("TA") as session:
        row = due.get(session, JOB + job, job)
        assert row is not None
        session.delete(row)
    start_bot("http://127.0.0.1:9")

    def back() -> bool:
        with company.database.transaction("TA") as session:
            return due.get(session, JOB + job, job) is not None

    until(back)


def test_a_change_in_another_process_is_heard(company: Company) -> None:
    def remembered() -> bool:
        return company.bot.people.locale(company.workspace, company.rep.id) is not None

    until(lambda: company.rep.types("/crm help").ok and remembered())
    with company.database.transaction("TA") as session:
        workspaces.setup(session, currency="JPY")
    until(lambda: not remembered())
