"""Show that all replicas together keep to Slack's pace: in a conversation, of a method, and when it says to wait."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from slack_sdk import WebClient
from sqlalchemy import func, select

from bot.delivery.calls import LIMITS, Limit
from bot.delivery.sender import Sender
from sandbox.server import Sandbox
from storage.database.engine import Database
from storage.queues import outbox
from storage.workspace.workspaces import Installation
from tests.support.deliveries import (
    OURS,
    copies_of,
    expire,
    go_on,
    ours,
    pass_time,
    post,
    read,
    seen,
    settled,
    shown,
    slack,
    start,
    waiting,
)
from tests.support.waiting import until

__all__ = ["ours", "slack", "start"]  # fixtures

THEIRS = "TB"


@pytest.fixture
def two(slack: Sandbox, start: Callable[..., Sender]) -> Callable[..., Sender]:
    """Start replicas that serve both workspaces."""

    def client_for(workspace: str) -> WebClient:
        return WebClient(f"xoxb-{workspace[-1].lower()}-sandbox", base_url=f"{slack.url}/api/")

    return lambda **changed: start(client_for=client_for, **changed)


def times(slack: Sandbox, method: str, team: str = OURS) -> list[float]:
    return [call["at"] for call in slack.control.calls(method) if call["team"] == team]


@pytest.mark.parametrize("seconds", [600, 3600])
def test_nobody_calls_before_slack_takes_it_again_and_others_go_on(
    database: Database,
    slack: Sandbox,
    ours: str,
    make_workspace: Callable[[str], str],
    two: Callable[..., Sender],
    seconds: int,
) -> None:
    make_workspace(THEIRS)
    with database.transaction(THEIRS) as session:
        session.add(Installation(workspace_id=THEIRS, sealed_token="sealed", key_id="1"))
    slack.control.fault("rate_limit", method="chat.postMessage", team=OURS, count=1, retry_after=seconds)
    one, *_others = [two() for _replica in range(3)]
    first = post(database)
    waiting(database, first, "held back")
    others = [post(database, target_channel="CGENERAL"), post(database, target_channel=None, target_user="UAREP")]
    with database.transaction(THEIRS) as session:
        theirs = outbox.enqueue(session, target_channel="CBGENERAL", renderer="card", record="T-1")
    until(lambda: times(slack, "chat.postMessage", THEIRS))
    with database.transaction(THEIRS) as session:
        assert session.get_one(outbox.Delivery, (THEIRS, theirs)).attempt == 1
    pass_time(database, seconds / 2)
    assert one.claim(10) == []
    assert len(times(slack, "chat.postMessage")) == 1
    pass_time(database, seconds / 2 + 4)
    settled(database, first, *others)
    assert len(times(slack, "chat.postMessage")) == 4


@pytest.mark.parametrize("method", ["conversations.open", "conversations.history"])
def test_what_is_called_besides_waits_too(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender], method: str
) -> None:
    if method == "conversations.history":
        slack.control.fault("reset", method="chat.postMessage", count=2)
    slack.control.fault("rate_limit", method=method, count=1, retry_after=3_600)
    start()
    one = start()
    to_a_person: dict[str, Any] = {"target_channel": None, "target_user": "UAREP"}
    first = post(database, **to_a_person if method == "conversations.open" else {})
    waiting(database, first, "held back")
    second = post(database, **to_a_person if method == "conversations.open" else {"target_channel": "CGENERAL"})
    if method == "conversations.history":
        waiting(database, second, "held back")
    assert one.claim(10) == []
    assert len(times(slack, method)) == 1
    pass_time(database, 3_610)
    settled(database, first, second)


def test_a_repair_waits_as_well(database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender]) -> None:
    slack.control.fault("reset_after", method="chat.postMessage", count=1)
    delivery = start(limits={**LIMITS, "conversations.history": Limit(1 / 60, 1)})
    (row,) = settled(database, post(database))
    expire(database, row.id, check_at=datetime.now(UTC))
    delivery.repair()
    assert len(times(slack, "conversations.history")) == 1
    assert read(database, row.id).check_at is not None


def test_a_methods_limit_holds_for_all_replicas_together_and_urgent_goes_first(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender]
) -> None:
    cards: list[UUID] = []
    for channel in ("CGENERAL", "CSUPPORT"):
        cards += [post(database, f"{channel} {number}", target_channel=channel) for number in range(3)]
    urgent = post(database, "urgent", target_channel="CSUPPORT", priority=10)
    hour = Limit(1 / 60, 2)
    replicas = [start(apart_s=0.0, poll_s=0.05, limits={**LIMITS, "chat.postMessage": hour}) for _ in range(3)]
    # Two at once, then one an hour.
    for number in range(2, len(cards) + 1):
        until(lambda number=number: sent(database) == number and paused(database))  # type: ignore[misc]  # bound in the loop
        assert replicas[0].claim(10) == []
        assert len(times(slack, "chat.postMessage")) == number
        pass_time(database, 3_600)
    settled(database, *cards, urgent)
    assert seen(slack)[0] == "urgent"
    assert not any(row.ambiguous for row in settled(database, *cards, urgent))


def paused(database: Database) -> bool:
    """Tell whether messages are held back, and none is in anybody's hands that does not know it yet."""
    with database.transaction(OURS) as session:
        held = session.scalars(select(outbox.Pause.method).where(outbox.Pause.until > func.now())).all()
        return (
            "chat.postMessage" in held
            and not session.scalars(select(outbox.Delivery.id).where(outbox.Delivery.state == "sending")).all()
        )


