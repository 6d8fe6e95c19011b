"""Build Block Kit over slack_sdk.models; the only place where text is escaped and cut to Slack's limits."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ChannelSelectElement,
    CheckboxesElement,
    ConfirmObject,
    ContextBlock,
    DatePickerElement,
    DividerBlock,
    ExternalDataSelectElement,
    HeaderBlock,
    InputBlock,
    MarkdownTextObject,
    OverflowMenuElement,
    PlainTextInputElement,
    PlainTextObject,
    SectionBlock,
    StaticSelectElement,
    UserSelectElement,
)
from slack_sdk.models.blocks.basic_components import Option as SlackOption
from slack_sdk.models.blocks.block_elements import InteractiveElement, TimePickerElement

from bot.kit import controls
from bot.kit.block_json import to_json

SECTION_LIMIT = 3_000
FIELD_LIMIT = 2_000
LABEL_LIMIT = 75
HEADER_LIMIT = 150
OPTIONS_LIMIT = 100
CHOICE_LIMIT = 150
MESSAGE_BLOCKS = 50
MESSAGE_CHARACTERS = 13_000
_ENTITY = re.compile(r"&(?:a|am|amp|l|lt|g|gt)?$")
_UNSENDABLE = re.compile("[\x00\ud800-\udfff]")


class Markup(str):
    """Mark text as finished mrkdwn: what came from people in it has been escaped."""

    __slots__ = ()


Text = str | Markup
Control = controls.Control


def sendable(text: str) -> str:
    """Leave out NUL and half surrogates, which neither Slack nor the database takes."""
    return _UNSENDABLE.sub("", text)


def esc(text: Text) -> Markup:
    """Escape the three characters that can begin a control sequence in Slack; leave finished markup alone."""
    if isinstance(text, Markup):
        return text
    return Markup(sendable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def unescaped(text: Text) -> str:
    """Return what a text says where Slack shows plain text: without escapes."""
    if not isinstance(text, Markup):
        return text
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def markup(template: str, **values: object) -> Markup:
    """Fill a template written by us with values that may come from people, escaping each."""
    return Markup(template.format(**{key: esc(v if isinstance(v, str) else str(v)) for key, v in values.items()}))


def join(parts: Iterable[Text], separator: str = "\n") -> Markup:
    """Join texts into one finished markup, escaping the plain ones."""
    return Markup(separator.join(esc(part) for part in parts))


def person(user_id: str) -> Markup:
    """Mention a person; Slack shows the name, and notifies only in a message that is posted."""
    return Markup(f"<@{user_id}>") if re.fullmatch(r"[UW][A-Z0-9]+", user_id) else esc(user_id)


def channel(channel_id: str) -> Markup:
    """Name a channel as a link."""
    return Markup(f"<#{channel_id}>") if re.fullmatch(r"[CGD][A-Z0-9]+", channel_id) else esc(channel_id)


def link(url: str, label: str) -> Markup:
    """Link to an address that we made; anything but http and https stays text."""
    if not re.match(r"https?://[^\s<>|]+$", url):
        return esc(label)
    return Markup(f"<{url.replace('&', '&amp;')}|{esc(label).replace('|', '¦')}>")


def cut(text: Text, limit: int) -> Markup:
    """Escape, then shorten to Slack's limit without cutting an escape or one of our own links in half."""
    escaped = esc(text)
    if len(escaped) <= limit:
        return escaped
    head = _ENTITY.sub("", escaped[: limit - 1])
    opened = head.rfind("<")
    if opened > head.rfind(">"):
        head = head[:opened]
    return Markup(head + "…")


def plain(text: str, limit: int) -> PlainTextObject:
    """Make a plain-text object that fits; Slack interprets nothing in it."""
    kept = sendable(text).strip() or " "
    return PlainTextObject(text=kept if len(kept) <= limit else kept[: limit - 1] + "…", emoji=False)


def header(text: str) -> Block:
    """Head a card."""
    return HeaderBlock(text=plain(text, HEADER_LIMIT))


def section(text: Text, *, fields: Sequence[Text] = (), accessory: InteractiveElement | None = None) -> Block:
    """Show a paragraph, up to ten fields in two columns, and one control beside it."""
    return SectionBlock(
        text=MarkdownTextObject(text=cut(text, SECTION_LIMIT) or " ", verbatim=True) if text or not fields else None,
        fields=[MarkdownTextObject(text=cut(f, FIELD_LIMIT) or " ", verbatim=True) for f in fields[:10]] or None,
        accessory=accessory,
    )


def facts(pairs: Mapping[str, Text | None]) -> Block:
    """Show label and value pairs in two columns, leaving out what is not known."""
    known = [markup("*{label}*\n{value}", label=label, value=value) for label, value in pairs.items() if value]
    return section("", fields=known or [" "])


