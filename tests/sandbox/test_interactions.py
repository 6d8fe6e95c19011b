"""A real Bolt app and the people of a sandbox, over Socket Mode and signed HTTP."""

import queue
import time
from typing import Any

import pytest
from slack_bolt import Ack, App, Respond, Say
from slack_sdk import WebClient

from sandbox.control import Refused
from sandbox.sample_teams import APP_ID
from sandbox.server import Sandbox
from tests.sandbox.conftest import QUIET, TOKENS, button, modal, mrkdwn, plain, text_input

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
    body = seen.get(timeout=5)
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
    body = seen.get(timeout=5)
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
    body = seen.get(timeout=5)
    assert "message" not in body
    assert body["container"]["is_ephemeral"] is True
    deadline = time.monotonic() + 5
    while "Go" in rep.texts() and time.monotonic() < deadline:
        slack.control.wait(slack.control.version, 0.2)
    rep.does_not_see("Go", within=0)


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
    assert seen.get(timeout=5)["selected_option"] == options[1]
    rep.clicks("One")
    assert seen.get(timeout=5)["selected_option"] == options[0]
    rep.selects("who", "UAAGENT")
    assert seen.get(timeout=5)["selected_user"] == "UAAGENT"
    rep.selects("when", "2026-01-31")
    assert seen.get(timeout=5)["selected_date"] == "2026-01-31"
    rep.selects("boxes", ["One", "2"])
    assert seen.get(timeout=5)["selected_options"] == options
    with pytest.raises(Refused, match="no option 'Three'; offered: One, Two"):
        rep.selects("static", "Three", within=0)


