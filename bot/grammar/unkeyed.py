"""Find the time that people write among their other words, without its key: "call Carla tomorrow at 3pm"."""

import re
from typing import Any

from bot.grammar.calendar.tokens import Tokens
from bot.grammar.entities import Decoded
from bot.grammar.reading import Folded, Reading, Several, Writer, ambiguous, at_fault, is_rest
from bot.grammar.usage import Key
from bot.grammar.words import BETWEEN
from storage.errors import Invalid

_WORD = re.compile(r"\S+")
_LONGEST = 12
"""No time has more words; a longer text costs no more."""
_ALONE = frozenset("dwekp")
"""The kinds of words (bot.grammar.calendar.vocabulary) that are a time alone; "may" and "2027" can be anything."""


def take_unkeyed(text: Decoded, begin: int, key: Key, writer: Writer) -> tuple[Decoded, Decoded, Any] | None:
    """Return the words of a time at a text's end or at a place in it, the text without them, and what they mean.

    The longest one counts, one at the end before one at `begin`, where the first place of a command ends. None where
    there is none. Raises Invalid for one that is refused or can mean more than one thing.
    """
    starts = [found.start() for found in _WORD.finditer(text.mask, begin)]
    for start in starts[-_LONGEST:]:
        end = _end(text, start, key, writer)
        if end and is_rest(text.text[end:]):
            return _taken(text, start, len(text.text), key, writer)
    end = _end(text, starts[0], key, writer) if starts else None
    return _taken(text, starts[0], end, key, writer) if end else None


def _end(text: Decoded, start: int, key: Key, writer: Writer) -> int | None:
    """Return where the time ends that begins at a place; None where none does, or what could be any word."""
    rest = text.part(start, len(text.text))
    try:
        found = key.type.read(rest, writer)
    except Invalid as error:
        raise at_fault(error, text.text, key.name) from None
    if found is None:
        return None
    kinds = Tokens(Folded(rest.mask[: found.end]).text).letters.rstrip("$")
    return start + found.end if len(kinds) > 1 or kinds in _ALONE else None


def _taken(text: Decoded, start: int, end: int, key: Key, writer: Writer) -> tuple[Decoded, Decoded, Any]:
    value = text.part(start, end)
    found: Reading[Any] | Several | None = key.type.read(value, writer)
    if not isinstance(found, Reading):
        raise ambiguous(value.text, found, key.name) if found else key.type.refusal(value.text)
    behind = text.text[end:]
    rest = text.without([(start, len(text.text) - len(behind.lstrip(BETWEEN)))])
    return value, rest.part(0, len(rest.text.rstrip(BETWEEN))), found.value
