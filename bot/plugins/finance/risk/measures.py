"""Measure the risk of a series of daily prices: volatility, drawdown, and one-day value at risk with its backtest.

Pure numbers: no session, no text for people but the refusals. Sources: P. Jorion, Value at Risk, 3rd ed. 2007,
chapters 5 (both methods) and 6 (backtesting); R. J. Hyndman and Y. Fan, Sample Quantiles in Statistical Packages, 1996,
definition 1 (the quantile); P. Kupiec, Techniques for Verifying the Accuracy of Risk Measurement Models, 1995.
Numpy is loaded where it is used, as every process loads this module and few measure a risk.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from statistics import NormalDist
from typing import TYPE_CHECKING

from storage.errors import Invalid

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LEAST_PRICES = 250
"""So many daily prices are about a year of trading: fewer say too little of the one day in a hundred."""
TRADING_DAYS = 252
"""Trading days of a year, by which a daily deviation is made a yearly one."""
CONFIDENCES = (95, 99)
"""In percent, as whole numbers: ranks computed from 0.95 can be off by one."""
HORIZON_DAYS = 1
LONGEST_GAP = timedelta(days=7)
"""A longer time between two prices, beyond any row of holidays, makes the return between them no daily one."""
DOUBTFUL = 0.05
"""Below this probability, chance alone does not explain so many or so few exceptions."""


class TooLittleKnown(Invalid):
    """The prices do not carry a measurement of risk; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Drawdown:
    """Say how deep a series fell below its highest price before, as a share of that (0.25 is a quarter), and when.

    `peak` and `trough` are places in the series, equal where it never fell.
    """

    depth: float
    peak: int
    trough: int


@dataclass(frozen=True, slots=True)
class Exceptions:
    """Count the days on which more was lost than a value at risk of the day before had said.

    `promised` is how many there should be in the days that were `tested`; `chance` is the probability of a count at
    least as far from that if the method were right, None where no day was tested.
    """

    found: int
    tested: int
    promised: float
    chance: float | None

    @property
    def doubtful(self) -> bool:
        """Tell whether chance alone hardly explains the count."""
        return self.chance is not None and self.chance < DOUBTFUL


@dataclass(frozen=True, slots=True)
class ValueAtRisk:
    """Hold the one-day loss that is not exceeded with a confidence of so many `percent`, by two methods.

    `history` and `normal` are shares of the value (0.02 is 2 %), never below zero; the exceptions are those of each
    method over the past days on which it could be tried.
    """

    percent: int
    history: float
    normal: float
    history_past: Exceptions
    normal_past: Exceptions


@dataclass(frozen=True, slots=True)
class Measured:
    """Hold the risk of a series: how many prices from when until when, and what they say.

    `volatility` is a yearly standard deviation as a share of the value.
    """

    prices: int
    first: date
    last: date
    volatility: float
    drawdown: Drawdown
    at: tuple[ValueAtRisk, ...]


def measure(days: Sequence[date], prices: Sequence[float], *, today: date) -> Measured:
    """Measure the newest run of daily prices; raise TooLittleKnown with the reason where it does not carry that.

    `days` and `prices` are of one length n, the days ascending, the prices above zero and all of one currency. A run
    ends where two prices are more than seven days apart; only what comes after the last such gap counts, it must hold
    250 prices, and its last one may be seven days old on `today`.
    """
    values = _checked(days, prices)
    begins = _begin_of_run(days)
    if today - days[-1] > LONGEST_GAP:
        raise TooLittleKnown(
            "The last price is of {day}, which is too old for a risk of today.",
            hint="Enter the prices since.",
            day=days[-1].isoformat(),
        )
    values, since = values[begins:], days[begins]
    if len(values) < LEAST_PRICES:
        raise TooLittleKnown(
            "The risk is told from {least} daily prices on, and there are {count}.",
            hint=None if begins == 0 else "Only those since {since} count: before that is a gap of more than a week.",
            least=LEAST_PRICES,
            count=len(values),
            since=since.isoformat(),
        )
    changes = returns(values)
    at = tuple(_at(changes, percent) for percent in CONFIDENCES)
    return Measured(len(values), since, days[-1], volatility(changes), drawdown(values), at)


def returns(prices: Floats) -> Floats:
    """Return the simple daily returns of n prices, shape (n - 1,): `p[t] / p[t - 1] - 1`."""
    changes: Floats = prices[1:] / prices[:-1] - 1.0
    return changes


