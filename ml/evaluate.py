"""Measure a classifier on messages it has not seen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from ml.calibration import calibration_error

Labelled = tuple[Sequence[str], Sequence[str]]


class Classifier(Protocol):
    """What can be measured: a text classifier with probabilities and a threshold."""

    classes_: NDArray[np.str_]
    threshold_: float | None

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> Self:
        """Learn from texts and labels, both (n_samples,)."""

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.floating[Any]]:
        """Return probabilities (n_samples, n_classes)."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What predictions on unseen messages were worth; all but `examples` are shares between 0 and 1.

    `coverage` is the share answered at the model's own threshold, `precision` how many of those answers were right, `ece`
    the expected calibration error over all messages, `answered_macro_f1` the macro-F1 over the answered ones.
    """

    examples: int
    accuracy: float
    macro_f1: float
    ece: float
    coverage: float
    precision: float
    answered_macro_f1: float


def evaluate(model_factory: Callable[[], Classifier], train: Labelled, test: Labelled) -> Figures:
    """Fit a new model on `train` and measure it on `test`, each texts and labels (n_samples,)."""
    model = model_factory()
    model.fit(*train)
    return measure(model, test)


def measure(model: Classifier, test: Labelled) -> Figures:
    """Measure a fitted model on texts and labels (n_samples,)."""
    texts, labels = test
    probability = model.predict_proba(texts)
    threshold = np.inf if model.threshold_ is None else model.threshold_
    return figures(model.classes_[probability.argmax(axis=1)], probability.max(axis=1), np.asarray(labels), threshold)


def figures(
    guesses: NDArray[np.str_], confidence: NDArray[np.floating[Any]], truth: NDArray[np.str_], threshold: float
) -> Figures:
    """Return the figures of guesses with their confidence against the truth, all (n_samples,)."""
    right, answered = guesses == truth, confidence >= threshold
    return Figures(
        examples=len(truth),
        accuracy=float(right.mean()),
        macro_f1=_macro_f1(truth, guesses),
        ece=calibration_error(confidence, right),
        coverage=float(answered.mean()),
        precision=float(right[answered].mean()) if answered.any() else 0.0,
        answered_macro_f1=_macro_f1(truth[answered], guesses[answered]) if answered.any() else 0.0,
    )


def _macro_f1(truth: NDArray[np.str_], guesses: NDArray[np.str_]) -> float:
    """Return the mean F1 of the classes that occur in the truth."""
    return float(f1_score(truth, guesses, labels=np.unique(truth), average="macro", zero_division=0.0))
