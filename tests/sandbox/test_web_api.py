"""The Web API through Slack's own client: what works, and which error code what does not work has."""

import json
import urllib.request
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.sample_teams import APP_ID, APP_TOKEN, install
from sandbox.server import Sandbox
from tests.sandbox.conftest import QUIET, TOKENS, button, modal, mrkdwn, plain, text_input


def refused(call: Any, /, *args: Any, **kwargs: Any) -> str:
    """Return the error code with which a call is refused."""
    with pytest.raises(SlackApiError) as caught:
        call(*args, **kwargs)
    return str(caught.value.response["error"])


def post(client: WebClient, text: str = "hello", channel: str = "CGENERAL", **more: Any) -> str:
    return str(client.chat_postMessage(channel=channel, text=text, **QUIET, **more)["ts"])


def trigger(slack: Sandbox, user: str = "UAREP") -> str:
    """Return a trigger id as an interaction would carry it."""
    installation = slack.workspace.installation(APP_ID, "TA")
    assert installation is not None
    return slack.core.world.new_trigger(installation, user)


def test_tokens_are_checked(slack: Sandbox, client: WebClient) -> None:
    who = client.auth_test()
    assert (who["team_id"], who["user_id"], who["bot_id"], who["team"]) == ("TA", "U0BOTA", "B0BOTA", "Northwind")
    base = f"{slack.url}/api/"
    assert refused(WebClient("xoxb-wrong", base_url=base).auth_test) == "invalid_auth"
    assert refused(WebClient(base_url=base).auth_test) == "not_authed"
    assert refused(WebClient(APP_TOKEN, base_url=base).auth_test) == "not_allowed_token_type"
    assert refused(client.apps_connections_open, app_token=TOKENS["TA"]) == "not_allowed_token_type"
    assert refused(client.api_call, "no.such") == "unknown_method"
    slack.control.admin("uninstalls", app_id=APP_ID, team="TA")
    assert refused(client.auth_test) == "account_inactive"


