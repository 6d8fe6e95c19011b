"""Measure a classifier on messages it has not seen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score, roc_auc_score

from ml.classify.calibration import calibration_error

Floats = NDArray[np.floating[Any]]
Booleans = NDArray[np.bool_]
Strings = NDArray[np.str_]
Labelled = tuple[Sequence[str], Sequence[str]]
Confusion = list[tuple[str, str, int]]


class Classifier(Protocol):
    """What can be measured: a text classifier with probabilities that knows when not to answer."""

    classes_: Strings

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> object:
        """Learn from texts and labels, both (n_samples,)."""

    def predict_proba(self, texts: Sequence[str]) -> Floats:
        """Return probabilities (n_samples, n_classes), columns as in `classes_`."""

    def answers(self, texts: Sequence[str]) -> Booleans:
        """Tell for each text (n_samples,) whether the model answers it."""

    def belonging(self, texts: Sequence[str]) -> Floats:
        """Return a score (n_samples,) that is low for texts of no class."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What predictions on unseen messages were worth; all but `examples` are shares between 0 and 1.

    `ece` is the expected calibration error over all messages (15 bins), `coverage` the share the model answered,
    `precision` how many of those answers were right, `answered_macro_f1` the macro-F1 over the answered messages. A
    macro-F1 is the mean over the classes that occur in the truth. `confusion` counts (truth, guess).
    """

    examples: int
    accuracy: float
    macro_f1: float
    ece: float
    coverage: float
    precision: float
    answered_macro_f1: float
    confusion: Confusion = field(default_factory=list)


def evaluate(model_factory: Callable[[], Classifier], train: Labelled, test: Labelled) -> Figures:
    """Fit a new model on `train` and measure it on `test`, each texts and labels (n_samples,)."""
    model = model_factory()
    model.fit(*train)
    return measure(model, test)


def measure(model: Classifier, test: Labelled) -> Figures:
    """Measure a fitted model on texts and labels (n_samples,)."""
    texts, labels = test
    truth, probability, answered = np.asarray(labels, dtype=str), model.predict_proba(texts), model.answers(texts)
    guesses, confidence = model.classes_[probability.argmax(axis=1)], probability.max(axis=1)
    right = guesses == truth
    return Figures(
        examples=len(truth),
        accuracy=float(right.mean()),
        macro_f1=_macro_f1(truth, guesses),
        ece=calibration_error(confidence, right),
        coverage=float(answered.mean()),
        precision=float(right[answered].mean()) if answered.any() else 0.0,
        answered_macro_f1=_macro_f1(truth[answered], guesses[answered]),
        confusion=confusion(truth, guesses),
    )


def confusion(truth: Strings, guesses: Strings) -> Confusion:
    """Count how often each class was taken for each, itself or another; both (n_samples,)."""
    pairs, counts = np.unique(np.stack([truth, guesses]).astype(str), axis=1, return_counts=True)
    return [(str(a), str(b), int(n)) for a, b, n in zip(*pairs, counts, strict=True)]


def stranger_auroc(model: Classifier, ours: Sequence[str], strangers: Sequence[str]) -> float:
    """Return how well belonging ranks texts of the classes above texts of none: 0.5 by chance, 1 without a mistake."""
    scores = np.concatenate([model.belonging(ours), model.belonging(strangers)])
    return float(roc_auc_score(np.repeat([1, 0], [len(ours), len(strangers)]), scores))


def _macro_f1(truth: Strings, guesses: Strings) -> float:
    if not len(truth):
        return 0.0
    return float(f1_score(truth, guesses, labels=np.unique(truth), average="macro", zero_division=0.0))
