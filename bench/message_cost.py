"""Measure what a customer's message costs until its card is posted, in Rapport and in the bare app: `measure()`."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import make_url

from bench import servers, support
from bench.cards import calm
from bench.events import Event, Line, message, send
from bench.figures import Figure
from bench.usage import Spent, counted, postmaster, spent
from bot.registry import load
from ml.learn.train import ensure_starter
from ml.text.encoder import installed
from storage.database import migrate
from storage.database.embedded import EmbeddedPostgres
from storage.database.engine import Database
from storage.support.channels import Grouping

LINKS = 20
PER_SECOND = 4.0
WORDS = "words"
PACE = 100.0
"""What Slack takes of messages a minute is not what is measured."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Say how many messages are measured, after so many to warm up, and for how long the idle program is watched."""

    messages: int
    warm_up: int
    idle_s: float


FULL, QUICK = Plan(300, 100, 30.0), Plan(30, 20, 3.0)


@dataclass(frozen=True, slots=True)
class Cost:
    """Hold what one message costs."""

    spent: Spent
    round_trips: float


def measure(plan: Plan, data: Path, logs: Path, settings: dict[str, str]) -> tuple[list[Figure], str]:
    """Return the figures, the bare app's beside Rapport's, and Postgres' version.

    Where the sentence encoder is installed, what a message costs is measured without it, too.
    """
    logs.mkdir(exist_ok=True)
    ensure_starter(data / "models")
    found: dict[str, Cost] = {}
    for app in ("rapport", *((WORDS,) if installed() else ()), "bare"):
        folder = logs / app
        folder.mkdir()
        with EmbeddedPostgres(folder / "postgres", settings=settings) as server:
            url = server.start()
            for line in load().lines:
                migrate.upgrade(url, line=line)
            found[app], version = _of(app, plan, url, data, folder)
    ours, bare = found["rapport"], found["bare"]
    at = {"worker": (ours.spent.program, bare.spent.program), "postgres": (ours.spent.postgres, bare.spent.postgres)}
    rows = [Figure("message_cpu_ms", value * 1000, "ms", name, floor * 1000) for name, (value, floor) in at.items()]
    if WORDS in found:
        words = found[WORDS].spent.program
        rows.append(Figure("message_cpu_ms", words * 1000, "ms", "worker by words alone", bare.spent.program * 1000))
        rows.append(Figure("message_cpu_of_meaning", ours.spent.program / words, "times", "worker"))
    return [*rows, Figure("message_round_trips", ours.round_trips, "trips", "postgres", bare.round_trips)], version


def _of(app: str, plan: Plan, url: str, data: Path, folder: Path) -> tuple[Cost, str]:
    database = Database(url, pool_size=1)
    try:
        authors = support.link(database, LINKS, [Grouping.MESSAGE])
        support.meet(database, authors)
        with database.engine.connect() as connection:
            version = str(connection.exec_driver_sql("SHOW server_version").scalar())
    finally:
        database.dispose()
    texts = support.said(plan.warm_up + plan.messages)

    def make(number: int) -> Event:
        return message(authors[number % len(authors)], number, texts[number], time.time())

    events: list[Callable[[], Event]] = [partial(make, number) for number in range(len(texts))]
    server = Path(str(make_url(url).query["host"]))
    with (
        tempfile.TemporaryDirectory(prefix="counted-") as short,
        counted(server, Path(short)) as (instead, trips),
        servers.sandbox(folder, support.seed(LINKS)) as slack,
        _running(app, _by(url, instead), slack, data, folder) as running,
    ):
        running.wait_until_ready()
        way = Line([running.port], servers.SECRET)
        _play(events[: plan.warm_up], way, url)
        watch = partial(spent, running.process.pid, postmaster(folder / "postgres"))
        before, begun, counted_before = watch(), time.monotonic(), trips.count
        time.sleep(plan.idle_s)
        idle, idle_trips = (watch() - before).times(1 / plan.idle_s), (trips.count - counted_before) / plan.idle_s
        before, begun, counted_before = watch(), time.monotonic(), trips.count
        _play(events[plan.warm_up :], way, url)
        seconds = time.monotonic() - begun
        work = watch() - before - idle.times(seconds)
        walked = trips.count - counted_before - idle_trips * seconds
    return Cost(work.times(1 / plan.messages), walked / plan.messages), version


def _by(url: str, folder: Path) -> str:
    return make_url(url).update_query_dict({"host": str(folder)}).render_as_string(hide_password=False)


@contextmanager
def _running(app: str, url: str, slack: str, data: Path, folder: Path) -> Iterator[servers.App]:
    ways: dict[str, Callable[[], AbstractContextManager[servers.App]]] = {
        "rapport": lambda: servers.rapport(url, slack, data, folder, installed=_INSTALLED, pace=PACE),
        WORDS: lambda: servers.rapport(url, slack, data, folder, installed=_INSTALLED, pace=PACE, meaning=False),
        "bare": lambda: servers.bare(url, slack, folder, token=support.TOKEN, messages=True),
    }
    with ways[app]() as running:
        yield running


_INSTALLED = {"SLACK_BOT_TOKEN": support.TOKEN}


def _play(events: list[Callable[[], Event]], way: Line, url: str) -> None:
    """Send messages and wait until all is handled and posted; raise RuntimeError if one is not acknowledged.

    The bare app acknowledges an event once its card is posted.
    """
    sent = asyncio.run(send(events, way, PER_SECOND))
    if any(not event.acked_ms for event in sent):
        raise RuntimeError("events were not acknowledged; why is in the log")
    database = Database(url, pool_size=1)
    try:
        calm(database)
    finally:
        database.dispose()
