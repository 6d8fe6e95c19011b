"""Fit several models on the starter's examples and on more or fewer of what a workspace's people said."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.classify.calibration import folds
from ml.classify.classifier import MANY, MessageClassifier
from ml.classify.linear import fit_margins
from ml.learn.items import Item, into
from ml.learn.train import TOPICS
from ml.starter import CHATTER, Examples
from ml.text.corpus import Corpus
from ml.text.encoder import installed
from ml.text.features import counted

Booleans = NDArray[np.bool_]
Integers = NDArray[np.integer[Any]]

WEIGHTS = (1.0, 2.0, 5.0)
"""How many examples a workspace's label may weigh as much as; its own labels choose."""
FEWEST_TO_WEIGH, MOST_TO_WEIGH = 20, 1_500
"""Fewer labels choose by chance, and more outweigh the examples by themselves."""
FOLDS_OF_MANY = 2
"""`MANY` examples are as well judged by two folds as by five, in half the time."""


Guesser = Callable[[float], Integers]
"""Gives the classes (n_judged,) guessed by what was learned with a label weighing so much."""


def heaviest(
    truth: Integers, kept: Integers, said: Integers, guesser: Callable[[Integers, Integers], Guesser]
) -> float:
    """Return how many examples a label weighs as much as, by how many of the labels each weight finds.

    `truth` are the classes of all rows, `kept` the rows of examples, `said` those of labels; `guesser` is given the
    rows that are learned from and those that are judged. Half of the labels are judged by what was learned from the
    examples and the other half, and the other way round. It is the heaviest that is within one standard error of the
    best (Breiman et al. 1984): few labels tell the weights apart badly, and on messages of a bank's customers the
    heavier was better whatever they told.
    """
    if not FEWEST_TO_WEIGH <= len(said) <= MOST_TO_WEIGH:
        return 1.0
    half = folds(truth[said], 2, seed=0)
    right = dict.fromkeys(WEIGHTS, 0)
    for number in range(2):
        judged = said[half == number]
        guess = guesser(np.concatenate([kept, said[half != number]]), judged)
        for weight in WEIGHTS:
            right[weight] += int((guess(weight) == truth[judged]).sum())
    best = max(right.values())
    error = math.sqrt(best * (1 - best / len(said)))
    return max(weight for weight in WEIGHTS if right[weight] >= best - error)


class Fits:
    """Fit on the starter's examples, except those that a workspace's people contradict, and on what they said.

    An example contradicts them if it is more like a message they put into another category than like any other example
    of its own: with it kept, sixteen labels of a new kind are lost among two hundred examples of the kind it was.
    Everything is counted and encoded once, however many fits there are. `truth` are the classes of all rows, those of
    examples first.
    """

    def __init__(self, examples: Examples, merged: dict[str, str], said: Sequence[Item]) -> None:
        self._texts = [*examples.texts, *(item.text for item in said)]
        self._size = len(examples.texts)
        own, theirs = [into(merged, label) for label in examples.labels], [item.category for item in said]
        self._labels = np.array([*own, *theirs], dtype=object)
        self.truth = np.unique(self._labels.astype(str), return_inverse=True)[1]
        self._corpus = Corpus.of([counted(text) for text in self._texts])
        every = np.arange(len(self._texts))
        self._rows = self._corpus.part(every, 2).rows(every)
        self._row_of = {item.key: i for i, item in enumerate(said, self._size)}
        self._own = np.zeros(self._size)
        for label in np.unique(own):
            members = np.flatnonzero(self._labels[: self._size] == label)
            alike = (self._rows[members] @ self._rows[members].T).toarray()
            np.fill_diagonal(alike, 0.0)
            self._own[members] = alike.max(axis=1, initial=0.0)

    def fit(self, items: Sequence[Item], n_folds: int = 5) -> MessageClassifier:
        """Return a model fitted on these items; fewer folds make it quicker and its calibration rougher."""
        said = np.array([self._row_of[item.key] for item in items], dtype=int)
        kept = np.flatnonzero(~self._contradicted(said))
        rows = np.concatenate([kept, said])
        weights = np.where(rows < self._size, 1.0, heaviest(self.truth, kept, said, self.guesser))
        learner = partial(MessageClassifier, name="learned", filter_label=CHATTER, n_topics=TOPICS)
        model = learner(n_folds=n_folds if len(rows) < MANY else FOLDS_OF_MANY, meaning=installed())
        texts, labels = [self._texts[i] for i in rows], self._labels[rows].tolist()
        return model.fit_counted(self._corpus.take(rows), texts, labels, weights.tolist())

    def guesser(self, seen: Integers, judged: Integers) -> Guesser:
        """Return what guesses the rows `judged` (n_judged,), learned from the rows `seen` (n_seen,)."""
        part, known = self._corpus.part(seen, 2), np.unique(self.truth[seen])
        rows, asked, numbers = part.rows(seen), part.rows(judged), np.searchsorted(known, self.truth[seen])

        def guess(weight: float) -> Integers:
            counts = np.where(seen < self._size, 1.0, weight)
            coef, intercept = fit_margins(rows, numbers, len(known), c=1.0, seed=0, weights=counts)
            return np.asarray(known[(asked @ coef + intercept).argmax(axis=1)])

        return guess

    def _contradicted(self, said: Integers) -> Booleans:
        if not len(said):
            return np.zeros(self._size, dtype=bool)
        contradicted = np.zeros(self._size, dtype=bool)
        labels, own = self._labels[: self._size], self._rows[: self._size]
        for label in np.unique(self._labels[said].astype(str)):
            theirs, others = self._rows[said[self._labels[said] == label]], np.flatnonzero(labels != label)
            alike = (own[others] @ theirs.T).max(axis=1).toarray().ravel()
            contradicted[others] |= alike > self._own[others]
        return contradicted