def context(*texts: Text) -> Block:
    """Show small grey text."""
    return ContextBlock(
        elements=[MarkdownTextObject(text=cut(text, FIELD_LIMIT) or " ", verbatim=True) for text in texts[:10]]
    )


def divider() -> Block:
    """Draw a line."""
    return DividerBlock()


@dataclass(frozen=True, slots=True)
class Option:
    """Offer one choice of a menu."""

    label: str
    value: str

    def build(self) -> SlackOption:
        """Make it Slack's option object; raise ValueError for a control that is too long for one."""
        if len(self.value) > CHOICE_LIMIT and controls.WRITTEN.fullmatch(self.value):
            raise ValueError(f"a choice of a menu cannot carry {self.value[:90]!r}")
        return SlackOption(value=self.value[:CHOICE_LIMIT], text=plain(self.label, LABEL_LIMIT))


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
            title=plain(label, 100), text=PlainTextObject(text=confirm[:300]), confirm=plain(label, 30), deny="Cancel"
        )
        if confirm
        else None,
    )


def menu(placeholder: str, action: str, options: Sequence[Option]) -> StaticSelectElement:
    """Make a menu of fixed choices."""
    return StaticSelectElement(
        placeholder=plain(placeholder, 150), action_id=action, options=[o.build() for o in options[:OPTIONS_LIMIT]]
    )


def overflow(action: str, options: Sequence[Option]) -> OverflowMenuElement:
    """Make the menu behind three dots, of up to five choices."""
    return OverflowMenuElement(action_id=action, options=[o.build() for o in options[:5]])


def actions(*elements: InteractiveElement) -> Block:
    """Put up to 25 controls in a row."""
    return ActionsBlock(elements=list(elements[:25]))


def text_input(
    name: str,
    label: str,
    *,
    initial: str = "",
    placeholder: str = "",
    multiline: bool = False,
    optional: bool = False,
    max_length: int = 3_000,
    hint: str = "",
) -> Block:
    """Ask for text in a modal; `name` is the field that handlers and errors use."""
    element = PlainTextInputElement(
        action_id=name,
        initial_value=initial[:max_length] or None,
        placeholder=plain(placeholder, 150) if placeholder else None,
        multiline=multiline,
        max_length=max_length,
    )
    return _input(name, label, element, optional, hint)


def choice_input(
    name: str, label: str, options: Sequence[Option], *, initial: str = "", optional: bool = False
) -> Block:
    """Ask for one of a few choices in a modal."""
    first = next((o.build() for o in options if o.value == initial), None)
    element = StaticSelectElement(
        action_id=name, options=[o.build() for o in options[:OPTIONS_LIMIT]], initial_option=first
    )
    return _input(name, label, element, optional)


def search_input(
    name: str, label: str, source: str, *, initial: Option | None = None, optional: bool = False, placeholder: str = ""
) -> Block:
    """Ask for a record, searched while typing by the options handler `source`."""
    element = ExternalDataSelectElement(
        action_id=source,
        initial_option=initial.build() if initial else None,
        min_query_length=0,
        placeholder=plain(placeholder or label, 150),
    )
    return _input(name, label, element, optional)


def date_input(name: str, label: str, *, initial: date | None = None, optional: bool = False) -> Block:
    """Ask for a day in a modal."""
    element = DatePickerElement(action_id=name, initial_date=initial.isoformat() if initial else None)
    return _input(name, label, element, optional)


def time_input(name: str, label: str, *, initial: str | None = None, optional: bool = False) -> Block:
    """Ask for a time of day in a modal."""
    return _input(name, label, TimePickerElement(action_id=name, initial_time=initial), optional)


def person_input(name: str, label: str, *, initial: str | None = None, optional: bool = False) -> Block:
    """Ask for a person in a modal."""
    return _input(name, label, UserSelectElement(action_id=name, initial_user=initial), optional)


def channel_input(
    name: str, label: str, *, initial: str | None = None, optional: bool = False, hint: str = ""
) -> Block:
    """Ask for a public channel in a modal."""
    return _input(name, label, ChannelSelectElement(action_id=name, initial_channel=initial), optional, hint)


def checks_input(
    name: str, label: str, options: Sequence[Option], *, initial: Sequence[str] = (), optional: bool = False
) -> Block:
    """Ask for any of a few choices in a modal."""
    chosen = [o.build() for o in options if o.value in initial]
    element = CheckboxesElement(
        action_id=name, options=[o.build() for o in options[:10]], initial_options=chosen or None
    )
    return _input(name, label, element, optional)


def _input(name: str, label: str, element: Any, optional: bool, hint: str = "") -> Block:
    return InputBlock(
        block_id=name,
        label=plain(label, 2_000),
        element=element,
        optional=optional,
        hint=plain(hint, 2_000) if hint else None,
    )


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