def test_api_test_returns_its_arguments_in_every_encoding(slack: Sandbox, client: WebClient) -> None:
    assert client.api_call("api.test", json={"a": "b"})["args"] == {"a": "b"}
    assert client.api_call("api.test", params={"a": "ü"})["args"] == {"a": "ü"}
    assert client.api_call("api.test", data={"a": "ü b"})["args"] == {"a": "ü b"}
    assert refused(client.api_call, "api.test", json={"error": "my_error"}) == "my_error"
    request = urllib.request.Request(f"{slack.url}/api/api.test", b"{broken", {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as response:
        assert json.load(response)["error"] == "invalid_json"


def test_a_socket_address_is_given_to_app_tokens(client: WebClient) -> None:
    assert client.apps_connections_open(app_token=APP_TOKEN)["url"].startswith("ws://127.0.0.1:")


def test_a_message_is_stored_and_read_back(client: WebClient) -> None:
    metadata = {"event_type": "crm_delivery", "event_payload": {"delivery_id": "1"}}
    ts = post(client, "hello", metadata=metadata, blocks=[{"type": "section", "text": mrkdwn("*hello*")}])
    found = client.conversations_history(channel="CGENERAL")["messages"][0]
    assert (found["ts"], found["user"], found["bot_id"], found["app_id"]) == (ts, "U0BOTA", "B0BOTA", APP_ID)
    assert found["blocks"][0]["block_id"]
    assert "metadata" not in found
    with_metadata = client.conversations_history(channel="CGENERAL", include_all_metadata=True)["messages"][0]
    assert with_metadata["metadata"] == metadata


def test_where_one_may_post(slack: Sandbox, client: WebClient) -> None:
    assert refused(post, client, channel="CNOWHERE") == "channel_not_found"
    assert refused(post, client, channel="CPRIVATE") == "channel_not_found"
    assert refused(post, client, channel="CBGENERAL") == "channel_not_found"
    slack.workspace.channels["CGENERAL"].members.remove("U0BOTA")
    assert refused(post, client) == "not_in_channel"
    slack.control.admin("grants", app_id=APP_ID, team="TA", scopes=["chat:write", "chat:write.public"])
    assert post(client)
    slack.control.admin("archives", channel="CSUPPORT")
    assert refused(post, client, channel="CSUPPORT") == "is_archived"
    assert client.chat_postMessage(channel="#general", text="x", **QUIET)["channel"] == "CGENERAL"
    assert client.chat_postMessage(channel="UAREP", text="x", **QUIET)["channel"].startswith("D")
    assert refused(post, client, channel="UBCARLA") == "channel_not_found"
    slack.control.admin("user_changes", user="UAREP", fields={"deleted": True})
    assert refused(post, client, channel="UAREP") == "user_disabled"


def test_what_one_may_post(client: WebClient) -> None:
    assert refused(client.chat_postMessage, channel="CGENERAL", text="x") == "unfurl_not_disabled"
    assert refused(client.chat_postMessage, channel="CGENERAL", text="x", unfurl_links=False) == "unfurl_not_disabled"
    assert refused(post, client, "x" * 40_001) == "msg_too_long"
    assert refused(client.api_call, "chat.postMessage", json={"channel": "CGENERAL"} | QUIET) == "no_text"
    assert refused(post, client, blocks=[{"type": "section"}]) == "invalid_blocks"
    assert refused(post, client, blocks="no blocks") == "invalid_blocks_format"
    assert refused(post, client, blocks="[broken") == "invalid_blocks_format"
    sections = [{"type": "section", "text": mrkdwn("x" * 2700)}] * 5
    assert refused(post, client, blocks=sections) == "msg_blocks_too_long"
    assert refused(post, client, metadata={"event_type": "x"}) == "invalid_metadata_format"
    big = {"event_type": "x", "event_payload": {"a": "x" * 9000}}
    assert refused(post, client, metadata=big) == "metadata_too_large"
    assert refused(post, client, thread_ts="1.1") == "thread_not_found"


def test_invalid_blocks_say_where(client: WebClient) -> None:
    with pytest.raises(SlackApiError) as caught:
        post(client, blocks=[{"type": "section", "text": mrkdwn("x" * 3001)}])
    assert caught.value.response["response_metadata"]["messages"] == [
        "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
    ]


def test_client_msg_id_is_ignored_unless_switched_on(slack: Sandbox, client: WebClient) -> None:
    assert post(client, client_msg_id="one") != post(client, client_msg_id="one")
    slack.control.settings(honour_client_msg_id=True)
    assert post(client, client_msg_id="two") == post(client, client_msg_id="two")
    assert post(client, client_msg_id="two") != post(client, client_msg_id="three")


def test_threads(slack: Sandbox, client: WebClient) -> None:
    root = post(client, "root")
    replies = [post(client, f"reply {n}", thread_ts=root) for n in range(3)]
    shown = post(client, "to all", thread_ts=replies[0], reply_broadcast=True)
    thread = client.conversations_replies(channel="CGENERAL", ts=root)["messages"]
    assert [m["ts"] for m in thread] == [root, *replies, shown]
    assert (thread[0]["reply_count"], thread[0]["latest_reply"]) == (4, shown)
    newest = [m["ts"] for m in client.conversations_history(channel="CGENERAL")["messages"]]
    assert newest == [shown, root]
    later = client.conversations_replies(channel="CGENERAL", ts=root, oldest=replies[1])["messages"]
    assert [m["ts"] for m in later] == [root, replies[2], shown]
    assert refused(client.conversations_replies, channel="CGENERAL", ts="1.1") == "thread_not_found"


def test_history_is_paged_and_bounded_by_time(client: WebClient) -> None:
    sent = [post(client, f"m{n}") for n in range(5)]
    page = client.conversations_history(channel="CGENERAL", limit=2)
    assert [m["ts"] for m in page["messages"]] == [sent[4], sent[3]]
    assert page["has_more"] is True
    cursor = page["response_metadata"]["next_cursor"]
    following = client.conversations_history(channel="CGENERAL", limit=2, cursor=cursor)["messages"]
    assert [m["ts"] for m in following] == [sent[2], sent[1]]
    between = client.conversations_history(channel="CGENERAL", oldest=sent[1], latest=sent[3])["messages"]
    assert [m["ts"] for m in between] == [sent[2]]
    inclusive = client.conversations_history(channel="CGENERAL", oldest=sent[1], latest=sent[3], inclusive=True)
    assert len(inclusive["messages"]) == 3
    assert refused(client.conversations_history, channel="CGENERAL", cursor="?") == "invalid_cursor"
    assert refused(client.conversations_history, channel="CGENERAL", limit=-1) == "invalid_limit"
    assert refused(client.conversations_history, channel="CGENERAL", oldest="soon") == "invalid_ts_oldest"
    assert refused(client.conversations_history, channel="CPRIVATE") == "channel_not_found"


def test_history_can_be_limited_as_for_distributed_apps(slack: Sandbox, client: WebClient) -> None:
    for n in range(20):
        post(client, f"m{n}")
    slack.control.settings(per_minute={"conversations.history": 1}, history_objects=15)
    assert len(client.conversations_history(channel="CGENERAL", limit=100)["messages"]) == 15
    with pytest.raises(SlackApiError) as caught:
        client.conversations_history(channel="CGENERAL")
    assert caught.value.response.status_code == 429
    assert 50 <= int(caught.value.response.headers["Retry-After"]) <= 60
    assert WebClient(TOKENS["TB"], base_url=client.base_url).conversations_history(channel="CBGENERAL")["ok"]
    slack.control.advance(61)
    assert client.conversations_history(channel="CGENERAL")["ok"]


def test_posts_can_be_limited_per_channel(slack: Sandbox, client: WebClient) -> None:
    slack.control.settings(posts_per_second=1)
    post(client)
    assert refused(post, client) == "ratelimited"
    post(client, channel="CSUPPORT")


def test_update_changes_only_own_messages(slack: Sandbox, client: WebClient) -> None:
    ts = post(client, "before", blocks=[{"type": "section", "text": mrkdwn("before")}])
    assert client.chat_update(channel="CGENERAL", ts=ts, text="after")["text"] == "after"
    found = client.conversations_history(channel="CGENERAL")["messages"][0]
    assert (found["text"], found["edited"]["user"]) == ("after", "U0BOTA")
    assert "blocks" not in found
    theirs = slack.person("UAREP").types("mine", channel="#general").ts
    assert refused(client.chat_update, channel="CGENERAL", ts=theirs, text="x") == "cant_update_message"
    assert refused(client.chat_update, channel="CGENERAL", ts="1.1", text="x") == "message_not_found"
    assert refused(client.chat_update, channel="CGENERAL", ts=ts, text="x", blocks=[{"type": "x"}]) == "invalid_blocks"


def test_delete_leaves_a_tombstone_above_replies(slack: Sandbox, client: WebClient) -> None:
    ts = post(client)
    assert client.chat_delete(channel="CGENERAL", ts=ts)["ts"] == ts
    assert client.conversations_history(channel="CGENERAL")["messages"] == []
    assert refused(client.chat_delete, channel="CGENERAL", ts=ts) == "message_not_found"
    root = post(client)
    post(client, thread_ts=root)
    client.chat_delete(channel="CGENERAL", ts=root)
    assert client.conversations_history(channel="CGENERAL")["messages"][0]["subtype"] == "tombstone"
    theirs = slack.person("UAREP").types("mine", channel="#general").ts
    assert refused(client.chat_delete, channel="CGENERAL", ts=theirs) == "cant_delete_message"


def test_an_ephemeral_is_seen_by_one_and_never_in_history(slack: Sandbox, client: WebClient) -> None:
    assert client.chat_postEphemeral(channel="CGENERAL", user="UAREP", text="psst")["message_ts"]
    slack.person("UAREP").sees("psst")
    slack.person("UAAGENT").does_not_see("psst", within=0)
    assert client.conversations_history(channel="CGENERAL")["messages"] == []
    assert refused(client.chat_postEphemeral, channel="CGENERAL", user="UAGUEST", text="x") == "user_not_in_channel"


def test_a_permalink_names_channel_and_time(slack: Sandbox, client: WebClient) -> None:
    ts = post(client)
    link = client.chat_getPermalink(channel="CGENERAL", message_ts=ts)["permalink"]
    assert link == f"{slack.url}/archives/CGENERAL/p{ts.replace('.', '')}"
    assert refused(client.chat_getPermalink, channel="CGENERAL", message_ts="1.1") == "message_not_found"


def test_conversations_open_gives_the_direct_message(slack: Sandbox, client: WebClient) -> None:
    first = client.conversations_open(users=["UAREP"])["channel"]["id"]
    assert client.conversations_open(users="UAREP")["channel"]["id"] == first
    assert client.conversations_open(channel=first)["already_open"] is True
    assert refused(client.conversations_open, users=[]) == "users_list_not_supplied"
    assert refused(client.conversations_open, users=["UNOBODY"]) == "user_not_found"
    assert refused(client.conversations_open, users=["UBDAVID"]) == "user_not_found"
    assert refused(client.conversations_open, users=["UBCARLA"]) == "user_not_visible"
    assert refused(client.conversations_open, users=["U0BOTA"]) == "cannot_dm_bot"
    assert refused(client.conversations_open, users=["UAREP", "UAAGENT"]) == "method_not_supported_for_channel_type"


def test_join_public_channels_only(slack: Sandbox, client: WebClient) -> None:
    slack.workspace.channels["CGENERAL"].members.remove("U0BOTA")
    assert client.conversations_join(channel="CGENERAL")["channel"]["is_member"] is True
    assert client.conversations_join(channel="CGENERAL")["warning"] == "already_in_channel"
    assert "U0BOTA" in client.conversations_members(channel="CGENERAL")["members"]
    dm = client.conversations_open(users="UAREP")["channel"]["id"]
    assert refused(client.conversations_join, channel=dm) == "method_not_supported_for_channel_type"
    assert refused(client.conversations_join, channel="CPRIVATE") == "channel_not_found"
    slack.control.admin("archives", channel="CSUPPORT")
    assert refused(client.conversations_join, channel="CSUPPORT") == "is_archived"


def test_conversations_info_tells_shared_from_own(client: WebClient) -> None:
    shared = client.conversations_info(channel="CSHARED", include_num_members=True)["channel"]
    assert shared["is_ext_shared"] is True
    assert shared["connected_team_ids"] == ["TB"]
    assert shared["num_members"] == 7
    own = client.conversations_info(channel="CGENERAL")["channel"]
    assert (own["is_ext_shared"], own["name"], own["is_private"]) == (False, "general", False)
    assert "num_members" not in own
    dm = client.conversations_open(users="UAREP")["channel"]["id"]
    assert client.conversations_info(channel=dm)["channel"]["user"] == "UAREP"


def test_conversations_are_listed_as_the_bot_may_see_them(slack: Sandbox, client: WebClient) -> None:
    assert {c["id"] for c in client.conversations_list()["channels"]} == {"CGENERAL", "CSUPPORT", "CSHARED"}
    assert client.conversations_list(types="private_channel")["channels"] == []
    slack.workspace.channels["CPRIVATE"].members.append("U0BOTA")
    assert client.conversations_list(types="private_channel")["channels"][0]["id"] == "CPRIVATE"
    slack.control.admin("archives", channel="CSUPPORT")
    listed = client.conversations_list(exclude_archived=True, limit=1)
    assert [c["id"] for c in listed["channels"]] == ["CGENERAL"]
    assert listed["response_metadata"]["next_cursor"]
    assert refused(client.conversations_list, types="rooms") == "invalid_types"


def test_users_conversations_lists_memberships(slack: Sandbox, client: WebClient) -> None:
    assert {c["id"] for c in client.users_conversations()["channels"]} == {"CGENERAL", "CSUPPORT", "CSHARED"}
    assert {c["id"] for c in client.users_conversations(user="UAGUEST")["channels"]} == {"CSUPPORT"}
    hidden = client.users_conversations(user="UAREP", types="private_channel")["channels"]
    assert hidden == []


def test_users_info_hides_what_slack_hides_of_strangers(slack: Sandbox, client: WebClient) -> None:
    agent = client.users_info(user="UAAGENT", include_locale=True)["user"]
    assert (agent["tz"], agent["locale"], agent["is_admin"]) == ("America/New_York", "en-US", False)
    assert agent["tz_offset"] in (-14400, -18000)
    assert agent["profile"]["email"] == "agent@a.example"
    carla = client.users_info(user="UBCARLA")["user"]
    assert (carla["is_stranger"], carla["team_id"]) == (True, "TB")
    assert "email" not in carla["profile"]
    assert refused(client.users_info, user="UBDAVID") == "user_not_found"
    slack.control.admin("grants", app_id=APP_ID, team="TA", scopes=["users:read"])
    assert "email" not in client.users_info(user="UAAGENT")["user"]["profile"]


def test_users_list_holds_the_team_and_the_strangers_it_meets(client: WebClient) -> None:
    ids = {user["id"] for user in client.users_list()["members"]}
    assert {"UAREP", "UAGUEST", "U0BOTA", "UBCARLA"} <= ids
    assert "UBDAVID" not in ids
    assert len(client.users_list(limit=2)["members"]) == 2


def test_team_and_bot_describe_themselves(client: WebClient) -> None:
    assert client.team_info()["team"]["domain"] == "northwind"
    assert refused(client.team_info, team="TX") == "team_not_found"
    assert client.bots_info(bot="B0BOTA")["bot"]["app_id"] == APP_ID
    assert refused(client.bots_info, bot="BX") == "bot_not_found"


def test_reactions(slack: Sandbox, client: WebClient) -> None:
    ts = post(client)
    client.reactions_add(channel="CGENERAL", timestamp=ts, name="eyes")
    assert refused(client.reactions_add, channel="CGENERAL", timestamp=ts, name="eyes") == "already_reacted"
    slack.person("UAREP").reacts("eyes", message=ts)
    reactions = client.reactions_get(channel="CGENERAL", timestamp=ts)["message"]["reactions"]
    assert reactions == [{"name": "eyes", "users": ["U0BOTA", "UAREP"], "count": 2}]
    client.reactions_remove(channel="CGENERAL", timestamp=ts, name="eyes")
    assert refused(client.reactions_remove, channel="CGENERAL", timestamp=ts, name="eyes") == "no_reaction"
    assert refused(client.reactions_add, channel="CGENERAL", timestamp="1.1", name="eyes") == "message_not_found"


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


def test_scopes_are_enforced_per_method_and_kind_of_channel(slack: Sandbox, client: WebClient) -> None:
    slack.control.admin("grants", app_id=APP_ID, team="TA", scopes=["chat:write", "im:history", "im:write"])
    assert refused(client.conversations_history, channel="CGENERAL") == "missing_scope"
    with pytest.raises(SlackApiError) as caught:
        client.users_info(user="UAREP")
    assert (caught.value.response["needed"], caught.value.response["error"]) == ("users:read", "missing_scope")
    dm = client.conversations_open(users="UAREP")["channel"]["id"]
    assert client.conversations_history(channel=dm)["ok"]


def test_teams_do_not_see_each_other(slack: Sandbox, client: WebClient) -> None:
    other = WebClient(TOKENS["TB"], base_url=client.base_url)
    assert refused(other.conversations_info, channel="CGENERAL") == "channel_not_found"
    assert other.conversations_info(channel="CSHARED")["channel"]["conversation_host_id"] == "TA"
    ts = post(client, channel="CSHARED")
    assert refused(other.chat_update, channel="CSHARED", ts=ts, text="x") == "cant_update_message"
    slack.control.admin("uninstalls", app_id=APP_ID, team="TB")
    again = {"teams": [{"id": "TB", "name": "Globex", "domain": "globex", "installs": [install("B")]}]}
    assert refused(other.auth_test) == "account_inactive"
    slack.control.admin("seed", seed=again)
    assert other.auth_test()["team_id"] == "TB"


def test_every_call_is_logged_without_its_token(slack: Sandbox, client: WebClient) -> None:
    post(client, "logged")
    refused(client.conversations_info, channel="CX")
    calls = slack.control.calls()
    assert [(one["method"], one["outcome"], one["team"]) for one in calls] == [
        ("chat.postMessage", "ok", "TA"),
        ("conversations.info", "channel_not_found", "TA"),
    ]
    assert calls[0]["args"]["text"] == "logged"
    assert "xoxb" not in json.dumps(calls)
    assert slack.control.calls("chat.postMessage", since=calls[0]["at"] + 0.001) == []
