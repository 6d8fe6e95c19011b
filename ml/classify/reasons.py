"""Say which words of a message made the model choose its category."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.text.features import TextFeatures
from ml.text.terms import Piece, Term, Terms

Floats = NDArray[np.floating[Any]]

# A card shows a few words; one that moves the margin by less than a tenth of what the first does explains nothing.
MOST_REASONS = 3
LEAST_SHARE = 0.1
# Chinese words are rarely longer than four characters.
LONGEST_CJK = 4
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
    """A word of the message, as typed, and by how much margin it lifts the chosen category over the others."""

    word: str
    weight: float


def explain(
    pieces: Sequence[Piece], blocks: Terms, features: TextFeatures, coef: Floats, probability: Floats, chosen: int
) -> list[Reason]:
    """Return up to `MOST_REASONS` words of a message, the one that speaks most for class `chosen` first.

    `blocks` are the terms of `pieces`, `coef` is (n_features, n_classes), `probability` (n_classes,). A term's
    contribution is its value times its weight for the chosen class above the other classes' weights, those averaged by
    how likely each is; it is shared equally between the words the term is made of, so that pairs and character
    sequences count for the words they stand in.
    """
    rivals = np.where(np.arange(len(probability)) == chosen, 0.0, probability + np.finfo(float).tiny)
    direction = -rivals / rivals.sum()
    direction[chosen] = 1.0
    weights = [0.0] * len(pieces)
    for block, vocabulary in zip(blocks, (features.words_, features.grams_), strict=True):
        known = [term for term in block if term[0] in vocabulary]
        if not known:
            continue
        columns = np.array([vocabulary[key] for key, _, _ in known])
        _share(weights, known, (coef[columns] @ direction) * _values(known, features.idf_[columns]))
    return _strongest(_words(pieces, np.array(weights)))


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


def _words(pieces: Sequence[Piece], weights: Floats) -> dict[str, Reason]:
    """Gather pieces into words: one typed twice counts once with both weights; Chinese is cut where it speaks most."""
    found: dict[str, Reason] = {}
    i = 0
    while i < len(pieces):
        end = i + 1
        if pieces[i].kind == "cjk":
            while end < len(pieces) and pieces[end].kind == "cjk" and pieces[end].start == pieces[end - 1].end:
                end += 1
            telling = [0.0 if piece.key in FILLER_CJK else 1.0 for piece in pieces[i:end]]
            for first, last in _windows(weights[i:end] * telling):
                _add(found, pieces[i + first : i + last], float(weights[i + first : i + last].sum()))
        elif pieces[i].kind not in ("mark", "code"):
            _add(found, pieces[i:end], float(weights[i]))
        i = end
    return found


def _add(found: dict[str, Reason], pieces: Sequence[Piece], weight: float) -> None:
    key = "".join(piece.key for piece in pieces)
    word = found[key].word if key in found else "".join(piece.surface for piece in pieces)
    found[key] = Reason(word, weight + (found[key].weight if key in found else 0.0))


def _windows(weights: Floats) -> list[tuple[int, int]]:
    """Return the windows of two to `LONGEST_CJK` characters that weigh most, without overlap, the heaviest first."""
    size = len(weights)
    spans = [(i, j) for i in range(size) for j in range(i + min(2, size), min(i + LONGEST_CJK, size) + 1)]
    chosen: list[tuple[int, int]] = []
    for first, last in sorted(spans, key=lambda span: (-float(weights[span[0] : span[1]].sum()), span[1] - span[0])):
        if len(chosen) < MOST_REASONS and all(last <= start or first >= end for start, end in chosen):
            chosen.append((first, last))
    return chosen


def _strongest(found: dict[str, Reason]) -> list[Reason]:
    telling = [reason for key, reason in found.items() if not _is_filler(key) and reason.weight > 0]
    ranked = sorted(telling or found.values(), key=lambda reason: -reason.weight)[:MOST_REASONS]
    return [reason for reason in ranked if reason.weight > max(0.0, LEAST_SHARE * ranked[0].weight)]


def _is_filler(key: str) -> bool:
    return key in FILLER or all(character in FILLER_CJK for character in key)
