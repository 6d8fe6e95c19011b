"""Response URLs: five uses, half an hour, and what an answer may do."""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.webhook import WebhookClient

from sandbox.sample_teams import APP_ID
from sandbox.server import Sandbox
from tests.support.slack_app import QUIET


def new_url(slack: Sandbox, **where: str) -> str:
    installation = slack.workspace.installation(APP_ID, "TA")
    assert installation is not None
    return slack.core.world.new_response_url(installation, "UAREP", "CGENERAL", **where)


def send(url: str, **body: Any) -> tuple[int, str]:
    answer = WebhookClient(url, retry_handlers=[]).send_dict(body)
    return answer.status_code, answer.body


def test_five_answers_and_no_sixth(slack: Sandbox) -> None:
    url = new_url(slack)
    for n in range(5):
        assert send(url, text=f"answer {n}") == (200, "ok")
    status, body = send(url, text="answer 6")
    assert (status, json.loads(body)["error"]) == (404, "used_url")
    rep = slack.person("UAREP")
    assert rep.messages("#general")[-1]["text"] == "answer 4"
    assert rep.messages("#general")[-1]["subtype"] == "bot_message"
    slack.person("UAAGENT").does_not_see("answer", within=0)


def test_half_an_hour_and_no_longer(slack: Sandbox) -> None:
    url = new_url(slack)
    slack.control.advance(29 * 60)
    assert send(url, text="in time")[0] == 200
    slack.control.advance(61)
    assert json.loads(send(url, text="late")[1])["error"] == "expired_url"


def test_an_answer_may_be_for_everyone_and_in_a_thread(slack: Sandbox, client: WebClient) -> None:
    ts = client.chat_postMessage(channel="CGENERAL", text="root", **QUIET)["ts"]
    assert send(new_url(slack, thread_ts=ts), text="for all", response_type="in_channel")[0] == 200
    agent = slack.person("UAAGENT")
    agent.sees("for all")
    assert agent.messages("#general")[-1]["thread_ts"] == ts


def test_the_original_is_replaced_or_deleted(slack: Sandbox, client: WebClient) -> None:
    ts = client.chat_postMessage(channel="CGENERAL", text="before", **QUIET)["ts"]
    assert send(new_url(slack, message_ts=ts), text="after", replace_original=True)[0] == 200
    slack.person("UAAGENT").sees("after")
    assert send(new_url(slack, message_ts=ts), delete_original="true")[0] == 200
    slack.person("UAAGENT").does_not_see("after", within=0)
    for how in ({"replace_original": True, "text": "x"}, {"delete_original": True}):
        assert json.loads(send(new_url(slack, message_ts=ts), **how)[1])["error"] == "message_not_found"


def test_answers_need_no_unfurl_flags_but_valid_blocks(slack: Sandbox) -> None:
    status, body = send(new_url(slack), blocks=[{"type": "section"}])
    assert (status, json.loads(body)["error"]) == (400, "invalid_blocks")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(new_url(slack), b"{broken")
    with caught.value as error:
        assert (error.code, json.load(error)["error"]) == (400, "invalid_payload")


def test_unknown_urls_and_those_of_gone_apps_lead_nowhere(slack: Sandbox) -> None:
    assert json.loads(send(f"{slack.url}/response/none", text="x")[1])["error"] == "no_such_url"
    url = new_url(slack)
    slack.control.admin("uninstalls", app_id=APP_ID, team="TA")
    assert json.loads(send(url, text="x")[1])["error"] == "no_such_url"


def test_answers_are_logged_as_calls(slack: Sandbox) -> None:
    send(new_url(slack), text="x")
    (one,) = slack.control.calls("response_url")
    assert (one["outcome"], one["args"], one["team"]) == ("ok", {"text": "x"}, "TA")


def test_the_url_names_the_host_by_which_the_app_calls(slack: Sandbox) -> None:
    assert new_url(slack).startswith(f"{slack.url}/response/")
    WebClient("xoxb-a-sandbox", base_url=f"http://localhost:{slack.port}/api/").auth_test()
    assert new_url(slack).startswith(f"http://localhost:{slack.port}/response/")
