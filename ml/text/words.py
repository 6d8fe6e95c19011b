"""Cut a message into words as people call them: at spaces, and in Chinese where characters seldom stand together."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ml.text.similar import Vocabulary
from ml.text.terms import CJK_GRAM_SIZES, Piece

LONGEST_CJK = 4
"""Neighbouring words of one character are shown together, up to so many characters: names, mostly."""
THREE_TOGETHER = 1.5
"""Most words have one or two characters, so three must stand together more often than chance has them."""
MOST_JOINED = 3
_JOINS = frozenset("-_&+/")
_JOINS_DIGITS = frozenset(".,:")


@dataclass(frozen=True, slots=True)
class Word:
    """One word as typed and as the model reads it, made of the pieces from `first` to before `last`."""

    surface: str
    key: str
    first: int
    last: int


def words_of(text: str, pieces: Sequence[Piece], features: Vocabulary) -> list[Word]:
    """Return the words of a text that was read as `pieces`, without marks and code; `text` is what is visible of it.

    "e-mail", "and/or" and "49.90" are one word. Chinese is cut where the examples' characters make it likeliest, so
    that no word is cut in two that they know; Korean is written with spaces.
    """
    found: list[Word] = []
    i = 0
    while i < len(pieces):
        end = i + 1
        if pieces[i].kind == "cjk":
            while end < len(pieces) and pieces[end].kind == "cjk" and pieces[end].start == pieces[end - 1].end:
                end += 1
            found += [_word(text, pieces, first, last) for first, last in _cut(pieces, i, end, features)]
        elif pieces[i].kind not in ("mark", "code"):
            while end < len(pieces) and end - i < MOST_JOINED and _is_joined(text, pieces[end - 1], pieces[end]):
                end += 1
            found.append(_word(text, pieces, i, end))
        i = end
    return found


def _word(text: str, pieces: Sequence[Piece], first: int, last: int) -> Word:
    key = " ".join(piece.key for piece in pieces[first:last])
    is_cjk = pieces[first].kind == "cjk"
    return Word(text[pieces[first].start : pieces[last - 1].end], key.replace(" ", "") if is_cjk else key, first, last)


def _is_joined(text: str, one: Piece, other: Piece) -> bool:
    between = text[one.end : other.start]
    if one.kind != "word" or other.kind != "word" or len(between) != 1:
        return False
    digits = one.surface[-1].isdigit() and other.surface[0].isdigit()
    return between in _JOINS or (digits and between in _JOINS_DIGITS)


def _cut(pieces: Sequence[Piece], first: int, last: int, features: Vocabulary) -> list[tuple[int, int]]:
    """Return the likeliest cut of a run of characters into words, each likely as the share of examples it is in."""
    if all("\uac00" <= piece.key <= "\ud7af" for piece in pieces[first:last]):
        return [(first, last)]
    unknown = float(features.idf_.max(initial=1.0))
    costs, begins = [0.0], [first]
    for end in range(first + 1, last + 1):
        ways = []
        for size in CJK_GRAM_SIZES:
            if end - size < first:
                break
            column = features.grams_.get("".join(piece.key for piece in pieces[end - size : end]))
            if column is None and size > 1:
                continue
            cost = unknown if column is None else float(features.idf_[column]) - 1
            ways.append((costs[end - size - first] + cost + (THREE_TOGETHER if size > 2 else 0.0), end - size))
        cost, begin = min(ways, default=(math.inf, end - 1))
        costs.append(cost)
        begins.append(begin)
    cut, end = [], last
    while end > first:
        cut.append((begins[end - first], end))
        end = begins[end - first]
    return _together(cut[::-1])


def _together(cut: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join neighbouring words of one character each."""
    found: list[tuple[int, int]] = []
    loose = False
    for first, last in cut:
        if last - first == 1 and loose and last - found[-1][0] <= LONGEST_CJK:
            found[-1] = (found[-1][0], last)
            continue
        found.append((first, last))
        loose = last - first == 1
    return found
