"""Fit the linear model over words and characters."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.integer[Any]]

# Below as many examples a class logistic regression is two to three points better than a support vector machine, far
# above them it is a point worse and takes ten times as long (measured on parts of Banking77's training data).
FEW_EXAMPLES = 20
# A few examples are best followed closely: 10 to 30 did equally well, 100 worse.
FEW_C = 30.0


def are_few(classes: Integers, n_classes: int) -> bool:
    """Tell whether examples, of `classes` (n_samples,), are too few for a support vector machine."""
    return len(classes) < FEW_EXAMPLES * n_classes


def fit_margins(
    rows: csr_matrix, classes: Integers, n_classes: int, *, c: float, seed: int, weights: Floats | None = None
) -> tuple[Floats, Floats]:
    """Return coefficients (n_features, n_classes) and intercepts (n_classes,) of a linear model.

    `rows` are (n_samples, n_features), `classes` and `weights` (n_samples,). Those of logistic regression are scaled so
    that examples have margin one for their own class on average, about as a support vector machine's have: belonging
    then means the same for both.
    """
    few = are_few(classes, n_classes)
    machine = LogisticRegression(C=FEW_C * c, tol=1e-3) if few else LinearSVC(C=c, random_state=seed)
    machine.fit(rows, classes, sample_weight=weights)
    coef, intercept = np.ascontiguousarray(machine.coef_.T), machine.intercept_
    if coef.shape[1] == 1:  # of two classes scikit-learn keeps only the second one's half
        coef, intercept = np.hstack([-coef, coef]), np.array([-1.0, 1.0]) * intercept
    if few:
        own = float(np.mean((rows @ coef + intercept)[np.arange(len(classes)), classes]))
        coef, intercept = coef / own, intercept / own
    return coef, intercept
