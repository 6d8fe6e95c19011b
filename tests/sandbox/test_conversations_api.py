"""Channels, people and reactions through Slack's own client."""

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.sample_teams import APP_ID
from sandbox.server import Sandbox
from tests.support.slack_app import TOKENS, post, refused


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
