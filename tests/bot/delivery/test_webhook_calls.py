"""Show how an event is sent: signed, encrypted, to the address that was checked, and no further."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.delivery.webhook_calls import WebhookCaller, signature
from tests.support.receivers import Receiver, caller, certificate, names
from tests.support.webhooks import SECRET

OTHER = "whsec_" + base64.b64encode(b"o" * 32).decode()
BODY = {"type": "deal.won", "data": {"name": "Zoë & <Söhne>"}}


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def receiver(trusted: Path) -> Iterator[Receiver]:
    one = Receiver(trusted)
    yield one
    one.close()


def test_an_event_is_signed_as_standard_webhooks_has_it(receiver: Receiver, trusted: Path) -> None:
    outcome = caller(trusted).send(receiver.url("/in?a=1"), [SECRET, OTHER], "msg-1", BODY)
    assert (outcome.status, outcome.reason) == (204, None)
    (got,) = receiver.got
    assert got.path == "/in?a=1"
    assert got.json == BODY
    assert got.headers["content-type"] == "application/json"
    assert got.headers["host"] == f"hooks.example:{receiver.port}"
    assert receiver.asked_for == ["hooks.example"]
    at = got.headers["webhook-timestamp"]
    assert abs(int(at) - time.time()) < 60
    signed = f"{got.headers['webhook-id']}.{at}.".encode() + got.body
    assert got.headers["webhook-signature"].split() == [
        "v1," + base64.b64encode(hmac.new(key * 32, signed, hashlib.sha256).digest()).decode() for key in (b"k", b"o")
    ]


def test_the_signature_is_that_of_the_published_example() -> None:
    """The vector that libraries of Standard Webhooks are tested with."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    said = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert said == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(receiver: Receiver, trusted: Path, status: int) -> None:
    inside = Receiver()
    try:
        receiver.answers, receiver.location = [status], inside.url(host="127.0.0.1")
        outcome = caller(trusted).send(receiver.url(), [SECRET], "1", BODY)
        assert outcome.status == status
        assert outcome.reason == f"answered {status}: events follow no redirect"
        assert inside.got == []
    finally:
        inside.close()


def test_a_name_that_leads_elsewhere_the_second_time_leads_nowhere(trusted: Path) -> None:
    meant, inside = Receiver(), Receiver(address="127.0.0.2")
    try:
        asked = caller(look_up=names("127.0.0.1", "127.0.0.2"))
        assert asked.send(meant.url(), [SECRET], "1", BODY).reason is None
        assert "refused: 127.0.0.2" in str(asked.send(inside.url(), [SECRET], "2", BODY).reason)
        assert (len(meant.got), inside.got) == (1, [])
    finally:
        meant.close()
        inside.close()


def test_without_leave_nothing_on_this_machine_is_asked(receiver: Receiver, trusted: Path) -> None:
    plain = Receiver()
    try:
        for url, look_up in (
            (receiver.url(), names("127.0.0.1")),
            (receiver.url(), names(["8.8.8.8", "::1"])),
            (receiver.url(host="localhost"), None),
            (plain.url(host="0x7f.1"), None),
            (plain.url(host="user:pass@hooks.example"), names("127.0.0.1")),
        ):
            outcome = WebhookCaller(look_up=look_up).send(url, [SECRET], "1", BODY)
            assert outcome.status is None and str(outcome.reason).startswith("refused: "), url
        assert receiver.got == plain.got == []
    finally:
        plain.close()


def test_who_cannot_show_that_they_are_meant_is_told_nothing(receiver: Receiver, trusted: Path, tmp_path: Path) -> None:
    other = Receiver(certificate(tmp_path, "other.example"))
    try:
        unknown = caller().send(receiver.url(), [SECRET], "1", BODY)
        another = caller(trusted, tmp_path / "other.example.pem").send(other.url(), [SECRET], "1", BODY)
        for outcome in (unknown, another):
            assert str(outcome.reason).startswith("no encrypted connection"), outcome
        assert receiver.got == other.got == []
    finally:
        other.close()


def test_who_answers_a_byte_now_and_then_is_waited_for_no_longer(receiver: Receiver, trusted: Path) -> None:
    receiver.drip_s = 0.2
    began = time.monotonic()
    assert caller(trusted, timeout_s=1.0).send(receiver.url(), [SECRET], "1", BODY).reason == "no answer in time"
    assert time.monotonic() - began < 10


def test_what_does_not_answer_is_said(receiver: Receiver, trusted: Path) -> None:
    def nowhere(_host: str, _port: int) -> list[str]:
        return []

    url = receiver.url()
    receiver.answers = [500, 410, 404]
    assert [caller(trusted).send(url, [SECRET], "1", BODY).reason for _ in range(3)] == [
        "answered 500",
        "answered 410",
        "answered 404",
    ]
    receiver.close()
    assert str(caller(trusted).send(url, [SECRET], "1", BODY).reason).startswith("no connection: ")
    assert str(caller(trusted, look_up=nowhere).send(url, [SECRET], "1", BODY).reason).startswith("no connection: ")
