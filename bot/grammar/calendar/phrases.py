"""Find the longest phrase that tokens begin with, in a table of patterns written in the letters of tokens."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar

from bot.grammar.calendar.tokens import Token, Tokens

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Around:
    """Hold what a phrase is read against: today, if the past is meant, and if the day comes before the month."""

    today: date
    past: bool = False
    day_first: bool = False


class Phrase:
    """Hold a match: group n of its pattern is the tokens that stand there."""

    __slots__ = ("_items", "_match")

    def __init__(self, match: re.Match[str], items: Sequence[Token]) -> None:
        self._match = match
        self._items = items

    def __getitem__(self, group: int) -> Any:
        """Return the value of the first token of a group, None for an empty one."""
        found = self.all(group)
        return found[0] if found else None

    def kind(self, group: int) -> str:
        """Return the letter of the first token of a group, nothing for an empty one."""
        start, end = self._match.span(group)
        return self._items[start].kind if end > start >= 0 else ""

    def all(self, group: int) -> list[Any]:
        """Return the values of a group's tokens, commas left out."""
        start, end = self._match.span(group)
        return [token.value for token in self._items[start:end] if token.kind not in ",/"] if start >= 0 else []

    def has(self, group: int) -> bool:
        """Tell whether a group is there and not empty."""
        start, end = self._match.span(group)
        return end > start


Table = Sequence[tuple[re.Pattern[str], Callable[[Around, Phrase], V | None]]]


def table(rows: Iterable[tuple[str, Callable[[Around, Phrase], V | None]]]) -> Table[V]:
    """Return a table of readings, with the patterns compiled."""
    return [(re.compile(pattern), reader) for pattern, reader in rows]


@dataclass(frozen=True, slots=True)
class Longest(Generic[V]):
    """Hold what the longest phrase means, None for no such day or time, and how many tokens it has taken."""

    value: V | None
    taken: int


def longest(rows: Table[V], tokens: Tokens, at: int, around: Around) -> Longest[V] | None:
    """Return what the longest phrase that begins at a token means; of two as long, the first in the table."""
    best: tuple[re.Match[str], Callable[[Around, Phrase], V | None]] | None = None
    for pattern, reader in rows:
        match = pattern.match(tokens.letters, at)
        if match and match.end() > (best[0].end() if best else at):
            best = match, reader
    if best is None:
        return None
    match, reader = best
    try:
        return Longest(reader(around, Phrase(match, tokens.items)), match.end())
    except (OverflowError, ValueError):
        # Years that the calendar does not reach, however they were counted.
        return Longest(None, match.end())
