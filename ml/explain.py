"""Say which words of a message made the model choose its category."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.features import TextFeatures
from ml.text import Piece, Term, terms

Floats = NDArray[np.floating[Any]]

# A card shows a few words; one that moves the margin by less than a tenth of what the first does explains nothing.
MOST_REASONS = 3
LEAST_SHARE = 0.1
# Chinese words are rarely longer than four characters.
LONGEST_CJK = 4


@dataclass(frozen=True, slots=True)
class Reason:
    """A word of the message, as typed, and by how much it lifts the chosen category over the others (in margin units)."""

    word: str
    weight: float


def explain(
    pieces: list[Piece], features: TextFeatures, coef: Floats, probability: Floats, chosen: int
) -> list[Reason]:
    """Return up to `MOST_REASONS` words of a message, the one that speaks most for class `chosen` first.

    `coef` is (n_features, n_classes), `probability` (n_classes,). A term's contribution is its value times its weight for
    the chosen class above the other classes' weights, those averaged by how likely each is; it is shared equally
    between the words the term is made of, so that pairs and character sequences count for the words they stand in.
    """
    rivals = np.delete(probability, chosen)
    rivals = rivals / rivals.sum() if rivals.sum() > 0 else np.full(len(rivals), 1 / len(rivals))
    weights = np.zeros(len(pieces))
    for block, vocabulary in zip(terms(pieces), (features.words_, features.grams_), strict=True):
        known = [term for term in block if term.key in vocabulary]
        if not known:
            continue
        columns = np.array([vocabulary[term.key] for term in known])
        rows = coef[columns]
        lift = rows[:, chosen] - np.delete(rows, chosen, axis=1) @ rivals
        _share(weights, known, lift * _values(known, features.idf_[columns]))
    return _strongest(_words(pieces, weights))


def _values(block: list[Term], idf: Floats) -> Floats:
    """Return each occurrence's share of its term's TF-IDF value, the block scaled to length one."""
    times = Counter(term.key for term in block)
    n = np.array([times[term.key] for term in block], dtype=float)
    values = (1 + np.log(n)) * idf
    return np.asarray(values / n / np.sqrt(np.sum(values**2 / n)))


def _share(weights: Floats, block: list[Term], contributions: Floats) -> None:
    """Add each term's contribution to the pieces it is made of, in equal parts."""
    for term, contribution in zip(block, contributions, strict=True):
        weights[term.first : term.last] += contribution / (term.last - term.first)


def _words(pieces: list[Piece], weights: Floats) -> dict[str, Reason]:
    """Gather pieces into words: one typed twice counts once with both weights; Chinese is cut where it speaks most."""
    found: dict[str, Reason] = {}
    i = 0
    while i < len(pieces):
        end = i + 1
        if pieces[i].kind == "cjk":
            while end < len(pieces) and pieces[end].kind == "cjk" and pieces[end].start == pieces[end - 1].end:
                end += 1
            for first, last in _windows(weights[i:end]):
                _add(found, pieces[i + first : i + last], float(weights[i + first : i + last].sum()))
        elif pieces[i].kind != "mark":
            _add(found, pieces[i:end], float(weights[i]))
        i = end
    return found


def _add(found: dict[str, Reason], pieces: list[Piece], weight: float) -> None:
    key = "".join(piece.key for piece in pieces)
    word = found[key].word if key in found else "".join(piece.surface for piece in pieces)
    found[key] = Reason(word, weight + (found[key].weight if key in found else 0.0))


def _windows(weights: Floats) -> list[tuple[int, int]]:
    """Return the windows of two to `LONGEST_CJK` characters that weigh most, without overlap, the heaviest first."""
    size = len(weights)
    spans = [(i, j) for i in range(size) for j in range(i + min(2, size), min(i + LONGEST_CJK, size) + 1)]
    chosen: list[tuple[int, int]] = []
    for first, last in sorted(spans, key=lambda span: -float(weights[span[0] : span[1]].sum())):
        if len(chosen) < MOST_REASONS and all(last <= start or first >= end for start, end in chosen):
            chosen.append((first, last))
    return chosen


def _strongest(found: dict[str, Reason]) -> list[Reason]:
    ranked = sorted(found.values(), key=lambda reason: -reason.weight)[:MOST_REASONS]
    return [reason for reason in ranked if reason.weight > max(0.0, LEAST_SHARE * ranked[0].weight)]
