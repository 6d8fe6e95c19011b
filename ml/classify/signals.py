"""Read what a message says beside what it is about: its language, urgency, mood, and whether the customer may leave."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from ml.classify.leaving import wants_to_cancel
from ml.classify.urgency import Urgency, urgency
from ml.starter import load_signals
from ml.text.encoder import READ_CHARACTERS, installed
from ml.text.phrases import plain
from ml.text.terms import MAX_CHARACTERS, Piece, looks_like_code, read

if TYPE_CHECKING:
    from ml.classify.mood import HurryClassifier, MoodClassifier

NEUTRAL = "neutral"
MOST_CLAUSES = 6
# What lies between two of these is never half a word, in Chinese either.
_CLAUSE_END = re.compile(r"[.,;:!?\n。，；：！？、]+\s*")
# Of a message in Chinese with English product names in it, each character is a word.
CHINESE_SHARE = 0.3
# Of ten words of English prose three to five are among these; German, French and Spanish share one or two of them.
_ENGLISH = """
the a an i you we it is are was be been am my your our me us to of in on for with and or not no but can could
    do does did how what where when why who this that there have has had will would please if at from get got need want
    just still any all as by so im its dont cant thanks thank hi hello ok yes"""
ENGLISH = frozenset(_ENGLISH.split())
ENGLISH_SHARE = 0.2
# Words that are common in other languages of Latin script and do not occur in English.
_FOREIGN = """der das und ist nicht ich wir sie ein eine mit auf für bitte kann mein meine le la les des est et je nous
vous une pour pas avec mon ma que el los las por para con mi una puedo yo il che per non mio sono di het een van ik niet
de mijn os um uma não eu meu minha och är jag inte"""
FOREIGN = frozenset(_FOREIGN.split())


@dataclass(frozen=True, slots=True)
class Signals:
    """What a message says beside its category.

    `language` is `en`, `zh` or `other`; `urgency` low, normal, high or urgent; `sentiment` negative, neutral or
    positive; `wants_to_cancel` that the customer says to leave or to think of it; `because` the words behind urgency
    and wish, as they are matched (folded case).
    """

    language: str
    urgency: str
    sentiment: str
    wants_to_cancel: bool
    because: list[str] = field(default_factory=list)


def read_signals(text: str) -> Signals:
    """Read the signals of one message; where there is nothing to read, or only program code, all are neutral.

    Urgency is what the rules say; where they say nothing, and the encoder is installed, what messages that mean
    nearly the same need, with the clause that says so.
    """
    pieces = read(text)
    words = [piece for piece in pieces if piece.kind in ("word", "cjk")]
    if not words or looks_like_code(text):
        return Signals(_language(words), "normal", NEUTRAL, wants_to_cancel=False)
    considered = plain(text)
    soon, leaves = urgency(text[:MAX_CHARACTERS], considered), wants_to_cancel(considered)
    if soon.level == "normal" and not soon.because and installed():
        soon = _by_meaning(text)
    return Signals(
        language=_language(words),
        urgency=soon.level,
        sentiment=mood().mood_of(text),
        wants_to_cancel=leaves is not None,
        because=[*soon.because, *([leaves] if leaves and leaves not in soon.because else [])],
    )


@cache
def mood() -> MoodClassifier:
    """Return the model of mood, learned from the examples at its first use: that takes a quarter of a second.

    With the sentence encoder, it and `hurry` take another second.
    """
    from ml.classify.mood import MoodClassifier

    rows = load_signals()
    return MoodClassifier(meaning=installed()).fit([row.text for row in rows], [row.sentiment for row in rows])


@cache
def hurry() -> HurryClassifier:
    """Return the model of urgency by meaning, learned from the examples at its first use."""
    from ml.classify.mood import HurryClassifier

    rows = load_signals()
    return HurryClassifier().fit([row.text for row in rows], [row.urgency for row in rows])


def _by_meaning(text: str) -> Urgency:
    found = [part.strip() for part in _CLAUSE_END.split(text[:READ_CHARACTERS])]
    clauses = list(dict.fromkeys(part for part in found if part))
    level, because = hurry().explain(text, clauses[:MOST_CLAUSES] if len(clauses) > 1 else [])
    if level == "normal":
        return Urgency(level, [])
    return Urgency(level, [because or clauses[0]] if clauses else [])


def _language(words: list[Piece]) -> str:
    """Tell the language by script, and between those of Latin script by their commonest words."""
    if not words:
        return "other"
    han = sum(bool(re.match("[\u3400-\u4dbf\u4e00-\u9fff]", piece.key)) for piece in words)
    kana = sum(bool(re.match("[\u3040-\u30ff\uac00-\ud7af]", piece.key)) for piece in words)
    if han + kana > CHINESE_SHARE * len(words):
        return "zh" if han > 4 * kana else "other"
    latin = [piece.key for piece in words if piece.key.isascii()]
    if len(latin) < len(words) / 2:
        return "other"
    english, foreign = sum(word in ENGLISH for word in latin), sum(piece.key in FOREIGN for piece in words)
    if foreign > english:
        return "other"
    # Of a few words ("refund pls", "order 4471?") none need be common: English is what most people here write.
    return "en" if len(words) < 6 or english >= ENGLISH_SHARE * len(words) else "other"
