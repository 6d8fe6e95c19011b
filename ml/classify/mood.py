"""Tell by small models learned from our own examples in which mood a message is, and how soon it needs an answer."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.utils.validation import check_is_fitted

from ml.text.features import TextFeatures, counted
from ml.text.meaning import encoder

Floats = NDArray[np.floating[Any]]
Strings = NDArray[np.str_]

NORMAL = "normal"
"""The level of what is in no hurry and can wait for its turn."""


class MoodClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Classify by logistic regression over the words and characters that `TextFeatures` reads.

    With `meaning` its probabilities are averaged with those of another on sentence vectors; the encoder must be
    installed. Fitted state: `classes_` (n_classes,), `features_`, `regression_`, `head_` (None without meaning).
    """

    def __init__(self, c: float = 10.0, min_gram_df: int = 2, meaning: bool = False, head_c: float = 3.0) -> None:
        self.c = c
        self.min_gram_df = min_gram_df
        self.meaning = meaning
        self.head_c = head_c

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> Self:
        """Learn from texts and labels, both (n_samples,)."""
        self.features_ = TextFeatures(self.min_gram_df)
        rows = self.features_.fit_transform(texts)
        self.regression_ = LogisticRegression(C=self.c, class_weight="balanced", max_iter=200).fit(rows, labels)
        self.classes_: Strings = self.regression_.classes_
        self.head_: LogisticRegression | None = None
        if self.meaning:
            self.head_ = LogisticRegression(C=self.head_c, class_weight="balanced", max_iter=500)
            self.head_.fit(encoder().vectors(texts), labels)
        return self

    def predict_proba(self, texts: Sequence[str]) -> Floats:
        """Return probabilities (n_samples, n_classes) of texts (n_samples,), columns as in `classes_`."""
        check_is_fitted(self, "regression_")
        words = np.asarray(self.regression_.predict_proba(self.features_.transform(texts)))
        return words if self.head_ is None else (words + self.head_.predict_proba(encoder().vectors(texts))) / 2

    def predict(self, texts: Sequence[str]) -> Strings:
        """Return the most likely class (n_samples,) of each text."""
        return np.asarray(self.classes_[self.predict_proba(texts).argmax(axis=1)])

    def mood_of(self, text: str) -> str:
        """Return what `predict` does of one text, without the cost of a matrix."""
        check_is_fitted(self, "regression_")
        columns, values = self.features_.vector(counted(text))
        probability = _of_one(self.regression_, self.regression_.coef_[:, columns] @ values)
        if self.head_ is not None:
            probability = probability + _of_one(self.head_, self.head_.coef_ @ encoder().vectors([text])[0])
        return str(self.classes_[int(probability.argmax())])


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
        """Return the level of a text, and which of its clauses makes it less likely when left out, None for none.

        Of a text that nothing makes hurry no clause is left out, as most are such and each takes as long as a text.
        """
        own = _of_one(self.regression_, self.regression_.coef_ @ encoder().vectors([text])[0])
        best = int(own.argmax())
        level = str(self.classes_[best])
        if level == NORMAL or not clauses:
            return level, None
        without = encoder().vectors([text.replace(clause, " ", 1) for clause in clauses], remember=False)
        lost = own[best] - self.regression_.predict_proba(without)[:, best]
        most = int(lost.argmax())
        return level, clauses[most] if lost[most] > 0 else None


def _of_one(regression: LogisticRegression, margins: Floats) -> Floats:
    """Return the probabilities (n_classes,) of one text by its margins before the intercept."""
    margins = margins + regression.intercept_
    # Of two classes scikit-learn keeps the second one's margin only.
    return np.asarray(softmax(margins if len(margins) > 1 else np.append(0.0, margins)))
