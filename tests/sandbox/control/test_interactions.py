"""Buttons, menus and shortcuts of a real Bolt app, over Socket Mode and signed HTTP."""

import queue
from typing import Any

import pytest
from slack_bolt import Ack, App, Respond
from slack_sdk import WebClient

from sandbox.control.client import Refused
from sandbox.server import Sandbox
from tests.support.slack_app import QUIET
from tests.support.slack_blocks import button, mrkdwn, plain
from tests.support.waiting import until

Box = queue.Queue[dict[str, Any]]


def test_a_button_carries_value_message_and_state(slack: Sandbox, app: App, client: WebClient) -> None:
    seen: Box = queue.Queue()

    @app.action("take")
    def take(ack: Ack, body: dict[str, Any], respond: Respond) -> None:
        ack()
        seen.put(body)
        respond(text="Taken", replace_original=True)

    select = {
        "type": "static_select",
        "action_id": "category",
        "options": [{"text": plain("Bug"), "value": "bug"}, {"text": plain("Bill"), "value": "bill"}],
        "initial_option": {"text": plain("Bug"), "value": "bug"},
    }
    blocks: list[dict[str, Any]] = [
        {"type": "section", "block_id": "s", "text": mrkdwn("A ticket"), "accessory": select},
        {"type": "actions", "block_id": "b", "elements": [button("Take", "take", "T-1:3")]},
    ]
    ts = client.chat_postMessage(channel="CSUPPORT", text="ticket", blocks=blocks, **QUIET)["ts"]
    agent = slack.person("UAAGENT")
    assert agent.clicks("Take", message="A ticket").ok
    body = seen.get(timeout=60)
    assert body["user"] == {"id": "UAAGENT", "username": "agent", "name": "agent", "team_id": "TA"}
    assert body["container"] == {
        "type": "message",
        "message_ts": ts,
        "channel_id": "CSUPPORT",
        "is_ephemeral": False,
    }
    assert body["message"]["ts"] == ts
    assert body["channel"] == {"id": "CSUPPORT", "name": "support"}
    assert body["actions"][0]["value"] == "T-1:3"
    assert body["actions"][0]["block_id"] == "b"
    assert body["state"]["values"]["s"]["category"]["selected_option"]["value"] == "bug"
    agent.sees("Taken", channel="#support")
    agent.does_not_see("A ticket", within=0)


def test_a_click_on_an_ephemeral_has_no_message(slack: Sandbox, app: App, client: WebClient) -> None:
    seen: Box = queue.Queue()

    @app.action("go")
    def go(ack: Ack, body: dict[str, Any], respond: Respond) -> None:
        ack()
        seen.put(body)
        respond(delete_original=True)

    blocks = [{"type": "actions", "elements": [button("Go", "go")]}]
    client.chat_postEphemeral(channel="CGENERAL", user="UAREP", text="x", blocks=blocks)
    rep = slack.person("UAREP")
    rep.clicks("Go")
    body = seen.get(timeout=60)
    assert "message" not in body
    assert body["container"]["is_ephemeral"] is True
    until(lambda: "Go" not in rep.texts())


def test_menus_send_what_was_chosen(slack: Sandbox, app: App, client: WebClient) -> None:
    seen: Box = queue.Queue()

    @app.action({"block_id": "b"})
    def chosen(ack: Ack, body: dict[str, Any]) -> None:
        ack()
        seen.put(body["actions"][0])

    options = [{"text": plain("One"), "value": "1"}, {"text": plain("Two"), "value": "2"}]
    elements = [
        {"type": "static_select", "action_id": "static", "options": options},
        {"type": "overflow", "action_id": "more", "options": options},
        {"type": "users_select", "action_id": "who"},
        {"type": "datepicker", "action_id": "when"},
        {"type": "checkboxes", "action_id": "boxes", "options": options},
    ]
    client.chat_postMessage(
        channel="CGENERAL", text="x", blocks=[{"type": "actions", "block_id": "b", "elements": elements}], **QUIET
    )
    rep = slack.person("UAREP")
    rep.selects("static", "Two")
    assert seen.get(timeout=60)["selected_option"] == options[1]
    rep.clicks("One")
    assert seen.get(timeout=60)["selected_option"] == options[0]
    rep.selects("who", "UAAGENT")
    assert seen.get(timeout=60)["selected_user"] == "UAAGENT"
    rep.selects("when", "2026-01-31")
    assert seen.get(timeout=60)["selected_date"] == "2026-01-31"
    rep.selects("boxes", ["One", "2"])
    assert seen.get(timeout=60)["selected_options"] == options
    with pytest.raises(Refused, match="no option 'Three'; offered: One, Two"):
        rep.selects("static", "Three", within=0)


def test_a_message_shortcut_carries_the_message(slack: Sandbox, app: App) -> None:
    seen: Box = queue.Queue()

    @app.message_shortcut("ticket")
    def ticket(ack: Ack, body: dict[str, Any], respond: Respond) -> None:
        ack()
        seen.put(body)
        respond("Noted")

    app.event("message")(lambda: None)
    agent = slack.person("UAAGENT")
    ts = agent.types("It is broken", channel="#support").ts
    agent.shortcut("ticket", message="It is broken")
    body = seen.get(timeout=60)
    assert (body["type"], body["message_ts"], body["message"]["text"]) == ("message_action", ts, "It is broken")
    agent.sees("Noted", channel="#support")
