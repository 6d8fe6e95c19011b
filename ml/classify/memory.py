"""Remember what people said of messages, so that one that was corrected is right at once and stays right.

`partial_fit` forgets up to half of what it is told; a nearest-neighbour memory beside a model that is fitted anew
forgets nothing and generalises nothing, which is the fitted model's part.
"""

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from ml.text.features import TextFeatures, counted

Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.int64]

SIMILAR = 0.9
SAME = 0.999
LIMIT = 5_000
"""As many messages as are compared with: their rows take about 20 MB, a comparison about a millisecond."""
_TIE = 1e-6


@dataclass(frozen=True, slots=True)
class Recollection:
    """Say which remembered message (`key`) is like this one (cosine `similarity`), and what people said of it."""

    key: int
    category: str
    similarity: float

    @property
    def is_same(self) -> bool:
        """Tell whether the two messages have the same words."""
        return self.similarity >= SAME


@dataclass(frozen=True, slots=True)
class _Remembered:
    category: str
    order: int
    columns: Integers
    values: Floats


class Memory:
    """Find the remembered message that is most like a new one, where their cosine is at least 0.9.

    Rows are those of `TextFeatures` in its two blocks, except that terms which the features never saw count as the
    rarest: left out, two messages that differ in one unknown word would be the same. Not safe for threads.
    """

    def __init__(self, features: TextFeatures, limit: int = LIMIT) -> None:
        self._features = features
        self._limit = limit
        # One message more in which a term occurs lowers its idf by about ln 2 where it is rare.
        self._rarest = float(features.idf_.max(initial=1.0)) + math.log(2)
        self._columns: dict[str, int] = {}
        self._remembered: dict[int, _Remembered] = {}
        self._matrix: csr_matrix | None = None
        self._keys: list[int] = []

    def __len__(self) -> int:
        return len(self._remembered)

    def remember(self, key: int, text: str, category: str, order: int) -> None:
        """Keep what was said last of the message `key`; of two equally like messages the one of higher order counts.

        A message without anything to read is not kept, and beyond the limit the lowest order is forgotten.
        """
        self.forget(key)
        weights, length = self._weigh(text)
        if not weights:
            return
        columns = np.array([self._columns.setdefault(term, len(self._columns)) for term in weights], dtype=np.int64)
        values = np.fromiter(weights.values(), dtype=float) / length
        self._remembered[key] = _Remembered(category, order, columns, values)
        if len(self._remembered) > self._limit:
            self.forget(min(self._remembered, key=lambda known: self._remembered[known].order))

    def forget(self, key: int) -> None:
        """Forget a message; one that is not remembered is no mistake."""
        self._matrix = None
        self._remembered.pop(key, None)

    def recall(self, text: str) -> Recollection | None:
        """Return the remembered message most like a text, None if none is like enough."""
        weights, length = self._weigh(text) if self._remembered else ({}, 0.0)
        if not weights:
            return None
        similarities = self._rows() @ self._asked(weights, length)
        best = float(similarities.max())
        if best < SIMILAR:
            return None
        alike = [self._keys[i] for i in np.flatnonzero(similarities >= best - _TIE)]
        key = max(alike, key=lambda known: self._remembered[known].order)
        return Recollection(key, self._remembered[key].category, min(best, 1.0))

    def _rows(self) -> csr_matrix:
        if self._matrix is None:
            kept = list(self._remembered.values())
            ends = np.cumsum([0, *(len(one.columns) for one in kept)])
            data = (np.concatenate([one.values for one in kept]), np.concatenate([one.columns for one in kept]), ends)
            self._matrix = csr_matrix(data, shape=(len(kept), len(self._columns)))
            self._keys = list(self._remembered)
        return self._matrix

    def _asked(self, weights: dict[str, float], length: float) -> Floats:
        row = np.zeros(len(self._columns))
        for term, weight in weights.items():
            column = self._columns.get(term)
            if column is not None:
                row[column] = weight / length
        return row

    def _weigh(self, text: str) -> tuple[dict[str, float], float]:
        """Return a message's terms and weights, each block of length one, and the length of both together."""
        words, grams = counted(text)
        # The two blocks have terms in common, which are not the same.
        found = {f"w{term}": weight for term, weight in self._block(words, self._features.words_).items()}
        found |= {f"g{term}": weight for term, weight in self._block(grams, self._features.grams_).items()}
        return found, math.sqrt(bool(words) + bool(grams))

    def _block(self, counts: Counter[str], vocabulary: dict[str, int]) -> dict[str, float]:
        idf = self._features.idf_
        weights = {
            term: (1 + math.log(times)) * (float(idf[vocabulary[term]]) if term in vocabulary else self._rarest)
            for term, times in counts.items()
        }
        length = math.sqrt(sum(weight * weight for weight in weights.values()))
        return {term: weight / length for term, weight in weights.items()}
