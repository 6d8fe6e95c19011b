"""Read in a message what tells whether it belongs to what its writer wrote before: its words, numbers and turns."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from ml.matters.words import ADDITIONS, ASKS, CHASES, CLOSES, COMMON, COMMON_CHINESE, JOINS, REFERS, TURNS
from ml.text.phrases import phrases, plain

FEW_WORDS = 4
"""What has no more words than this is hardly a matter by itself."""
LONGEST_CLOSE = 6
"""What has more words than this is more than the end of a matter."""
CHARACTERS_A_WORD = 2
READ_LATELY = 256
_NUMBER = re.compile(r"(?<![\d.,:])(?=[a-z]{0,3}[-#]?\d)[a-z]{0,3}[-#]?\d[\d-]{2,}(?!\d)")
_NAMED = re.compile(
    r"(?:order|invoice|ticket|backorder|case|parcel|bestellung|rechnung|auftrag|pedido|factura|订单|发票|单号|账单)"
    r"\D{0,8}?(?=\d)([a-z]{0,3}[\d-]{3,})"
)
_CHINESE = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")
_ATTACHED = re.compile(r"\s*(?:\[[^\]]*\]\s*)+")
_BARE = re.compile(r"[\s\d.,:;+#/€$£¥%x-]+|\W+")


@dataclass(frozen=True, slots=True)
class Utterance:
    """Hold one message of a matter: what it says, and when it was written in minutes."""

    text: str
    minute: float


Matter = Sequence[Utterance]
"""What belongs together so far, oldest first."""


@dataclass(frozen=True, slots=True)
class Read:
    """Hold what was read in one text.

    `words` and `numbers` say what it is about, `named` are the numbers of orders and the like. `length` counts words,
    two Chinese characters as one. `turns` is near its beginning, `turns_later` anywhere; what `joins` begins with "and"
    or the like, what `refers` with a word for what was said before, `asks` is a request at its beginning, `asks_later`
    anywhere. `closes` is a word of thanks or the like, `opens` nothing but a greeting, `attached` nothing but files,
    `bare` nothing but numbers and marks.
    """

    words: frozenset[str]
    numbers: frozenset[str]
    named: frozenset[str]
    length: float
    turns: bool
    turns_later: bool
    chases: bool
    adds: bool
    refers: bool
    asks: bool
    asks_later: bool
    questions: bool
    joins: bool
    closes: bool
    opens: bool
    attached: bool
    bare: bool
    capital: bool

    @property
    def is_short(self) -> bool:
        """Tell whether it is hardly a matter by itself."""
        return self.length <= FEW_WORDS

    @property
    def size(self) -> float:
        """Return how long it is, so that one word more counts less the longer it is."""
        return math.log1p(self.length)


@lru_cache(maxsize=READ_LATELY)
def read(text: str) -> Read:
    """Read one text, in English, German, Spanish or Chinese; of others what is not in words."""
    folded = plain(_without_accents(text))
    tokens = folded.replace(".", " ").split()
    characters = len(_CHINESE.findall(folded))
    length = sum(1 for token in tokens if not _CHINESE.search(token)) + characters / CHARACTERS_A_WORD
    words, numbers = _telling(tokens) | _pairs(folded), frozenset(_NUMBER.findall(text.casefold()))
    attached, turn = _ATTACHED.fullmatch(text) is not None, phrases(TURNS).search(folded)
    return Read(
        words=words,
        numbers=numbers,
        named=frozenset(_NAMED.findall(text.casefold())),
        length=length,
        turns=turn is not None and len(folded[: turn.start()].split()) <= 1,
        turns_later=turn is not None,
        chases=phrases(CHASES).search(folded) is not None,
        adds=phrases(ADDITIONS).search(folded) is not None,
        refers=phrases(REFERS).match(folded) is not None,
        asks=phrases(ASKS).match(folded) is not None,
        asks_later=phrases(ASKS).search(folded) is not None,
        questions="?" in text or "？" in text or text.rstrip().endswith(("吗", "呢")),
        joins=phrases(JOINS).match(folded) is not None,
        closes=length <= LONGEST_CLOSE and phrases(CLOSES).search(folded) is not None,
        opens=(length <= FEW_WORDS and not words and not numbers and not attached) or "things" in tokens,
        attached=attached,
        bare=_BARE.fullmatch(text) is not None,
        capital=text[:1].isupper(),
    )


def _without_accents(text: str) -> str:
    split = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    return "".join(one for one in split if not unicodedata.combining(one))


def _telling(tokens: Sequence[str]) -> frozenset[str]:
    """Return the words of four letters and more that say something about the matter, one and many alike."""
    telling = (one for one in tokens if len(one) >= 4 and one.isalpha() and one not in COMMON)
    return frozenset(one.removesuffix("s") for one in telling if not _CHINESE.search(one))


def _pairs(folded: str) -> frozenset[str]:
    """Return the pairs of neighbouring Chinese characters that say something about the matter."""
    found = (folded[i : i + 2] for i in range(len(folded) - 1))
    return frozenset(p for p in found if all(_CHINESE.match(c) and c not in COMMON_CHINESE for c in p))
