"""Build the fields of modals; each is known to handlers and errors by its name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from slack_sdk.models.blocks import (
    Block,
    ChannelSelectElement,
    CheckboxesElement,
    DatePickerElement,
    ExternalDataSelectElement,
    InputBlock,
    PlainTextInputElement,
    StaticMultiSelectElement,
    StaticSelectElement,
    UserSelectElement,
)
from slack_sdk.models.blocks.block_elements import FileInputElement, TimePickerElement

from bot.kit.blocks.menus import Option, offered
from bot.kit.blocks.text import plain

BOXES = 10
ENTRY_LIMIT = 3_000
"""As much as a field of a Slack form takes."""


def text_input(
    name: str,
    label: str,
    *,
    initial: str = "",
    placeholder: str = "",
    multiline: bool = False,
    optional: bool = False,
    max_length: int = ENTRY_LIMIT,
    hint: str = "",
) -> Block:
    """Ask for text in a modal; `name` is the field that handlers and errors use.

    Raises ValueError for a text longer than may be entered, as saving the form would lose the rest.
    """
    if len(initial) > max_length:
        raise ValueError(f"the field {name} begins with {len(initial)} characters, and {max_length} fit")
    element = PlainTextInputElement(
        action_id=name,
        initial_value=initial or None,
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
    element = StaticSelectElement(action_id=name, initial_option=first, **offered(options))
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
    """Ask for any of some choices in a modal: with boxes to tick, or a menu where they are too many for that."""
    chosen = [o.build() for o in options if o.value in initial] or None
    if len(options) > BOXES:
        menu = StaticMultiSelectElement(action_id=name, initial_options=chosen, **offered(options))
        return _input(name, label, menu, optional)
    element = CheckboxesElement(action_id=name, options=[o.build() for o in options], initial_options=chosen)
    return _input(name, label, element, optional)


def file_input(name: str, label: str, *, hint: str = "") -> Block:
    """Ask for one file in a modal, where somebody wants to add it; handlers get what Slack says of it, in a list."""
    return _input(name, label, FileInputElement(action_id=name, max_files=1), optional=True, hint=hint)


def _input(name: str, label: str, element: Any, optional: bool, hint: str = "") -> Block:
    return InputBlock(
        block_id=name,
        label=plain(label, 2_000),
        element=element,
        optional=optional,
        hint=plain(hint, 2_000) if hint else None,
    )
