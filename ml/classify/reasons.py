"""Say which words of a message made the model choose its category."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.text.features import TextFeatures
from ml.text.terms import Piece, Term, Terms, read, terms_of, visible
from ml.text.words import Word, words_of

Floats = NDArray[np.floating[Any]]

# A card shows a few words; one that moves the margin by less than a tenth of what the first does explains nothing.
MOST_REASONS = 3
LEAST_SHARE = 0.1
MOST_SPANS, MOST_LEFT_OUT = 20, 8
"""Of a passage of so many words so many are left out at most, one at a time, to see what a message means without them.

They are those that weigh most by terms. With eight of them, not twenty, the first reason is another in one message of a
hundred, and reasons take a quarter less: 10 to 20 ms.
"""
# What stands in messages of every kind. It can move the margin a little, yet tells a reader nothing: it is shown only
# of a message that has nothing else. Question words and negations do tell something and are not here.
_FILLER = """
a an the i you we he she it they me us him her them my your our his their its im ive id ill youre were this that these
those there here is are was were be been being am have has had having do does did will would can could should may might
to of in on for with and or but at from by as so if then than just also very really some any please pls plz kindly hi
hello hey dear sir madam team good morning afternoon evening thanks thank regards"""
FILLER = frozenset(_FILLER.split())
FILLER_CJK = frozenset("我你您他她它们的了吗呢吧啊呀请问想是在有这那个和就也都很把给帮下好，哦嗯么")


@dataclass(frozen=True, slots=True)
class Reason:
    """A word of the message, as typed, and by how much it lifts the chosen category over the others.

    By terms in margin, with meaning in log odds.
    """

    word: str
    weight: float


Judge = Callable[[list[str]], Floats]
"""Gives the log odds (n_samples,) of the chosen class of texts, by what they mean too."""


def explain(
    text: str, features: TextFeatures, coef: Floats, probability: Floats, chosen: int, judge: Judge | None = None
) -> list[Reason]:
    """Return up to `MOST_REASONS` words of a message, the one that speaks most for class `chosen` first.

    `coef` is (n_features, n_classes), `probability` (n_classes,). With a `judge` a word speaks for the class as far as
    the judge is less sure without it; without one, or where no word makes a difference, as far as its terms do.
    """
    pieces, shown = read(text), visible(text)
    words = words_of(shown, pieces, features)
    weights = _by_terms(pieces, words, terms_of(text), features, coef, _direction(probability, chosen))
    if judge is not None and len(words) > 1:
        mixed = _left_out(shown, pieces, words, weights, judge)
        weights = mixed if (mixed > 0).any() else weights
    found: dict[str, Reason] = {}
    for word, weight in zip(words, weights.tolist(), strict=True):
        known = found.get(word.key, Reason(word.surface, 0.0))
        found[word.key] = Reason(known.word, known.weight + weight)
    return _strongest(found)


def _direction(probability: Floats, chosen: int) -> Floats:
    """Return what a class's weights count (n_classes,): the chosen one's, less the others' by how likely each is."""
    rivals = np.where(np.arange(len(probability)) == chosen, 0.0, probability + np.finfo(float).tiny)
    direction = -rivals / rivals.sum()
    direction[chosen] = 1.0
    return np.asarray(direction)


def _by_terms(
    pieces: Sequence[Piece],
    words: Sequence[Word],
    blocks: Terms,
    features: TextFeatures,
    coef: Floats,
    direction: Floats,
) -> Floats:
    """Return by how much margin each of the `words` (n_words,) lifts the chosen class over the others.

    `blocks` are the terms of `pieces`, `coef` is (n_features, n_classes), `direction` (n_classes,) what each class
    counts. A term's contribution is shared equally between the pieces it is made of, so that pairs and character
    sequences count for the words they stand in.
    """
    weights = [0.0] * len(pieces)
    for block, vocabulary in zip(blocks, (features.words_, features.grams_), strict=True):
        known = [term for term in block if term[0] in vocabulary]
        if not known:
            continue
        columns = np.array([vocabulary[key] for key, _, _ in known])
        _share(weights, known, (coef[columns] @ direction) * _values(known, features.idf_[columns]))
    return np.array([sum(weights[word.first : word.last]) for word in words])


def _left_out(text: str, pieces: Sequence[Piece], words: Sequence[Word], weights: Floats, judge: Judge) -> Floats:
    """Return by how much `judge` is less sure without each of a message's `words` (n_words,), in one batch.

    A word that is typed twice is left out twice at once. Of a long message only the passage is read whose `weights`
    (n_words,) by terms are the largest.
    """
    first, last = _passage(words, weights)
    begin, end = pieces[words[first].first].start, pieces[words[last - 1].last - 1].end
    if last - first == len(words):
        # The message as a whole has a vector already.
        begin, end = 0, len(text)
    keys = [word.key for word in words[first:last] if not _is_filler(word.key)]
    told = dict.fromkeys(keys or [word.key for word in words[first:last]], 0.0)
    for word, weight in zip(words[first:last], weights[first:last].tolist(), strict=True):
        if word.key in told:
            told[word.key] += weight
    keys = sorted(told, key=lambda key: -told[key])[:MOST_LEFT_OUT]
    variants = []
    for key in keys:
        rest, at = "", begin
        for word in words[first:last]:
            if word.key == key:
                rest, at = rest + text[at : pieces[word.first].start], pieces[word.last - 1].end
        variants.append(rest + text[at:end])
    sure = judge([text[begin:end], *variants])
    falls = dict(zip(keys, (sure[0] - sure[1:]).tolist(), strict=True))
    # Of a word that stands there twice the first one has it all.
    return np.array([falls.pop(word.key, 0.0) if first <= i < last else 0.0 for i, word in enumerate(words)])


def _passage(words: Sequence[Word], weights: Floats) -> tuple[int, int]:
    if len(words) <= MOST_SPANS:
        return 0, len(words)
    sums = np.convolve(weights, np.ones(MOST_SPANS), mode="valid")
    first = int(sums.argmax())
    return first, first + MOST_SPANS


def _values(block: list[Term], idf: Floats) -> Floats:
    """Return each occurrence's share of its term's TF-IDF value, the block scaled to length one."""
    times = Counter(key for key, _, _ in block)
    n = np.array([times[key] for key, _, _ in block], dtype=float)
    values = (1 + np.log(n)) * idf
    return np.asarray(values / n / np.sqrt(np.sum(values**2 / n)))


def _share(weights: list[float], block: list[Term], contributions: Floats) -> None:
    """Add each term's contribution to the pieces it is made of, in equal parts."""
    for (_, first, last), contribution in zip(block, contributions.tolist(), strict=True):
        for i in range(first, last):
            weights[i] += contribution / (last - first)


def _strongest(found: dict[str, Reason]) -> list[Reason]:
    telling = [reason for key, reason in found.items() if not _is_filler(key) and reason.weight > 0]
    ranked = sorted(telling or found.values(), key=lambda reason: -reason.weight)[:MOST_REASONS]
    return [reason for reason in ranked if reason.weight > max(0.0, LEAST_SHARE * ranked[0].weight)]


def _is_filler(key: str) -> bool:
    return all(part in FILLER for part in key.split()) or all(character in FILLER_CJK for character in key)
