"""Show that what the outbox holds is seen once in Slack, whatever Slack answers or does not."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from slack_sdk import WebClient
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from bot.delivery import Delivery, Rendered
from sandbox.sample_teams import two_teams
from sandbox.server import Sandbox
from storage import outbox, sending
from storage.database import EVERY_WORKSPACE, Database
from storage.errors import Refused
from storage.members import Kind, Member
from storage.workspaces import Installation

OURS = "TA"
SHORT: dict[str, Any] = {
    "lease_s": 3.0,
    "grace_s": 0.4,
    "http_timeout_s": 1,
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
        session.add(Member(workspace_id=OURS, id="UAREP", name="Rita", roles=[], kind=Kind.STAFF))
    return OURS


@pytest.fixture
def start(database: Database, slack: Sandbox) -> Iterator[Callable[..., Delivery]]:
    running: list[Delivery] = []

    def begin(started: bool = True, **changed: Any) -> Delivery:
        def client_for(_workspace: str) -> WebClient:
            return WebClient("xoxb-a-sandbox", base_url=f"{slack.url}/api/")

        delivery = Delivery(database, render, changed.pop("client_for", client_for), **(SHORT | changed))
        running.append(delivery)
        if started:
            delivery.start()
        return delivery

    yield begin
    for delivery in running:
        delivery.stop(5)


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


def settled(database: Database, *ids: UUID, within: float = 15) -> list[outbox.Delivery]:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        rows = [read(database, one) for one in ids]
        if all(row.state in {"sent", "dead", "cancelled"} for row in rows):
            return rows
        time.sleep(0.03)
    raise AssertionError(f"not settled: {[(row.state, row.reason, row.attempt) for row in rows]}")


def waiting(database: Database, delivery_id: UUID, reason: str, within: float = 10) -> outbox.Delivery:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        row = read(database, delivery_id)
        if row.state == "pending" and reason in (row.reason or ""):
            return row
        time.sleep(0.02)
    raise AssertionError(f"not waiting: {row.state} {row.reason}")


def seen(slack: Sandbox, channel: str = "CSUPPORT") -> list[str]:
    return [m["text"] for m in slack.person("UAREP").messages(channel) if m.get("bot_id")]


def direct(slack: Sandbox) -> list[str]:
    return [m["text"] for m in slack.person("UAREP").messages("@rapport") if m.get("bot_id")]


def expire(database: Database, delivery_id: UUID, **values: Any) -> None:
    with database.transaction(OURS) as session:
        session.execute(update(outbox.Delivery).where(outbox.Delivery.id == delivery_id).values(**values))


def test_a_post_is_seen_with_its_id_and_nothing_else_in_the_metadata(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Delivery]
) -> None:
    start()
    (row,) = settled(database, post(database))
    assert seen(slack) == ["Call Acme back"]
    (call,) = slack.control.calls("chat.postMessage")
    assert call["args"]["metadata"] == {"event_type": "crm_delivery", "event_payload": {"delivery_id": str(row.id)}}
    assert call["args"]["client_msg_id"] == str(row.id)
    assert (call["args"]["unfurl_links"], call["args"]["unfurl_media"]) in ((False, False), ("0", "0"))
    assert (row.state, row.channel, row.attempt) == ("sent", "CSUPPORT", 1)
    assert slack.control.calls("conversations.history") == []


def test_a_notification_wakes_the_sender(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Delivery]
) -> None:
    start(poll_s=30.0)
    time.sleep(0.5)
    settled(database, post(database), within=3)


def test_a_direct_message_is_opened_once_and_remembered(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Delivery]
) -> None:
    start()
    first = post(database, "one", target_channel=None, target_user="UAREP")
    second = post(database, "two", target_channel=None, target_user="UAREP")
    rows = settled(database, first, second)
    assert len(slack.control.calls("conversations.open")) == 1
    assert rows[0].channel == rows[1].channel
    assert rows[0].channel and rows[0].channel.startswith("D")


def test_the_direct_message_is_stored_before_the_first_attempt(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Delivery]
) -> None:
    slack.control.fault("hang", method="chat.postMessage", count=1)
    start(grace_s=1.5)
    delivery_id = post(database, target_channel=None, target_user="UAREP")
    assert waiting(database, delivery_id, "chat.postMessage").channel
    settled(database, delivery_id)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "reset_after"},
        {"kind": "reset"},
        {"kind": "hang"},
        {"kind": "late", "seconds": 0.2},
        {"kind": "server_error", "status": 503, "stored": True},
        {"kind": "server_error", "status": 502},
        {"kind": "error", "code": "fatal_error", "stored": True},
        {"kind": "error", "code": "internal_error"},
        {"kind": "slow", "seconds": 1.3},
    ],
    ids=lambda fault: "-".join(str(part) for part in fault.values()),
)
def test_after_an_answer_nobody_saw_there_is_one_copy(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Delivery], fault: dict[str, Any]
) -> None:
    slack.control.fault(**fault, method="chat.postMessage", count=1)
    start(grace_s=0.8 if fault["kind"] == "slow" else 0.4)
    (row,) = settled(database, post(database))
    assert (row.state, row.ambiguous) == ("sent", True)
    assert len(slack.control.calls("conversations.history")) == 1
    assert len(copies_of(slack, row)) == 1


@pytest.mark.parametrize("fault", ["reset", "reset_after"])
def test_in_a_thread_too_there_is_one_copy(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Delivery], fault: str
) -> None:
    root = slack.person("UAREP").posts("It is broken", channel="CSUPPORT").ts
    slack.control.fault(fault, method="chat.postMessage", count=1)
    start()
    (row,) = settled(database, post(database, thread_ts=root))
    assert row.ambiguous
    assert len(copies_of(slack, row, root)) == 1


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


def test_the_sdk_repeats_nothing_by_itself(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Delivery]
) -> None:
    slack.control.fault("reset_after", method="chat.postMessage", count=1)
    start()
    settled(database, post(database))
    assert len(slack.control.calls("chat.postMessage")) == 1


def test_the_search_waits_for_the_grace(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Delivery]
) -> None:
    slack.control.fault("late", method="chat.postMessage", count=1, seconds=0.8)
    start(grace_s=1.4)
    (row,) = settled(database, post(database))
    assert len(copies_of(slack, row)) == 1
    assert len(slack.control.calls("chat.postMessage")) == 1


def test_a_copy_that_comes_up_after_the_grace_is_deleted_and_counted(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Delivery]
) -> None:
    slack.control.fault("late", method="chat.postMessage", count=1, seconds=1.5)
    delivery = start(grace_s=0.3)
    (row,) = settled(database, post(database))
    assert len(slack.control.calls("chat.postMessage")) == 2
    time.sleep(1.5)
    assert len(copies_of(slack, row)) == 2
    delivery.repair()
    assert delivery.repaired == 0  # not its time yet
    expire(database, row.id, check_at=datetime.now(UTC))
    delivery.repair()
    assert delivery.repaired == 1
    assert copies_of(slack, row) == [read(database, row.id).ts]


def test_a_message_that_came_up_once_is_left_alone_and_not_watched_for_ever(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Delivery]
) -> None:
    slack.control.fault("reset_after", method="chat.postMessage", count=1)
    delivery = start()
    (row,) = settled(database, post(database))
    assert row.check_at is not None
    expire(database, row.id, check_at=datetime.now(UTC), sent_at=datetime.now(UTC) - timedelta(minutes=11))
    delivery.repair()
    assert (delivery.repaired, read(database, row.id).check_at) == (0, None)


def test_a_repair_that_is_held_back_comes_again(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Delivery]
) -> None:
    slack.control.fault("reset_after", method="chat.postMessage", count=1)
    delivery = start()
    (row,) = settled(database, post(database))
    for fault in ({"kind": "rate_limit", "retry_after": 1}, {"kind": "error", "code": "missing_scope"}):
        slack.control.fault(**fault, method="conversations.history", count=1)
        expire(database, row.id, check_at=datetime.now(UTC))
        delivery.repair()
        assert read(database, row.id).check_at is not None


def test_a_rate_limit_is_honoured_by_every_replica_and_is_not_ambiguous(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Delivery]
) -> None:
    slack.control.fault("rate_limit", method="chat.postMessage", count=1, retry_after=2)
    start()
    first = post(database)
    waiting(database, first, "held back")
    start()
    second = post(database, target_channel="CGENERAL")
    rows = settled(database, first, second)
    refused, *sent = slack.control.calls("chat.postMessage")
    assert len(sent) == 2
    assert all(call["at"] >= refused["at"] + 2 for call in sent)
    assert [row.ambiguous for row in rows] == [False, False]
    assert slack.control.calls("conversations.history") == []


def test_what_was_claimed_before_the_pause_waits_too(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Delivery]
) -> None:
    delivery = start(started=False)
    delivery_id = post(database)
    (claim,) = delivery._claim(1)
    with database.transaction(OURS) as session:
        sending.pause(session, "chat.postMessage", 60)
    delivery._work(claim)
    assert read(database, delivery_id).reason == "held back"
    assert slack.control.calls("chat.postMessage") == []


@pytest.mark.parametrize(
    "code",
    ["channel_not_found", "is_archived", "restricted_action", "msg_too_long", "invalid_blocks", "not_in_channel"],
)
def test_a_definite_refusal_is_dead_with_its_reason(
    database: Database,
    slack: Sandbox,
    ours: str,
    start: Callable[..., Delivery],
    code: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    slack.control.fault("error", method="chat.postMessage", code=code, count=None)
    start()
    with caplog.at_level(logging.ERROR):
        (row,) = settled(database, post(database))
    assert (row.state, row.reason, row.attempt) == ("dead", code, 1)
    assert code in caplog.text


@pytest.mark.parametrize("code", ["account_inactive", "token_revoked", "invalid_auth"])
def test_a_revoked_token_is_used_once(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Delivery], code: str
) -> None:
    slack.control.fault("error", method="chat.postMessage", code=code, count=None)
    start()
    (row,) = settled(database, post(database))
    post(database)
    time.sleep(0.5)
    assert (row.state, row.reason) == ("dead", code)
    assert len(slack.control.calls("chat.postMessage")) == 1
    with database.transaction(OURS) as session:
        assert session.get_one(Installation, OURS).revoked_at is not None


@pytest.mark.parametrize(
    ("method", "code"), [("chat.postMessage", "service_unavailable"), ("conversations.open", "internal_error")]
)
def test_a_passing_refusal_is_tried_again_without_a_search(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Delivery], method: str, code: str
) -> None:
    slack.control.fault("error", method=method, code=code, count=2)
    start()
    (row,) = settled(database, post(database, target_channel=None, target_user="UAREP"))
    assert (row.state, row.attempt, row.ambiguous) == ("sent", 3, False)
    assert slack.control.calls("conversations.history") == []


def test_a_person_who_can_not_be_written_to_is_a_refusal(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Delivery]
) -> None:
    start()
    (row,) = settled(database, post(database, target_channel=None, target_user="UNOBODY"))
    assert (row.state, row.reason) == ("dead", "user_not_found")


def test_nothing_is_ambiguous_about_a_slack_that_is_not_there(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Delivery]
) -> None:
    there: list[bool] = []

    def client_for(_workspace: str) -> WebClient:
        base = f"{slack.url}/api/" if there else "http://127.0.0.1:9/api/"
        return WebClient("xoxb-a-sandbox", base_url=base)

    start(client_for=client_for)
    delivery_id = post(database)
    assert not waiting(database, delivery_id, "URLError").ambiguous
    there.append(True)
    (row,) = settled(database, delivery_id)
    assert (row.state, row.ambiguous) == ("sent", False)


def test_a_workspace_without_a_client_waits_for_one(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Delivery]
) -> None:
    def client_for(_workspace: str) -> WebClient:
        raise Refused("Rapport is not installed in this workspace.")

    start(client_for=client_for)
    waiting(database, post(database), "no client: Refused")


def test_an_update_changes_the_message_and_a_delete_takes_it_away(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Delivery]
) -> None:
    start()
    card = post(database, "New ticket")
    settled(database, card)
    change = post(database, "Ticket taken", kind="update", edits=card, target_channel=None)
    settled(database, change)
    assert seen(slack) == ["Ticket taken"]
    assert len(copies_of(slack, read(database, card))) == 1
    gone = post(database, kind="delete", edits=card, target_channel=None)
    settled(database, gone)
    assert seen(slack) == []
    again = post(database, kind="delete", edits=card, target_channel=None)
    (row,) = settled(database, again)
    assert row.state == "sent"


@pytest.mark.parametrize("kind", ["update", "delete"])
def test_what_edits_is_simply_done_again(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Delivery], kind: str
) -> None:
    start()
    card = post(database, "New ticket")
    settled(database, card)
    slack.control.fault("reset_after", method=f"chat.{kind}", count=1)
    (row,) = settled(database, post(database, "Taken", kind=kind, edits=card, target_channel=None))
    assert (row.state, row.ambiguous) == ("sent", False)
    assert slack.control.calls("conversations.history") == []


def test_an_update_of_what_was_refused_is_cancelled(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Delivery]
) -> None:
    slack.control.fault("error", method="chat.postMessage", code="is_archived", count=1)
    card = post(database)
    change = post(database, kind="update", edits=card, target_channel=None)
    start()
    assert [row.state for row in settled(database, card, change)] == ["dead", "cancelled"]


def test_what_is_no_longer_wanted_is_not_sent(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Delivery]
) -> None:
    start()
    (row,) = settled(database, post(database, renderer="unwanted"))
    assert (row.state, row.reason) == ("cancelled", "no longer wanted")
    assert seen(slack) == []


@pytest.mark.parametrize("renderer", ["broken", "sql"])
def test_what_can_not_be_drawn_is_dead_after_some_attempts(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Delivery], renderer: str
) -> None:
    start(render_attempts=2)
    (row,) = settled(database, post(database, renderer=renderer))
    assert (row.state, row.attempt) == ("dead", 2)
    assert row.reason and row.reason.startswith(renderer)


def test_a_burst_in_one_channel_keeps_its_order_and_pace_with_two_senders(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Delivery]
) -> None:
    ids = [post(database, f"message {number}") for number in range(4)]
    start()
    start()
    settled(database, *ids)
    assert seen(slack) == [f"message {number}" for number in range(4)]
    at = [call["at"] for call in slack.control.calls("chat.postMessage")]
    assert all(later - earlier > 0.95 for earlier, later in pairwise(at))
    assert at[-1] - at[0] < 4.5


def test_the_search_goes_on_where_a_limit_of_one_page_a_minute_stopped_it(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Delivery]
) -> None:
    slack.control.fault("reset_after", method="chat.postMessage", count=1)
    start()
    delivery_id = post(database)
    waiting(database, delivery_id, "chat.postMessage")
    expire(database, delivery_id, not_before=datetime.now(UTC) + timedelta(hours=1))
    for number in range(40):
        slack.person("UAREP").posts(f"chatter {number}", channel="CSUPPORT")
    slack.control.settings(history_objects=15, per_minute={"conversations.history": 1})
    for _page in range(2):
        expire(database, delivery_id, not_before=datetime.now(UTC), reason=None)
        assert waiting(database, delivery_id, "history unreadable").looked_until is not None
        slack.control.advance(61)
        with database.transaction(OURS) as session:
            session.execute(update(outbox.Pause).values(until=datetime.now(UTC)))
    expire(database, delivery_id, not_before=datetime.now(UTC))
    settled(database, delivery_id)
    assert len(slack.control.calls("chat.postMessage")) == 1
    pages = [call["outcome"] for call in slack.control.calls("conversations.history")]
    assert pages.count("ok") == 3


def test_a_long_thread_is_searched_to_its_end(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Delivery]
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


def unreadable_for(database: Database, slack: Sandbox, start: Callable[..., Delivery], record: str) -> UUID:
    slack.control.fault("reset", method="chat.postMessage", count=1)
    slack.control.fault("error", method="conversations.history", code="missing_scope", count=None)
    start(patience_s=2.0)
    delivery_id = post(database, record=record)
    assert waiting(database, delivery_id, "history unreadable: missing_scope").unreadable_since
    assert len(slack.control.calls("chat.postMessage")) == 1
    return delivery_id


def test_a_reminder_nobody_can_look_for_goes_out_as_a_possible_repeat(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Delivery]
) -> None:
    settled(database, unreadable_for(database, slack, start, "F-1"))
    assert seen(slack) == ["(may be a repeat) Call Acme back"]


def test_a_digest_nobody_can_look_for_is_held_until_somebody_can(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Delivery]
) -> None:
    delivery_id = unreadable_for(database, slack, start, "G-1")
    time.sleep(2.5)
    assert seen(slack) == []
    slack.control.clear_faults()
    settled(database, delivery_id)
    assert seen(slack) == ["Call Acme back"]


def test_a_lease_that_is_nearly_over_begins_no_send(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Delivery]
) -> None:
    delivery = start(started=False, lease_s=1.6)
    delivery_id = post(database)
    (claim,) = delivery._claim(1)
    time.sleep(0.3)
    delivery._work(claim)
    row = read(database, delivery_id)
    assert (row.state, row.attempt, row.ambiguous) == ("pending", 0, False)
    assert slack.control.calls("chat.postMessage") == []


def test_a_worker_that_was_stopped_in_mid_send_is_waited_for(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Delivery]
) -> None:
    stalled, other = start(started=False), start(started=False)
    delivery_id = post(database)
    (claim,) = stalled._claim(1)
    with stalled._alone(claim.row) as alone:
        assert alone
        expire(database, delivery_id, lease_until=datetime.now(UTC))
        (taken,) = other._claim(1)
        other._work(taken)
        row = read(database, delivery_id)
        assert (row.state, row.reason, row.ambiguous) == ("pending", "another worker still sends it", True)
    stalled._work(claim)
    assert len(slack.control.calls("chat.postMessage")) == 1
    assert read(database, delivery_id).state == "pending"  # its mark came too late
    other.start()
    settled(database, delivery_id)
    assert len(slack.control.calls("chat.postMessage")) == 1


def test_stopping_finishes_what_was_begun_and_begins_nothing(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Delivery]
) -> None:
    slack.control.fault("slow", method="chat.postMessage", count=1, seconds=0.6)
    delivery = start()
    first = post(database)
    while not slack.control.calls("chat.postMessage"):
        time.sleep(0.02)
    delivery.stop(5)
    second = post(database, target_channel="CGENERAL")
    time.sleep(0.3)
    assert (read(database, first).state, read(database, second).state) == ("sent", "pending")


def test_a_lease_too_short_to_send_within_is_refused(database: Database) -> None:
    with pytest.raises(ValueError, match="must be over 40 s"):
        Delivery(database, render, lambda _workspace: WebClient(), lease_s=40, grace_s=30)


def test_no_transaction_is_open_while_slack_is_waited_for(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Delivery], admin_url: str
) -> None:
    slack.control.fault("slow", method="chat.postMessage", count=1, seconds=0.7)
    start()
    delivery_id = post(database)
    while not slack.control.calls("chat.postMessage"):
        time.sleep(0.02)
    time.sleep(0.3)
    with database.transaction(EVERY_WORKSPACE) as session:
        open_ones = session.execute(
            text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'")
        ).scalar()
    assert open_ones == 0
    settled(database, delivery_id)


def test_two_senders_never_send_one_thing_twice(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Delivery]
) -> None:
    ids = [
        post(database, f"to {number}", target_channel="CGENERAL" if number % 2 else "CSUPPORT") for number in range(4)
    ]
    threads = [threading.Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    settled(database, *ids)
    assert len(slack.control.calls("chat.postMessage")) == 4
