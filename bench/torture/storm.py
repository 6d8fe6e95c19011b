"""Deliver a crowd of messages with replicas that are killed and a Slack that fails, and look at what is visible."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.fernet import Fernet
from slack_sdk import WebClient
from sqlalchemy import func, select

from bench import servers
from bench.figures import Figure, percentile
from bench.support import app_of, team_of
from bench.torture.kill_points import POINTS
from bench.torture.replicas import DIED_WITH, OUTSIDE, Plan, Replicas, replicas
from bench.torture.stage import Stage
from bot.requests.responder import FALLBACK_RENDERER
from sandbox.control.client import Control
from storage.database.engine import EVERY_WORKSPACE, Database
from storage.database.secrets import Vault
from storage.queues import due, outbox
from storage.queues.outbox import Delivery
from storage.workspace import workspaces
from storage.workspace.members import Member, MemberKind

TEAMS = [f"T0STORM{number}" for number in range(4)]
"""Several, as a 429 holds back every message to its workspace."""
FAULTS: tuple[tuple[dict[str, Any], float], ...] = (
    ({"kind": "rate_limit", "retry_after": 1}, 0.02),
    ({"kind": "hang"}, 0.02),
    ({"kind": "hang", "stored": True}, 0.02),
    ({"kind": "reset"}, 0.04),
    ({"kind": "reset_after"}, 0.04),
    ({"kind": "server_error", "status": 503, "stored": True}, 0.03),
    ({"kind": "late", "seconds": 0.6}, 0.03),
)
SETTLED = ("sent", "dead", "cancelled")
REPAIR_WITHIN_S = 300.0
"""Second copies are looked for after 45 s and then less and less often, in 50 conversations of a workspace a minute."""
LOOK_EVERY_S = 15.0
"""To look at every conversation keeps the sandbox from whoever is to repair them."""


@dataclass(frozen=True, slots=True)
class Size:
    """Say how much: deliveries, how many of them fall due by the clock, channels and people a team, kills.

    `too_late` messages come up after the grace is over, so that there are second copies to repair.
    """

    deliveries: int
    reminders: int
    channels: int
    people: int
    kills: int
    too_late: int
    seconds: float
    grace_s: float = 1.5
    http_timeout_s: int = 1
    lease_s: float = 4.0


LONG = Size(10_000, 2_000, channels=100, people=50, kills=520, too_late=5, seconds=2_400.0)
SHORT = Size(500, 100, channels=30, people=20, kills=30, too_late=0, seconds=240.0)


@dataclass(slots=True)
class Outcome:
    """Hold what became of a storm; `seconds` until the last delivery was settled.

    `recovered_s` is how long after the death of who had it in hand each delivery was sent.
    """

    deliveries: int
    faulty: int
    kills: Counter[str]
    lost: list[UUID]
    duplicated: list[UUID]
    repaired: int
    seconds: float
    recovered_s: list[float]

    def figures(self) -> Iterator[Figure]:
        """Return the figures, by the names they keep."""
        at = "3 replicas"
        yield Figure("deliveries", self.deliveries, "messages", at)
        yield Figure("faulty_answers", self.faulty, "answers", at)
        yield Figure("kills", self.kills.total(), "kills", at)
        yield Figure("kills_at_points", self.kills.total() - self.kills[OUTSIDE], "kills", at)
        yield Figure("lost", len(self.lost), "messages", at)
        yield Figure("duplicated", len(self.duplicated), "messages", at)
        yield Figure("repaired", self.repaired, "messages", at)
        yield Figure("storm_seconds", self.seconds, "s", at)
        if self.recovered_s:
            yield Figure("recovered_p95_s", percentile(self.recovered_s, 0.95), "s", at)
            yield Figure("recovered_max_s", max(self.recovered_s), "s", at)


def run(stage: Stage, size: Size) -> Outcome:
    """Run a storm of a size; raise RuntimeError if it does not end in its time or a replica fails by itself."""
    url = stage.database("storm")
    key = Fernet.generate_key().decode()
    with servers.sandbox(stage.folder, _seed(size)) as slack:
        database = Database(url, pool_size=2)
        try:
            _fill(database, size, Vault([key]))
            control = Control(slack)
            for fault, probability in FAULTS:
                control.fault(**fault, method="chat.postMessage", probability=probability, count=None)
            if size.too_late:
                late = size.grace_s + size.lease_s + 4
                control.fault("late", method="chat.postMessage", count=size.too_late, seconds=late, probability=0.01)
            with replicas(_plan(stage, size, url, slack, key), stage.folder / "log") as running:
                begun = time.monotonic()
                _follow(database, size, running, begun)
                seconds = time.monotonic() - begun
                control.clear_faults()
                faulty = sum("fault" in call for call in control.calls("chat.postMessage"))
                lost, duplicated = _look(database, slack, size)
                while duplicated and size.too_late and time.monotonic() - begun - seconds < REPAIR_WITHIN_S:
                    time.sleep(LOOK_EVERY_S)
                    lost, duplicated = _look(database, slack, size)
            if running.crashes:
                raise RuntimeError("; ".join(running.crashes))
            deleted = [call for call in control.calls("chat.delete") if call["outcome"] == "ok"]
            recovered = _recovered(database, stage.folder / DIED_WITH)
            return Outcome(size.deliveries, faulty, running.deaths, lost, duplicated, len(deleted), seconds, recovered)
        finally:
            database.dispose()


def _plan(stage: Stage, size: Size, url: str, slack: str, key: str) -> Plan:
    settings = stage.settings(url, slack) | {
        "RAPPORT_ENCRYPTION_KEYS": key,
        "RAPPORT_GRACE_SECONDS": str(size.grace_s),
        "RAPPORT_LEASE_SECONDS": str(size.lease_s),
        "RAPPORT_PUBLIC_URL": "http://127.0.0.1",
        "SLACK_CLIENT_ID": "1.1",
        "SLACK_CLIENT_SECRET": "0" * 32,
    }
    delivery = {"http_timeout_s": size.http_timeout_s, "margin_s": 0.2, "first_wait_s": 0.5, "poll_s": 0.3}
    each = [settings | servers.free_ports() for _replica in range(3)]
    return Plan("worker", each, delivery, [*POINTS, *[OUTSIDE] * len(POINTS)])


def _follow(database: Database, size: Size, running: Replicas, begun: float) -> None:
    """Spread the kills over the deliveries as they are settled, until all are."""
    asked = 0
    while (settled := _settled(database)) < size.deliveries or running.killed < size.kills:
        wanted = min(size.kills, 1 + size.kills * settled * 11 // (size.deliveries * 10))
        # Those that wait to pass their point are not asked for twice.
        while asked < wanted and asked - running.killed < 3:
            running.kill()
            asked += 1
        if time.monotonic() - begun > size.seconds or running.crashes:
            why = "; ".join(running.crashes) or f"{settled} of {size.deliveries} in {size.seconds:g} s"
            raise RuntimeError(f"the storm did not end: {why}")
        time.sleep(0.1)


def _settled(database: Database) -> int:
    with database.transaction(EVERY_WORKSPACE) as session:
        counted = session.scalar(select(func.count()).select_from(Delivery).where(Delivery.state.in_(SETTLED)))
    return counted or 0


def _look(database: Database, slack: str, size: Size) -> tuple[list[UUID], list[UUID]]:
    """Return the deliveries that nobody can see, and those that can be seen twice."""
    seen: Counter[str] = Counter()
    lost, duplicated = [], []
    for team in TEAMS:
        client = WebClient(_token(team), base_url=f"{slack}/api/")
        with database.transaction(team) as session:
            rows = session.execute(select(Delivery.id, Delivery.channel)).all()
        for channel in {row.channel for row in rows if row.channel}:
            page = client.conversations_history(channel=channel, limit=999, include_all_metadata=True)
            assert not page["has_more"], "a channel holds more than a page"
            seen.update(
                one["metadata"]["event_payload"]["delivery_id"] for one in page["messages"] if "metadata" in one
            )
        lost += [row.id for row in rows if not seen[str(row.id)]]
        duplicated += [row.id for row in rows if seen[str(row.id)] > 1]
    return lost, duplicated


def _recovered(database: Database, died_with: Path) -> list[float]:
    """Return how long after each death what that replica had in hand, and had not sent yet, was sent."""
    died: dict[str, float] = {}
    for line in died_with.read_text().splitlines() if died_with.exists() else []:
        told = json.loads(line)
        died |= dict.fromkeys(told["ids"], told["at"])
    found = []
    for team in TEAMS:
        with database.transaction(team) as session:
            rows = session.execute(select(Delivery.id, Delivery.sent_at).where(Delivery.sent_at.is_not(None))).all()
        found += [row.sent_at.timestamp() - died[str(row.id)] for row in rows if str(row.id) in died]
    return [seconds for seconds in found if seconds > 0]


def _fill(database: Database, size: Size, vault: Vault) -> None:
    """Install the app in every team and write what is to be delivered, part of it due by the clock."""
    draw = random.Random(1)
    now = datetime.now(UTC)
    for team in TEAMS:
        with database.transaction(team) as session:
            workspaces.ensure(session, name=team)
            workspaces.install(session, token=_token(team), vault=vault, bot_user_id=f"UBOT{team}")
            people = _people(team, size)
            session.add_all(
                Member(workspace_id=team, id=person, name=person, roles=[], kind=MemberKind.STAFF) for person in people
            )
            session.flush()
            for number in range(size.deliveries // len(TEAMS)):
                text = f"Message {number} of {team}"
                payload = {"text": text, "blocks": [{"type": "section", "text": {"type": "plain_text", "text": text}}]}
                if number < size.reminders // len(TEAMS):
                    due.schedule(
                        session,
                        "torture",
                        f"X-{number}",
                        at=now,
                        zone="UTC",
                        target_user=draw.choice(people),
                        renderer=FALLBACK_RENDERER,
                        payload=payload,
                    )
                else:
                    outbox.enqueue(
                        session,
                        target_channel=draw.choice(_channels(team, size)),
                        renderer=FALLBACK_RENDERER,
                        record=None,
                        payload=payload,
                    )


def _seed(size: Size) -> dict[str, Any]:
    teams = [
        team_of(
            team, _token(team), _people(team, size), [(name, _people(team, size)) for name in _channels(team, size)]
        )
        for team in TEAMS
    ]
    return {"apps": [app_of()], "teams": teams}


def _token(team: str) -> str:
    return f"xoxb-{team.lower()}"


def _people(team: str, size: Size) -> list[str]:
    return [f"U{team}{number:03}" for number in range(size.people)]


def _channels(team: str, size: Size) -> list[str]:
    return [f"C{team}{number:03}" for number in range(size.channels)]
