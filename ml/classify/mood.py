"""Tell whether a message is friendly, annoyed or neither, by a small linear model learned from our own examples."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.utils.validation import check_is_fitted

from ml.text.features import TextFeatures, counted

Floats = NDArray[np.floating[Any]]
Strings = NDArray[np.str_]


class MoodClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Classify by logistic regression over the words and characters that `TextFeatures` reads.

    Fitted state: `classes_` (n_classes,), `features_`, `regression_`.
    """

    def __init__(self, c: float = 10.0, min_gram_df: int = 2) -> None:
        self.c = c
        self.min_gram_df = min_gram_df

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> Self:
        """Learn from texts and labels, both (n_samples,)."""
        self.features_ = TextFeatures(self.min_gram_df)
        rows = self.features_.fit_transform(texts)
        self.regression_ = LogisticRegression(C=self.c, class_weight="balanced", max_iter=200).fit(rows, labels)
        self.classes_: Strings = self.regression_.classes_
        return self

    def predict_proba(self, texts: Sequence[str]) -> Floats:
        """Return probabilities (n_samples, n_classes) of texts (n_samples,), columns as in `classes_`."""
        check_is_fitted(self, "regression_")
        return np.asarray(self.regression_.predict_proba(self.features_.transform(texts)))

    def predict(self, texts: Sequence[str]) -> Strings:
        """Return the most likely class (n_samples,) of each text."""
        return np.asarray(self.classes_[self.predict_proba(texts).argmax(axis=1)])

    def mood_of(self, text: str) -> str:
        """Return what `predict` does of one text, without the cost of a matrix."""
        check_is_fitted(self, "regression_")
        columns, values = self.features_.vector(counted(text))
        margins = self.regression_.coef_[:, columns] @ values + self.regression_.intercept_
        # Of two classes scikit-learn keeps the second one's margin only.
        return str(self.classes_[margins.argmax() if len(margins) > 1 else int(margins[0] > 0)])
