"""The control API: what a page needs, what a test leans on, and how mistakes are told."""

import json
import threading
import urllib.error
import urllib.request
from typing import Any

import pytest
from slack_sdk import WebClient

from sandbox.control import acts, admin, api
from sandbox.control.client import Person, Refused
from sandbox.sample_teams import APP_ID
from sandbox.server import Sandbox
from tests.support.slack_app import QUIET
from tests.support.slack_blocks import button, modal, mrkdwn, plain, text_input


def test_the_state_shows_what_a_page_needs(slack: Sandbox, client: WebClient) -> None:
    client.chat_postMessage(channel="CGENERAL", text="hi <@UAREP>", **QUIET)
    client.chat_postMessage(channel="UAREP", text="psst", **QUIET)
    state = slack.control.get("state", **{"as": "UAREP"})
    assert state["me"]["label"] == "Rita Rep"
    assert state["team"]["name"] == "Northwind"
    assert state["users"]["UAGUEST"]["is_guest"] is True
    channels = {one["name"] or one["with"]: one for one in state["channels"]}
    assert set(channels) == {"general", "support", "leads", "ext-globex", "U0BOTA"}
    assert (channels["general"]["unread"], channels["general"]["mentions"]) == (1, 1)
    assert channels["ext-globex"]["is_ext_shared"] is True
    assert state["apps"] == [
        {"id": APP_ID, "name": "Rapport", "bot_user_id": "U0BOTA", "has_home": False, "dm": channels["U0BOTA"]["id"]}
    ]
    slack.control.post("act/reads", **{"as": "UAREP"}, channel="#general")
    again = slack.control.get("state", **{"as": "UAREP"})["channels"]
    assert {one["unread"] for one in again if one["name"] == "general"} == {0}


def test_guests_and_other_organisations_see_only_their_channels(slack: Sandbox) -> None:
    def names(user: str) -> set[str]:
        return {one["name"] for one in slack.control.get("state", **{"as": user})["channels"]}

    assert names("UAGUEST") == {"support"}
    assert names("UBCARLA") == {"general", "ext-globex"}
    with pytest.raises(Refused, match="carla sees no channel 'CSUPPORT'"):
        slack.person("UBCARLA").types("x", channel="CSUPPORT")


def test_a_channel_shows_messages_with_threads_and_my_ephemerals(slack: Sandbox, client: WebClient) -> None:
    root = client.chat_postMessage(channel="CGENERAL", text="root", **QUIET)["ts"]
    client.chat_postMessage(channel="CGENERAL", text="reply", thread_ts=root, **QUIET)
    client.chat_postEphemeral(channel="CGENERAL", user="UAREP", text="for *you*, <@UAREP>")
    shown = slack.control.get("channel", **{"as": "UAREP"}, id="CGENERAL")
    assert [(m["plain"], m["ephemeral"], m["replies"]) for m in shown["messages"]] == [
        ("root", False, 1),
        ("for *you*, @Rita Rep", True, 0),
    ]
    assert [m["text"] for m in shown["threads"][root]] == ["reply"]
    assert len(slack.control.get("channel", **{"as": "UAAGENT"}, id="CGENERAL")["messages"]) == 1


def test_commands_and_shortcuts_come_from_the_manifest(slack: Sandbox) -> None:
    features = {
        "slash_commands": [{"command": "/deal", "usage_hint": "add", "description": "Deals"}],
        "shortcuts": [{"name": "Ticket", "type": "message", "callback_id": "ticket", "description": "d"}],
    }
    slack.control.app(APP_ID, manifest={"features": features})
    found = slack.control.get("commands", team="TA")
    assert found["commands"] == [features["slash_commands"][0] | {"app": "Rapport", "app_id": APP_ID}]
    assert found["shortcuts"][0]["callback_id"] == "ticket"
    with pytest.raises(Refused, match="no installed app has the shortcut 'other'"):
        slack.person("UAREP").shortcut("other")


def test_modal_and_home_are_shown_as_they_stand(slack: Sandbox, client: WebClient) -> None:
    trigger = slack.core.world.new_trigger(slack.workspace.installations[0], "UAREP")
    client.views_open(trigger_id=trigger, view=modal([text_input("n", "Name")], submit=plain("Save")))
    rep = slack.person("UAREP")
    rep.fills(name="Acme")
    shown = slack.control.get("modal", **{"as": "UAREP"})["modal"]
    assert shown["values"]["n"]["value"]["value"] == "Acme"
    assert (shown["app"], shown["depth"], shown["errors"]) == ("Rapport", 1, {})
    rep.sees("Acme")
    assert slack.control.get("modal", **{"as": "UAAGENT"})["modal"] is None
    assert slack.control.get("home", **{"as": "UAREP"}, app_id=APP_ID)["home"] is None


