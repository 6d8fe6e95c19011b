"""Measure how long a customer's message takes to be acknowledged, and to stand before support as a card."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from slack_sdk import WebClient
from sqlalchemy import func, select

from bench import servers, support
from bench.events import Author, Event, Line, message, send
from bench.figures import Figure, percentile
from bot.registry import load
from ml.learn.train import ensure_starter
from storage.database import migrate
from storage.database.embedded import EmbeddedPostgres
from storage.database.engine import EVERY_WORKSPACE, Database
from storage.database.secrets import Vault
from storage.queues.inbox import InboxItem
from storage.queues.outbox import Delivery
from storage.support.channels import Grouping

LINKS = 300
TEAMS = [f"T0SUPPORT{number}" for number in range(6)]
"""Slack sends an app 30,000 events an hour of a workspace: fifty a second come from six of them at least."""
NUMBER = re.compile(r"\(number (\d+)\)")
SETTLE_S = 10.0
PACE = 100.0
"""What Slack takes of messages a minute is not what is measured."""
STILL_S = 60.0
"""After so long without anything moving nothing more is to be expected."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Say how much: messages a second, and for how many seconds, after one message for each link to warm up."""

    per_second: float
    seconds: float
    warm_up_per_second: float = 20.0

    @property
    def messages(self) -> int:
        """Return how many messages are measured."""
        return int(self.per_second * self.seconds)


CARDS, CARDS_QUICK = (Plan(20, 60), Plan(50, 60)), (Plan(20, 8), Plan(50, 8))
"""A rate that is kept up with on two cores, and the one that is aimed at."""
INTAKE, INTAKE_QUICK = Plan(100, 60), Plan(100, 8)


@dataclass(frozen=True, slots=True)
class Found:
    """Hold milliseconds from an event's sending to its 200, and to its card; `missing` got no card of their own."""

    acked_ms: list[float]
    card_ms: list[float]
    missing: int

    def cards(self, plan: Plan) -> Iterator[Figure]:
        """Return the figures of cards."""
        at = f"{plan.per_second:g} messages/s, {LINKS} channels of {len(TEAMS)} workspaces"
        for share in (50, 99):
            yield Figure(f"message_to_card_p{share}", percentile(self.card_ms, share / 100), "ms", at)
        yield Figure("message_to_card_own", len(self.card_ms) / (len(self.card_ms) + self.missing), "share", at)

    def intake(self, plan: Plan) -> Iterator[Figure]:
        """Return the figures of the acknowledgement."""
        at = f"{plan.per_second:g} events/s"
        for share in (50, 99):
            yield Figure(f"intake_ack_p{share}", percentile(self.acked_ms, share / 100), "ms", at)


def measure(plan: Plan, data: Path, logs: Path, settings: dict[str, str]) -> tuple[Found, str]:
    """Send what the plan says to one Rapport; return what was found and Postgres' version."""
    logs.mkdir(exist_ok=True)
    ensure_starter(data / "models")
    with EmbeddedPostgres(logs / "postgres", settings=settings) as server:
        url = server.start()
        for line in load().lines:
            migrate.upgrade(url, line=line)
        database = Database(url, pool_size=1)
        try:
            key = Fernet.generate_key().decode()
            authors = support.link(database, LINKS, [Grouping.MESSAGE], ours=TEAMS, vault=Vault([key]))
            support.meet(database, authors)
            run = partial(servers.rapport, url, data=data, folder=logs, installed=_by_oauth(key), pace=PACE)
            with (
                servers.sandbox(logs, support.seed(LINKS, TEAMS)) as slack,
                run(slack, role="slack") as app,
                run(slack, role="worker") as worker,
            ):
                app.wait_until_ready()
                worker.wait_until_ready()
                time.sleep(SETTLE_S)
                way = Line([app.port], servers.SECRET)
                events = _messages(authors, plan)
                asyncio.run(send(events[:LINKS], way, plan.warm_up_per_second))
                calm(database)
                sent = asyncio.run(send(events[LINKS:], way, plan.per_second))
                calm(database)
                posted = _posted(slack)
                with database.engine.connect() as connection:
                    version = str(connection.exec_driver_sql("SHOW server_version").scalar())
        finally:
            database.dispose()
    if failed := sum(not event.acked_ms for event in sent):
        raise RuntimeError(f"{failed} events were not acknowledged; why is in the log")
    numbers = [(event.sent_at, _number(event.text)) for event in sent]
    card_ms = [(posted[number] - at) * 1000 for at, number in numbers if number in posted]
    return Found([ms for event in sent for ms in event.acked_ms], card_ms, len(sent) - len(card_ms)), version


def _by_oauth(key: str) -> dict[str, str]:
    return {
        "RAPPORT_ENCRYPTION_KEYS": key,
        "RAPPORT_PUBLIC_URL": "http://127.0.0.1",
        "SLACK_CLIENT_ID": "1.1",
        "SLACK_CLIENT_SECRET": "0" * 32,
    }


def _messages(authors: list[Author], plan: Plan) -> list[Callable[[], Event]]:
    """Return messages from one channel after the other, those to warm up first."""

    def make(number: int, author: Author, text: str) -> Event:
        return message(author, number, text, time.time())

    texts = support.said(LINKS + plan.messages)
    writers = [author for turn in range(support.AUTHORS_A_LINK) for author in authors[turn :: support.AUTHORS_A_LINK]]
    return [partial(make, number, writers[number % len(writers)], text) for number, text in enumerate(texts)]


def calm(database: Database) -> None:
    """Wait until everything is handled and sent, however long; raise RuntimeError if nothing moves any more."""
    left, moved = _left(database), time.monotonic()
    while any(left):
        time.sleep(0.5)
        now = _left(database)
        if now != left:
            left, moved = now, time.monotonic()
        elif time.monotonic() - moved > STILL_S:
            raise RuntimeError(f"{left[0]} events and {left[1]} cards have been waiting for {STILL_S:g} s")


def _left(database: Database) -> tuple[int, int]:
    """Return how many events are not handled and how many cards not sent."""
    with database.transaction(EVERY_WORKSPACE) as session:
        events = select(func.count()).select_from(InboxItem).where(InboxItem.state.in_(("pending", "working")))
        unsent = select(func.count()).select_from(Delivery).where(Delivery.state.in_(("pending", "sending")))
        return session.scalar(events) or 0, session.scalar(unsent) or 0


def _posted(slack: str) -> dict[int, float]:
    """Return when the card of each numbered message came up in its channel."""
    found: dict[int, float] = {}
    for link in range(LINKS):
        client = WebClient(support.token_of(TEAMS[link % len(TEAMS)]), base_url=f"{slack}/api/")
        page = client.conversations_history(channel=support.cards_channel(link), limit=999)
        messages: list[dict[str, Any]] = page["messages"]
        for one in messages:
            if named := NUMBER.search(f"{one['text']} {one.get('blocks')}"):
                found[int(named[1])] = float(one["ts"])
    return found


def _number(text: str) -> int:
    named = NUMBER.search(text)
    assert named is not None
    return int(named[1])