def volatility(changes: Floats) -> float:
    """Return the yearly volatility of daily returns, shape (n,), n > 1: their deviation (n - 1 below) times sqrt(252).

    Jorion, section 4.2: variances of days that do not depend on each other add up.
    """
    import numpy as np

    return float(np.std(changes, ddof=1)) * math.sqrt(TRADING_DAYS)


def drawdown(prices: Floats) -> Drawdown:
    """Return the deepest fall below a running maximum of n prices, shape (n,): `max(1 - p[t] / max(p[..t]))`."""
    import numpy as np

    highest = np.maximum.accumulate(prices)
    below = 1.0 - prices / highest
    trough = int(np.argmax(below))
    peak = int(np.argmax(prices[: trough + 1]))
    return Drawdown(float(below[trough]), peak, trough)


def by_history(changes: Floats, percent: int) -> Floats:
    """Return the value at risk by historical simulation, of each row: shape (..., n) becomes (...), shares of value.

    It is the loss of rank ceil(n * percent / 100) among the n losses in ascending order, a loss that did occur
    (Hyndman and Fan, definition 1; numpy calls it `inverted_cdf`), and zero where that is a gain.
    """
    import numpy as np

    rank = -(-changes.shape[-1] * percent // 100)
    losses = np.partition(-changes, rank - 1, axis=-1)[..., rank - 1]
    return np.maximum(losses, 0.0)


def by_normal(changes: Floats, percent: int) -> Floats:
    """Return the value at risk by normal approximation, of each row: shape (..., n) becomes (...), shares of value.

    `z * s - m` with mean m and deviation s (n - 1 below) of the returns, and z the normal quantile of the confidence
    (Jorion, section 5.3); zero where that is a gain.
    """
    import numpy as np

    z = NormalDist().inv_cdf(percent / 100)
    estimate: Floats = np.asarray(z * np.std(changes, axis=-1, ddof=1) - np.mean(changes, axis=-1))
    return np.maximum(estimate, 0.0)


def exceptions(said: Floats, followed: Floats, percent: int) -> Exceptions:
    """Count where the loss that `followed` exceeds what was `said` before, both of shape (days,), shares of value."""
    import numpy as np

    tested = len(said)
    found = int(np.count_nonzero(-followed > said))
    promised = tested * (100 - percent) / 100
    return Exceptions(found, tested, promised, _chance(found, tested, (100 - percent) / 100) if tested else None)


def _at(changes: Floats, percent: int) -> ValueAtRisk:
    """Return the value at risk of tomorrow, and how each method did on the days behind it.

    Each past day is compared with what the 249 returns (250 prices) before it alone would have said.
    """
    import numpy as np

    window = LEAST_PRICES - 1
    before = np.lib.stride_tricks.sliding_window_view(changes, window)[:-1]
    after = changes[window:]
    latest = changes[-window:]
    return ValueAtRisk(
        percent,
        float(by_history(latest, percent)),
        float(by_normal(latest, percent)),
        exceptions(by_history(before, percent), after, percent),
        exceptions(by_normal(before, percent), after, percent),
    )


def _chance(found: int, tested: int, share: float) -> float:
    """Return Kupiec's probability: of a count at least as unlikely as this, where each day fails with this share.

    The likelihood ratio `-2 ln (L(share) / L(found / tested))` is chi-squared with one degree of freedom, of which
    the tail is `erfc(sqrt(ratio / 2))`.
    """
    ratio = 2.0 * (_log_likelihood(found, tested, found / tested) - _log_likelihood(found, tested, share))
    return math.erfc(math.sqrt(max(ratio, 0.0) / 2.0))


def _log_likelihood(found: int, tested: int, share: float) -> float:
    kept = tested - found
    return (found * math.log(share) if found else 0.0) + (kept * math.log(1.0 - share) if kept else 0.0)


def _checked(days: Sequence[date], prices: Sequence[float]) -> Floats:
    import numpy as np

    if len(days) != len(prices):
        raise ValueError(f"{len(days)} days and {len(prices)} prices do not belong together")
    if any(later <= earlier for earlier, later in pairwise(days)):
        raise ValueError("the days of prices ascend")
    if not days:
        raise TooLittleKnown("There are no prices yet.", hint="The risk is told from 250 daily prices on.")
    values = np.asarray(prices, dtype=np.float64)
    if not (np.isfinite(values).all() and (values > 0.0).all()):
        raise TooLittleKnown("The value was zero or below on some day, of which no daily return can be told.")
    return values


def _begin_of_run(days: Sequence[date]) -> int:
    gaps = [place for place in range(1, len(days)) if days[place] - days[place - 1] > LONGEST_GAP]
    return gaps[-1] if gaps else 0
