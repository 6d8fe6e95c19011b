"""Lay messages and modals out: paragraphs, facts, controls, and what is said of that which does not fit."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ConfirmObject,
    ContextBlock,
    DividerBlock,
    HeaderBlock,
    MarkdownTextObject,
    SectionBlock,
)
from slack_sdk.models.blocks.block_elements import InteractiveElement

from bot.kit.block_json import to_json
from bot.kit.blocks.text import (
    FIELD_LIMIT,
    LABEL_LIMIT,
    SECTION_LIMIT,
    Text,
    cut,
    esc,
    join,
    markup,
    pieces,
    plain,
    sendable,
)
from bot.kit.controls import Control

HEADER_LIMIT = 150
FIELDS = 10
CONTROLS = 25
MESSAGE_BLOCKS = 50
MESSAGE_CHARACTERS = 13_000


def header(text: str) -> Block:
    """Head a card."""
    return HeaderBlock(text=plain(text, HEADER_LIMIT))


def section(text: Text, *, fields: Sequence[Text] = (), accessory: InteractiveElement | None = None) -> Block:
    """Show a paragraph, up to ten fields in two columns, and one control beside it; `columns` shows any number."""
    if len(fields) > FIELDS:
        raise ValueError(f"a section takes {FIELDS} fields, not {len(fields)}")
    return SectionBlock(
        text=MarkdownTextObject(text=cut(text, SECTION_LIMIT) or " ", verbatim=True) if text or not fields else None,
        fields=[MarkdownTextObject(text=cut(f, FIELD_LIMIT) or " ", verbatim=True) for f in fields] or None,
        accessory=accessory,
    )


def columns(fields: Sequence[Text], *, above: Text = "") -> list[Block]:
    """Show any number of fields of any length: in two columns, and over the whole width what is too long for one.

    The text `above` stands in one block with the first of them, where they are short.
    """
    blocks: list[Block] = []
    row: list[Text] = []
    for field in fields:
        long = len(esc(field)) > FIELD_LIMIT
        if long or len(row) == FIELDS:
            blocks += _row(row, above)
            row, above = [], ""
        if long:
            blocks += map(section, pieces(field))
        else:
            row.append(field)
    return [*blocks, *_row(row, above)]


def _row(fields: Sequence[Text], above: Text) -> list[Block]:
    return [section(above, fields=fields)] if fields or above else []


def facts(pairs: Mapping[str, Text | None]) -> list[Block]:
    """Show label and value pairs in two columns, leaving out what is not known."""
    return columns([markup("*{label}*\n{value}", label=label, value=value) for label, value in pairs.items() if value])


def context(*texts: Text) -> Block:
    """Show small grey text; what is more than Slack has places for stands in the last of them."""
    placed = texts if len(texts) <= FIELDS else (*texts[: FIELDS - 1], join(texts[FIELDS - 1 :], "  ·  "))
    return ContextBlock(
        elements=[MarkdownTextObject(text=cut(text, FIELD_LIMIT) or " ", verbatim=True) for text in placed]
    )


def divider() -> Block:
    """Draw a line."""
    return DividerBlock()


def button(
    label: str,
    action: str,
    control: Control | None = None,
    *,
    style: str | None = None,
    confirm: str | None = None,
    url: str | None = None,
) -> ButtonElement:
    """Make a button that calls the named action; `confirm` asks first."""
    return ButtonElement(
        text=plain(label, LABEL_LIMIT),
        action_id=action,
        value=sendable(str(control or Control())),
        style=style,
        url=url,
        confirm=ConfirmObject(
            title=plain(label, 100), text=plain(confirm, 300), confirm=plain(label, 30), deny="Cancel"
        )
        if confirm
        else None,
    )


def actions(*elements: InteractiveElement) -> Block:
    """Put controls in a row; raise ValueError for more than 25."""
    if len(elements) > CONTROLS:
        raise ValueError(f"a row takes {CONTROLS} controls, not {len(elements)}")
    return ActionsBlock(elements=list(elements))


def render(
    blocks: Sequence[Block], *, limit: int = MESSAGE_BLOCKS, budget: int = MESSAGE_CHARACTERS
) -> list[dict[str, Any]]:
    """Turn blocks into Slack's JSON within its limits; what does not fit is named in a last line.

    A row of controls at the end stays below that line, as it is how one goes on.
    """
    drawn = [to_json(block) for block in blocks]
    # Those that leave room for the rest, which a long menu does not.
    controls = [one for one in drawn[-1:] if one["type"] == ActionsBlock.type and _size(one) < budget // 4]
    shown = drawn[: len(drawn) - len(controls)]
    limit, budget = limit - len(controls), budget - sum(map(_size, controls))
    characters = 0
    for index, data in enumerate(shown):
        characters += _size(data)
        if (index == limit - 1 and index < len(shown) - 1) or characters > budget - 200:
            left = to_json(context(markup("… and {left} more parts that do not fit here.", left=len(shown) - index)))
            return [*shown[:index], left, *controls]
    return drawn


def _size(data: Mapping[str, Any]) -> int:
    return len(json.dumps(data, ensure_ascii=False))
