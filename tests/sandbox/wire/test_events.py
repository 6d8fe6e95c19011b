"""Events as an app gets them: shape, who gets which, retries, signatures."""

import json

from slack_sdk import WebClient
from slack_sdk.signature import SignatureVerifier

from sandbox.sample_teams import APP_ID, SIGNING_SECRET
from sandbox.server import Sandbox
from tests.support.slack_app import QUIET, TOKENS, Listener


def test_a_message_event_has_slacks_shape_and_signature(slack: Sandbox, listener: Listener) -> None:
    ts = slack.person("UAREP").types("hello <you> & me", channel="#general").ts
    headers, raw = listener.requests.get(timeout=60)
    verifier = SignatureVerifier(SIGNING_SECRET)
    assert verifier.is_valid(raw, headers["x-slack-request-timestamp"], headers["x-slack-signature"])
    assert headers["content-type"] == "application/json"
    assert "x-slack-retry-num" not in headers
    body = json.loads(raw)
    event = body.pop("event")
    assert event.pop("blocks")[0]["type"] == "rich_text"
    assert event.pop("client_msg_id")
    assert event == {
        "type": "message",
        "user": "UAREP",
        "ts": ts,
        "text": "hello &lt;you&gt; &amp; me",
        "team": "TA",
        "channel": "CGENERAL",
        "event_ts": ts,
        "channel_type": "channel",
    }
    assert body.pop("event_id").startswith("Ev")
    assert isinstance(body.pop("event_time"), int)
    assert body.pop("event_context")
    assert body == {
        "token": "sandbox-verification",
        "team_id": "TA",
        "context_team_id": "TA",
        "context_enterprise_id": None,
        "api_app_id": APP_ID,
        "type": "event_callback",
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": "TA",
                "user_id": "U0BOTA",
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
    }


def test_a_mention_is_a_message_and_a_mention(slack: Sandbox, listener: Listener) -> None:
    ts = slack.person("UAREP").types("hello @Rapport", channel="#general").ts
    events = {one["type"]: one for one in (listener.event()["event"], listener.event()["event"])}
    assert set(events) == {"message", "app_mention"}
    assert {one["text"] for one in events.values()} == {"hello <@U0BOTA>"}
    assert {one["event_ts"] for one in events.values()} == {ts}
    assert "channel_type" not in events["app_mention"]


def test_a_shared_channels_message_goes_to_both_teams_installations(slack: Sandbox, listener: Listener) -> None:
    slack.person("UBCARLA").types("we cannot log in", channel="#ext-globex")
    bodies = [listener.event(), listener.event()]
    assert {body["authorizations"][0]["team_id"] for body in bodies} == {"TA", "TB"}
    assert len({body["event_id"] for body in bodies}) == 2
    for body in bodies:
        assert body["is_ext_shared_channel"] is True
        assert body["team_id"] == "TB"
        assert (body["event"]["user_team"], body["event"]["source_team"]) == ("TB", "TB")
        assert body["event"]["user_profile"]["real_name"] == "Carla Customer"


def test_channels_without_the_bot_stay_silent(slack: Sandbox, listener: Listener) -> None:
    slack.person("UAREP").types("secret", channel="CPRIVATE")
    slack.person("UAREP").types("open", channel="#general")
    assert listener.event()["event"]["text"] == "open"


def test_a_direct_message_is_an_im(slack: Sandbox, listener: Listener) -> None:
    slack.person("UAREP").types("hi", channel="@Rapport")
    event = listener.event()["event"]
    assert (event["channel_type"], event["channel"][0]) == ("im", "D")


def test_edits_deletions_and_threads_are_told(slack: Sandbox, listener: Listener) -> None:
    rep = slack.person("UAREP")
    ts = rep.types("first", channel="#general").ts
    listener.event()
    rep.types("reply", channel="#general", thread=ts)
    reply = listener.event()["event"]
    assert (reply["thread_ts"], reply["parent_user_id"]) == (ts, "UAREP")
    rep.edits("first", "second")
    changed = listener.event()["event"]
    assert (changed["subtype"], changed["message"]["text"], changed["previous_message"]["text"]) == (
        "message_changed",
        "second",
        "first",
    )
    assert changed["hidden"] is True
    rep.deletes("reply")
    deleted = listener.event()["event"]
    assert (deleted["subtype"], deleted["previous_message"]["text"]) == ("message_deleted", "reply")


