"""Every Web API method of the sandbox names the test that proves it."""

import ast
from pathlib import Path

from sandbox.methods import METHODS
from tests.support import slack_app

HERE = Path(__file__).parent
PROOF = {
    "api.test": "test_api_test_returns_its_arguments_in_every_encoding",
    "apps.connections.open": "test_a_socket_address_is_given_to_app_tokens",
    "auth.test": "test_tokens_are_checked",
    "bots.info": "test_team_and_bot_describe_themselves",
    "chat.delete": "test_delete_leaves_a_tombstone_above_replies",
    "chat.getPermalink": "test_a_permalink_names_channel_and_time",
    "chat.postEphemeral": "test_an_ephemeral_is_seen_by_one_and_never_in_history",
    "chat.postMessage": "test_where_one_may_post",
    "chat.update": "test_update_changes_only_own_messages",
    "conversations.history": "test_history_is_paged_and_bounded_by_time",
    "conversations.info": "test_conversations_info_tells_shared_from_own",
    "conversations.join": "test_join_public_channels_only",
    "conversations.list": "test_conversations_are_listed_as_the_bot_may_see_them",
    "conversations.members": "test_join_public_channels_only",
    "conversations.open": "test_conversations_open_gives_the_direct_message",
    "conversations.replies": "test_threads",
    "files.completeUploadExternal": "test_a_file_is_sent_as_the_sdk_sends_it",
    "files.getUploadURLExternal": "test_a_picture_is_uploaded_and_shown_in_a_message",
    "oauth.v2.access": "test_a_code_gives_the_bots_token_once",
    "reactions.add": "test_reactions",
    "reactions.get": "test_reactions",
    "reactions.remove": "test_reactions",
    "team.info": "test_team_and_bot_describe_themselves",
    "users.conversations": "test_users_conversations_lists_memberships",
    "users.info": "test_users_info_hides_what_slack_hides_of_strangers",
    "users.list": "test_users_list_holds_the_team_and_the_strangers_it_meets",
    "views.open": "test_a_trigger_opens_once_and_soon",
    "views.publish": "test_publish_shows_a_home_to_own_people",
    "views.push": "test_a_stack_holds_three_modals",
    "views.update": "test_update_keeps_what_was_typed_and_minds_the_hash",
}


def sources() -> dict[str, str]:
    """Return the source of every test function, with that of the helper `post` where it is called."""
    functions = {
        node.name: ast.get_source_segment(text, node) or ""
        for text in (path.read_text() for path in (*HERE.glob("test_*_api.py"), Path(slack_app.__file__)))
        for node in ast.parse(text).body
        if isinstance(node, ast.FunctionDef)
    }
    return {
        name: source + (functions["post"] if "post(" in source or "(post" in source else "")
        for name, source in functions.items()
    }


def test_every_method_has_its_test_and_no_other_is_listed() -> None:
    assert set(PROOF) == set(METHODS)


def test_the_named_tests_call_their_methods() -> None:
    written = sources()
    for method, test in PROOF.items():
        called = (method.replace(".", "_"), f'"{method}"')
        assert any(name in written[test] for name in called), f"{test} does not call {method}"


def test_the_page_lists_what_there_is() -> None:
    page = (HERE.parent.parent / "docs" / "sandbox.md").read_text()
    rows = [f"| `{method}` | `{test}` |" for method, test in sorted(PROOF.items())]
    assert "\n".join(rows) in page
