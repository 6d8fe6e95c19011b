"""Compare messages with examples by what they mean: with the nearest of each class, and with the nearest of all."""

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.integer[Any]]
Booleans = NDArray[np.bool_]

MOST = 6_000
"""With so many examples at most a message is compared; 3 MB of whole numbers."""
SCALE = 127.0
FEW = 5
"""Of so many nearest examples the mean cosine tells strangers apart better than the nearest alone."""
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Nearness:
    """Say how near messages are to examples, as cosines.

    `of_class` (n_samples, n_classes) is that of the nearest example of each class, 0 where a class has none; `few`
    (n_samples,) the mean of the nearest `FEW` of all.
    """

    of_class: Floats
    few: Floats

    @property
    def best(self) -> Floats:
        """Return the cosine (n_samples,) to the nearest example of all."""
        return np.asarray(self.of_class.max(axis=1, initial=0.0))

    @classmethod
    def none(cls, n_samples: int, n_classes: int) -> Self:
        """Return that of messages to which nothing is near."""
        return cls(np.zeros((n_samples, n_classes)), np.zeros(n_samples))

    def put(self, some: Integers, others: "Nearness") -> None:
        """Take over that of some messages, by their numbers."""
        self.of_class[some], self.few[some] = others.of_class, others.few

    def rows(self, some: Booleans) -> Self:
        """Return the same of some messages (n_samples,)."""
        return type(self)(self.of_class[some], self.few[some])


@dataclass(frozen=True)
class Neighbours:
    """Hold examples as whole numbers (n_examples, 512) int8, and their classes (n_examples,) numbered from 0."""

    examples: NDArray[np.int8]
    classes: Integers
    _turned: Floats = field(init=False, repr=False)
    _present: Integers = field(init=False, repr=False)
    _starts: Integers = field(init=False, repr=False)

    def __post_init__(self) -> None:
        order = np.argsort(self.classes, kind="stable")
        # Turned once, and each class in one piece: it would take longer than the comparison.
        object.__setattr__(self, "_turned", np.ascontiguousarray(self.examples[order].T, dtype=np.float32) / SCALE)
        present, starts = np.unique(self.classes[order], return_index=True)
        object.__setattr__(self, "_present", present)
        object.__setattr__(self, "_starts", starts)

    @classmethod
    def of(cls, vectors: Floats, classes: Integers, some: Booleans) -> Self:
        """Return the neighbours that `some` (n_samples,) of vectors (n_samples, 512) with their classes make."""
        whole = np.rint(vectors[some] * SCALE)
        return cls(np.asarray(whole, dtype=np.int8), np.asarray(classes[some], dtype=np.int32))

    def near(self, vectors: Floats, n_classes: int) -> Nearness:
        """Return how near vectors (n_samples, 512) are to the examples, of `n_classes` classes."""
        found, size = Nearness.none(len(vectors), n_classes), len(self.examples)
        for begin in range(0, len(vectors) if size else 0, AT_ONCE):
            some = slice(begin, begin + AT_ONCE)
            cosines = vectors[some] @ self._turned
            found.of_class[some, self._present] = np.maximum.reduceat(cosines, self._starts, axis=1)
            most = min(FEW, size)
            cosines.partition(size - most, axis=1)
            found.few[some] = cosines[:, size - most :].mean(axis=1)
        return found


def chosen(n_samples: int, seed: int) -> Booleans:
    """Choose which of so many examples (n_samples,) messages are compared with: all, or a random `MOST` of them."""
    if n_samples <= MOST:
        return np.ones(n_samples, dtype=bool)
    found = np.zeros(n_samples, dtype=bool)
    found[np.random.default_rng(seed).choice(n_samples, MOST, replace=False)] = True
    return found
