"""Build menus: their choices are never cut, as half of a value says another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from slack_sdk.models.blocks import OverflowMenuElement, StaticSelectElement
from slack_sdk.models.blocks.basic_components import Option as SlackOption
from slack_sdk.models.blocks.basic_components import OptionGroup

from bot.kit.blocks.text import LABEL_LIMIT, plain

OPTIONS_LIMIT = 100
CHOICE_LIMIT = 150
GROUP_END = 35
OVERFLOW = 5


@dataclass(frozen=True, slots=True)
class Option:
    """Offer one choice of a menu."""

    label: str
    value: str

    def build(self) -> SlackOption:
        """Make it Slack's option object; raise ValueError for a value that is too long, as half of one says another."""
        if len(self.value) > CHOICE_LIMIT:
            raise ValueError(f"a choice of a menu cannot carry {self.value[:90]!r}")
        return SlackOption(value=self.value, text=plain(self.label, LABEL_LIMIT))


def record_option(name: str, reference: str) -> Option:
    """Offer a record by its name and reference; of a name that is too long for both, the end goes."""
    return Option(f"{plain(name, LABEL_LIMIT - len(reference) - 3).text} ({reference})", reference)


def offered(options: Sequence[Option]) -> dict[str, Any]:
    """Return the choices of a menu as Slack takes them: beyond a hundred in groups, each named by its ends."""
    if len(options) <= OPTIONS_LIMIT:
        return {"options": [one.build() for one in options]}
    parts = [options[at : at + OPTIONS_LIMIT] for at in range(0, len(options), OPTIONS_LIMIT)]
    ends = [" … ".join(plain(one.label, GROUP_END).text for one in (part[0], part[-1])) for part in parts]
    return {
        "option_groups": [
            OptionGroup(label=plain(end, LABEL_LIMIT), options=[one.build() for one in part])
            for end, part in zip(ends, parts, strict=True)
        ]
    }


def menu(placeholder: str, action: str, options: Sequence[Option]) -> StaticSelectElement:
    """Make a menu of fixed choices."""
    return StaticSelectElement(placeholder=plain(placeholder, 150), action_id=action, **offered(options))


def overflow(action: str, options: Sequence[Option]) -> OverflowMenuElement:
    """Make the menu behind three dots; raise ValueError for more than five choices."""
    if len(options) > OVERFLOW:
        raise ValueError(f"the menu behind three dots has up to {OVERFLOW} choices, not {len(options)}")
    return OverflowMenuElement(action_id=action, options=[o.build() for o in options])
