"""Scripted faults, as a sender meets them."""

import http.client
import time
import urllib.error
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.control.client import Refused
from sandbox.server import Sandbox
from sandbox.world.faults import Faults
from tests.support.slack_app import QUIET, TOKENS
from tests.support.waiting import until

LOST = (ConnectionError, http.client.RemoteDisconnected, urllib.error.URLError, TimeoutError)


def post(client: WebClient, text: str = "x", channel: str = "CGENERAL") -> Any:
    return client.chat_postMessage(channel=channel, text=text, **QUIET)


def stored(slack: Sandbox) -> list[str]:
    return [m.body["text"] for m in slack.workspace.messages.get("CGENERAL", [])]


def test_a_rate_limit_names_its_seconds_and_ends(slack: Sandbox, client: WebClient) -> None:
    slack.control.fault("rate_limit", method="chat.postMessage", retry_after=7, count=2)
    for _ in range(2):
        with pytest.raises(SlackApiError) as caught:
            post(client)
        assert (caught.value.response.status_code, caught.value.response.headers["Retry-After"]) == (429, "7")
    post(client)
    assert stored(slack) == ["x"]
    assert [one["outcome"] for one in slack.control.calls("chat.postMessage")] == ["rate_limit", "rate_limit", "ok"]


@pytest.mark.parametrize(("kind", "kept"), [("reset", []), ("reset_after", ["x"])])
def test_a_reset_leaves_the_sender_in_doubt(slack: Sandbox, client: WebClient, kind: str, kept: list[str]) -> None:
    slack.control.fault(kind, method="chat.postMessage")
    with pytest.raises(LOST):
        post(client)
    assert stored(slack) == kept


@pytest.mark.parametrize("kept", [True, False])
def test_a_hang_times_out_stored_or_not(slack: Sandbox, kept: bool) -> None:
    client = WebClient(TOKENS["TA"], base_url=f"{slack.url}/api/", retry_handlers=[], timeout=1)
    slack.control.fault("hang", method="chat.postMessage", stored=kept)
    with pytest.raises(LOST):
        post(client)
    until(lambda: not slack.core.later)
    assert stored(slack) == (["x"] if kept else [])


def test_a_late_message_appears_after_the_reset(slack: Sandbox, client: WebClient) -> None:
    slack.control.fault("late", method="chat.postMessage", seconds=0.4)
    started = time.monotonic()
    with pytest.raises(LOST):
        post(client, "late one")
    slack.person("UAREP").sees("late one")
    assert time.monotonic() - started >= 0.4


def test_a_late_message_that_slack_would_refuse_stays_away(slack: Sandbox, client: WebClient) -> None:
    slack.control.fault("late", method="chat.postMessage", seconds=0.05)
    with pytest.raises(LOST):
        post(client, channel="CNOWHERE")
    until(lambda: not slack.core.later)
    slack.person("UAREP").does_not_see("x", within=0)


@pytest.mark.parametrize("kept", [True, False])
def test_server_errors_and_error_codes_stored_or_not(slack: Sandbox, client: WebClient, kept: bool) -> None:
    slack.control.fault("error", method="chat.postMessage", code="fatal_error", stored=kept)
    with pytest.raises(SlackApiError) as caught:
        post(client, "one")
    assert caught.value.response["error"] == "fatal_error"
    slack.control.fault("server_error", method="chat.postMessage", status=502, stored=kept)
    with pytest.raises(SlackApiError) as caught:
        post(client, "two")
    assert caught.value.response.status_code == 502
    assert stored(slack) == (["one", "two"] if kept else [])


def test_slow_answers_late_but_well(slack: Sandbox, client: WebClient) -> None:
    slack.control.fault("slow", seconds=0.3)
    started = time.monotonic()
    assert post(client)["ok"]
    assert time.monotonic() - started >= 0.3


def test_faults_strike_only_what_they_match(slack: Sandbox, client: WebClient) -> None:
    slack.control.fault("error", channel="CSUPPORT", count=None)
    slack.control.fault("error", team="TB", count=None)
    assert post(client)["ok"]
    for _ in range(3):
        with pytest.raises(SlackApiError):
            post(client, channel="CSUPPORT")
    assert len(slack.control.get("faults")["faults"]) == 2
    slack.control.clear_faults()
    assert post(client, channel="CSUPPORT")["ok"]


def test_a_response_url_can_fail_too(slack: Sandbox) -> None:
    install = slack.workspace.installations[0]
    url = slack.core.world.new_response_url(install, "UAREP", "CGENERAL")
    for kind, status in (("server_error", 503), ("rate_limit", 429)):
        slack.control.fault(kind, method="response_url")
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(url, b'{"text": "x"}')
        with caught.value as error:
            assert error.code == status
    slack.control.fault("reset", method="response_url")
    with pytest.raises(LOST):
        urllib.request.urlopen(url, b'{"text": "x"}')
    slack.control.fault("hang", method="response_url")
    with pytest.raises(LOST):
        urllib.request.urlopen(url, b'{"text": "x"}', timeout=0.3)
    assert stored(slack) == []


def test_chance_is_repeatable() -> None:
    def strikes() -> list[bool]:
        faults = Faults(seed=3)
        faults.add(kind="error", probability=0.3, count=None)
        return [faults.for_call("chat.postMessage", "", "") is not None for _ in range(200)]

    assert strikes() == strikes()
    assert 40 < sum(strikes()) < 80


def test_an_unknown_fault_is_refused(slack: Sandbox) -> None:
    with pytest.raises(Refused, match="unknown fault 'meteor'; known: rate_limit"):
        slack.control.fault("meteor")
    with pytest.raises(Refused, match="unexpected keyword"):
        slack.control.fault("reset", methode="x")