def sent(database: Database) -> int:
    with database.transaction(OURS) as session:
        return len(session.scalars(select(outbox.Delivery.id).where(outbox.Delivery.state == "sent")).all())


def test_a_burst_in_one_channel_keeps_its_order_and_pace_with_three_replicas(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender], long_form: bool
) -> None:
    """Ten times as fast as Slack takes it in the short form, as it is in the long one."""
    apart_s, count = (1.0, 500) if long_form else (0.1, 30)
    ids = [post(database, f"message {number}") for number in range(count)]
    for _replica in range(3):
        start(apart_s=apart_s, poll_s=0.02)
    settled(database, *ids)
    assert seen(slack) == [f"message {number}" for number in range(count)]
    at = times(slack, "chat.postMessage")
    assert all(later - earlier > 0.95 * apart_s for earlier, later in pairwise(at))


@pytest.mark.parametrize("thread", [False, True], ids=["channel", "thread"])
def test_a_search_at_one_call_a_minute_ends_and_sends_nothing_twice(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender], thread: bool
) -> None:
    root = slack.person("UAREP").posts("It is broken", channel="CSUPPORT").ts if thread else None
    slack.control.fault("reset_after", method="chat.postMessage", count=1)
    start(grace_s=200.0)
    delivery_id = post(database, thread_ts=root)
    waiting(database, delivery_id, "chat.postMessage")
    for number in range(40):
        slack.person("UAREP").posts(f"chatter {number}", channel="CSUPPORT", thread=root)
    method = "conversations.replies" if thread else "conversations.history"
    slack.control.settings(history_objects=15, per_minute={method: 1})
    expire(database, delivery_id, not_before=datetime.now(UTC), reason=None)
    # A thread is read from its beginning, where the message is; a channel from its end.
    for _page in range(0 if thread else 2):
        assert waiting(database, delivery_id, "history unreadable").looked_until is not None
        slack.control.advance(61)
        expire(database, delivery_id, not_before=datetime.now(UTC), reason=None)
        pass_time(database, 61)
    (row,) = settled(database, delivery_id)
    slack.control.settings(per_minute={}, history_objects=1000)
    assert copies_of(slack, row, root) == [row.ts]
    assert len(times(slack, "chat.postMessage")) == 1


def test_a_message_stored_late_within_the_grace_is_there_once(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender]
) -> None:
    """However long after the reset it comes, as long as the grace is not over."""
    start(grace_s=200.0, hands=6, apart_s=0.0)
    ids = []
    for number, after in enumerate((0.005, 0.25, 0.5, 0.75, 1.0, 1.25)):
        channel = ("CGENERAL", "CSUPPORT")[number % 2]
        slack.control.fault("late", method="chat.postMessage", channel=channel, count=1, seconds=after)
        ids.append(post(database, f"message {number}", target_channel=channel))
        waiting(database, ids[-1], "chat.postMessage")
        until(lambda channel=channel: str(ids[-1]) in shown(slack, channel))  # type: ignore[misc]  # bound in the loop
        go_on(database, ids[-1])
        settled(database, ids[-1])
    rows = settled(database, *ids)
    assert [row.ambiguous for row in rows] == [True] * 6
    assert [len(copies_of(slack, row)) for row in rows] == [1] * 6
    assert len(times(slack, "chat.postMessage")) == 6
