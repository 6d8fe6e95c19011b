"""Attack with what no database stores: it is stored as far as it can be, and the rest is not asked for again."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from sandbox.server import Sandbox
from tests.support.cluster import connect
from tests.support.replicas import Replica, StartReplica
from tests.support.signed_requests import command, event, interaction, post
from tests.support.waiting import until

HOSTILE = "a\x00b\ud800c"
CLEAN = "a\ufffdb\ufffdc"


@pytest.fixture
def replica(start: StartReplica) -> Replica:
    """Start one that only takes: what it stores stays as it is."""
    return start(role="slack", ready=True)


def stored(url: str) -> list[dict[str, Any]]:
    """Return the bodies in the inbox, in the order in which they came."""
    connection = connect(url)
    try:
        return [row[0] for row in connection.execute("SELECT body FROM inbox WHERE kind = 'message' ORDER BY id")]
    finally:
        connection.close()


def message(number: int, **more: Any) -> dict[str, Any]:
    """Return an event of a message."""
    said = {"type": "message", "user": "UAREP", "channel": "CGENERAL", "ts": f"17.{number}", "event_ts": f"17.{number}"}
    return {"type": "event_callback", "team_id": "TA", "event_id": f"Ev{number}", "event": said | more}


def deep(levels: int) -> str:
    return '{"a":' * levels + "1" + "}" * levels


def odd(number: int, more: Any, written: str | None = None, **of_it: Any) -> bytes:
    """Return an event that holds something odd; `written` stands in the JSON in place of `more`."""
    text = json.dumps(message(number, text=f"text {number}", more=more) | of_it)
    return (text if written is None else text.replace(json.dumps(more), written)).encode()


ODD: dict[str, tuple[bytes, Any]] = {
    "NUL": (odd(1, "a\x00b"), "a\ufffdb"),
    "half pairs": (odd(2, ["\ud800", "\udfff\ud83d", {"x": "\ude00"}]), ["\ufffd", "\ufffd\ufffd", {"x": "\ufffd"}]),
    "a pair": (odd(3, "\U0001f600"), "\U0001f600"),
    "not a number": (odd(4, float("nan")), None),
    "no end": (odd(5, [float("inf"), float("-inf")]), [None, None]),
    "keys": (odd(6, {HOSTILE: {HOSTILE: HOSTILE}}), {CLEAN: {CLEAN: CLEAN}}),
    "a huge number": (odd(7, "HUGE", "9" * 200_000), None),
    "a huge negative number": (odd(8, "HUGE", "-" + "9" * 4_000), None),
    "a float beyond any": (odd(9, "HUGE", "1e999999"), None),
    "bytes that are no UTF-8": (odd(10, "MORE").replace(b"MORE", b"\xff\xed\xa0\x80"), "\ufffd" * 4),
    "a key twice": (odd(11, 1)[:-1] + b',"event_id":"Ev\\u0000"}', 1),
    "space before it": (b" \n" + odd(12, 1), 1),
    "an endless event id": (odd(13, 1, event_id="E" * 900_000), 1),
    "an event id that is a list": (odd(14, 1, event_id=[1]), 1),
}
DEEP = odd(15, "DEEP", deep(400))
WHERE: dict[str, dict[str, Any]] = {
    "a long moment": {"event_ts": "1" * 100_000},
    "a moment that is a number": {"event_ts": 17.5},
    "a person with a long id": {"user": {"id": "U" * 9_000}},
    "a channel whose id is a list": {"channel": {"id": ["C"]}},
    "no channel, and an item that is a list": {"channel": None, "item": ["x"]},
    "a bot of no text": {"user": None, "bot_id": {"x": "y"}},
}


def test_an_event_is_stored_as_far_as_it_can_be(replica: Replica, admin_url: str) -> None:
    for what, (body, _kept) in ODD.items():
        assert event(replica, body)[0] == 200, what
    kept = {row["event"]["text"]: row["event"]["more"] for row in stored(admin_url)}
    assert kept == {f"text {number}": more for number, (_body, more) in enumerate(ODD.values(), 1)}
    assert event(replica, DEEP)[0] == 200
    assert stored(admin_url)[-1]["event"]["text"] == "text 15"
    for number, (what, odd_place) in enumerate(WHERE.items(), 100):
        assert event(replica, json.dumps(message(number, text="x", **odd_place)))[0] == 200, what
        assert len(stored(admin_url)) == number - 100 + 16, what
    assert 'rapport_slack_dropped_total{what="event"}' not in replica.get("/metrics")[1]
    assert "Traceback" not in replica.said


def test_the_team_and_the_kind_of_an_event_are_cleaned_too(replica: Replica, admin_url: str) -> None:
    # There is no such workspace, and may be soon: Slack asks three times more.
    assert event(replica, json.dumps(message(1, text="x") | {"team_id": "TA\x00"}))[0] == 503
    assert event(replica, json.dumps(message(2, type="mess\x00age", text="x")))[0] == 200
    assert event(replica, json.dumps(message(3, text="x")))[0] == 200
    assert len(stored(admin_url)) == 1
    assert "Traceback" not in replica.said


NEVER = {
    "no event": b'{"type":"event_callback","team_id":"TA"}',
    "an event of no kind": b'{"type":"event_callback","team_id":"TA","event":{}}',
    "an event whose kind is a list": b'{"type":"event_callback","team_id":"TA","event":{"type":["message"]}}',
    "no team": b'{"type":"event_callback","event":{"type":"message"}}',
    "half": b'{"type":"event_callback","team_id":"TA","event":{"type":"mess',
    "endless depth": b'{"type":"event_callback","team_id":"TA","event":{"type":"message","x":' + b"[" * 200_000,
    "endless length": json.dumps(message(1, text="x" * 3_000_000)).encode(),
}


def test_what_can_never_be_stored_is_not_asked_for_again(replica: Replica, admin_url: str) -> None:
    for what, body in NEVER.items():
        assert event(replica, body)[0] == 200, what
    assert stored(admin_url) == []
    counted = re.search(
        r'^rapport_slack_dropped_total\{what="event"\} ([\d.]+)$', replica.get("/metrics")[1], re.MULTILINE
    )
    assert counted is not None
    assert float(counted[1]) == len(NEVER)
    assert "Traceback" not in replica.said


def test_people_are_answered_whatever_they_type(slack: Sandbox, start: StartReplica) -> None:
    replica = start()
    for text in (HOSTILE, "add \x00", "\ud83d", "x" * 500_000):
        status, said = command(replica, command="/customer", text=text.encode("utf-8", "replace").decode())
        assert status == 200 and said["text"], text
    raw = "command=%2Fcustomer&user_id=UAREP&team_id=TA&channel_id=CGENERAL&trigger_id=9&text=add+Ac%00me%ED%A0%80"
    status, said = post(replica, raw.encode(), "application/x-www-form-urlencoded")
    assert status == 200 and "Added" in said["text"], said
    clicked = json.dumps(
        {
            "type": "block_actions",
            "team": {"id": "TA"},
            "user": {"id": "UAREP", HOSTILE: HOSTILE},
            "trigger_id": "1",
            "container": {"type": "message", "odd": "ODD"},
            "actions": [{"action_id": f"x{HOSTILE}", "value": HOSTILE}],
        }
    )
    for written in ("1", "NaN", "9" * 9_000, deep(400)):
        assert interaction(replica, clicked.replace('"ODD"', written))[0] == 200
    for text in (deep(100_000), '{"type":', "[1]", '"x"', "9" * 5_000):
        assert interaction(replica, text)[0] == 400
    assert "Traceback" not in replica.said


@pytest.mark.parametrize("socket", [False, True], ids=["http", "socket"])
def test_a_message_with_letters_that_are_none_becomes_a_card(slack: Sandbox, start: StartReplica, socket: bool) -> None:
    replica = start(socket=socket)
    admin = slack.person("UAADMIN")
    assert "#support" in admin.types("/crm triage #support", channel="CGENERAL").text
    until(lambda: "is now an inbox" in admin.types("/crm inbox #general", channel="CGENERAL").text, 10)
    text = f"The export has failed with an error {HOSTILE} since this morning and nothing works any more"
    slack.person("UAREP").posts(text, channel="CGENERAL")
    until(lambda: any("export has failed" in said for said in slack.person("UAAGENT").texts("CSUPPORT")))
    assert "was not stored" not in replica.said
