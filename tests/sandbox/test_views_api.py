"""Modals and the App Home through Slack's own client."""

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.server import Sandbox
from tests.support.slack_app import refused, trigger
from tests.support.slack_blocks import button, modal, plain, text_input


def test_a_trigger_opens_once_and_soon(slack: Sandbox, client: WebClient) -> None:
    view = modal([{"type": "divider"}])
    once = trigger(slack)
    assert client.views_open(trigger_id=once, view=view)["view"]["root_view_id"]
    assert refused(client.views_open, trigger_id=once, view=view) == "exchanged_trigger_id"
    assert refused(client.views_open, trigger_id="1.2.3", view=view) == "invalid_trigger_id"
    late = trigger(slack)
    slack.control.advance(3.1)
    assert refused(client.views_open, trigger_id=late, view=view) == "expired_trigger_id"


def test_a_bad_view_is_refused_with_its_place(slack: Sandbox, client: WebClient) -> None:
    unused = trigger(slack)
    with pytest.raises(SlackApiError) as caught:
        client.views_open(trigger_id=unused, view=modal([{"type": "divider"}], title=plain("x" * 25)))
    assert caught.value.response["error"] == "invalid_arguments"
    assert "json-pointer:/view/title/text" in caught.value.response["response_metadata"]["messages"][0]
    assert client.views_open(trigger_id=unused, view=modal([{"type": "divider"}]))["ok"]


def test_a_stack_holds_three_modals(slack: Sandbox, client: WebClient) -> None:
    view = modal([{"type": "divider"}])
    assert refused(client.views_push, trigger_id=trigger(slack), view=view) == "not_found"
    root = client.views_open(trigger_id=trigger(slack), view=view)["view"]["id"]
    second = client.views_push(trigger_id=trigger(slack), view=view)["view"]
    assert (second["root_view_id"], second["previous_view_id"]) == (root, root)
    client.views_push(trigger_id=trigger(slack), view=view)
    assert refused(client.views_push, trigger_id=trigger(slack), view=view) == "push_limit_reached"


def test_update_keeps_what_was_typed_and_minds_the_hash(slack: Sandbox, client: WebClient) -> None:
    form = modal([text_input("name", "Name"), text_input("gone", "Gone")], submit=plain("Save"), external_id="x")
    opened = client.views_open(trigger_id=trigger(slack), view=form)["view"]
    rep = slack.person("UAREP")
    rep.fills(name="Acme", gone="x")
    changed = modal([text_input("name", "Name")], submit=plain("Save"))
    fresh = client.views_update(view_id=opened["id"], hash=opened["hash"], view=changed)["view"]
    assert rep.modal is not None
    assert rep.modal["values"] == {"name": {"value": {"type": "plain_text_input", "value": "Acme"}}}
    assert refused(client.views_update, view_id=opened["id"], hash=opened["hash"], view=changed) == "hash_conflict"
    assert client.views_update(view_id=opened["id"], hash=fresh["hash"], view=changed)["ok"]
    rep.closes()
    assert refused(client.views_update, view_id=opened["id"], view=changed) == "not_found"
    assert refused(client.api_call, "views.update", json={"view": changed}) == "invalid_arguments"


def test_views_are_found_by_external_id(slack: Sandbox, client: WebClient) -> None:
    view = modal([{"type": "divider"}], external_id="mine")
    client.views_open(trigger_id=trigger(slack), view=view)
    assert client.views_update(external_id="mine", view=modal([{"type": "divider"}]))["ok"]
    client.views_open(trigger_id=trigger(slack), view=view)
    assert refused(client.views_open, trigger_id=trigger(slack, "UAAGENT"), view=view) == "duplicate_external_id"


def test_publish_shows_a_home_to_own_people(slack: Sandbox, client: WebClient) -> None:
    home = {"type": "home", "blocks": [{"type": "actions", "elements": [button("New deal", "new")]}]}
    first = client.views_publish(user_id="UAREP", view=home)["view"]
    slack.person("UAREP").sees("New deal")
    client.views_publish(user_id="UAREP", view=home, hash=first["hash"])
    assert refused(client.views_publish, user_id="UAREP", view=home, hash=first["hash"]) == "hash_conflict"
    assert refused(client.views_publish, user_id="UNOBODY", view=home) == "user_not_found"
    assert refused(client.views_publish, user_id="UBCARLA", view=home) == "not_enabled"
    assert refused(client.views_publish, user_id="UAREP", view=modal([{"type": "divider"}])) == "invalid_arguments"
