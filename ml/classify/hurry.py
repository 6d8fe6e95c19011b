"""Tell how soon a message needs an answer where no rule says so, by messages that mean nearly the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.utils.validation import check_is_fitted

from ml.text.meaning import encoder

Floats = NDArray[np.floating[Any]]
Strings = NDArray[np.str_]


class HurryClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Classify by logistic regression on sentence vectors; the encoder must be installed.

    Fitted state: `classes_` (n_classes,), `regression_`.
    """

    def __init__(self, c: float = 10.0) -> None:
        self.c = c

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> Self:
        """Learn from texts and their levels, both (n_samples,)."""
        self.regression_ = LogisticRegression(C=self.c, class_weight="balanced", max_iter=500)
        self.regression_.fit(encoder().vectors(texts), labels)
        self.classes_: Strings = self.regression_.classes_
        return self

    def predict_proba(self, texts: Sequence[str]) -> Floats:
        """Return probabilities (n_samples, n_classes) of texts (n_samples,), columns as in `classes_`."""
        check_is_fitted(self, "regression_")
        return np.asarray(self.regression_.predict_proba(encoder().vectors(texts)))

    def predict(self, texts: Sequence[str]) -> Strings:
        """Return the most likely level (n_samples,) of each text."""
        return np.asarray(self.classes_[self.predict_proba(texts).argmax(axis=1)])

    def explain(self, text: str, clauses: Sequence[str]) -> tuple[str, str | None]:
        """Return the level of a text, and which of its clauses makes it less likely when left out, None for none."""
        without = [text.replace(clause, " ", 1) for clause in clauses]
        probability = self.predict_proba([text, *without])
        best = int(probability[0].argmax())
        lost = probability[0, best] - probability[1:, best]
        most = int(lost.argmax()) if len(lost) else -1
        return str(self.classes_[best]), clauses[most] if most >= 0 and lost[most] > 0 else None
