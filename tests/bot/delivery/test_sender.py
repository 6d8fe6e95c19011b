"""Show that what the outbox holds is sent in order, at Slack's pace, and that refusals are kept."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from uuid import UUID

import pytest
from slack_sdk import WebClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.delivery.calls import Rendered, Unrenderable, marked_as_repeat
from bot.delivery.sender import Sender
from sandbox.server import Sandbox
from storage.database.engine import Database
from storage.errors import Refused
from storage.notifications import failures
from storage.queues import outbox, outbox_claims
from storage.workspace.workspaces import Installation
from tests.support.cluster import sessions
from tests.support.deliveries import (
    OURS,
    copies_of,
    expire,
    go_on,
    ours,
    post,
    read,
    render,
    seen,
    settled,
    slack,
    start,
    waiting,
)
from tests.support.waiting import PATIENCE_S, until

__all__ = ["ours", "slack", "start"]  # fixtures


def told_instead(database: Database) -> list[str | None]:
    notices = select(outbox.Delivery.target_user).where(outbox.Delivery.renderer == failures.RENDERER)
    with database.transaction(OURS) as session:
        return list(session.scalars(notices))


def test_a_post_is_seen_with_its_id_and_nothing_else_in_the_metadata(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender]
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
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender], admin_url: str
) -> None:
    start(poll_s=3_600.0)
    until(lambda: sessions(admin_url, "query LIKE 'LISTEN%'") == 1)
    settled(database, post(database))


def test_a_direct_message_is_opened_once_and_remembered(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender]
) -> None:
    start()
    first = post(database, "one", target_channel=None, target_user="UAREP")
    second = post(database, "two", target_channel=None, target_user="UAREP")
    rows = settled(database, first, second)
    assert len(slack.control.calls("conversations.open")) == 1
    assert rows[0].channel == rows[1].channel
    assert rows[0].channel and rows[0].channel.startswith("D")


def test_a_rate_limit_is_honoured_by_every_replica_and_is_not_ambiguous(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender]
) -> None:
    slack.control.fault("rate_limit", method="chat.postMessage", count=1, retry_after=2)
    start()
    first = post(database)
    until(lambda: slack.control.calls("chat.postMessage"))
    start()
    second = post(database, target_channel="CGENERAL")
    rows = settled(database, first, second)
    refused, *sent = slack.control.calls("chat.postMessage")
    assert len(sent) == 2
    assert all(call["at"] >= refused["at"] + 2 for call in sent)
    assert [row.ambiguous for row in rows] == [False, False]
    assert slack.control.calls("conversations.history") == []


def test_what_was_claimed_before_the_pause_waits_too(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender]
) -> None:
    delivery = start(started=False)
    delivery_id = post(database)
    (claim,) = delivery.claim(1)
    with database.transaction(OURS) as session:
        outbox_claims.pause(session, "chat.postMessage", 60)
    delivery.work(claim)
    assert "held back" in (read(database, delivery_id).reason or "")
    assert slack.control.calls("chat.postMessage") == []


@pytest.mark.parametrize(
    "code",
    ["channel_not_found", "is_archived", "restricted_action", "msg_too_long", "invalid_blocks", "not_in_channel"],
)
def test_a_definite_refusal_is_dead_with_its_reason(
    database: Database,
    slack: Sandbox,
    ours: str,
    start: Callable[..., Sender],
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
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender], code: str
) -> None:
    slack.control.fault("error", method="chat.postMessage", code=code, count=None)
    delivery = start()
    (row,) = settled(database, post(database))
    post(database)
    assert delivery.claim(1) == []
    assert (row.state, row.reason) == ("dead", code)
    assert len(slack.control.calls("chat.postMessage")) == 1
    with database.transaction(OURS) as session:
        assert session.get_one(Installation, OURS).revoked_at is not None


@pytest.mark.parametrize(
    ("method", "code"), [("chat.postMessage", "service_unavailable"), ("conversations.open", "internal_error")]
)
def test_a_passing_refusal_is_tried_again_without_a_search(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender], method: str, code: str
) -> None:
    slack.control.fault("error", method=method, code=code, count=2)
    start()
    (row,) = settled(database, post(database, target_channel=None, target_user="UAREP"))
    assert (row.state, row.attempt, row.ambiguous) == ("sent", 3, False)
    assert slack.control.calls("conversations.history") == []


def test_a_person_who_cannot_be_written_to_is_a_refusal(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender]
) -> None:
    start()
    (row,) = settled(database, post(database, target_channel=None, target_user="UNOBODY"))
    assert (row.state, row.reason) == ("dead", "user_not_found")


def test_a_person_whose_account_was_closed_since_is_a_refusal_that_is_told(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender]
) -> None:
    start()
    settled(database, post(database, target_channel=None, target_user="UAREP"))
    slack.control.fault("error", method="chat.postMessage", code="user_disabled", count=1)
    (row,) = settled(database, post(database, target_channel=None, target_user="UAREP"))
    assert (row.state, row.reason, row.attempt) == ("dead", "user_disabled", 1)
    assert told_instead(database) == ["UADMIN"]


def test_nothing_is_ambiguous_about_a_slack_that_is_not_there(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender]
) -> None:
    there: list[bool] = []

    def client_for(_workspace: str) -> WebClient:
        base = f"{slack.url}/api/" if there else "http://127.0.0.1:9/api/"
        return WebClient("xoxb-a-sandbox", base_url=base)

    start(client_for=client_for, first_wait_s=3_600.0)
    delivery_id = post(database)
    assert not waiting(database, delivery_id, "URLError").ambiguous
    there.append(True)
    go_on(database, delivery_id)
    (row,) = settled(database, delivery_id)
    assert (row.state, row.ambiguous) == ("sent", False)


def test_a_workspace_without_a_client_waits_for_one(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender]
) -> None:
    def client_for(_workspace: str) -> WebClient:
        raise Refused("Rapport is not installed in this workspace.")

    start(client_for=client_for)
    waiting(database, post(database), "no client: Refused")


def test_an_update_changes_the_message_and_a_delete_takes_it_away(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender]
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
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender], kind: str
) -> None:
    start()
    card = post(database, "New ticket")
    settled(database, card)
    slack.control.fault("reset_after", method=f"chat.{kind}", count=1)
    (row,) = settled(database, post(database, "Taken", kind=kind, edits=card, target_channel=None))
    assert (row.state, row.ambiguous) == ("sent", False)
    assert slack.control.calls("conversations.history") == []


def test_deleting_what_somebody_has_deleted_is_done(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender]
) -> None:
    start()
    card = post(database)
    (posted,) = settled(database, card)
    WebClient("xoxb-a-sandbox", base_url=f"{slack.url}/api/").chat_delete(channel="CSUPPORT", ts=str(posted.ts))
    (row,) = settled(database, post(database, kind="delete", edits=card, target_channel=None))
    assert (row.state, row.attempt) == ("sent", 1)
    assert [call["outcome"] for call in slack.control.calls("chat.delete")] == ["ok", "message_not_found"]


def test_changing_what_somebody_has_deleted_is_a_refusal(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender]
) -> None:
    start()
    card = post(database)
    (posted,) = settled(database, card)
    WebClient("xoxb-a-sandbox", base_url=f"{slack.url}/api/").chat_delete(channel="CSUPPORT", ts=str(posted.ts))
    (row,) = settled(database, post(database, "Taken", kind="update", edits=card, target_channel=None))
    assert (row.state, row.reason) == ("dead", "message_not_found")


def test_a_deletion_that_is_refused_is_dead(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender]
) -> None:
    slack.control.fault("error", method="chat.delete", code="cant_delete_message", count=1)
    start()
    card = post(database)
    settled(database, card)
    (row,) = settled(database, post(database, kind="delete", edits=card, target_channel=None))
    assert (row.state, row.reason) == ("dead", "cant_delete_message")


def test_a_possible_repeat_without_blocks_says_so_in_its_text() -> None:
    assert marked_as_repeat(Rendered("Call Acme back")) == Rendered("(may be a repeat) Call Acme back", [])


def test_an_update_of_what_was_refused_is_cancelled(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender]
) -> None:
    slack.control.fault("error", method="chat.postMessage", code="is_archived", count=1)
    card = post(database)
    change = post(database, kind="update", edits=card, target_channel=None)
    start()
    assert [row.state for row in settled(database, card, change)] == ["dead", "cancelled"]


def test_what_is_no_longer_wanted_is_not_sent(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender]
) -> None:
    start()
    (row,) = settled(database, post(database, renderer="unwanted"))
    assert (row.state, row.reason) == ("cancelled", "no longer wanted")
    assert seen(slack) == []


def test_what_slack_may_have_already_is_not_held_back(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender]
) -> None:
    asked: list[UUID] = []

    def hold(_session: Session, row: outbox.Delivery) -> bool:
        asked.append(row.id)
        return False

    usual, doubtful = post(database), post(database)
    expire(database, doubtful, ambiguous=True, first_attempt_at=func.now())
    start(hold=hold)
    assert [row.state for row in settled(database, usual, doubtful)] == ["sent", "sent"]
    assert asked == [usual]


@pytest.mark.parametrize("renderer", ["broken", "sql"])
def test_what_cannot_be_drawn_is_dead_after_some_attempts(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender], renderer: str
) -> None:
    start(render_attempts=2)
    (row,) = settled(database, post(database, renderer=renderer))
    assert (row.state, row.attempt) == ("dead", 2)
    assert row.reason and row.reason.startswith(renderer)


def test_what_failed_at_one_moment_does_not_come_again_at_one_moment(
    database: Database, ours: str, start: Callable[..., Sender]
) -> None:
    def nowhere(_workspace: str) -> WebClient:
        raise ConnectionError

    delivery = start(started=False, first_wait_s=2.0, client_for=nowhere)
    waits: list[tuple[float, float]] = []
    for number in range(20):
        delivery_id = post(database, target_channel=f"C{number}")
        expire(database, delivery_id, attempt=2)
        (claim,) = delivery.claim(1)
        before = datetime.now(UTC)
        delivery.work(claim)
        again = read(database, delivery_id).not_before
        assert again is not None
        waits.append(((again - datetime.now(UTC)).total_seconds(), (again - before).total_seconds()))
    assert max(shortest for shortest, _longest in waits) > min(longest for _shortest, longest in waits)
    assert all(longest >= 7.2 and shortest <= 8.8 for shortest, longest in waits)


def test_a_disk_that_is_full_uses_up_no_attempt_to_draw(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender]
) -> None:
    # What could not be drawn waits for its lease.
    start(render_attempts=1, lease_s=3.0, http_timeout_s=1)
    (row,) = settled(database, post(database, renderer="no room"))
    assert row.state == "sent" and row.attempt >= 3


def test_the_reason_kept_of_a_failed_drawing_can_be_stored() -> None:
    assert str(Unrenderable("a\x00b\ud800" + "x" * 9_000)) == "a\ufffdb?" + "x" * 295 + "…"


@pytest.mark.parametrize("said", ["\x00", " ".join(map(str, range(9_000)))], ids=["nul", "long"])
def test_whatever_a_renderer_raises_is_kept_and_told(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender], said: str
) -> None:
    def raises(_session: Session, row: outbox.Delivery) -> Rendered:
        if row.renderer == failures.RENDERER:
            return Rendered("not delivered")
        raise ValueError(said)

    start(render=raises, render_attempts=2)
    (row,) = settled(database, post(database))
    assert (row.state, row.attempt) == ("dead", 2)
    assert row.reason and row.reason.startswith("card: ValueError: ") and len(row.reason) <= 300
    assert told_instead(database) == ["UADMIN"]


def test_a_burst_in_one_channel_keeps_its_order_and_pace_with_two_senders(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender]
) -> None:
    ids = [post(database, f"message {number}") for number in range(4)]
    start()
    start()
    settled(database, *ids)
    assert seen(slack) == [f"message {number}" for number in range(4)]
    at = [call["at"] for call in slack.control.calls("chat.postMessage")]
    assert all(later - earlier > 0.95 for earlier, later in pairwise(at))


def test_stopping_finishes_what_was_begun_and_begins_nothing(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender]
) -> None:
    slack.control.fault("slow", method="chat.postMessage", count=1, seconds=0.6)
    delivery = start()
    first = post(database)
    until(lambda: slack.control.calls("chat.postMessage"))
    delivery.stop(PATIENCE_S)
    second = post(database, target_channel="CGENERAL")
    assert (read(database, first).state, read(database, second).state) == ("sent", "pending")


def test_a_lease_too_short_to_send_within_is_refused(database: Database) -> None:
    with pytest.raises(ValueError, match="must be over 40 s"):
        Sender(database, render, lambda _workspace: WebClient(), lease_s=40, grace_s=30)


def test_no_transaction_is_open_while_slack_is_waited_for(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender], admin_url: str
) -> None:
    slack.control.fault("hang", method="chat.postMessage", count=1)
    # What looks for work is in a transaction too, now and then: not here.
    delivery = start(started=False, http_timeout_s=3)
    delivery_id = post(database)
    (claim,) = delivery.claim(1)
    working = threading.Thread(target=delivery.work, args=(claim,))
    working.start()
    until(lambda: slack.control.calls("chat.postMessage"))
    assert sessions(admin_url, "state LIKE 'idle in%'") == 0
    working.join()
    assert read(database, delivery_id).ambiguous


def test_two_senders_never_send_one_thing_twice(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender]
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
