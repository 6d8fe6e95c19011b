"""Turn the pages of a list, and say by which filters it was made in words that a person reads."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

from slack_sdk.models.blocks import Block

from bot.i18n import _
from bot.kit import blocks as b
from bot.kit.format import VALUE_LIMIT, Reader, days
from storage.errors import Invalid
from storage.money import BIGINT

# Whoever wants to see more lines of one list is served better by a filter, and so is the database.
MOST_LINES = 1_000
BACK, MORE = "back", "more"
_MENTION = re.compile("(<@[^>]*>)")
_FILTER = re.compile(r"([^\W\d_][\w-]*)(<=|>=|!=|[:=<>])(.+)", re.DOTALL)
_IN_TIME = re.compile(r"\d{4}-\d{2}-\d{2}|(?:now|today)$")
_DAYS = re.compile(r"(\d{4}-\d{2}-\d{2})(?:\.\.(\d{4}-\d{2}-\d{2}))?")


@dataclass(frozen=True, slots=True)
class Page:
    """Say which part of a list is shown: the filters it was asked for with, and how many lines come before.

    What it is next to is the last line of the page before, or the first one of that behind if it goes `back`, by what
    that line stands by; None where the lines before are counted.
    """

    filters: tuple[str, ...] = ()
    offset: int = 0
    beyond: Sequence[Any] | None = None
    back: bool = False

    @classmethod
    def load(cls, text: str) -> Page:
        """Read what was written into a button of `turns`; raise Invalid for anything else."""
        try:
            offset, *filters = json.loads(text)
            way, beyond = filters.pop(0) if filters and isinstance(filters[0], list) else ("", None)
            if any(b.sendable(one) != one for one in (*filters, *(beyond or ())) if isinstance(one, str)):
                raise ValueError("no button of ours holds such a character")
            most = MOST_LINES if beyond is None else BIGINT
            return cls(tuple(str(word) for word in filters), max(0, min(int(offset), most)), beyond, way == BACK)
        except (ValueError, TypeError, OverflowError):
            raise Invalid("This button no longer works.", hint="Please repeat the command.") from None

    def said(self, reader: Reader, words: Mapping[str, str] = MappingProxyType({})) -> b.Markup:
        """Return the filters as a reader says them, by the everyday `words` that stand for some; empty for none."""
        left = list(self.filters)
        spoken: list[b.Text] = []
        for word, meant in words.items():
            # What is a plain value of a field is said as it is.
            if (asked := meant.split()) and any(set("<!") & set(one) for one in asked) and set(asked) <= set(left):
                left = [one for one in left if one not in asked]
                spoken.append(word)
        return b.join([*(_spoken(one, reader) for one in left), *spoken], ", ")

    def title(
        self, what: str, lines: int, reader: Reader, *, more: bool, words: Mapping[str, str] = MappingProxyType({})
    ) -> b.Markup:
        """Say what is listed, by which filters, and which part of it this is; `more` comes after its `lines`."""
        filters = b.join(["", self.said(reader, words)], " ") if self.filters else ""
        if not self.offset and not more:
            return b.markup("*{what}*{filters}: {count}", what=what, filters=filters, count=lines)
        first, last = self.offset + 1, self.offset + lines
        return b.markup(_("*{what}*{filters}: {first} to {last}"), what=what, filters=filters, first=first, last=last)

    def turns(self, action: str, *, size: int, more: bool, of: str = "", ends: Sequence[Any] = ()) -> list[Block]:
        """Draw the buttons that turn to the page before and, if there is `more`, to the next; none for one page.

        What the list is `of`, a word, comes first in what they carry. They count the lines before, or are next to the
        two `ends` of the page, by what its first and last lines stand by.
        """
        to = [(_("Back"), max(0, self.offset - size), BACK)] if self.offset else []
        if more and (ends or self.offset + size <= MOST_LINES):
            to.append((_("More"), self.offset + size, MORE))
        first = f"{of} " if of else ""
        by = {way: [[way, list(end)]] for way, end in zip((BACK, MORE), ends, strict=False)}
        values = [
            (
                label,
                first + json.dumps([offset, *(by.get(way, ()) if offset else ()), *self.filters], ensure_ascii=False),
            )
            for label, offset, way in to
        ]
        fitting = [(label, value) for label, value in values if len(value) <= VALUE_LIMIT]
        # A row each, as Slack refuses two controls of one id in a row.
        return [b.actions(b.button(label, action, b.Control(detail=value))) for label, value in fitting]


def written(filters: str) -> b.Markup:
    """Return filters as they are typed, with names for mentions."""
    return b.join([b.person(part[2:-1]) if part.startswith("<@") else part for part in _MENTION.split(filters)], "")


def _spoken(word: str, reader: Reader) -> b.Text:
    """Say one filter: `amount>10k` is "amount over 10k", `sort:-amount` is "by amount ↓", and days are dates."""
    found = _FILTER.fullmatch(word)
    if found is None:
        return written(word)
    name, comparison, value = found.groups()
    if name == "sort":
        keys = [f"{key.strip().lstrip('-')} {'↓' if key.strip().startswith('-') else '↑'}" for key in value.split(",")]
        return _("by {keys}").format(keys=", ".join(keys))
    in_time = bool(_IN_TIME.match(value))
    says = {
        "<": _("{name} before {value}") if in_time else _("{name} under {value}"),
        "<=": _("{name} by {value}") if in_time else _("{name} at most {value}"),
        ">": _("{name} after {value}") if in_time else _("{name} over {value}"),
        ">=": _("{name} from {value}") if in_time else _("{name} at least {value}"),
        "!=": _("{name} not {value}"),
    }
    said = written(_dated(value, reader))
    template = says.get(comparison, f"{{name}}{comparison}{{value}}")
    return b.markup(template, name=name, value=said)


def _dated(value: str, reader: Reader) -> str:
    found = _DAYS.fullmatch(value)
    try:
        first, last = (date.fromisoformat(day) for day in (found[1], found[2] or found[1])) if found else (None, None)
    except ValueError:  # a button may say anything
        return value
    return days(first, last, reader.locale) if first and last else value
