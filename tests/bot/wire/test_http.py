"""Show that what Slack did not sign, or nobody can read, is refused quietly, and nothing else is."""

from __future__ import annotations

import http.client
import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
from slack_bolt import BoltRequest, BoltResponse

from bot.wire.http import BODY_LIMIT, READ_LIMIT, read_body, verified
from sandbox.sample_teams import SIGNING_SECRET
from sandbox.wire.signed_http import signature
from tests.support.company import Company
from tests.support.trial_plugin import Trial, names
from tests.support.waiting import until

CANARY = "canary-7f3a"
JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
COMMAND = {
    "command": "/crm",
    "text": f"trial add {CANARY}",
    "user_id": "UAREP",
    "team_id": "TA",
    "channel_id": "CGENERAL",
    "trigger_id": "1.2.3",
    "api_app_id": "A0RAPPORT",
}
http_only = pytest.mark.parametrize("transport", ["http"], indirect=True)


def now() -> str:
    return str(int(time.time()))


def form(**changed: Any) -> bytes:
    return urlencode({key: value for key, value in (COMMAND | changed).items() if value is not None}).encode()


def payload(body: Any) -> bytes:
    return urlencode({"payload": body if isinstance(body, str) else json.dumps(body)}).encode()


def send(
    company: Company, body: bytes, headers: dict[str, str], method: str = "POST", patience_s: float = 10
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", company.bot.port, timeout=patience_s)
    try:
        connection.putrequest(method, "/slack/events")
        connection.putheader("content-length", str(len(body)))
        for name, value in headers.items():
            connection.putheader(name, value.encode("latin-1"))
        connection.endheaders()
        connection.send(body)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def signed(body: bytes, stamp: str | None = None, secret: str = SIGNING_SECRET) -> dict[str, str]:
    stamp = stamp or now()
    return {"x-slack-request-timestamp": stamp, "x-slack-signature": signature(secret, stamp, body)}


@dataclass
class Forged:
    """Describe a request that Slack did not make: what is wrong with the headers of one that was signed just now."""

    name: str
    headers: Callable[[dict[str, str]], dict[str, str]] = lambda _right: {}
    body: bytes = form()
    without: tuple[str, ...] = ()


def signature_as(change: Callable[[str], str]) -> Callable[[dict[str, str]], dict[str, str]]:
    return lambda right: {"x-slack-signature": change(right["x-slack-signature"])}


def stamped(stamp: Callable[[], str]) -> Callable[[dict[str, str]], dict[str, str]]:
    return lambda _right: signed(form(), stamp())


FORGED = [
    Forged("no headers", without=("x-slack-request-timestamp", "x-slack-signature")),
    Forged("no signature", without=("x-slack-signature",)),
    Forged("no timestamp", without=("x-slack-request-timestamp",)),
    Forged("empty signature", signature_as(lambda _right: "")),
    Forged("another secret", lambda _right: signed(form(), secret="another")),
    Forged("an empty secret", lambda _right: signed(form(), secret="")),
    Forged("another body", lambda _right: signed(b"text=other")),
    Forged("another version", signature_as(lambda right: right.replace("v0=", "v1="))),
    Forged("no version", signature_as(lambda right: right.removeprefix("v0="))),
    Forged("nothing but the version", signature_as(lambda _right: "v0=")),
    Forged("a signature that is cut", signature_as(lambda right: right[:-1])),
    Forged("a signature that is half", signature_as(lambda right: right[:35])),
    Forged("a signature that goes on", signature_as(lambda right: right + "0")),
    Forged("a signature twice", signature_as(lambda right: f"{right},{right}")),
    Forged("a signature in capitals", signature_as(str.upper)),
    Forged("a signature that is not ASCII", signature_as(lambda right: right[:-1] + "é")),
    Forged("a signature of a megabyte", signature_as(lambda right: right + "0" * 30_000)),
    Forged("six minutes old", stamped(lambda: str(int(time.time()) - 360))),
    Forged("from the future", stamped(lambda: str(int(time.time()) + 3_600))),
    Forged("another time", lambda _right: {"x-slack-request-timestamp": str(int(time.time()) - 1)}),
    Forged("a timestamp in words", stamped(lambda: "yesterday")),
    Forged("a negative timestamp", stamped(lambda: "-1")),
    Forged("a timestamp with a point", stamped(lambda: f"{now()}.5")),
    Forged("a timestamp that is not ASCII", lambda _right: {"x-slack-request-timestamp": "¹²³"}),
    Forged("an enormous timestamp", stamped(lambda: "9" * 400)),
    Forged("an empty timestamp", stamped(lambda: " ")),
    Forged("ssl_check without a signature", body=b"ssl_check=1", without=("x-slack-signature",)),
    Forged(
        "url_verification without a signature",
        body=b'{"type":"url_verification","challenge":"c"}',
        without=("x-slack-signature",),
    ),
]


@http_only
@pytest.mark.parametrize("forged", FORGED, ids=lambda forged: forged.name)
def test_what_slack_did_not_sign_is_refused_and_not_logged(
    tried: tuple[Company, Trial], forged: Forged, caplog: pytest.LogCaptureFixture
) -> None:
    company, _trial = tried
    caplog.set_level(logging.DEBUG)
    # Signed now: a request that is too old would be refused whatever else is wrong with it.
    right = signed(forged.body)
    headers = {key: value for key, value in (right | FORM | forged.headers(right)).items() if key not in forged.without}
    status, answer = send(company, forged.body, headers)
    assert status in {400, 401} if "megabyte" in forged.name else status == 401
    assert CANARY.encode() not in answer
    assert CANARY not in caplog.text
    assert names(company) == []


@http_only
def test_each_letter_of_a_signature_counts(tried: tuple[Company, Trial]) -> None:
    company, _trial = tried
    body = form(text="help")
    length = len(signed(body)["x-slack-signature"])
    for place in range(length):
        headers = signed(body)
        right = headers["x-slack-signature"]
        wrong = "0" if right[place] != "0" else "1"
        headers["x-slack-signature"] = right[:place] + wrong + right[place + 1 :]
        assert send(company, body, headers | FORM)[0] == 401, place
    assert send(company, body, signed(body) | FORM)[0] == 200


UNREADABLE = {
    "nothing": (b"", FORM, 400),
    "not UTF-8": (b"\xff\xfe\x00", JSON, 400),
    "half a JSON": (b'{"type": "event_callback", ', JSON, 200),
    "a list": (b"[1, 2]", JSON, 400),
    "a word": (b'"event_callback"', JSON, 400),
    "null": (b"null", JSON, 400),
    "a payload that is no JSON": (payload("not json " + CANARY), FORM, 400),
    "a payload that is a list": (payload([CANARY]), FORM, 400),
    "very deep": (b'{"a":' * 100_000, JSON, 200),
    "too long": (b'{"a":"' + b"x" * BODY_LIMIT + b'"}', JSON, 200),
    "a form that is too long": (form(text="x" * BODY_LIMIT), FORM, 400),
    "no form": (CANARY.encode(), FORM, 400),
    "an event without an event": (b'{"type":"event_callback","team_id":"TA"}', JSON, 200),
    "an event that is a word": (b'{"type":"event_callback","team_id":"TA","event":"message"}', JSON, 200),
    "an event without a team": (b'{"type":"event_callback","event":{"type":"message"}}', JSON, 200),
    "a command without a person": (form(user_id=None), FORM, 400),
    "a click without an action": (
        payload({"type": "block_actions", "team": {"id": "TA"}, "user": {"id": "UAREP"}, "actions": []}),
        FORM,
        400,
    ),
    "a click without a person": (
        payload({"type": "block_actions", "team": {"id": "TA"}, "actions": [{"action_id": "trial.add"}]}),
        FORM,
        400,
    ),
    "a view without a name": (
        payload({"type": "view_submission", "team": {"id": "TA"}, "user": {"id": "UAREP"}, "view": {}}),
        FORM,
        None,
    ),
    "of an unknown kind": (payload({"type": "from_2031", "team": {"id": "TA"}, "user": {"id": "UAREP"}}), FORM, None),
    "a team that is a list": (payload({"type": "block_actions", "team": ["TA"], "user": {"id": "UAREP"}}), FORM, None),
}


@http_only
@pytest.mark.parametrize("what", UNREADABLE)
def test_what_is_signed_but_cannot_be_read_comes_to_nothing_and_is_not_logged(
    tried: tuple[Company, Trial], what: str, caplog: pytest.LogCaptureFixture
) -> None:
    company, _trial = tried
    caplog.set_level(logging.DEBUG)
    body, kind, expected = UNREADABLE[what]
    status, _answer = send(company, body, signed(body) | kind)
    assert status == expected if expected else status in {200, 400, 404}
    assert CANARY not in caplog.text


@http_only
def test_what_is_too_long_is_not_read(tried: tuple[Company, Trial]) -> None:
    company, _trial = tried
    body = b"x" * (READ_LIMIT + 1)
    assert send(company, body, signed(body) | FORM)[0] == 413


@http_only
def test_only_posts_are_taken(tried: tuple[Company, Trial]) -> None:
    company, _trial = tried
    assert send(company, b"", {}, method="GET")[0] in {404, 405}


@http_only
def test_a_replayed_command_has_its_effect_once(tried: tuple[Company, Trial]) -> None:
    company, _trial = tried
    body = form()
    headers = signed(body) | FORM
    answers = [send(company, body, headers) for _ in range(3)]
    assert [status for status, _ in answers] == [200, 200, 200]
    assert len({answer for _, answer in answers}) == 1
    assert names(company) == [CANARY]


@http_only
def test_a_replayed_event_has_its_effect_once(tried: tuple[Company, Trial]) -> None:
    company, _trial = tried
    event = {
        "type": "reaction_added",
        "reaction": "tada",
        "user": "UAREP",
        "item": {},
        "event_ts": "1.2",
    }
    body = json.dumps({"type": "event_callback", "team_id": "TA", "event_id": "Ev1", "event": event}).encode()
    assert [send(company, body, signed(body) | JSON)[0] for _ in range(3)] == [200, 200, 200]
    until(lambda: names(company) == ["tada"])
    company.settles()
    assert names(company) == ["tada"]


@http_only
@pytest.mark.parametrize(("body", "kind"), [(form(text="help"), FORM), (b'{"type":"event_callback"}', JSON)])
def test_whatever_is_waited_for_the_loop_goes_on(
    tried: tuple[Company, Trial], body: bytes, kind: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    company, _trial = tried
    begun, let_go = threading.Event(), threading.Event()

    def wait(_request: BoltRequest) -> BoltResponse:
        begun.set()
        let_go.wait(60)
        return BoltResponse(status=200)

    monkeypatch.setattr(company.bot.bolt, "dispatch", wait)
    said: list[int] = []
    asking = threading.Thread(target=lambda: said.append(send(company, body, signed(body) | kind, patience_s=60)[0]))
    asking.start()
    try:
        assert begun.wait(60)
        assert send(company, b"", {}, method="GET")[0] == 405
        assert send(company, body, {})[0] == 401
        assert not said
    finally:
        let_go.set()
        asking.join()
    assert said == [200]


@http_only
def test_slacks_own_check_of_the_address_is_answered(tried: tuple[Company, Trial]) -> None:
    company, _trial = tried
    body = b'{"type":"url_verification","challenge":"abc","token":"t"}'
    status, answer = send(company, body, signed(body) | JSON)
    assert (status, json.loads(answer)) == (200, {"challenge": "abc"})


@http_only
def test_a_workspace_without_the_app_is_answered_without_an_error(tried: tuple[Company, Trial]) -> None:
    company, _trial = tried
    body = form(team_id="TNOBODY")
    assert send(company, body, signed(body) | FORM)[0] < 500
    assert names(company) == []


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("command=%2Fcrm&text=the+payload+is+10%25", {"command": "/crm", "text": "the payload is 10%"}),
        ("command=%2Fcrm&text=", {"command": "/crm", "text": ""}),
        ('{"type":"url_verification"}', {"type": "url_verification"}),
        ("payload=%7B%22type%22%3A%22shortcut%22%7D", {"type": "shortcut"}),
    ],
)
def test_every_encoding_of_slacks_is_read(text: str, read: dict[str, Any]) -> None:
    assert read_body(text) == read


def test_a_signature_holds_for_five_minutes() -> None:
    body = b"x"
    headers = signed(body, "1000")
    assert all(verified(SIGNING_SECRET, headers, body, at) for at in (700, 1000, 1300))
    assert not any(verified(SIGNING_SECRET, headers, body, at) for at in (699, 1301))
