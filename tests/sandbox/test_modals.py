"""Modals and the App Home of a real Bolt app, over Socket Mode and signed HTTP."""

import queue
from typing import Any

import pytest
from slack_bolt import Ack, App
from slack_sdk import WebClient

from sandbox.control.client import Refused
from sandbox.server import Sandbox
from tests.support.slack_app import QUIET
from tests.support.slack_blocks import button, modal, mrkdwn, plain, text_input

Box = queue.Queue[dict[str, Any]]


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
    body = seen.get(timeout=60)
    assert (body["type"], body["is_cleared"]) == ("view_closed", False)
    with pytest.raises(Refused, match="no modal is open"):
        rep.closes(within=0)


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
    assert seen.get(timeout=60) == {
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
    body = seen.get(timeout=60)
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
