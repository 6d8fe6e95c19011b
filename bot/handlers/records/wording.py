"""Say what of a command's words was taken otherwise than whoever typed them in a hurry may have meant."""

from __future__ import annotations

import re

from bot.grammar import Args
from bot.kit import blocks as b
from bot.plugin import Declaration, _
from storage.errors import Invalid
from storage.names import short
from storage.records.fields import MoneyField
from storage.references import parse_reference

_KEYED = re.compile(r"(?<!\S)([^\W\d_][\w-]*):[^\s/:]\S*")
_WORTH = re.compile(r"(?:[$€£¥]\s?\d[\d.,]*|\d[\d.,]*\s?(?:[kKmM]|[$€£¥]|EUR|USD|CHF|GBP))(?=[\s,;.]|$)")


def in_the_name(noun: Declaration, args: Args) -> b.Markup | None:
    """Say which word of a new record's name looks like a field, None where none does."""
    if found := _KEYED.search(args.text):
        words = _("“{typed}” is part of the name: there is no field “{key}”.")
        return b.markup(words, typed=b.cut(found[0], 80), key=b.cut(found[1], 40))
    money = next((one.key for one in noun.fields if isinstance(one, MoneyField) and one.key not in args), None)
    if money and (worth := _WORTH.search(args.text)):
        words = _("“{typed}” is part of the name. For a value, press Edit, or write `{key}:{typed}` the next time.")
        return b.markup(words, typed=worth[0], key=money)
    return None


def check_nothing_beyond(text: str) -> None:
    """Raise Invalid where something follows the reference of a record that only it was to name."""
    first, _space, rest = text.strip().partition(" ")
    if rest.strip() and parse_reference(first):
        raise Invalid("I do not understand {text} here.", typed=rest, text=short(rest, 80))