def test_a_modal_from_loading_to_saved(slack: Sandbox, app: App) -> None:
    form = modal([text_input("name", "Deal name"), text_input("amount", "Amount", optional=True)], submit=plain("Save"))

    @app.command("/deal")
    def deal(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        ack()
        view = client.views_open(
            trigger_id=body["trigger_id"], view=modal([{"type": "section", "text": mrkdwn("Loading")}])
        )["view"]
        client.views_update(view_id=view["id"], hash=view["hash"], view=form | {"private_metadata": "p"})

    @app.view("form")
    def saved(ack: Ack, view: dict[str, Any], client: WebClient) -> None:
        name = view["state"]["values"]["name"]["value"]["value"]
        if len(name) < 3:
            ack(response_action="errors", errors={"name": "Too short"})
            return
        ack()
        client.chat_postMessage(channel="CGENERAL", text=f"Saved {name} {view['private_metadata']}", **QUIET)

    rep = slack.person("UAREP")
    rep.types("/deal")
    with pytest.raises(Refused, match="has no field 'nmae'; it has: Deal name, Amount"):
        rep.submits(nmae="x", within=1)
    empty = rep.submits()
    assert (empty.error, empty.errors) == ("client_validation", {"name": "Please complete this required field."})
    assert rep.submits(deal_name="Ac").errors == {"name": "Too short"}
    rep.sees("Too short")
    assert rep.submits({"Deal name": "Acme"}, amount="12k").ok
    rep.sees("Saved Acme p", channel="#general")
    assert rep.modal is None


def test_response_actions_update_push_and_clear(slack: Sandbox, app: App) -> None:
    @app.command("/deal")
    def deal(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=modal([text_input("do", "Do")], submit=plain("Go")))

    @app.view("form")
    def submitted(ack: Ack, view: dict[str, Any]) -> None:
        action = view["state"]["values"]["do"]["value"]["value"]
        if action == "clear":
            ack(response_action="clear")
            return
        title = plain(action.title())
        view = modal([text_input("do", "Do")], submit=plain("Go")) | {"title": title}
        ack(response_action=action, view=view)

    rep = slack.person("UAREP")
    rep.types("/deal")
    rep.submits(do="update")
    assert rep.modal is not None
    assert (rep.modal["view"]["title"]["text"], rep.modal["depth"]) == ("Update", 1)
    rep.submits(do="push")
    assert rep.modal["view"]["title"]["text"] == "Push"
    assert rep.modal["depth"] == 2
    assert rep.modal["view"]["previous_view_id"] == rep.modal["view"]["root_view_id"]
    rep.closes()
    assert rep.modal["depth"] == 1
    rep.submits(do="clear")
    assert rep.modal is None


def test_closing_is_told_when_asked_for(slack: Sandbox, app: App) -> None:
    seen: Box = queue.Queue()

    @app.shortcut("open")
    def opened(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        ack()
        view = modal([{"type": "divider"}], notify_on_close=True)
        client.views_open(trigger_id=body["trigger_id"], view=view)

    @app.view_closed("form")
    def closed(ack: Ack, body: dict[str, Any]) -> None:
        ack()
        seen.put(body)

    rep = slack.person("UAREP")
    rep.shortcut("open")
    rep.closes()
    body = seen.get(timeout=5)
    assert (body["type"], body["is_cleared"]) == ("view_closed", False)
    with pytest.raises(Refused, match="no modal is open"):
        rep.closes(within=0)


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
    body = seen.get(timeout=5)
    assert (body["type"], body["message_ts"], body["message"]["text"]) == ("message_action", ts, "It is broken")
    agent.sees("Noted", channel="#support")


def test_an_external_select_asks_the_app(slack: Sandbox, app: App) -> None:
    picker = {"type": "external_select", "action_id": "customer", "min_query_length": 1}
    block = {"type": "input", "block_id": "c", "label": plain("Customer"), "element": picker}
    seen: Box = queue.Queue()

    @app.command("/deal")
    def deal(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=modal([block], submit=plain("Go")))

    @app.options("customer")
    def customers(ack: Ack, payload: dict[str, Any]) -> None:
        names = [name for name in ("Acme", "Globex") if payload["value"].lower() in name.lower()]
        ack(options=[{"text": plain(name), "value": name.lower()} for name in names])

    @app.view("form")
    def saved(ack: Ack, view: dict[str, Any]) -> None:
        ack()
        seen.put(view["state"]["values"]["c"]["customer"])

    rep = slack.person("UAREP")
    rep.types("/deal")
    assert rep.types_option("Customer", "acm").options == ["Acme"]
    rep.submits(customer="Globex")
    assert seen.get(timeout=5) == {
        "type": "external_select",
        "selected_option": {"text": plain("Globex"), "value": "globex"},
    }


def test_an_input_that_dispatches_acts_at_once(slack: Sandbox, app: App) -> None:
    seen: Box = queue.Queue()

    @app.shortcut("open")
    def opened(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        ack()
        view = modal([text_input("n", "Name", dispatch_action=True), text_input("m", "More")], submit=plain("Go"))
        client.views_open(trigger_id=body["trigger_id"], view=view)

    @app.action("value")
    def typed(ack: Ack, body: dict[str, Any]) -> None:
        ack()
        seen.put(body)

    rep = slack.person("UAREP")
    rep.shortcut("open")
    rep.fills(name="abc")
    body = seen.get(timeout=5)
    assert body["actions"][0]["value"] == "abc"
    assert body["view"]["state"]["values"]["n"]["value"] == {"type": "plain_text_input", "value": "abc"}
    assert body["container"]["type"] == "view"
    rep.fills(more="x")
    assert seen.empty()


def test_the_home_is_published_clicked_and_seen(slack: Sandbox, app: App) -> None:
    @app.event("app_home_opened")
    def home(event: dict[str, Any], client: WebClient) -> None:
        assert event["tab"] == "home"
        blocks = [{"type": "actions", "elements": [button("New", "new")]}]
        client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})

    @app.action("new")
    def new(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        ack()
        view = {"type": "home", "blocks": [{"type": "section", "text": mrkdwn("Done")}]}
        client.views_publish(user_id=body["user"]["id"], view=view, hash=body["view"]["hash"])

    rep = slack.person("UAREP")
    assert rep.home is None
    rep.opens_home()
    assert rep.clicks("New", view="home").ok
    rep.sees("Done")


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
    assert seen.get(timeout=5) == {"user": "TB", "team": "TA", "context": "TA"}


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
