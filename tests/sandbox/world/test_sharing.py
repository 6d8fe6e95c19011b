"""Channels that are shared, and no longer, while the sandbox runs: what is announced, and what Slack answers then."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk import WebClient

from sandbox.control.client import Refused
from sandbox.sample_teams import APP_ID
from sandbox.server import Sandbox
from tests.support.slack_app import Listener


def facts(client: WebClient, channel: str = "CSUPPORT") -> dict[str, Any]:
    found: dict[str, Any] = client.conversations_info(channel=channel)["channel"]
    return found


def test_sharing_is_announced_and_answered(slack: Sandbox, client: WebClient, listener: Listener) -> None:
    assert not facts(client)["is_shared"]
    slack.control.admin("shares", channel="CSUPPORT", team="TB")
    told = listener.event("channel_shared")
    assert told["is_ext_shared_channel"] is True
    event = told["event"]
    assert float(event.pop("event_ts")) > 0
    assert event == {"type": "channel_shared", "connected_team_id": "TB", "channel": "CSUPPORT"}
    # The bot of the other organisation is told too, as the channel is theirs now.
    assert {told["context_team_id"], listener.event("channel_shared")["context_team_id"]} == {"TA", "TB"}
    found = facts(client)
    assert (found["is_shared"], found["is_ext_shared"], found["is_org_shared"]) == (True, True, False)
    assert (found["connected_team_ids"], found["shared_team_ids"]) == (["TB"], ["TA", "TB"])
    assert slack.person("UBDAVID").joins("CSUPPORT").ok


def test_the_end_of_sharing_is_announced_and_answered(slack: Sandbox, client: WebClient, listener: Listener) -> None:
    slack.control.admin("unshares", channel="CSHARED", team="TB")
    told = listener.event("channel_unshared")
    assert told["event"]["previously_connected_team_id"] == "TB"
    assert (told["event"]["channel"], told["event"]["is_ext_shared"]) == ("CSHARED", False)
    assert facts(client, "CSHARED")["is_shared"] is False
    assert not {"UBCARLA", "U0BOTB"} & set(client.conversations_members(channel="CSHARED")["members"])


def test_what_slack_announces_to_no_app_is_answered_all_the_same(slack: Sandbox, client: WebClient) -> None:
    slack.control.admin("shares", channel="CSUPPORT", team="TB", how="invited")
    found = facts(client)
    assert (found["is_pending_ext_shared"], found["pending_shared"], found["is_shared"]) == (True, ["TB"], False)
    slack.control.admin("shares", channel="CSUPPORT", team="TB", told=False)
    found = facts(client)
    assert (found["is_pending_ext_shared"], found["is_ext_shared"]) == (False, True)
    slack.control.admin("shares", channel="CGENERAL", team="TSISTER", how="sibling")
    found = facts(client, "CGENERAL")
    assert (found["is_shared"], found["is_org_shared"], found["is_ext_shared"]) == (True, True, False)
    slack.control.admin("unshares", channel="CGENERAL", team="TSISTER")
    assert facts(client, "CGENERAL")["is_shared"] is False
    assert slack.control.get("pending")["pending"] == []


def test_nobody_shares_what_is_shared_or_ends_what_is_not(slack: Sandbox) -> None:
    for verb, channel, team in (
        ("shares", "CSHARED", "TB"),
        ("shares", "CGENERAL", "TA"),
        ("unshares", "CGENERAL", "TB"),
    ):
        with pytest.raises(Refused):
            slack.control.admin(verb, channel=channel, team=team)
    with pytest.raises(Refused, match="known: connected"):
        slack.control.admin("shares", channel="CGENERAL", team="TB", how="whispered")


def test_an_app_hears_of_sharing_only_if_it_asked_to(slack: Sandbox, listener: Listener) -> None:
    manifest = {"settings": {"event_subscriptions": {"bot_events": ["channel_unshared"]}}}
    slack.control.app(APP_ID, manifest=manifest)
    slack.control.admin("shares", channel="CSUPPORT", team="TB")
    slack.control.admin("unshares", channel="CSUPPORT", team="TB")
    assert listener.event()["event"]["type"] == "channel_unshared"
