"""Show that the sender looks at who reads a channel at the last moment, for everything that it sends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from sqlalchemy.orm import Session

from bot.delivery import pictures
from bot.delivery.calls import LIMITS, Limit, Rendered
from bot.delivery.sender import Sender
from bot.kit.replies import Picture
from bot.slack.sharing import TRIES, UNKNOWN, Sharing
from sandbox.server import Sandbox
from storage.database.engine import Database
from storage.notifications import failures
from storage.notifications.failures import SHARED
from storage.queues import outbox
from storage.support import sharing
from storage.workspace.members import Member, MemberKind, Role
from tests.support.deliveries import OURS, ours, pass_time, post, seen, settled, slack, start, waiting
from tests.support.waiting import until

__all__ = ["ours", "slack", "start"]  # fixtures

Start = Callable[..., Sender]
PNG = b"\x89PNG\r\n\x1a\n"


def shared(slack: Sandbox, channel: str = "CSUPPORT", how: str = "connected") -> None:
    slack.control.admin("shares", channel=channel, team="TB", how=how)


def asked(slack: Sandbox) -> int:
    return len(slack.control.calls("conversations.info"))


def forgotten(database: Database) -> None:
    """Do what an event of sharing does."""
    with database.transaction(OURS) as session:
        sharing.announced(session, "CSUPPORT", shared=False, at=None)


def told(database: Database) -> list[str | None]:
    with database.transaction(OURS) as session:
        rows = session.query(outbox.Delivery).filter(outbox.Delivery.renderer == failures.RENDERER)
        return [row.target_user for row in rows]


@pytest.mark.parametrize("how", ["connected", "invited", "sibling"])
def test_nothing_of_ours_is_posted_where_others_read(
    database: Database, slack: Sandbox, ours: str, start: Start, how: str
) -> None:
    with database.transaction(OURS) as session:
        session.add(Member(workspace_id=OURS, id="UAADMIN", name="Ada", roles=[Role.ADMIN], kind=MemberKind.STAFF))
    shared(slack, how=how)
    start()
    in_channel, in_thread = post(database), post(database, thread_ts="1700000000.000100")
    assert {(row.state, row.reason) for row in settled(database, in_channel, in_thread)} == {("dead", SHARED)}
    assert seen(slack) == []
    assert "UAADMIN" in told(database)
    assert len(told(database)) == len(set(told(database))), "once for the place"
    assert asked(slack) == 1


def test_it_goes_once_others_read_no_longer(database: Database, slack: Sandbox, ours: str, start: Start) -> None:
    shared(slack)
    start()
    row_id = post(database)
    settled(database, row_id)
    slack.control.admin("unshares", channel="CSUPPORT", team="TB")
    forgotten(database)
    with database.transaction(OURS) as session:
        failures.resend(session, row_id)
    (row,) = settled(database, row_id)
    assert (row.state, seen(slack)) == ("sent", ["Call Acme back"])


def test_what_is_for_others_and_what_is_between_two_goes_without_a_question(
    database: Database, slack: Sandbox, ours: str, start: Start
) -> None:
    shared(slack)
    start(ours=lambda row: row.record != "R-1")
    rows = settled(
        database,
        post(database, record="R-1"),
        post(database, target_channel=None, target_user="UAREP"),
    )
    assert [row.state for row in rows] == ["sent", "sent"]
    direct = post(database, target_channel=rows[1].channel)
    assert [row.state for row in settled(database, direct)] == ["sent"]
    assert asked(slack) == 0


def test_a_message_that_stands_there_is_not_changed_but_can_be_taken_away(
    database: Database, slack: Sandbox, ours: str, start: Start
) -> None:
    start()
    card = post(database)
    settled(database, card)
    shared(slack)
    forgotten(database)
    with database.transaction(OURS) as session:
        change = outbox.enqueue(
            session, kind="update", edits=card, renderer="card", record="T-1", payload={"text": "Secret"}
        )
    assert [(row.state, row.reason) for row in settled(database, change)] == [("dead", SHARED)]
    assert seen(slack) == ["Call Acme back"]
    assert told(database), "it is told though it is no new message"
    with database.transaction(OURS) as session:
        gone = outbox.enqueue(session, kind="delete", edits=card, renderer="card", record="T-1")
    assert [row.state for row in settled(database, gone)] == ["sent"]
    assert seen(slack) == []


def test_what_was_drawn_before_is_not_sent_after(database: Database, slack: Sandbox, ours: str, start: Start) -> None:
    slack.control.fault("rate_limit", method="chat.postMessage", retry_after=600)
    start()
    row_id = post(database)
    waiting(database, row_id, "held back")
    shared(slack)
    forgotten(database)
    pass_time(database, 610)
    assert [(row.state, row.reason) for row in settled(database, row_id)] == [("dead", SHARED)]
    assert seen(slack) == []


def test_what_may_have_been_sent_is_not_sent_again_where_others_read(
    database: Database, slack: Sandbox, ours: str, start: Start
) -> None:
    slack.control.fault("reset", method="chat.postMessage")
    start(grace_s=200.0)
    row_id = post(database)
    waiting(database, row_id, "chat.postMessage")
    shared(slack)
    forgotten(database)
    pass_time(database, 210)
    assert [(row.state, row.reason) for row in settled(database, row_id)] == [("dead", SHARED)]
    assert seen(slack) == []


def test_a_channel_is_looked_at_again_after_pictures_were_uploaded(
    database: Database, slack: Sandbox, ours: str, start: Start
) -> None:
    def draw() -> bytes:
        shared(slack)
        forgotten(database)
        return PNG

    def render(_session: Session, _row: outbox.Delivery) -> Rendered:
        block = {"type": "section", "text": {"type": "mrkdwn", "text": "Numbers"}}
        return Rendered("Numbers", [block], {1: Picture("chart.png", "a chart", draw)})

    start(render=render)
    assert [(row.state, row.reason) for row in settled(database, post(database))] == [("dead", SHARED)]
    assert len(slack.control.calls("files.completeUploadExternal")) == 1
    assert seen(slack) == []


def test_no_picture_is_drawn_for_where_others_read(database: Database, slack: Sandbox, ours: str, start: Start) -> None:
    def render(_session: Session, _row: outbox.Delivery) -> Rendered:
        block = {"type": "section", "text": {"type": "mrkdwn", "text": "Numbers"}}
        return Rendered("Numbers", [block], {1: Picture("chart.png", "a chart", lambda: PNG)})

    shared(slack)
    start(render=render)
    assert [row.reason for row in settled(database, post(database))] == [SHARED]
    assert slack.control.calls("files.getUploadURLExternal") == []


def test_a_channel_is_looked_at_again_before_a_second_attempt(
    database: Database, slack: Sandbox, ours: str, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "NOT_READY_S", 3.0)
    slack.control.fault("error", method="chat.postMessage", code="invalid_blocks")

    def render(_session: Session, _row: outbox.Delivery) -> Rendered:
        block = {"type": "section", "text": {"type": "mrkdwn", "text": "Numbers"}}
        return Rendered("Numbers", [block], {1: Picture("chart.png", "a chart", lambda: PNG)})

    start(render=render)
    row_id = post(database)
    until(lambda: slack.control.calls("chat.postMessage"))
    shared(slack)
    forgotten(database)
    assert [(row.state, row.reason) for row in settled(database, row_id)] == [("dead", SHARED)]
    assert seen(slack) == []


@pytest.mark.parametrize("fault", [{"kind": "error", "code": "internal_error"}, {"kind": "reset"}], ids=str)
def test_where_slack_cannot_say_it_waits_and_is_told_in_the_end(
    database: Database, slack: Sandbox, ours: str, start: Start, fault: dict[str, Any]
) -> None:
    slack.control.fault(**fault, method="conversations.info", count=None)
    start(render_attempts=3, first_wait_s=0.05)
    (row,) = settled(database, post(database))
    assert (row.state, row.reason, row.attempt) == ("dead", UNKNOWN, 3)
    assert seen(slack) == []
    slack.control.clear_faults()
    with database.transaction(OURS) as session:
        failures.resend(session, row.id)
    assert [one.state for one in settled(database, row.id)] == ["sent"]


def test_where_slack_will_not_say_it_is_refused(database: Database, slack: Sandbox, ours: str, start: Start) -> None:
    slack.control.fault("error", method="conversations.info", code="missing_scope")
    start()
    assert [(row.state, row.reason) for row in settled(database, post(database))] == [("dead", "missing_scope")]


def test_slack_is_asked_once_a_minute_and_at_its_pace(
    database: Database, slack: Sandbox, ours: str, start: Start
) -> None:
    start(limits={**LIMITS, "conversations.info": Limit(1, 1)}, apart_s=0.0)
    settled(database, *(post(database, str(number)) for number in range(3)))
    assert asked(slack) == 1
    elsewhere = post(database, target_channel="CGENERAL")
    waiting(database, elsewhere, "conversations.info: held back")
    pass_time(database, 60)
    assert [row.state for row in settled(database, elsewhere)] == ["sent"]
    assert asked(slack) == 2
    slack.control.fault("rate_limit", method="conversations.info", retry_after=100)
    forgotten(database)
    pass_time(database, 60)
    last = post(database)
    waiting(database, last, "held back")
    pass_time(database, 110)
    assert [row.state for row in settled(database, last)] == ["sent"]


def info(*, shared: bool) -> Mapping[str, Any]:
    return {"is_ext_shared": shared}


def test_a_change_while_slack_is_asked_has_it_asked_again(database: Database, ours: str) -> None:
    answers: list[bool] = []

    def ask() -> Mapping[str, Any]:
        if not answers:
            forgotten(database)
        answers.append(bool(answers))
        return info(shared=answers[-1])

    assert Sharing().others_read(database, OURS, "CSUPPORT", ask) is True
    assert answers == [False, True]


def test_what_changes_all_the_time_is_not_known(database: Database, ours: str) -> None:
    asked = []

    def ask() -> Mapping[str, Any]:
        asked.append(1)
        forgotten(database)
        return info(shared=False)

    assert Sharing().others_read(database, OURS, "CSUPPORT", ask) is None
    assert len(asked) == TRIES


def test_a_new_process_and_one_that_may_have_missed_events_ask_again(database: Database, ours: str) -> None:
    first, asked = Sharing(), []

    def ask() -> Mapping[str, Any]:
        asked.append(threading.get_ident())
        return info(shared=len(asked) > 2)

    assert first.others_read(database, OURS, "CSUPPORT", ask) is False
    assert first.others_read(database, OURS, "CSUPPORT", ask) is False
    assert len(asked) == 1
    second = Sharing()
    assert second.others_read(database, OURS, "CSUPPORT", ask) is False
    assert len(asked) == 2
    first.doubt()
    first.settle(database, OURS)
    # The other process's knowledge is gone too, as it is the same.
    assert second.others_read(database, OURS, "CSUPPORT", ask) is True
    assert len(asked) == 3
    first.settle(database, OURS)
    assert second.others_read(database, OURS, "CSUPPORT", ask) is True
    assert len(asked) == 3, "a doubt is settled once"
    worker = Sharing(hears=False)
    assert worker.others_read(database, OURS, "CSUPPORT", ask) is True
    assert len(asked) == 3, "who hears nothing cannot have missed anything"


def test_nothing_holds_longer_than_a_minute(
    database: Database, slack: Sandbox, ours: str, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "FRESH_S", 0)
    start()
    settled(database, post(database))
    first = asked(slack)
    settled(database, post(database))
    assert asked(slack) > first
