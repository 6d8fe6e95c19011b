"""Take a text apart into the words and figures of days and times.

A token is named by a letter (see `vocabulary`). Figures add these: `N` a number, `q` a quarter, `y` a year, `c` a time
of day, `h` a number of hours or the hour of a day ("15h"), `F` a day in figures, `I` a moment as programs write it, `,`
a comma, and `$` the end of the text.
"""

import re
from dataclasses import dataclass
from typing import Any

from bot.grammar.calendar.figures import Kinds, figures_at
from bot.grammar.calendar.vocabulary import word_at
from bot.grammar.reading import CLOSERS, PUNCTUATION

_SIMPLIFIED = str.maketrans("後週禮號點時鐘這個兩間", "后周礼号点时钟这个两间")
_MOST = 24
_REST = re.compile(rf"[\s{re.escape(PUNCTUATION + CLOSERS)}]*")
_CHINESE_DAYS = "一二三四五六日天"
# The second of 周一、三.
_LISTED_DAY = re.compile(f"[{_CHINESE_DAYS}](?![月点时个十天周日号])")


@dataclass(frozen=True, slots=True)
class Token:
    """Hold one word or figure: the letter of its kind, its value, and where in the text it ends."""

    kind: str
    value: Any
    end: int


class Tokens:
    """Hold the tokens at the beginning of a text, and their letters as one string in which phrases are looked for."""

    __slots__ = ("items", "letters")

    def __init__(self, text: str) -> None:
        self.items = _read(text.translate(_SIMPLIFIED))
        self.letters = "".join(token.kind for token in self.items)


def _read(text: str) -> list[Token]:
    found: list[Token] = []
    at = 0
    while len(found) < _MOST:
        while text[at : at + 1] == " ":
            at += 1
        if _REST.fullmatch(text, at):
            return [*found, Token("$", None, at)]
        kinds, end = _at(text, at, found)
        if end == at:
            break
        found += [Token(kind, value, end) for kind, value in kinds if kind != " "]
        at = end
    return found


def _at(text: str, at: int, before: list[Token]) -> tuple[Kinds, int]:
    if text[at] == ",":
        return ((",", 0),), at + 1
    if _kinds(before).removesuffix(",").endswith("w") and _LISTED_DAY.match(text, at):
        return (("w", min(_CHINESE_DAYS.index(text[at]), 6)),), at + 1
    kinds, end = figures_at(text, at)
    return (kinds, end) if kinds else _word_at(text, at, before)


def _kinds(tokens: list[Token]) -> str:
    return "".join(token.kind for token in tokens[-3:])


def _word_at(text: str, at: int, before: list[Token]) -> tuple[Kinds, int]:
    kinds, end = word_at(text, at)
    if not kinds:
        return (), at
    if text[at:end] == "morgen" and before and before[-1].kind in "dwv":
        # Freitag Morgen, jeden Morgen.
        kinds = (("p", 9),)
    elif text[at:end] == "ago" and _kinds(before).endswith("N"):
        # The first of August in Spanish; "1 day ago" has its unit.
        kinds = (("m", 8),)
    return kinds, end + (text[end : end + 1] == "." and kinds[0][0] in "mwt")
