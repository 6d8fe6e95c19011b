"""Say what it is to read a value from words: a type takes as many words as it can, and says where it stopped.

A type knows no noun and no command. It is given what follows a key up to the next key or the end of the line, and
answers with a `Reading` of the words it understood, with `Several` texts of which one has to be chosen, or with None.
What it recognises and still has to refuse (a negative amount, a day that does not exist) it raises as Invalid.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Generic, Protocol, TypeVar

from bot.grammar.entities import INVISIBLE, Decoded, shown
from storage.errors import Invalid

V = TypeVar("V")
V_co = TypeVar("V_co", covariant=True)

HAN = "\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
"""Characters of scripts that put no spaces between words."""

CLOSERS = ")]}>\"'”’»」』》）】"
DOUBLE_QUOTES = '"“”„‟＂«»'
"""Telephones change one into another, so each opens and closes for every other."""
PUNCTUATION = ".,;:!?…。，、；：！？"
BOUNDARY = rf"(?=[{re.escape(CLOSERS + PUNCTUATION)}]*(?:\s|\Z|[{HAN}])|(?<=[{HAN}]))"
"""Where a value may end: before a space, the end, a sentence's punctuation, or beside a script without spaces."""

_ENDS = re.compile(BOUNDARY)

# No value is longer; what is read is cut here so that a long text costs nothing.
_MOST = 120
_CLUSTER = re.compile(r"[^\u0300-\u036f][\u0300-\u036f]*|.", re.DOTALL)
_DROPPED = re.compile(f"[{INVISIBLE}]")
_ALIKE = str.maketrans({"’": "'", "‘": "'", "′": "'", "٬": ",", "٫": "."})


@dataclass(frozen=True)
class Writer:
    """Hold who writes and what that decides: whom "me" means, the currency, the calendar, the clock and the locale."""

    me: str
    currency: str
    zone: str | tzinfo
    now: datetime
    locale: str = "en-US"


@dataclass(frozen=True, slots=True)
class Reading(Generic[V_co]):
    """Hold a value and where in the text it was read from it ends."""

    value: V_co
    end: int


@dataclass(frozen=True, slots=True)
class Several:
    """Hold the texts to type instead of one that can mean more than one thing, and where that one ends."""

    texts: tuple[str, ...]
    end: int


class ValueType(Protocol[V_co]):
    """Stand for how one type of value is read."""

    @property
    def spaced(self) -> bool:
        """Tell whether a space may stand between a key's colon and the value: nobody writes such a value by chance."""

    @property
    def lax(self) -> bool:
        """Tell whether a key is ordinary text where its value cannot be read."""

    def read(self, text: Decoded, writer: Writer) -> Reading[V_co] | Several | None:
        """Read as much of a text as is a value, from its first character; raise Invalid for one that is refused."""

    def refusal(self, typed: str) -> Invalid:
        """Return the error for a text that is no such value."""


def read_whole(kind: ValueType[V], text: Decoded, writer: Writer, *, field: str | None) -> V:
    """Return the value that all of a text is, but for the punctuation around it; raise Invalid for anything else."""
    return all_of(text, lambda bare: kind.read(bare, writer), kind.refusal, field=field)


def all_of(
    text: Decoded,
    read: Callable[[Decoded], Reading[V] | Several | None],
    refusal: Callable[[str], Invalid],
    *,
    field: str | None,
) -> V:
    """Do as `read_whole` with two plain functions."""
    bare = trimmed(text)
    try:
        found = read(bare)
        if found is None or not is_rest(bare.text[found.end :]):
            raise refusal(text.text)
        if isinstance(found, Several):
            raise ambiguous(bare.text, found, field)
        return found.value
    except Invalid as error:
        raise at_fault(error, text.text, field) from None


def read_range(
    text: Decoded, read: Callable[[Decoded], Reading[V] | Several | None]
) -> Reading[tuple[V, V]] | Several | None:
    """Read two values, from one to another, with two points between them."""
    begin = text.mask.find("..") + 2
    first = read(text.part(0, begin - 2)) if begin > 2 else None
    if first is None or not is_rest(text.text[first.end : begin]):
        return None
    last = read(text.part(begin, len(text.text)))
    if last is None:
        return None
    if isinstance(first, Several):
        return first
    end = begin + last.end
    return Several(last.texts, end) if isinstance(last, Several) else Reading((first.value, last.value), end)


def at_fault(error: Invalid, typed: str, field: str | None) -> Invalid:
    """Return an error with the field at fault and what was typed, where who raised it knew neither."""
    error.field = error.field or field
    error.typed = typed
    return error


def ambiguous(typed: str, several: Several, field: str | None) -> Invalid:
    """Return the error that asks which of several things was meant, by the texts to type."""
    written = [f"{field}:{_quoted(text)}" if field else _quoted(text) for text in several.texts]
    return Invalid(
        "{value} can be read in more than one way.",
        field=field,
        hint="Write {texts}.",
        typed=typed,
        value=shown(typed[: several.end]),
        texts=" or ".join(written),
    )


def trimmed(text: Decoded) -> Decoded:
    """Return a text without the spaces, invisible characters and punctuation of a sentence around it.

    A point, a bracket and a quote that something inside belongs to stay.
    """
    start, end = 0, len(text.text)
    while start < end and _is_blank(text.text[start]):
        start += 1
    while end > start and (_is_blank(text.text[end - 1]) or _is_loose(text.text[start:end])):
        end -= 1
    return text.part(start, end)


def is_rest(text: str) -> bool:
    """Tell whether a text is nothing but spaces and punctuation that ends a sentence."""
    return all(_is_blank(character) or character in PUNCTUATION + CLOSERS for character in text)


def _is_loose(text: str) -> bool:
    last = text[-1]
    if last in PUNCTUATION:
        return True
    return last in _OPENER and text.count(_OPENER[last]) < text.count(last)


_OPENER = {")": "(", "]": "[", "}": "{", "）": "（", "】": "【"}


def _is_blank(character: str) -> bool:
    return character.isspace() or _DROPPED.match(character) is not None


def _quoted(text: str) -> str:
    return f'"{text}"' if " " in text else text


def ends_value(text: str, at: int) -> bool:
    """Tell whether a value may end at a place of a folded text."""
    return _ENDS.match(text, at) is not None


def fold(text: str) -> str:
    """Return the form by which keys and fixed words are compared: half width, case folded, nothing invisible."""
    return unicodedata.normalize("NFKC", _DROPPED.sub("", text)).casefold().strip()


class Folded:
    """Hold a text as values are looked for in it, and where each character of it stood.

    It is in half width and lower case with ASCII digits and single spaces, and nothing in it is invisible.
    """

    __slots__ = ("ends", "text")

    def __init__(self, source: str) -> None:
        pieces: list[str] = []
        self.ends: list[int] = []
        for match in _CLUSTER.finditer(source[:_MOST]):
            for character in _fold(match[0]):
                if character == " " and (not pieces or pieces[-1] == " "):
                    if pieces:
                        self.ends[-1] = match.end()
                    continue
                pieces.append(character)
                self.ends.append(match.end())
        self.text = "".join(pieces)

    def end(self, length: int) -> int:
        """Return where in the source the first so many characters end."""
        return self.ends[length - 1] if length else 0


@lru_cache(maxsize=4096)
def _fold(cluster: str) -> str:
    if _DROPPED.match(cluster):
        return ""
    folded = unicodedata.normalize("NFKC", cluster).casefold().translate(_ALIKE)
    return "".join(
        " " if one.isspace() else str(unicodedata.decimal(one)) if one.isdecimal() else one for one in folded
    )