def test_the_stream_says_that_something_changed(slack: Sandbox) -> None:
    with urllib.request.urlopen(f"{slack.url}/control/stream?as=UAREP", timeout=60) as stream:
        first = json.loads(stream.readline().removeprefix(b"data: "))["version"]
        stream.readline()
        slack.person("UAREP").types("hello", channel="#general")
        assert json.loads(stream.readline().removeprefix(b"data: "))["version"] > first


def test_a_person_is_a_person_of_the_sandbox(slack: Sandbox) -> None:
    people = {team["id"]: [one["id"] for one in team["people"]] for team in slack.control.get("people")["teams"]}
    assert people["TB"] == ["UBCARLA", "UBDAVID"]
    for unknown in ("UNOBODY", "U0BOTA"):
        with pytest.raises(Refused, match=f"no person '{unknown}'"):
            slack.person(unknown).types("x")


def test_sees_waits_and_says_what_there_was(slack: Sandbox) -> None:
    rep = slack.person("UAREP")
    later = threading.Timer(0.3, lambda: slack.person("UAAGENT").types("here   it *is* & more", channel="#general"))
    later.start()
    assert rep.sees("here it is & more")
    later.join()
    with pytest.raises(AssertionError, match=r"does not see 'nothing' within 0.2 s; the last seen:\n.*here"):
        rep.sees("nothing", within=0.2)
    with pytest.raises(AssertionError, match="sees 'here"):
        rep.does_not_see("here   it")
    later = threading.Timer(0.1, lambda: slack.person("UAAGENT").types("surprise", channel="#general"))
    later.start()
    with pytest.raises(AssertionError, match="sees 'surprise'"):
        rep.does_not_see("surprise", within=60)
    later.join()


def test_clicks_waits_for_its_button_and_names_what_there_is(slack: Sandbox, client: WebClient) -> None:
    rep = slack.person("UAREP")
    blocks = [{"type": "actions", "elements": [button("Go", "go"), button("Stop", "stop")]}]

    def post() -> None:
        client.chat_postMessage(channel="CGENERAL", text="x", blocks=blocks, **QUIET)

    later = threading.Timer(0.2, post)
    later.start()
    assert rep.clicks("Go").error == "dispatch_failed"
    later.join()
    with pytest.raises(Refused, match="sees nothing to act on called 'Left'; there is: Go, Stop"):
        rep.clicks("Left", within=0)


def test_an_open_modal_covers_the_messages(slack: Sandbox, client: WebClient) -> None:
    blocks = [{"type": "actions", "elements": [button("Go", "go")]}]
    client.chat_postMessage(channel="CGENERAL", text="x", blocks=blocks, **QUIET)
    trigger = slack.core.world.new_trigger(slack.workspace.installations[0], "UAREP")
    client.views_open(trigger_id=trigger, view=modal([{"type": "section", "text": mrkdwn("Loading")}]))
    rep = slack.person("UAREP")
    with pytest.raises(Refused, match="there is: nothing"):
        rep.clicks("Go", within=0)
    assert rep.clicks("Go", channel="#general").error == "dispatch_failed"
    with pytest.raises(Refused, match="no submit button"):
        rep.submits(within=0)


def test_the_client_checks_what_slacks_client_checks(slack: Sandbox, client: WebClient) -> None:
    def field(block_id: str, element: dict[str, Any]) -> dict[str, Any]:
        return text_input(block_id, block_id.title(), element=element | {"action_id": "value"}, optional=True)

    form = modal(
        [
            field("text", {"type": "plain_text_input", "min_length": 2, "max_length": 4}),
            field("whole", {"type": "number_input", "is_decimal_allowed": False, "min_value": "1", "max_value": "9"}),
            field("mail", {"type": "email_text_input"}),
            field("link", {"type": "url_text_input"}),
            field("day", {"type": "datepicker"}),
        ],
        submit=plain("Save"),
    )
    trigger = slack.core.world.new_trigger(slack.workspace.installations[0], "UAREP")
    client.views_open(trigger_id=trigger, view=form)
    rep = slack.person("UAREP")
    short = rep.submits(text="a", whole="1.5", mail="nobody", link="a.example")
    assert short.errors == {
        "text": "Please enter at least 2 characters.",
        "whole": "Please enter a whole number.",
        "mail": "Please enter a valid email.",
        "link": "Please enter a valid URL.",
    }
    assert rep.submits(text="abcde", whole="many").errors["text"] == "Please enter no more than 4 characters."
    assert rep.submits(whole="0").errors["whole"] == "Please enter a number of at least 1."
    assert rep.submits(whole="10").errors["whole"] == "Please enter a number of at most 9."
    fine = rep.submits(text="abc", whole="5", mail="a@b.example", link="https://a.example")
    assert fine.error == "dispatch_failed"
    rep.sees("We had some trouble connecting. Try again?")


