"""The Web API through Slack's own client: tokens, scopes, teams, and everything about messages."""

import json
import urllib.request
from typing import Any
from urllib.error import HTTPError

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.sample_teams import APP_ID, APP_TOKEN, install
from sandbox.server import Sandbox
from tests.support.slack_app import QUIET, TOKENS, post, refused
from tests.support.slack_blocks import mrkdwn


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


def test_a_code_gives_the_bots_token_once(slack: Sandbox) -> None:
    app = slack.workspace.apps[APP_ID]
    anybody = WebClient(base_url=f"{slack.url}/api/")
    ours = {"client_id": app.client_id, "client_secret": app.client_secret}

    def code(**more: str) -> str:
        return str(slack.control.admin("authorizes", app_id=APP_ID, team="TA", user="UAADMIN", **more)["code"])

    given = code()
    answer = anybody.oauth_v2_access(code=given, **ours)
    assert (answer["access_token"], answer["authed_user"]["id"], answer["team"]["id"]) == (
        TOKENS["TA"],
        "UAADMIN",
        "TA",
    )
    assert refused(anybody.oauth_v2_access, code=given, **ours) == "invalid_code"
    assert refused(anybody.oauth_v2_access, code=code(), **(ours | {"client_id": "1.1"})) == "invalid_client_id"
    assert refused(anybody.oauth_v2_access, code=code(), **(ours | {"client_secret": "x"})) == "bad_client_secret"
    elsewhere = code(redirect_uri="https://crm.example/back")
    assert refused(anybody.oauth_v2_access, code=elsewhere, redirect_uri="https://evil.example", **ours) == (
        "bad_redirect_uri"
    )
    late = code()
    slack.control.advance(601)
    assert refused(anybody.oauth_v2_access, code=late, **ours) == "invalid_code"


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


def test_a_picture_is_uploaded_and_shown_in_a_message(slack: Sandbox, client: WebClient) -> None:
    png = b"\x89PNG\r\n\x1a\n" + b"0" * 20

    def uploaded(content: bytes) -> str:
        place = client.files_getUploadURLExternal(filename="chart.png", length=len(content))
        with urllib.request.urlopen(place["upload_url"], data=content, timeout=60) as answer:
            assert answer.status == 200
        return str(place["file_id"])

    def shown(file_id: str) -> dict[str, Any]:
        blocks = [{"type": "image", "alt_text": "a chart", "slack_file": {"id": file_id}}]
        return {"channel": "CGENERAL", "text": "chart", "blocks": blocks, "unfurl_links": False, "unfurl_media": False}

    file_id = uploaded(png)
    assert refused(client.chat_postMessage, **shown(file_id)) == "invalid_blocks"
    assert refused(client.files_completeUploadExternal, files=[{"id": "F0"}]) == "file_not_found"
    client.files_completeUploadExternal(files=[{"id": file_id, "title": "chart"}])
    client.chat_postMessage(**shown(file_id))
    with urllib.request.urlopen(f"{slack.url}/files/{file_id}", timeout=60) as answer:
        assert (answer.headers["Content-Type"], answer.read()) == ("image/png", png)
    text = uploaded(b"no picture")
    client.files_completeUploadExternal(files=[{"id": text, "title": "text"}])
    assert refused(client.chat_postMessage, **shown(text)) == "invalid_blocks"
    with pytest.raises(HTTPError, match="404") as gone:
        urllib.request.urlopen(f"{slack.url}/files/{text}", timeout=60)
    gone.value.close()
    assert refused(client.files_getUploadURLExternal, filename="x", length=0) == "invalid_arguments"


def test_a_file_is_sent_as_the_sdk_sends_it(slack: Sandbox, client: WebClient) -> None:
    dm = str(client.conversations_open(users="UAREP")["channel"]["id"])
    client.files_upload_v2(channel=dm, filename="deals.csv", content="a,b\n", title="Deals", initial_comment="2 rows")
    sent = client.conversations_history(channel=dm)["messages"][0]
    assert (sent["text"], sent["subtype"]) == ("2 rows", "file_share")
    [file] = sent["files"]
    assert (file["name"], file["title"], file["filetype"], file["size"]) == ("deals.csv", "Deals", "csv", 4)
    with urllib.request.urlopen(f"{slack.url}/files/{file['id']}", timeout=60) as answer:
        assert answer.read() == b"a,b\n"
    again = {"files": [{"id": file["id"], "title": "x"}], "channel_id": dm}
    assert refused(client.files_completeUploadExternal, **again) == "file_not_found"


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
