"""Fit anew the half of a model that reads meaning, in about a second, from vectors that are kept.

The half that reads words stays, and so does how sure the model is: a fit of both, at night, learns them anew.
"""

import hashlib
from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.classify.blend import Head
from ml.classify.classifier import MessageClassifier
from ml.classify.linear import are_few
from ml.learn.fits import MOST_TO_WEIGH, Guesser, heaviest
from ml.learn.items import Item, into
from ml.starter import Examples
from ml.text.meaning import encoder
from ml.text.neighbours import Neighbours, chosen

Booleans = NDArray[np.bool_]
Integers = NDArray[np.integer[Any]]


def can_follow(model: MessageClassifier, labels: Sequence[str]) -> bool:
    """Tell whether a model's half that reads meaning can be fitted alone on labels (n_samples,), merged as they are."""
    return model.blend_ is not None and set(labels) <= set(model.classes_.tolist())


class HeadFits:
    """Fit as `ml.learn.fits.Fits` does, but only the head on vectors, beginning with that of `current`.

    Raises ValueError where `can_follow` is false of what was said or of the examples. An example contradicts what
    people said if it means more the same as a message that they put into another category than as any other example
    of its own; once labels outnumber examples that hardly matters, and is not looked at.
    """

    def __init__(
        self, current: MessageClassifier, examples: Examples, merged: dict[str, str], said: Sequence[Item]
    ) -> None:
        labels = [*(into(merged, label) for label in examples.labels), *(item.category for item in said)]
        if not can_follow(current, labels):
            raise ValueError("the model has no half that reads meaning, or does not know every category")
        self._current = current
        self._size = len(examples.texts)
        self._truth = np.searchsorted(current.classes_, np.array(labels, dtype=str))
        self._vectors = encoder().vectors([*examples.texts, *(item.text for item in said)])
        self._row_of = {item.key: i for i, item in enumerate(said, self._size)}
        self._own = self._nearest_of_its_kind() if len(said) <= MOST_TO_WEIGH else None

    def fit(self, items: Sequence[Item], n_folds: int = 5) -> MessageClassifier:
        """Return the current model with a head fitted on the examples and these items; folds are not needed."""
        said = np.array([self._row_of[item.key] for item in items], dtype=int)
        kept = np.flatnonzero(~self._contradicted(said))
        rows = np.concatenate([kept, said])
        # Chosen anew for each part of the labels: what a part is judged by must know nothing of it.
        counts = np.where(rows < self._size, 1.0, heaviest(self._truth, kept, said, self.guesser))
        assert self._current.blend_ is not None, "whoever cannot be followed was refused"
        model, head = copy(self._current), self._head(rows, counts)
        neighbours = Neighbours.of(self._vectors[rows], self._truth[rows], chosen(len(rows), model.seed))
        model.blend_ = replace(self._current.blend_, head=head, neighbours=neighbours)
        model.name = "learned"
        digest = hashlib.sha256(head.coef.tobytes() + self._current.version_.encode())
        model.version_ = f"learned-{digest.hexdigest()[:8]}"
        return model

    def _head(self, rows: Integers, counts: NDArray[np.floating[Any]]) -> Head:
        assert self._current.blend_ is not None, "whoever cannot be followed was refused"
        truth, n_classes, begin = self._truth[rows], len(self._current.classes_), self._current.blend_.head
        few, known = are_few(truth, n_classes), np.unique(truth)
        head = Head.fit(
            self._vectors[rows], np.searchsorted(known, truth), few=few, weights=counts, begin=begin.of(known)
        )
        return head.among(known, n_classes)

    def guesser(self, seen: Integers, judged: Integers) -> Guesser:
        """Return what guesses the rows `judged` (n_judged,), learned from the rows `seen` (n_seen,)."""

        def guess(weight: float) -> Integers:
            head = self._head(seen, np.where(seen < self._size, 1.0, weight))
            return np.asarray(head.margins(self._vectors[judged]).argmax(axis=1))

        return guess

    def _nearest_of_its_kind(self) -> NDArray[np.floating[Any]]:
        own = np.zeros(self._size)
        for kind in np.unique(self._truth[: self._size]):
            members = np.flatnonzero(self._truth[: self._size] == kind)
            alike = self._vectors[members] @ self._vectors[members].T
            np.fill_diagonal(alike, 0.0)
            own[members] = alike.max(axis=1, initial=0.0)
        return own

    def _contradicted(self, said: Integers) -> Booleans:
        found = np.zeros(self._size, dtype=bool)
        if self._own is None or not len(said):
            return found
        for kind in np.unique(self._truth[said]):
            theirs, others = said[self._truth[said] == kind], np.flatnonzero(self._truth[: self._size] != kind)
            alike = (self._vectors[others] @ self._vectors[theirs].T).max(axis=1)
            found[others] |= alike > self._own[others]
        return found
