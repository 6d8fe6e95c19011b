"""Send a flood of customers' messages to replicas that are killed, and look for each acknowledged one's effect."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from sqlalchemy import exists, func, select

from bench import servers, support
from bench.events import Author, Event, Line, body, message, send
from bench.figures import Figure
from bench.torture.replicas import Plan, Replicas, replicas
from bench.torture.stage import Stage
from storage.database.engine import EVERY_WORKSPACE, Database
from storage.queues.inbox import InboxItem
from storage.support.channels import Grouping
from storage.support.messages import IncomingMessage
from storage.support.tickets import Ticket

LINKS = 40


@dataclass(frozen=True, slots=True)
class Size:
    """Say how much: events a second, for how long, how often a replica is killed, and how Slack's waits shrink."""

    per_second: float
    seconds: float
    kill_every_s: float
    retry_scale: float
    drain_s: float


LONG = Size(per_second=100, seconds=60, kill_every_s=2.5, retry_scale=0.05, drain_s=600)
SHORT = Size(per_second=40, seconds=8, kill_every_s=1.5, retry_scale=0.01, drain_s=120)


@dataclass(slots=True)
class Outcome:
    """Hold what became of a flood: `lost` and `doubled` say of which message, and how."""

    sent: int
    acked: int
    copies: int
    kills: int
    lost: list[str]
    doubled: list[str]
    drained_s: float

    def figures(self) -> Iterator[Figure]:
        """Return the figures, by the names they keep."""
        at = "3 replicas"
        yield Figure("events_sent", self.sent, "events", at)
        yield Figure("event_copies", self.copies, "requests", at)
        yield Figure("events_acked", self.acked, "events", at)
        yield Figure("events_lost", len(self.lost), "events", at)
        yield Figure("events_doubled", len(self.doubled), "events", at)
        yield Figure("flood_kills", self.kills, "kills", at)
        yield Figure("flood_drained_s", self.drained_s, "s", at)


def run(stage: Stage, size: Size) -> Outcome:
    """Run a flood of a size; raise RuntimeError if it is not worked off in time or a replica fails by itself."""
    url = stage.database("flood")
    with servers.sandbox(stage.folder, support.seed(LINKS)) as slack:
        database = Database(url, pool_size=2)
        try:
            # Half of the channels put what somebody writes within minutes into one ticket.
            authors = support.link(database, LINKS, [Grouping.WINDOW, Grouping.MESSAGE])
            plan = _plan(stage, url, slack)
            with replicas(plan, stage.folder / "log") as running:
                ports = [int(each["PORT"]) for each in plan.replicas]
                for each in plan.replicas:
                    address = f"http://127.0.0.1:{each['RAPPORT_PROBE_PORT']}/readyz"
                    servers.wait_until_ready(address, running.process)
                over = threading.Event()
                killing = threading.Thread(target=_kill, args=(running, size, over), daemon=True)
                killing.start()
                line = Line(ports, servers.SECRET, size.retry_scale)
                events = asyncio.run(send(_events(authors, size), line, size.per_second))
                over.set()
                killing.join()
                drained_s = _drain(database, size, running)
            if running.crashes:
                raise RuntimeError("; ".join(running.crashes))
            acked = [event for event in events if event.acked_ms]
            lost, doubled = _look(database, acked)
            copies = sum(len(event.bodies) for event in events)
            return Outcome(len(events), len(acked), copies, running.killed, lost, doubled, drained_s)
        finally:
            database.dispose()


def _kill(running: Replicas, size: Size, over: threading.Event) -> None:
    while not over.wait(size.kill_every_s):
        running.kill()


def _drain(database: Database, size: Size, running: Replicas) -> float:
    """Wait until all that was stored is worked off and return how long that took."""
    begun = time.monotonic()
    while True:
        with database.transaction(EVERY_WORKSPACE) as session:
            states = session.execute(select(InboxItem.state, func.count()).group_by(InboxItem.state))
            counts = {row.state: row[1] for row in states}
        waited = time.monotonic() - begun
        if not counts.keys() & {"pending", "working"}:
            return waited
        if waited > size.drain_s or running.crashes:
            why = "; ".join(running.crashes) or f"{counts} after {waited:.0f} s"
            raise RuntimeError(f"the events were not worked off: {why}")
        time.sleep(0.2)


def _look(database: Database, acked: list[Event]) -> tuple[list[str], list[str]]:
    """Return what of the acknowledged events has no ticket, and what was stored twice or has two tickets."""
    with database.transaction(support.OURS) as session:
        stored = session.execute(
            select(IncomingMessage.channel_id, IncomingMessage.ts, IncomingMessage.ticket_id)
        ).all()
        has_message = exists().where(IncomingMessage.ticket_id == Ticket.id)
        orphans = session.scalars(select(Ticket.id).where(~has_message)).all()
    times = Counter((row.channel_id, row.ts) for row in stored)
    ticketed = {(row.channel_id, row.ts) for row in stored if row.ticket_id is not None}
    lost = [
        f"{one.channel} {one.ts} {'has no ticket' if times[one.channel, one.ts] else 'is not stored'}: {one.text}"
        for one in acked
        if (one.channel, one.ts) not in ticketed
    ]
    doubled = [f"{channel} {ts} is stored {count} times" for (channel, ts), count in times.items() if count > 1]
    return lost, [*doubled, *(f"T-{number} has no message of its own" for number in orphans)]


def _events(authors: list[Author], size: Size) -> list[Callable[[], Event]]:
    """Return messages to send, a fifth of them in several copies, as Slack repeats what it thinks was not taken."""
    draw = random.Random(1)

    def make(number: int, author: Author, text: str, how: str) -> Event:
        event = message(author, number, text, time.time())
        match how:
            case "thrice":
                event.bodies *= 3
            case "other id":
                event.bodies += [body(event, author, f"Ev{number:09d}x{copy}") for copy in range(draw.choice((1, 10)))]
            case "mention":
                event.bodies.append(body(event, author, f"Em{number:09d}", "app_mention"))
                draw.shuffle(event.bodies)
        return event

    hows = ("thrice", "other id", "mention", *["once"] * 12)
    made: list[Callable[[], Event]] = []
    for number, text in enumerate(support.said(int(size.per_second * size.seconds))):
        made.append(partial(make, number, draw.choice(authors), text, draw.choice(hows)))
    return made


def _plan(stage: Stage, url: str, slack: str) -> Plan:
    settings = stage.settings(url, slack) | {
        "SLACK_BOT_TOKEN": support.TOKEN,
        "RAPPORT_LEASE_SECONDS": "5",
        "RAPPORT_GRACE_SECONDS": "1",
    }
    each = [settings | servers.free_ports() for _replica in range(3)]
    return Plan("all", each, {"http_timeout_s": 2, "margin_s": 0.5})