def test_own_messages_only_are_edited_and_deleted(slack: Sandbox) -> None:
    rep, agent = slack.person("UAREP"), slack.person("UAAGENT")
    rep.posts("/not a command", channel="#general")
    rep.posts("<!channel> raw", channel="#general", raw=True)
    assert rep.messages("#general")[-1]["text"] == "<!channel> raw"
    with pytest.raises(Refused, match="someone else's"):
        agent.edits("/not a", "x")
    with pytest.raises(Refused, match="someone else's"):
        agent.deletes("/not a")
    rep.edits("/not a", "changed")
    agent.sees("changed")
    rep.deletes("changed")
    agent.does_not_see("changed", within=0)
    rep.reacts("eyes", message="raw")
    with pytest.raises(Refused, match="there already"):
        rep.reacts("eyes", message="raw")
    with pytest.raises(Refused, match="sees no message 'changed'"):
        rep.deletes("changed")


def test_channels_are_joined_before_writing_and_archived_ones_are_closed(slack: Sandbox) -> None:
    slack.workspace.channels["CGENERAL"].members.remove("UAAGENT")
    slack.person("UAAGENT").types("hello", channel="#general")
    assert "UAAGENT" in slack.workspace.channels["CGENERAL"].members
    slack.control.admin("archives", channel="CGENERAL")
    with pytest.raises(Refused, match="archived"):
        slack.person("UAREP").types("hello", channel="#general")
    slack.control.admin("archives", channel="CGENERAL", archived=False)
    slack.person("UAREP").joins("#general")
    with pytest.raises(Refused, match="cannot invite 'Nobody'"):
        slack.person("UAREP").invites("Nobody", "#general")


@pytest.mark.parametrize(
    ("path", "body", "status", "why"),
    [
        ("state", None, 400, "missing or unknown: 'as'"),
        ("act/flies", {"as": "UAREP"}, 404, "no verb 'flies'; there are: types"),
        ("act/types", {"text": "x"}, 409, "no person ''"),
        ("admin/flies", {}, 404, "no verb 'flies'; there are: seed"),
        ("admin/app", {"app_id": "AX"}, 400, "missing or unknown: 'AX'"),
        ("admin/user_changes", {"user": "UAREP", "fields": {"age": 3}}, 400, "a user has no 'age'"),
        ("admin/grants", {"app_id": "AX", "team": "TA", "scopes": []}, 400, "that app is not installed there"),
        ("settings", {"speed": 3}, 400, "no setting 'speed'; there are: answer_seconds"),
    ],
)
def test_mistakes_are_told(slack: Sandbox, path: str, body: dict[str, Any] | None, status: int, why: str) -> None:
    data = None if body is None else json.dumps(body).encode()
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{slack.url}/control/{path}", data)
    with caught.value as error:
        assert error.code == status
        assert why in json.load(error)["why"]


def test_the_description_names_every_verb_and_path(slack: Sandbox) -> None:
    described = api.__doc__ or ""
    for verb in (*acts.VERBS, *admin.VERBS):
        assert f"`{verb}`" in described, verb
    for route in api.ControlApi(slack.core).routes():
        assert route.path.replace("{verb}", "<verb>") in described, route.path


def test_every_verb_of_a_person_has_its_method() -> None:
    assert set(acts.VERBS) - {"reads"} <= set(vars(Person))


def test_settles_names_what_is_open(slack: Sandbox) -> None:
    slack.person("UAREP").types("hello", channel="#general")
    with pytest.raises(AssertionError, match="1 events are not acknowledged"):
        slack.control.settles(within=0.2)
