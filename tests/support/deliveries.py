"""Give tests of the delivery a sandbox, a workspace in it, and deliveries to make and to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from slack_sdk import WebClient
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from bot.delivery.calls import Rendered
from bot.delivery.sender import Sender
from sandbox.sample_teams import two_teams
from sandbox.server import Sandbox
from storage.database.engine import Database
from storage.queues import outbox
from storage.workspace.members import Member, MemberKind
from storage.workspace.workspaces import Installation
from tests.support.waiting import PATIENCE_S, until, until_done

OURS = "TA"
SHORT: dict[str, Any] = {
    # Not as short as the waits: a slow machine is not to be taken for a dead worker or a silent Slack.
    "lease_s": 300.0,
    "grace_s": 0.4,
    "http_timeout_s": 60,
    "margin_s": 0.1,
    "poll_s": 0.1,
    "first_wait_s": 0.2,
}


def render(_session: Session, row: outbox.Delivery) -> Rendered | None:
    if row.renderer == "unwanted":
        return None
    if row.renderer == "broken":
        raise KeyError("no such renderer")
    if row.renderer == "sql":
        _session.execute(text("SELECT 1/0"))
    if row.renderer == "no room" and row.attempt <= 2:
        _session.execute(text("DO $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END $$"))
    said = str(row.payload.get("text", row.record))
    return Rendered(said, [{"type": "section", "text": {"type": "mrkdwn", "text": said}}])


@pytest.fixture
def slack() -> Iterator[Sandbox]:
    with Sandbox(seed=two_teams()) as sandbox:
        yield sandbox


@pytest.fixture
def ours(database: Database, make_workspace: Callable[[str], str]) -> str:
    make_workspace(OURS)
    with database.transaction(OURS) as session:
        session.add(Installation(workspace_id=OURS, sealed_token="sealed", key_id="1"))
        session.add(Member(workspace_id=OURS, id="UAREP", name="Rita", roles=[], kind=MemberKind.STAFF))
    return OURS


@pytest.fixture
def start(database: Database, slack: Sandbox) -> Iterator[Callable[..., Sender]]:
    running: list[Sender] = []

    def begin(started: bool = True, **changed: Any) -> Sender:
        def client_for(_workspace: str) -> WebClient:
            return WebClient("xoxb-a-sandbox", base_url=f"{slack.url}/api/")

        draw = changed.pop("render", render)
        delivery = Sender(database, draw, changed.pop("client_for", client_for), **(SHORT | changed))
        running.append(delivery)
        if started:
            delivery.start()
        return delivery

    yield begin
    for delivery in running:
        delivery.stop(PATIENCE_S)


def post(database: Database, said: str = "Call Acme back", **values: Any) -> UUID:
    given: dict[str, Any] = {
        "target_channel": "CSUPPORT",
        "renderer": "card",
        "record": "T-1",
        "payload": {"text": said},
    }
    with database.transaction(OURS) as session:
        return outbox.enqueue(session, **(given | values))


def read(database: Database, delivery_id: UUID) -> outbox.Delivery:
    with database.transaction(OURS) as session:
        return session.get_one(outbox.Delivery, (OURS, delivery_id))


def settled(database: Database, *ids: UUID) -> list[outbox.Delivery]:
    """Wait until nothing more is to be done about deliveries."""

    def open_ones() -> list[tuple[str, str | None, int]]:
        rows = [read(database, one) for one in ids]
        return [(row.state, row.reason, row.attempt) for row in rows if row.state not in {"sent", "dead", "cancelled"}]

    until_done(lambda: not open_ones(), progress=lambda: len(open_ones()), otherwise=open_ones)
    return [read(database, one) for one in ids]


def waiting(database: Database, delivery_id: UUID, reason: str) -> outbox.Delivery:
    """Wait until a delivery waits for a reason; what it waits for must be longer than a moment."""

    def stands() -> tuple[str, str]:
        row = read(database, delivery_id)
        return row.state, row.reason or ""

    until(lambda: stands()[0] == "pending" and reason in stands()[1], otherwise=stands)
    return read(database, delivery_id)


def go_on(database: Database, delivery_id: UUID) -> None:
    """End what a delivery waits for."""
    expire(database, delivery_id, not_before=datetime.now(UTC) - timedelta(seconds=1))


def pass_time(database: Database, seconds: float) -> None:
    """Make everything that waits wait that much less."""
    span = timedelta(seconds=seconds)
    with database.transaction(OURS) as session:
        passed = {"until": outbox.Pause.until - span, "full_at": outbox.Pause.full_at - span}
        session.execute(update(outbox.Pause).values(passed))
        session.execute(update(outbox.Delivery).values(not_before=outbox.Delivery.not_before - span))


def shown(slack: Sandbox, channel: str = "CSUPPORT") -> list[str]:
    """Return which deliveries a conversation shows, in their order, without asking as the bot does."""
    messages = slack.core.world.workspace.messages.get(channel, [])
    return [one.body["metadata"]["event_payload"]["delivery_id"] for one in messages if "metadata" in one.body]


def seen(slack: Sandbox, channel: str = "CSUPPORT") -> list[str]:
    return [m["text"] for m in slack.person("UAREP").messages(channel) if m.get("bot_id")]


def direct(slack: Sandbox) -> list[str]:
    return [m["text"] for m in slack.person("UAREP").messages("@rapport") if m.get("bot_id")]


def expire(database: Database, delivery_id: UUID, **values: Any) -> None:
    with database.transaction(OURS) as session:
        session.execute(update(outbox.Delivery).where(outbox.Delivery.id == delivery_id).values(**values))


def copies_of(slack: Sandbox, row: outbox.Delivery, root: str | None = None) -> list[str]:
    client = WebClient("xoxb-a-sandbox", base_url=f"{slack.url}/api/")
    given = {"channel": row.channel, "include_all_metadata": True}
    answer = client.conversations_replies(**given, ts=root) if root else client.conversations_history(**given)  # type: ignore[arg-type]  # a dict of mixed values
    found = [
        m
        for m in answer["messages"]
        if m.get("metadata", {}).get("event_payload", {}).get("delivery_id") == str(row.id)
    ]
    return [m["ts"] for m in found]
