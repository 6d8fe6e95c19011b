"""Slash commands and mentions of a real Bolt app, over Socket Mode and signed HTTP."""

import queue
import time
from typing import Any

import pytest
from slack_bolt import Ack, App, Say
from slack_sdk import WebClient

from sandbox.control.client import Refused
from sandbox.sample_teams import APP_ID
from sandbox.server import Sandbox
from tests.support.slack_app import QUIET, TOKENS
from tests.support.slack_blocks import button

Box = queue.Queue[dict[str, Any]]


def test_a_command_is_answered_in_its_acknowledgement(slack: Sandbox, app: App) -> None:
    @app.command("/deal")
    def deal(ack: Ack, command: dict[str, Any]) -> None:
        ack(f"Added {command['text']}")

    rep = slack.person("UAREP")
    assert rep.types("/deal add Acme & Sons", channel="#general").text == "Added add Acme & Sons"
    rep.sees("Added add Acme & Sons", channel="#general")
    slack.person("UAAGENT").does_not_see("Acme")
    assert rep.messages("#general")[-1]["ephemeral"] is True


def test_a_command_can_answer_everyone(slack: Sandbox, app: App) -> None:
    app.command("/deal")(lambda ack: ack(response_type="in_channel", text="Hello all"))
    slack.person("UAREP").types("/deal", channel="#general")
    slack.person("UAAGENT").sees("Hello all", channel="#general")


def test_a_command_sends_what_slack_sends(slack: Sandbox, app: App) -> None:
    seen: Box = queue.Queue()

    @app.command("/deal")
    def deal(ack: Ack, body: dict[str, Any]) -> None:
        ack()
        seen.put(body)

    slack.person("UAREP").types(
        "/deal   add <x> @Anton Agent #support https://a.example/?b=1&c a@b.example", "#general"
    )
    body = seen.get(timeout=60)
    assert body["text"] == (
        "add &lt;x&gt; <@UAAGENT|agent> <#CSUPPORT|support> "
        "<https://a.example/?b=1&amp;c> <mailto:a@b.example|a@b.example>"
    )
    assert {key: body[key] for key in ("team_id", "channel_id", "channel_name", "user_id", "user_name", "command")} == {
        "team_id": "TA",
        "channel_id": "CGENERAL",
        "channel_name": "general",
        "user_id": "UAREP",
        "user_name": "rep",
        "command": "/deal",
    }
    assert body["api_app_id"] == APP_ID
    assert body["trigger_id"]
    assert body["response_url"].startswith(slack.url)


def test_only_declared_commands_run_and_without_should_escape_names_stay(slack: Sandbox, app: App) -> None:
    manifest = {"features": {"slash_commands": [{"command": "/deal", "should_escape": False}]}}
    slack.control.app(APP_ID, manifest=manifest)
    app.command("/deal")(lambda ack, command: ack(text=command["text"]))
    rep = slack.person("UAREP")
    assert rep.types("/deal @Anton Agent & co").answer in ("@Anton Agent &amp; co", {"text": "@Anton Agent &amp; co"})
    assert rep.types("/nothing").error == "unknown_command"
    rep.sees("/nothing is not a valid command")


def test_invalid_blocks_in_an_acknowledgement_are_the_commands_failure(slack: Sandbox, app: App) -> None:
    app.command("/deal")(lambda ack: ack(blocks=[{"type": "section"}], text="x"))
    rep = slack.person("UAREP")
    reply = rep.types("/deal")
    assert reply.error == "invalid_command_response"
    assert reply.raw["detail"]["error"] == "invalid_blocks"
    rep.sees("invalid_command_response")


def test_a_slow_or_failing_app_is_shown_as_slack_shows_it(slack: Sandbox, app: App) -> None:
    slack.control.settings(answer_seconds=0.2)

    @app.command("/slow")
    def slow(ack: Ack) -> None:
        time.sleep(0.6)
        ack()

    rep = slack.person("UAREP")
    assert rep.types("/slow").error == "operation_timeout"
    rep.sees('/slow failed with the error "operation_timeout"')


def test_without_an_app_commands_are_not_dispatched(slack: Sandbox) -> None:
    rep = slack.person("UAREP")
    assert rep.types("/deal").error == "dispatch_failed"
    rep.sees('/deal failed with the error "dispatch_failed"')


def test_other_organisations_people_click_but_run_no_commands_of_ours(slack: Sandbox, app: App) -> None:
    seen: Box = queue.Queue()

    @app.action("ok")
    def ok(ack: Ack, body: dict[str, Any], context: dict[str, Any]) -> None:
        ack()
        seen.put({"user": body["user"]["team_id"], "team": body["team"]["id"], "context": context["team_id"]})

    client = WebClient(TOKENS["TA"], base_url=f"{slack.url}/api/")
    blocks = [{"type": "actions", "elements": [button("Okay", "ok")]}]
    client.chat_postMessage(channel="CSHARED", text="x", blocks=blocks, **QUIET)
    carla = slack.person("UBCARLA")
    carla.clicks("Okay", channel="#ext-globex")
    assert seen.get(timeout=60) == {"user": "TB", "team": "TA", "context": "TA"}


def test_a_mention_is_answered_in_its_thread(slack: Sandbox, app: App) -> None:
    app.event("message")(lambda: None)

    @app.event("app_mention")
    def mentioned(event: dict[str, Any], say: Say) -> None:
        say(text=f"Yes <@{event['user']}>?", thread_ts=event["ts"], **QUIET)

    rep = slack.person("UAREP")
    ts = rep.types("@Rapport are you there?", channel="#general").ts
    rep.sees("Yes @Rita Rep?")
    assert rep.messages("#general")[-1]["thread_ts"] == ts
    with pytest.raises(Refused, match="threads"):
        rep.types("/deal", channel="#general", thread=ts)
