"""Keep the textbook classifier beside ours, as the line to beat."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import Pipeline, make_pipeline

from ml.classify.calibration import choose_threshold, folds

Floats = NDArray[np.floating[Any]]
Strings = NDArray[np.str_]


class TextbookClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Classify by word counts and multinomial naive Bayes with every default, as the textbooks do.

    Only the threshold is ours, chosen as `MessageClassifier` chooses its own, so that the two can be compared. Fitted
    state: `classes_` (n_classes,), `pipeline_`, `threshold_` (None: never reached).
    """

    def __init__(self, n_folds: int = 5, precision: float = 0.9, seed: int = 0) -> None:
        self.n_folds = n_folds
        self.precision = precision
        self.seed = seed

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> Self:
        """Learn from texts and labels, both (n_samples,)."""
        messages, names = np.asarray(texts, dtype=object), np.asarray(labels, dtype=str)
        fold_of = folds(np.unique(names, return_inverse=True)[1], self.n_folds, self.seed)
        confidence, right = [np.empty(0)], [np.empty(0, dtype=bool)]
        for fold in range(self.n_folds):
            if (fold_of == fold).any():
                seen = _pipeline().fit(messages[fold_of != fold], names[fold_of != fold])
                probability = seen.predict_proba(messages[fold_of == fold])
                confidence.append(probability.max(axis=1))
                right.append(seen.classes_[probability.argmax(axis=1)] == names[fold_of == fold])
        self.threshold_ = choose_threshold(np.concatenate(confidence), np.concatenate(right), self.precision)
        self.pipeline_ = _pipeline().fit(messages, names)
        self.classes_: Strings = self.pipeline_.classes_
        return self

    def predict_proba(self, texts: Sequence[str]) -> Floats:
        """Return probabilities (n_samples, n_classes) of texts (n_samples,), columns as in `classes_`."""
        return np.asarray(self.pipeline_.predict_proba(texts))

    def predict(self, texts: Sequence[str]) -> Strings:
        """Return the most likely class (n_samples,) of each text."""
        return np.asarray(self.pipeline_.predict(texts))

    def answers(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """Tell for each text (n_samples,) whether the largest probability reaches the threshold."""
        threshold = np.inf if self.threshold_ is None else self.threshold_
        return np.asarray(self.predict_proba(texts).max(axis=1) >= threshold)

    def belonging(self, texts: Sequence[str]) -> Floats:
        """Return the largest probability (n_samples,): all that naive Bayes has to tell strangers by."""
        return np.asarray(self.predict_proba(texts).max(axis=1))


def _pipeline() -> Pipeline:
    return make_pipeline(CountVectorizer(), MultinomialNB())
