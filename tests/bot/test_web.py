"""Show that what Slack did not sign, or nobody can read, is refused quietly, and nothing else is."""

from __future__ import annotations

import http.client
import json
import logging
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest

from bot.web import BODY_LIMIT, read_body, verified
from sandbox.sample_teams import SIGNING_SECRET
from sandbox.signed_http import signature
from tests.bot.conftest import Company
from tests.bot.trial import Trial, names, trials, tried
from tests.waiting import until

__all__ = ["trials", "tried"]  # fixtures

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


def send(company: Company, body: bytes, headers: dict[str, str], method: str = "POST") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", company.bot.port, timeout=10)
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
    """Describe a request that Slack did not make."""

    name: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = form()
    without: tuple[str, ...] = ()


FORGED = [
    Forged("no headers", without=("x-slack-request-timestamp", "x-slack-signature")),
    Forged("no signature", without=("x-slack-signature",)),
    Forged("no timestamp", without=("x-slack-request-timestamp",)),
    Forged("empty signature", {"x-slack-signature": ""}),
    Forged("another secret", signed(form(), secret="another")),
    Forged("another body", signed(b"text=other")),
    Forged("another version", {"x-slack-signature": "v1=" + "0" * 64}),
    Forged("a signature that is cut", {"x-slack-signature": signed(form())["x-slack-signature"][:-1]}),
    Forged("a signature in capitals", {"x-slack-signature": signed(form())["x-slack-signature"].upper()}),
    Forged("a signature that is not ASCII", {"x-slack-signature": "v0=é" + "0" * 63}),
    Forged("a signature of a megabyte", {"x-slack-signature": "v0=" + "0" * 30_000}),
    Forged("six minutes old", signed(form(), str(int(time.time()) - 360))),
    Forged("from the future", signed(form(), str(int(time.time()) + 3_600))),
    Forged("a timestamp in words", signed(form(), "yesterday")),
    Forged("a negative timestamp", signed(form(), "-1")),
    Forged("a timestamp with a point", signed(form(), f"{now()}.5")),
    Forged("a timestamp that is not ASCII", {"x-slack-request-timestamp": "¹²³"}),
    Forged("an enormous timestamp", signed(form(), "9" * 400)),
    Forged("an empty timestamp", signed(form(), " ")),
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
    headers = {
        key: value for key, value in (signed(form()) | FORM | forged.headers).items() if key not in forged.without
    }
    status, answer = send(company, forged.body, headers)
    assert status in {400, 401} if "megabyte" in forged.name else status == 401
    assert CANARY.encode() not in answer
    assert CANARY not in caplog.text
    assert names(company) == []


UNREADABLE = {
    "nothing": (b"", FORM, 400),
    "not UTF-8": (b"\xff\xfe\x00", JSON, 400),
    "half a JSON": (b'{"type": "event_callback", ', JSON, 400),
    "a list": (b"[1, 2]", JSON, 400),
    "a word": (b'"event_callback"', JSON, 400),
    "null": (b"null", JSON, 400),
    "a payload that is no JSON": (payload("not json " + CANARY), FORM, 400),
    "a payload that is a list": (payload([CANARY]), FORM, 400),
    "very deep": (b'{"a":' * 100_000, JSON, 400),
    "no form": (CANARY.encode(), FORM, 400),
    "an event without an event": (b'{"type":"event_callback","team_id":"TA"}', JSON, 400),
    "an event that is a word": (b'{"type":"event_callback","team_id":"TA","event":"message"}', JSON, 400),
    "an event without a team": (b'{"type":"event_callback","event":{"type":"message"}}', JSON, 400),
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
def test_what_is_signed_but_can_not_be_read_is_refused_and_not_logged(
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
    body = b"x" * (BODY_LIMIT + 1)
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
