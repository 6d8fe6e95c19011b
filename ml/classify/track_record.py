"""Say how sure a card may be, from what became of a workspace's own answers."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit

from ml.classify.calibration import precision_lower_bound

Floats = NDArray[np.floating[Any]]
Booleans = NDArray[np.bool_]

ENOUGH = 200
"""Below as many answers whose outcome is known no number can be kept within five points."""
NEAREST = 300
MISS = 0.05
"""By as much the lower bound may stay behind what is promised."""
_SHIFT_SD, _SLOPE_SD = 1.0, 0.5
_EDGE = 1e-4


class TrackRecord:
    """Turn a model's confidence into the share that such answers of a workspace were right.

    A shift and a slope on the log-odds (Platt 1999), held near none by a normal prior. Where the lower bound of the
    answers nearest in confidence stays more than five points behind, nothing is promised. Fitted state: `shift_`,
    `slope_`, and `confidence_` and `right_` (n_answers,) of the answers.
    """

    def fit(self, confidence: Floats, right: Booleans) -> Self:
        """Learn from answers whose outcome is known, both (n_answers,)."""
        self.confidence_, self.right_ = np.asarray(confidence, dtype=float), np.asarray(right, dtype=bool)
        self.shift_, self.slope_ = 0.0, 1.0
        if len(self.confidence_) >= ENOUGH:
            odds, sign = _odds(self.confidence_), np.where(self.right_, 1.0, -1.0)

            def loss(found: Floats) -> float:
                prior = (found[0] / _SHIFT_SD) ** 2 / 2 + ((found[1] - 1) / _SLOPE_SD) ** 2 / 2
                return float(np.logaddexp(0, -sign * (found[0] + found[1] * odds)).sum() + prior)

            bounds = [(None, None), (0.0, None)]
            self.shift_, self.slope_ = (float(one) for one in minimize(loss, [0.0, 1.0], bounds=bounds).x)
        return self

    def of(self, confidence: float) -> float | None:
        """Return the share, 0 to 1, that answers of a confidence are right; None where that has not been shown."""
        if len(self.confidence_) < ENOUGH:
            return None
        share = float(expit(self.shift_ + self.slope_ * _odds(np.array([confidence]))[0]))
        nearest = np.argsort(np.abs(self.confidence_ - confidence), kind="stable")[:NEAREST]
        kept = precision_lower_bound(int(self.right_[nearest].sum()), len(nearest))
        return share if kept >= share - MISS else None


def _odds(confidence: Floats) -> Floats:
    return np.asarray(logit(np.clip(confidence, _EDGE, 1 - _EDGE)))
