"""Decide by rules that can be read whether a message belongs to a matter its writer has raised, or raises another.

Each rule says something for one matter (points above 0) or for a new one (below); the matter with the most points gets
the message if they are above 0. Nothing is learned here, so the same conversation always comes to the same matters.
"""

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from ml.matters.words import ADDITIONS, ASKS, CHASES, CLOSES, COMMON, COMMON_CHINESE, REFERS, TURNS
from ml.text.phrases import phrases, plain

QUIET_MINUTES = 480.0
"""After so long without a word only what names the matter, or asks after it, still belongs to it."""
PAUSES = ((2.0, 2), (10.0, 0), (60.0, -1), (QUIET_MINUTES, -2), (math.inf, -4))
"""What a pause of at most so many minutes says."""
FEW_WORDS = 4
"""What has no more words than this is hardly a matter by itself."""
LONGEST_CLOSE = 6
"""What has more words than this is more than the end of a matter."""
CHARACTERS_A_WORD = 2
UNSURE = 1
"""Up to so many points for or against are little to go by."""
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
    """Hold one message of a matter: when it was written in minutes, and its category where a model was sure of one."""

    text: str
    minute: float
    category: str | None = None


Matter = Sequence[Utterance]
"""What belongs together so far, oldest first."""


@dataclass(frozen=True, slots=True)
class Placing:
    """Say where a message belongs: `into` is the number of a matter, None a new one; `nearest` the likeliest of all.

    `sure` is False where a person should be asked.
    """

    into: int | None
    nearest: int | None
    sure: bool


def place(message: Utterance, matters: Sequence[Matter]) -> Placing:
    """Return which of a writer's matters a message belongs to, each with at least one message, the newest last."""
    if not matters:
        return Placing(None, None, sure=True)
    text = _read(message.text)
    read = [[_read(one.text) for one in matter] for matter in matters]
    named = [_named(text, said) for said in read]
    # What names nothing of the last matter, but something of an earlier one, leans on that one.
    leans_on = max(range(len(matters)), key=lambda one: (named[one] > 0, matters[one][-1].minute, one))
    points = [
        named[one]
        + _pause(message.minute - matter[-1].minute)
        + _categories(message, matter, text)
        + _standing(text, read[one])
        + (text.leaning if one == leans_on else 0)
        for one, matter in enumerate(matters)
    ]
    nearest = max(range(len(matters)), key=lambda one: (points[one], matters[one][-1].minute, one))
    return Placing(nearest if points[nearest] > 0 else None, nearest, sure=abs(points[nearest]) > UNSURE)


def _named(text: "_Read", said: Sequence["_Read"]) -> int:
    """Say what words and numbers have in common with those of a matter; other orders are other matters."""
    shared = len(text.words & frozenset().union(*(one.words for one in said)))
    points = 2 * min(3, shared)
    if text.numbers & frozenset().union(*(one.numbers for one in said)):
        return points + 5
    return points - 4 if text.named and any(one.named for one in said) else points


def _standing(text: "_Read", said: Sequence["_Read"]) -> int:
    """Say what follows from a matter that was only a greeting so far, or ended with thanks."""
    if len(said) == 1 and said[0].opens:
        return 4
    return -2 if said[-1].closes and not text.closes else 0


def _pause(minutes: float) -> int:
    return next(points for most, points in PAUSES if minutes <= most)


def _categories(message: Utterance, matter: Matter, text: "_Read") -> int:
    known = [one.category for one in matter if one.category is not None]
    if message.category is None or not known:
        return 0
    if message.category in known:
        return 1
    return 0 if text.is_short else -3


@dataclass(frozen=True, slots=True)
class _Read:
    """Hold what the rules look at in one text; `leaning` is what its wording says for the latest matter."""

    words: frozenset[str]
    numbers: frozenset[str]
    named: frozenset[str]
    is_short: bool
    closes: bool
    opens: bool
    leaning: int


def _read(text: str) -> _Read:
    folded = plain(_without_accents(text))
    tokens = folded.replace(".", " ").split()
    characters = len(_CHINESE.findall(folded))
    length = sum(1 for token in tokens if not _CHINESE.search(token)) + characters / CHARACTERS_A_WORD
    words, numbers = _telling(tokens) | _pairs(folded), frozenset(_NUMBER.findall(text.casefold()))
    is_short = length <= FEW_WORDS
    said_nothing = is_short and not words and not numbers and not _ATTACHED.fullmatch(text)
    return _Read(
        words=words,
        numbers=numbers,
        named=frozenset(_NAMED.findall(text.casefold())),
        is_short=is_short,
        closes=length <= LONGEST_CLOSE and phrases(CLOSES).search(folded) is not None,
        opens=said_nothing or "things" in tokens,
        leaning=_leaning(text, folded, is_short=is_short, says_nothing=said_nothing),
    )


def _leaning(text: str, folded: str, *, is_short: bool, says_nothing: bool) -> int:
    is_question = "?" in text or "？" in text or text.rstrip().endswith(("吗", "呢"))
    if not text.strip() or _ATTACHED.fullmatch(text) or _BARE.fullmatch(text) or (says_nothing and is_question):
        return 5
    turn = phrases(TURNS).search(folded)
    if turn is not None and len(folded[: turn.start()].split()) <= 1:
        return -5
    points = 6 if phrases(CHASES).search(folded) else 3 if phrases(ADDITIONS).search(folded) else 0
    refers = phrases(REFERS).match(folded) is not None
    if refers:
        points += 2
    elif not is_short:
        points -= (phrases(ASKS).match(folded) is not None) + is_question
    if is_short:
        points += 1 if is_question else 3
    return points


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
