"""Cut a message into the pieces a model reads, and those into terms."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

# Slack lets people post 40,000 characters; what a message asks for stands in its first screens, and the bound keeps
# one prediction quick.
MAX_CHARACTERS = 4_000
# Base64, hashes and paths are single "words" of thousands of characters: their beginning says enough.
MAX_WORD = 24

# Prose has two or three of these marks in a hundred characters, source code about ten.
CODE_SHARE = 0.06
MIN_CODE = 100

READ_LATELY = 32
"""How many messages stay read: category, memory, mood and likeness are made of the same one, one after the other."""

GRAM_SIZES = range(2, 6)
CJK_GRAM_SIZES = range(1, 4)

# A term and the pieces, from the first to before the last, that it is made of. A message has hundreds: plain tuples.
Term = tuple[str, int, int]
Terms = tuple[list[Term], list[Term]]

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_EMOJI = "\u2600-\u27bf\U0001f300-\U0001faff"
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe0e\ufe0f\ufeff]")
_PIECE = re.compile(
    rf"""
      (?P<code>```.*?(?:```|\Z))
    | (?P<skipped><[@\#!][^<>\s]*>|<?(?:https?|mailto|tel):[^\s|<>]+\|?|[\w.+-]+@[\w-]+\.[\w.-]+)
    | (?P<emoji>(?<![^\s:]):(?:[a-z][a-z0-9_'-]*|[+-]1):|[{_EMOJI}])
    | (?P<cjk>[{_CJK}])
    | (?P<word>[^\W_{_CJK}]+(?:['’][^\W_{_CJK}]+)*)
    | (?P<mark>[?!？！])
    """,
    re.VERBOSE | re.DOTALL,
)
_SYMBOL = re.compile(r"[{}\[\]()<>=;_#\\|*+^~$]")
_DIGIT = re.compile(r"\d")
_MARKS = {"？": "?", "！": "!"}


@dataclass(frozen=True, slots=True)
class Piece:
    """One word, CJK character, emoji or mark of a message, as typed and as the model reads it."""

    surface: str
    key: str
    kind: str
    start: int

    @property
    def end(self) -> int:
        """Where the piece ends in the text that was read."""
        return self.start + len(self.surface)


@lru_cache(maxsize=READ_LATELY)
def read(text: str) -> tuple[Piece, ...]:
    """Cut the first `MAX_CHARACTERS` of a text into pieces; mentions, links and addresses are left out."""
    text = visible(text)
    pieces = []
    for match in _PIECE.finditer(text):
        kind = match.lastgroup or "skipped"
        if kind != "skipped":
            pieces.append(Piece(match[0], _key(match[0], kind), kind, match.start()))
    return tuple(pieces)


def visible(text: str) -> str:
    """Return the first `MAX_CHARACTERS` of a text without what nobody sees: pieces say where they stand in this."""
    return _INVISIBLE.sub("", text[:MAX_CHARACTERS])


def looks_like_code(text: str) -> bool:
    """Tell whether a text is mostly program code: its words mean other things there ("return", "order by")."""
    considered = text[:MAX_CHARACTERS]
    return len(_SYMBOL.findall(considered)) > CODE_SHARE * max(MIN_CODE, len(considered))


@lru_cache(maxsize=READ_LATELY)
def terms_of(text: str) -> Terms:
    """Return the terms of a text as `terms` finds them; who gets them must not change them."""
    return terms(read(text))


def terms(pieces: Sequence[Piece]) -> Terms:
    """Return the word terms (words and pairs) and the character terms (2 to 5 within a word, 1 to 3 of Chinese)."""
    words: list[Term] = []
    grams: list[Term] = []
    for i, piece in enumerate(pieces):
        if piece.kind == "cjk":
            key = ""
            for size in CJK_GRAM_SIZES:
                if i + size > len(pieces) or not _continues(pieces, i, size):
                    break
                key += pieces[i + size - 1].key
                grams.append((key, i, i + size))
                if size == 2:  # most Chinese words are two characters long
                    words.append((key, i, i + size))
            continue
        words.append((piece.key, i, i + 1))
        if i + 1 < len(pieces) and pieces[i + 1].kind != "cjk":
            words.append((f"{piece.key} {pieces[i + 1].key}", i, i + 2))
        if piece.kind == "word":
            grams.extend([(gram, i, i + 1) for gram in _grams(piece.key)])
    return words, grams


def _continues(pieces: Sequence[Piece], first: int, size: int) -> bool:
    """Tell whether the last of `size` pieces is a CJK character that directly follows the one before it."""
    last = pieces[first + size - 1]
    return last.kind == "cjk" and last.start == pieces[first].start + size - 1


@lru_cache(maxsize=8_192)
def _grams(word: str) -> tuple[str, ...]:
    """Return the character n-grams of a word with one space at each end."""
    padded = f" {word} "
    return tuple(padded[i : i + n] for n in GRAM_SIZES for i in range(len(padded) - n + 1))


@lru_cache(maxsize=8_192)
def _key(surface: str, kind: str) -> str:
    """Return how the model reads a piece: folded case and width, no apostrophes, every digit the same."""
    if kind == "code":
        return "```"
    if kind == "mark":
        return _MARKS.get(surface, surface)
    if kind != "word":
        return surface
    folded = unicodedata.normalize("NFKC", surface[: 2 * MAX_WORD]).casefold()
    return _DIGIT.sub("0", folded.replace("'", "").replace("’", ""))[:MAX_WORD]