def test_the_bots_own_posts_are_events_too(slack: Sandbox, listener: Listener, client: WebClient) -> None:
    metadata = {"event_type": "x", "event_payload": {"a": 1}}
    client.chat_postMessage(channel="CGENERAL", text="from me", metadata=metadata, **QUIET)
    event = listener.event()["event"]
    assert (event["bot_id"], event["user"], event["app_id"]) == ("B0BOTA", "U0BOTA", APP_ID)
    assert "metadata" not in event
    assert "subtype" not in event


def test_reactions_are_told_with_whose_message_it_was(slack: Sandbox, listener: Listener) -> None:
    rep = slack.person("UAREP")
    ts = rep.types("hello", channel="#general").ts
    slack.person("UAAGENT").reacts("ticket", message="hello")
    added = listener.event("reaction_added")["event"]
    assert (added["user"], added["reaction"], added["item_user"]) == ("UAAGENT", "ticket", "UAREP")
    assert added["item"] == {"type": "message", "channel": "CGENERAL", "ts": ts}
    slack.person("UAAGENT").reacts("ticket", message="hello", remove=True)
    assert listener.event("reaction_removed")["event"]["reaction"] == "ticket"


def test_joining_is_a_message_and_an_event(slack: Sandbox, listener: Listener) -> None:
    slack.person("UAREP").invites("UAGUEST", "#general")
    events = {one["type"]: one for one in (listener.event()["event"], listener.event()["event"])}
    assert events["message"]["subtype"] == "channel_join"
    joined = events["member_joined_channel"]
    assert (joined["user"], joined["inviter"], joined["channel_type"]) == ("UAGUEST", "UAREP", "C")


def test_people_and_channels_that_change_are_told(slack: Sandbox, listener: Listener) -> None:
    new = {"id": "UANEW", "team_id": "TA", "name": "nina", "real_name": "Nina New"}
    slack.control.admin("user_joins", user=new)
    assert listener.event("team_join")["event"]["user"]["real_name"] == "Nina New"
    slack.control.admin("user_changes", user="UANEW", fields={"tz": "Asia/Tokyo", "locale": "ja-JP"})
    changed = listener.event("user_change")["event"]["user"]
    assert (changed["tz"], changed["locale"]) == ("Asia/Tokyo", "ja-JP")
    slack.control.admin("channel_renames", channel="CSUPPORT", name="help")
    assert listener.event("channel_rename")["event"]["channel"]["name"] == "help"


def test_what_the_apps_are_not_told_of_people_is_so_all_the_same(
    slack: Sandbox, listener: Listener, client: WebClient
) -> None:
    slack.control.admin("user_changes", user="UAREP", fields={"is_restricted": True}, told=False)
    assert client.users_info(user="UAREP")["user"]["is_restricted"]
    slack.control.admin("user_vanishes", user="UAAGENT")
    assert "UAAGENT" not in {one["id"] for one in client.users_list()["members"]}
    slack.control.settles()
    assert listener.requests.empty()


def test_an_uninstalled_app_is_told_and_then_hears_nothing(slack: Sandbox, listener: Listener) -> None:
    slack.control.admin("uninstalls", app_id=APP_ID, team="TA")
    kinds = {listener.event()["event"]["type"], listener.event()["event"]["type"]}
    assert kinds == {"app_uninstalled", "tokens_revoked"}
    slack.person("UAREP").types("hello", channel="#general")
    slack.control.settles()
    assert listener.requests.empty()


