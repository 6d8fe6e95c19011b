"""Make probabilities honest, and decide from which one on a model answers."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import betaincinv, logsumexp, softmax

Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.integer[Any]]

BINS = 15
# Who is filtered out is not heard, so the filter must be right more often than an answer.
FILTER_PRECISION = 0.95
# Of examples that it would answer rightly, one in fifty may be held for none of them; one in ten where sentence vectors
# tell how near the nearest is, which is far surer: that costs a bank's customers one answer in twenty, and halves the
# answers to those who belong nowhere (chosen on CLINC150's validation part).
STRANGERS = 0.02
MEANING_STRANGERS = 0.1
UNFITTED_TEMPERATURE = 1.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """Say how sure to be, and from where on to answer.

    `threshold` is the confidence from which on a model answers, `filter_threshold` the one from which on a message asks
    for nothing, each None where it was never reached; `scope_threshold` the belonging below which it abstains.
    """

    temperature: float
    threshold: float | None
    filter_threshold: float | None
    scope_threshold: float


def folds(classes: Integers, n_folds: int, seed: int) -> Integers:
    """Deal examples (n_samples,) of each class, shuffled, over `n_folds`; an only example of its class gets -1.

    Shuffled, because rows often come ordered by date or label; -1 (always trained on, never judged) because a class
    that a fold's training part lacks cannot be predicted there.
    """
    random = np.random.default_rng(seed)
    dealt = np.full(len(classes), -1)
    for one in np.unique(classes):
        members = random.permutation(np.flatnonzero(classes == one))
        if len(members) > 1:
            dealt[members] = (np.arange(len(members)) + random.integers(n_folds)) % n_folds
    return dealt


def probabilities(margins: Floats, temperature: float) -> Floats:
    """Return softmax(margins / temperature) along the last axis."""
    return np.asarray(softmax(margins / temperature, axis=-1))


def fit_temperature(margins: Floats, classes: Integers) -> float:
    """Return the temperature that minimises the log loss of margins (n_samples, n_classes) for classes (n_samples,).

    Guo et al. 2017, "On Calibration of Modern Neural Networks"; searched between 0.01 and 10 on a log scale.
    """
    if not len(classes):
        return UNFITTED_TEMPERATURE
    rows = np.arange(len(classes))

    def loss(log_temperature: float) -> float:
        scaled = margins / math.exp(log_temperature)
        return float(np.mean(logsumexp(scaled, axis=1) - scaled[rows, classes]))

    found = minimize_scalar(loss, bounds=(math.log(0.01), math.log(10)), method="bounded")
    return math.exp(float(found.x))


def precision_lower_bound(right: int, answered: int, risk: float = 0.05) -> float:
    """Return the one-sided Clopper-Pearson lower bound of a precision of `right` out of `answered`."""
    if right == 0:
        return 0.0
    return float(betaincinv(right, answered - right + 1, risk))


def choose_threshold(
    confidence: Floats, right: NDArray[np.bool_], precision: float, risk: float = 0.05
) -> float | None:
    """Return the lowest confidence from which on the precision's lower bound is at least `precision`, or None.

    `confidence` and `right` are (n_samples,) of predictions on examples the model had not seen.
    """
    order = np.argsort(-confidence, kind="stable")
    confidence, hits = confidence[order], np.cumsum(right[order])
    best = None
    for i in range(len(order)):
        tied = i + 1 < len(order) and confidence[i + 1] == confidence[i]
        if not tied and precision_lower_bound(int(hits[i]), i + 1, risk) >= precision:
            best = float(confidence[i])
    return best


def calibration_error(confidence: Floats, right: NDArray[np.bool_], bins: int = BINS) -> float:
    """Return the expected calibration error over equal-width bins (Naeini et al. 2015); both arrays (n_samples,)."""
    if not len(confidence):
        return 0.0
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = np.bincount(bin_of, weights=confidence - right, minlength=bins)
    return float(np.abs(gaps).sum() / len(confidence))
