"""Typed text to Slack's markup, markup to what is read, and control sequences found."""

import pytest

from sandbox.blocks_check import Sequence, control_sequences, in_text
from sandbox.sample_teams import two_teams
from sandbox.seed import sow
from sandbox.world.markup import readable, typed
from sandbox.world.workspace import Workspace


@pytest.fixture
def workspace() -> Workspace:
    made = Workspace()
    sow(made, two_teams())
    return made


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("a & b < c > d", "a &amp; b &lt; c &gt; d"),
        ("@Anton Agent hi", "<@UAAGENT> hi"),
        ("@anton agent, hi", "<@UAAGENT>, hi"),
        ("@agent", "<@UAAGENT>"),
        ("@agents", "@agents"),
        ("me@agent", "me@agent"),
        ("@Carla Customer", "<@UBCARLA>"),
        ("@David Customer", "@David Customer"),
        ("see #support now", "see <#CSUPPORT|support> now"),
        ("#nowhere #1", "#nowhere #1"),
        ("@channel look", "<!channel> look"),
        ("<!channel> <@UAREP>", "&lt;!channel&gt; &lt;@UAREP&gt;"),
        ("https://a.example/x?a=1&b=2.", "<https://a.example/x?a=1&amp;b=2>."),
        ("write to a.b@c.example now", "write to <mailto:a.b@c.example|a.b@c.example> now"),
        ("https://a.example/@agent", "<https://a.example/@agent>"),
    ],
)
def test_typed_text_becomes_markup(workspace: Workspace, text: str, marked: str) -> None:
    assert typed(workspace, workspace.users["UAREP"], text) == marked


def test_without_entities_only_escapes(workspace: Workspace) -> None:
    rep = workspace.users["UAREP"]
    assert typed(workspace, rep, "@Anton Agent & #support", entities=False) == "@Anton Agent &amp; #support"
    assert typed(workspace, rep, "@Anton Agent", named=True) == "<@UAAGENT|agent>"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("<@UAAGENT> &amp; <@UNOBODY|old> <@UGONE>", "@Anton Agent & @old @UGONE"),
        ("<#CSUPPORT> <#CX|gone>", "#support #gone"),
        ("<https://a.example|a link> <https://b.example>", "a link https://b.example"),
        ("<mailto:a@b.example>", "a@b.example"),
        ("<!channel> <!subteam^S1|@team> <!date^1^{date}|tomorrow>", "@channel @@team tomorrow"),
    ],
)
def test_markup_is_read_as_slack_shows_it(workspace: Workspace, text: str, read: str) -> None:
    assert readable(workspace, text) == read


def test_control_sequences_are_found_wherever_mrkdwn_is_read() -> None:
    message = {
        "text": "<!channel> hi",
        "blocks": [
            {"type": "section", "text": {"type": "plain_text", "text": "<!here>"}},
            {"type": "section", "fields": [{"type": "mrkdwn", "text": "<@U1|x> <https://a.example|b> &lt;!x&gt;"}]},
            {"type": "table", "rows": [[{"type": "raw_text", "text": "<@U9>"}]]},
        ],
        "attachments": [{"text": "<#C1>", "fallback": "<MAILTO:a@b.example>"}],
        "metadata": {"text": "<!everyone>"},
    }
    assert control_sequences(message) == [
        Sequence("special", "!channel", "/text"),
        Sequence("user", "@U1|x", "/blocks/1/fields/0/text"),
        Sequence("link", "https://a.example|b", "/blocks/1/fields/0/text"),
        Sequence("channel", "#C1", "/attachments/0/text"),
        Sequence("link", "MAILTO:a@b.example", "/attachments/0/fallback"),
    ]


def test_text_with_angle_brackets_alone_is_no_sequence() -> None:
    assert in_text("a < b > c <x> <") == []
