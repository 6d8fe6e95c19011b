"""Show that a message is seen once, whatever became of the answer to an earlier attempt."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from slack_sdk import WebClient
from sqlalchemy import NullPool, create_engine, func, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from bot.delivery import second_copies
from bot.delivery.calls import Rendered
from bot.delivery.sender import Sender
from bot.slack.posting import EVENT_TYPE
from sandbox.server import Sandbox
from storage.database.engine import Database, login_url
from storage.notifications import failures
from storage.queues import outbox
from tests.support.cluster import connect
from tests.support.deliveries import (
    OURS,
    copies_of,
    expire,
    go_on,
    ours,
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


def test_the_direct_message_is_stored_before_the_first_attempt(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender]
) -> None:
    slack.control.fault("reset", method="chat.postMessage", count=1)
    start(grace_s=100.0)
    delivery_id = post(database, target_channel=None, target_user="UAREP")
    assert waiting(database, delivery_id, "chat.postMessage").channel
    go_on(database, delivery_id)
    settled(database, delivery_id)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "reset_after"},
        {"kind": "reset"},
        {"kind": "hang"},
        {"kind": "server_error", "status": 503, "stored": True},
        {"kind": "server_error", "status": 500, "stored": True},
        {"kind": "server_error", "status": 502},
        {"kind": "error", "code": "fatal_error", "stored": True},
        {"kind": "error", "code": "internal_error"},
    ],
    ids=lambda fault: "-".join(str(part) for part in fault.values()),
)
def test_after_an_answer_nobody_saw_there_is_one_copy(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender], fault: dict[str, Any]
) -> None:
    slack.control.fault(**fault, method="chat.postMessage", count=1)
    start(http_timeout_s=3 if fault["kind"] == "hang" else 60)
    (row,) = settled(database, post(database))
    assert (row.state, row.ambiguous) == ("sent", True)
    assert len(slack.control.calls("conversations.history")) == 1
    assert len(copies_of(slack, row)) == 1


def test_what_slack_may_have_is_found_also_when_it_is_sent_again_long_after(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(second_copies, "EARLIER_S", 0)
    slack.control.fault("reset_after", method="chat.postMessage", count=1)
    start(grace_s=100.0)
    delivery_id = post(database)
    waiting(database, delivery_id, "chat.postMessage")
    expire(database, delivery_id, state="dead", looked_until=f"{time.time() - 60:.6f}")
    with database.transaction(ours) as session:
        failures.resend(session, delivery_id)
    (row,) = settled(database, delivery_id)
    assert copies_of(slack, row) == [row.ts]
    assert len(slack.control.calls("chat.postMessage")) == 1


@pytest.mark.parametrize("fault", ["reset", "reset_after"])
def test_in_a_thread_too_there_is_one_copy(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender], fault: str
) -> None:
    root = slack.person("UAREP").posts("It is broken", channel="CSUPPORT").ts
    slack.control.fault(fault, method="chat.postMessage", count=1)
    start()
    (row,) = settled(database, post(database, thread_ts=root))
    assert row.ambiguous
    assert len(copies_of(slack, row, root)) == 1


def test_the_sdk_repeats_nothing_by_itself(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender]
) -> None:
    slack.control.fault("reset_after", method="chat.postMessage", count=1)
    start()
    settled(database, post(database))
    assert len(slack.control.calls("chat.postMessage")) == 1


def test_the_search_waits_for_the_grace(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender]
) -> None:
    slack.control.fault("late", method="chat.postMessage", count=1, seconds=0.8)
    delivery = start(grace_s=100.0)
    delivery_id = post(database)
    waiting(database, delivery_id, "chat.postMessage")
    until(lambda: shown(slack) == [str(delivery_id)])
    assert delivery.claim(1) == []
    assert slack.control.calls("conversations.history") == []
    go_on(database, delivery_id)
    settled(database, delivery_id)
    assert shown(slack) == [str(delivery_id)]
    assert len(slack.control.calls("chat.postMessage")) == 1


def comes_up_again(slack: Sandbox, row: outbox.Delivery) -> None:
    """Show a message once more, as Slack may long after a request that was cut off."""
    client = WebClient("xoxb-a-sandbox", base_url=f"{slack.url}/api/")
    said = {"event_type": EVENT_TYPE, "event_payload": {"delivery_id": str(row.id)}}
    client.chat_postMessage(channel="CSUPPORT", text="again", metadata=said, unfurl_links=False, unfurl_media=False)


def test_a_copy_that_comes_up_after_the_grace_is_deleted_and_counted(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender]
) -> None:
    slack.control.fault("reset", method="chat.postMessage", count=1)
    delivery = start()
    (row,) = settled(database, post(database))
    assert len(slack.control.calls("chat.postMessage")) == 2
    comes_up_again(slack, row)
    assert len(copies_of(slack, row)) == 2
    expire(database, row.id, check_at=datetime.now(UTC) + timedelta(hours=1))
    delivery.repair()
    assert delivery.repaired == 0  # not its time yet
    expire(database, row.id, check_at=datetime.now(UTC))
    delivery.repair()
    assert delivery.repaired == 1
    assert copies_of(slack, row) == [read(database, row.id).ts] == [row.ts]


@pytest.mark.parametrize("fault", [{"kind": "rate_limit"}, {"kind": "error", "code": "fatal_error"}])
def test_where_the_copy_stays_is_known_before_the_other_is_deleted(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender], fault: dict[str, Any]
) -> None:
    slack.control.fault("reset_after", method="chat.postMessage", count=1)
    delivery = start()
    (row,) = settled(database, post(database))
    comes_up_again(slack, row)
    first, later = sorted(copies_of(slack, row), key=float)
    # As if the copy that is known were the one that came up later.
    expire(database, row.id, check_at=datetime.now(UTC), ts=later)
    slack.control.fault(**fault, method="chat.delete", count=1)
    delivery.repair()
    assert (delivery.repaired, read(database, row.id).ts) == (0, first)
    (changed,) = settled(database, post(database, "Taken", kind="update", edits=row.id, target_channel=None))
    assert changed.state == "sent"
    with database.transaction(ours) as session:
        session.execute(update(outbox.Pause).values(until=func.now()))
    expire(database, row.id, check_at=datetime.now(UTC))
    delivery.repair()
    assert copies_of(slack, row) == [first]


def test_a_conversation_is_read_once_for_all_that_may_have_come_up_twice_in_it_due_or_not(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender]
) -> None:
    slack.control.fault("reset_after", method="chat.postMessage", count=3)
    delivery = start()
    rows = settled(database, *(post(database, str(number)) for number in range(3)))
    for row in rows[:2]:
        comes_up_again(slack, row)
    expire(database, rows[2].id, check_at=datetime.now(UTC))
    before = len(slack.control.calls("conversations.history"))
    delivery.repair()
    assert len(slack.control.calls("conversations.history")) == before + 1
    assert delivery.repaired == 2
    assert [len(copies_of(slack, row)) for row in rows] == [1, 1, 1]


def test_a_message_that_came_up_once_is_left_alone_and_not_watched_for_ever(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender]
) -> None:
    slack.control.fault("reset_after", method="chat.postMessage", count=1)
    delivery = start()
    (row,) = settled(database, post(database))
    assert row.check_at is not None
    expire(database, row.id, check_at=datetime.now(UTC), sent_at=datetime.now(UTC) - timedelta(minutes=11))
    delivery.repair()
    assert (delivery.repaired, read(database, row.id).check_at) == (0, None)


@pytest.mark.parametrize(("age", "again"), [(45, 45), (89, 45), (180, 90), (500, 250)])
def test_the_older_a_message_is_the_later_it_is_looked_at_again(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender], age: int, again: int
) -> None:
    slack.control.fault("reset_after", method="chat.postMessage", count=1)
    delivery = start()
    (row,) = settled(database, post(database))
    now = datetime.now(UTC)
    expire(database, row.id, check_at=now, sent_at=now - timedelta(seconds=age))
    delivery.repair()
    next_look = read(database, row.id).check_at
    assert next_look is not None
    took = (datetime.now(UTC) - now).total_seconds()
    assert again - 1 < (next_look - now).total_seconds() < again + 2 * took + 1


def test_a_repair_of_what_somebody_has_deleted_or_without_a_token_does_nothing(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender]
) -> None:
    def client_for(_workspace: str) -> WebClient:
        raise RuntimeError("no token")

    slack.control.fault("reset_after", method="chat.postMessage", count=1)
    delivery = start()
    (row,) = settled(database, post(database))
    WebClient("xoxb-a-sandbox", base_url=f"{slack.url}/api/").chat_delete(channel="CSUPPORT", ts=str(row.ts))
    for repairing in (delivery, start(started=False, client_for=client_for)):
        expire(database, row.id, check_at=datetime.now(UTC))
        repairing.repair()
        assert (repairing.repaired, read(database, row.id).ts) == (0, row.ts)
    assert len(slack.control.calls("chat.delete")) == 1


def test_a_repair_that_is_held_back_comes_again(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender]
) -> None:
    slack.control.fault("reset_after", method="chat.postMessage", count=1)
    delivery = start()
    (row,) = settled(database, post(database))
    for fault in ({"kind": "rate_limit", "retry_after": 1}, {"kind": "error", "code": "missing_scope"}):
        slack.control.fault(**fault, method="conversations.history", count=1)
        expire(database, row.id, check_at=datetime.now(UTC))
        delivery.repair()
        assert read(database, row.id).check_at is not None


def test_the_last_look_is_made_later_too_if_it_is_held_back(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender]
) -> None:
    slack.control.fault("reset_after", method="chat.postMessage", count=1)
    delivery = start()
    (row,) = settled(database, post(database))
    slack.control.fault("rate_limit", method="conversations.history", count=1, retry_after=600)
    expire(database, row.id, check_at=datetime.now(UTC), sent_at=datetime.now(UTC) - timedelta(minutes=11))
    delivery.repair()
    assert read(database, row.id).check_at is not None


def test_a_long_thread_is_searched_to_its_end(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender]
) -> None:
    root = slack.person("UAREP").posts("It is broken", channel="CSUPPORT").ts
    for number in range(20):
        slack.person("UAREP").posts(f"really {number}", channel="CSUPPORT", thread=root)
    slack.control.fault("reset_after", method="chat.postMessage", count=1)
    slack.control.settings(history_objects=15)
    start()
    (row,) = settled(database, post(database, thread_ts=root))
    assert len(slack.control.calls("chat.postMessage")) == 1
    assert row.ts and float(row.ts) > float(root)


PATIENCE = timedelta(hours=1)


def lose_patience(database: Database, delivery_id: UUID) -> None:
    """Have it be an hour that nobody could look for a delivery, which nobody has in hand at that moment."""

    def waits() -> bool:
        which = (outbox.Delivery.id == delivery_id, outbox.Delivery.state == "pending")
        long = {"unreadable_since": datetime.now(UTC) - PATIENCE, "not_before": datetime.now(UTC)}
        with database.transaction(OURS) as session:
            found = session.execute(update(outbox.Delivery).where(*which).values(long).returning(outbox.Delivery.id))
            return found.first() is not None

    until(waits)


def unreadable_for(
    database: Database, slack: Sandbox, start: Callable[..., Sender], record: str, code: str = "missing_scope"
) -> UUID:
    slack.control.fault("reset", method="chat.postMessage", count=1)
    slack.control.fault("error", method="conversations.history", code=code, count=None)
    start(patience_s=PATIENCE.total_seconds(), first_wait_s=0.2)
    delivery_id = post(database, record=record)
    assert waiting(database, delivery_id, "history unreadable: ").unreadable_since
    assert len(slack.control.calls("chat.postMessage")) == 1
    return delivery_id


def test_a_reminder_nobody_can_look_for_goes_out_as_a_possible_repeat(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender]
) -> None:
    delivery_id = unreadable_for(database, slack, start, "F-1")
    attempt = read(database, delivery_id).attempt
    until(lambda: read(database, delivery_id).attempt > attempt + 1)
    assert seen(slack) == []
    lose_patience(database, delivery_id)
    settled(database, delivery_id)
    assert seen(slack) == ["(may be a repeat) Call Acme back"]


def test_a_digest_nobody_can_look_for_is_held_until_somebody_can(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender]
) -> None:
    delivery_id = unreadable_for(database, slack, start, "G-1", "service_unavailable")
    lose_patience(database, delivery_id)
    attempt = read(database, delivery_id).attempt
    until(lambda: read(database, delivery_id).attempt > attempt + 1)
    assert seen(slack) == []
    slack.control.clear_faults()
    settled(database, delivery_id)
    assert seen(slack) == ["Call Acme back"]


def test_a_digest_nobody_will_ever_be_able_to_look_for_is_told_and_can_be_sent_again(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender]
) -> None:
    delivery_id = unreadable_for(database, slack, start, "G-1")
    lose_patience(database, delivery_id)
    (row,) = settled(database, delivery_id)
    assert (row.state, row.reason, seen(slack)) == ("dead", "missing_scope", [])
    with database.transaction(ours) as session:
        renderers = session.scalars(select(outbox.Delivery.renderer).order_by(outbox.Delivery.seq)).all()
        assert renderers == ["card", failures.RENDERER]
    slack.control.clear_faults()
    with database.transaction(ours) as session:
        failures.resend(session, row.id)
    settled(database, row.id)
    assert seen(slack) == ["Call Acme back"]


def test_a_lease_that_is_nearly_over_begins_no_send(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender]
) -> None:
    delivery = start(started=False, lease_s=60.6)
    delivery_id = post(database)
    (claim,) = delivery.claim(1)
    time.sleep(0.3)
    delivery.work(claim)
    row = read(database, delivery_id)
    assert (row.state, row.attempt, row.ambiguous) == ("pending", 0, False)
    assert slack.control.calls("chat.postMessage") == []


def test_a_worker_that_was_stopped_in_mid_send_is_waited_for(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender]
) -> None:
    stalled, other = start(started=False), start(started=False)
    delivery_id = post(database)
    (claim,) = stalled.claim(1)
    with stalled.alone(claim.row) as alone:
        assert alone
        expire(database, delivery_id, lease_until=datetime.now(UTC))
        (taken,) = other.claim(1)
        other.work(taken)
        row = read(database, delivery_id)
        assert (row.state, row.reason, row.ambiguous) == ("pending", "another worker still sends it", True)
    stalled.work(claim)
    assert len(slack.control.calls("chat.postMessage")) == 1
    assert read(database, delivery_id).state == "pending"  # its mark came too late
    other.start()
    settled(database, delivery_id)
    assert len(slack.control.calls("chat.postMessage")) == 1


def test_a_worker_that_failed_keeps_nobody_from_sending(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender]
) -> None:
    first, other = start(started=False, grace_s=0.0), start(started=False)
    slack.control.fault("reset", method="chat.postMessage", count=1)
    delivery_id = post(database)
    (claim,) = first.claim(1)
    first.work(claim)
    (claim,) = other.claim(1)
    other.work(claim)
    assert read(database, delivery_id).state == "sent"


def test_a_lock_whose_connection_is_lost_does_not_lose_the_mark(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender], admin_url: str
) -> None:
    slack.control.fault("slow", method="chat.postMessage", count=1, seconds=2)
    start()
    delivery_id = post(database)
    until(lambda: slack.control.calls("chat.postMessage"))
    kick = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'rapport-send'"
    with create_engine(login_url(admin_url), poolclass=NullPool).connect() as admin:
        assert admin.execute(text(kick)).all()
    (row,) = settled(database, delivery_id)
    assert (row.state, row.attempt) == ("sent", 1)


def test_a_database_that_goes_away_while_drawing_leaves_the_delivery_to_its_lease(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender], admin_url: str
) -> None:
    def kicked(session: Session, row: outbox.Delivery) -> Rendered:
        if row.attempt == 1:
            pid = session.scalar(text("SELECT pg_backend_pid()"))
            with closing(connect(admin_url)) as admin:
                admin.execute(f"SELECT pg_terminate_backend({pid})".encode())
            session.execute(text("SELECT 1"))
        return Rendered("Call Acme back")

    delivery = start(started=False, render=kicked)
    delivery_id = post(database)
    (claim,) = delivery.claim(1)
    with pytest.raises(DBAPIError):
        delivery.work(claim)
    assert (read(database, delivery_id).state, read(database, delivery_id).reason) == ("sending", None)
    expire(database, delivery_id, lease_until=datetime.now(UTC))
    delivery.start()
    (row,) = settled(database, delivery_id)
    assert (row.state, row.attempt) == ("sent", 2)
    assert len(copies_of(slack, row)) == 1
