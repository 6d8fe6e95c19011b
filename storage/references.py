"""Turn a noun and its number into the reference people see, and back."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

# Telephones write an en dash, a minus or a full-width hyphen for "-". Eighteen digits always fit a bigint.
# What a sentence puts around one is no part of it: "see (T-90)."
_REFERENCE = re.compile(
    r"[(\[{<\"'“‘«「『《【]*([^\W\d_]{1,2})[-\u2010-\u2015\u2212]([0-9]{1,18})[)\]}>\"'”’»」』》】.,;:!?。、]*"
)
_NUMBER = re.compile(r"#?([^\W\d_]{0,2})[ -]?([0-9]{1,18})")


class Letters(Mapping[str, str]):
    """Hold the letter that begins each noun's references, by noun; a setting of the workspace has two letters.

    Who comes first has a noun or a letter; the start refuses a plugin whose own is taken.
    """

    def __init__(self, given: Mapping[str, str] | None = None) -> None:
        self._by_noun: dict[str, str] = {}
        self._nouns: dict[str, str] = {}
        for noun, letter in (given or {}).items():
            self.give(noun, letter)

    def give(self, noun: str, letter: str) -> None:
        """Give a noun its letter, unless one of the two is taken; raise ValueError for what is no capital letter."""
        if not (len(letter) in {1, 2} and letter.isalpha() and letter == letter.upper()):
            raise ValueError(f"the references of a {noun} begin with a capital letter, not {letter!r}")
        if noun not in self._by_noun and letter not in self._nouns:
            self._by_noun[noun] = letter
            self._nouns[letter] = noun

    def noun(self, letter: str) -> str | None:
        """Return the noun whose references begin so, in either case, None if there is none."""
        return self._nouns.get(letter.upper())

    def __getitem__(self, noun: str) -> str:
        return self._by_noun[noun]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_noun)

    def __len__(self) -> int:
        return len(self._by_noun)


DECLARED = Letters()
"""The letters of all nouns that have a model; each is given as the model is defined."""
_reader: list[Callable[[Session], Letters]] = []


def read_letters(read: Callable[[Session], Letters]) -> None:
    """Name the function that returns the letters of a session's workspace, its own nouns' among them."""
    _reader[:] = [read]


def in_force(session: Session) -> Letters:
    """Return the letters by which a session reads references."""
    return _reader[0](session) if _reader else DECLARED


def reference(noun: str, record_id: int, letters: Mapping[str, str] = DECLARED) -> str:
    """Return the reference of a record, such as `D-88`.

    Raises ValueError for a noun that has no references.
    """
    letter = letters.get(noun)
    if letter is None:
        raise ValueError(f"a {noun} has no references")
    return f"{letter}-{record_id}"


def parse_reference(text: str, letters: Letters = DECLARED) -> tuple[str, int] | None:
    """Return noun and number of a reference as people type it (`d-88`, full-width too), or None if it is none.

    The quotes, brackets and punctuation of a sentence around it do not matter.
    """
    match = _REFERENCE.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if match is None:
        return None
    noun = letters.noun(match[1])
    number = int(match[2])
    return (noun, number) if noun is not None and number > 0 else None


def parse_number(text: str, noun: str, letters: Letters = DECLARED) -> int | None:
    """Return the number of a record of this noun as hurried people type it (`83`, `#83`, `t83`), or None."""
    match = _NUMBER.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if match is None or (match[1] and letters.noun(match[1]) != noun):
        return None
    return int(match[2]) or None
