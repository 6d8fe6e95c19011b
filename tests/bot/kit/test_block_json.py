"""Show that blocks become the JSON that they would make of themselves, and are refused where they would refuse."""

from __future__ import annotations

from datetime import date

import pytest
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import (
    Block,
    ButtonElement,
    HeaderBlock,
    Option,
    OverflowMenuElement,
    PlainTextObject,
    RichTextBlock,
    RichTextElementParts,
    RichTextSectionElement,
    SectionBlock,
)

from bot.kit import blocks as b
from bot.kit.block_json import to_json

OPTIONS = [b.Option("Gold & co", "gold"), b.Option("Silver", "silver")]
BUTTON = b.button("Show", "customers.show", b.Control("C-1", 2), style="primary", confirm="Really?")
BLOCKS = [
    b.header("Acme"),
    b.section("*Acme* <!channel>", fields=["one", "two"], accessory=BUTTON),
    b.section("text"),
    *b.facts({"Domain": "acme.com", "Tier": None}),
    b.context("small", "smaller"),
    b.divider(),
    b.actions(
        BUTTON, b.menu("Category", "triage.category", OPTIONS), b.button("Open", "open", url="https://a.example")
    ),
    b.text_input("name", "Name", initial="Acme", placeholder="Acme", optional=True, hint="As on the contract"),
    b.text_input("note", "Note", multiline=True),
    b.choice_input("tier", "Tier", OPTIONS, initial="gold"),
    b.search_input("customer", "Customer", "customers.pick", initial=OPTIONS[0]),
    b.date_input("close", "Close", initial=date(2030, 1, 31)),
    b.time_input("at", "At", initial="09:30"),
    b.person_input("owner", "Owner", initial="U1"),
    b.channel_input("channel", "Channel", hint="Public ones"),
    b.checks_input("what", "What", OPTIONS, initial=["silver"]),
    SectionBlock(
        text="x",
        accessory=OverflowMenuElement(
            options=[
                Option(value="a", text="A", description="why", url="https://a.example"),
                Option(value="b", label="B"),
            ]
        ),
    ),
    RichTextBlock(elements=[RichTextSectionElement(elements=[RichTextElementParts.Text(text="hi")])]),
]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: str(block.type))
def test_a_block_becomes_what_it_makes_of_itself(block: Block) -> None:
    assert to_json(block) == block.to_dict()


@pytest.mark.parametrize(
    "block",
    [
        HeaderBlock(text=PlainTextObject(text="x" * 151)),
        SectionBlock(),
        SectionBlock(text="x", accessory=ButtonElement(text="x" * 76, action_id="a")),
        SectionBlock(text="x", accessory=OverflowMenuElement(options=[Option(value="x", text="x" * 76)] * 2)),
    ],
    ids=["long", "empty", "inside", "option"],
)
def test_what_slack_would_refuse_is_refused(block: Block) -> None:
    with pytest.raises(SlackObjectFormationError):
        block.to_dict()
    with pytest.raises(SlackObjectFormationError):
        to_json(block)


def test_an_empty_list_is_left_out_and_false_is_kept() -> None:
    assert to_json(SectionBlock(text="x", fields=[])) == {"type": "section", "text": {"type": "mrkdwn", "text": "x"}}
    assert to_json(b.plain("x", 10)) == {"type": "plain_text", "text": "x", "emoji": False}