def test_only_subscribed_and_granted_events_come(slack: Sandbox, listener: Listener) -> None:
    events = {"settings": {"event_subscriptions": {"bot_events": ["message.im", "reaction_added"]}}}
    slack.control.app(APP_ID, manifest=events)
    rep = slack.person("UAREP")
    rep.types("in a channel @Rapport", channel="#general")
    rep.types("in a dm", channel="@Rapport")
    assert listener.event()["event"]["text"] == "in a dm"
    slack.control.admin("grants", app_id=APP_ID, team="TA", scopes=["reactions:read"])
    rep.types("unheard", channel="@Rapport")
    rep.reacts("eyes", message="unheard")
    assert listener.event()["event"]["type"] == "reaction_added"


def test_a_failed_event_is_retried_with_its_reason(slack: Sandbox, listener: Listener) -> None:
    slack.control.settings(retry_scale=0.001)
    listener.statuses = [500, 404, 503, 500]
    slack.person("UAREP").types("again", channel="#general")
    seen = [listener.next() for _ in range(4)]
    assert [headers.get("x-slack-retry-num") for headers, _ in seen] == [None, "1", "2", "3"]
    assert [headers.get("x-slack-retry-reason") for headers, _ in seen][1:] == ["http_error"] * 3
    assert len({body["event_id"] for _, body in seen}) == 1
    slack.control.settles()
    assert listener.requests.empty()


def test_delayed_events_can_go_on_for_a_day(slack: Sandbox, listener: Listener) -> None:
    slack.control.settings(retry_scale=0.00001, delayed_events=True)
    listener.statuses = [500] * 5
    slack.person("UAREP").types("again", channel="#general")
    seen = [listener.next()[0].get("x-slack-retry-num") for _ in range(6)]
    assert seen == [None, "1", "2", "3", "4", "5"]


def test_a_slow_app_gets_the_event_again_as_timed_out(slack: Sandbox, listener: Listener) -> None:
    slack.control.settings(answer_seconds=0.2, retry_scale=0.001)
    listener.hold.clear()
    slack.person("UAREP").types("slow", channel="#general")
    listener.next()
    headers, _ = listener.next()
    assert headers["x-slack-retry-reason"] == "http_timeout"
    listener.hold.set()
    slack.control.settles()


def test_an_app_that_is_down_gets_its_events_once_it_is_up(slack: Sandbox, listener: Listener) -> None:
    slack.control.settings(retry_scale=0.002)
    slack.control.app(APP_ID, request_url="http://127.0.0.1:1/slack/events")
    slack.person("UAREP").types("while down", channel="#general")
    slack.control.app(APP_ID, request_url=listener.server.url)
    headers, body = listener.next()
    assert headers["x-slack-retry-reason"] == "connection_failed"
    assert body["event"]["text"] == "while down"


def test_duplicates_come_under_other_ids(slack: Sandbox, listener: Listener) -> None:
    slack.control.fault("duplicate_event", event="message", copies=10)
    slack.person("UAREP").types("once", channel="#general")
    bodies = [listener.event() for _ in range(11)]
    assert len({body["event_id"] for body in bodies}) == 11
    assert len({body["event"]["ts"] for body in bodies}) == 1
    slack.person("UAREP").types("twice", channel="#general")
    listener.event()
    slack.control.settles()
    assert listener.requests.empty()


def test_deliveries_are_logged_with_their_answer(slack: Sandbox, listener: Listener) -> None:
    slack.person("UAREP").types("hello", channel="#general")
    listener.event()
    slack.control.settles()
    (one,) = slack.control.deliveries("events_api")
    assert (one["type"], one["status"], one["code"], one["retry"]) == ("message", "ok", 200, 0)
    assert one["seconds"] < 3


def test_other_teams_bots_hear_nothing_of_ours(slack: Sandbox, listener: Listener) -> None:
    other = WebClient(TOKENS["TB"], base_url=f"{slack.url}/api/")
    other.chat_postMessage(channel="CBGENERAL", text="ours", **QUIET)
    assert listener.event()["context_team_id"] == "TB"
    slack.control.settles()
    assert listener.requests.empty()
