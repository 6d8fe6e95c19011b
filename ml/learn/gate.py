"""Decide by a paired test whether one model is better than another on the same messages."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtrc, ndtri

Booleans = NDArray[np.bool_]
Floats = NDArray[np.floating[Any]]

LEVEL, LEVEL_OF_MANY, MANY = 0.008, 0.015, 80
"""How likely an equal model passes one test: little, as evidence is looked at again and again while it grows, and more
from 80 messages on that only one model has right, as few later looks are left."""
GROWTH = 1.5
"""How many times as much evidence there must be before the next look: from 30 to 3,000 messages an equal model then
passes any look at all in at most 5 of 100 (simulated; see `ml.evaluate.gate_power`)."""
FEWEST = 7
"""With fewer messages nothing can pass: `0.5 ** 7` is the first power of a half below `LEVEL`."""
POWER = 0.9
SHOWN_CONFIDENCE = 0.95
MOST_MISSING = 100_000
WORSE = 0.05
"""How likely a model that is no worse is held for one: what would be lost is a night."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Say whether a candidate is better than the current model on `judged` messages, and how sure that is.

    `gained` only the candidate has right, `lost` only the current model. `gain` is the difference of the shares that
    are right, between `low` and `high` with 95 % confidence; `p` how likely an equal model would gain as much.
    `missing` is how many more messages it takes to decide, if it goes on like this; None where nothing speaks for the
    candidate.
    """

    judged: int
    gained: int
    lost: int
    gain: float
    low: float
    high: float
    p: float
    better: bool
    missing: int | None


def decide(candidate: Booleans, current: Booleans) -> Decision:
    """Compare which messages each of two models has right, both (n_judged,).

    The exact sign test on those that only one has right (McNemar 1947), so that it holds for few as well. The interval
    of the gain is that of Agresti and Min (2005).
    """
    judged = len(candidate)
    gained, lost = int((candidate & ~current).sum()), int((current & ~candidate).sum())
    apart = gained + lost
    p = float(bdtrc(gained - 1, apart, 0.5)) if gained else 1.0
    z = float(ndtri((1 + SHOWN_CONFIDENCE) / 2))
    n, plus, minus = judged + 2, gained + 0.5, lost + 0.5
    middle = (plus - minus) / n
    margin = z * math.sqrt(plus + minus - (plus - minus) ** 2 / n) / n
    better = p <= _level(apart)
    return Decision(
        judged=judged,
        gained=gained,
        lost=lost,
        gain=(gained - lost) / judged if judged else 0.0,
        low=max(-1.0, middle - margin),
        high=min(1.0, middle + margin),
        p=p,
        better=better,
        missing=0 if better else _missing(judged, gained, lost),
    )


def is_surer(candidate: Floats, current: Floats) -> bool:
    """Tell whether the candidate is more over-confident, beyond chance; both are confidence less rightness (n_judged,).

    A paired test of the mean: whoever is surer of every message must be right more often to match.
    """
    more = candidate - current
    if len(more) < FEWEST or candidate.mean() <= 0 or more.mean() <= 0:
        return False
    error = float(more.std(ddof=1)) / math.sqrt(len(more))
    return float(more.mean()) > -float(ndtri(LEVEL)) * error


def is_worse(candidate: Booleans, other: Booleans) -> bool:
    """Tell whether another model has right, beyond chance, what the candidate has not; both (n_judged,)."""
    gained, lost = int((candidate & ~other).sum()), int((other & ~candidate).sum())
    return lost > gained and float(bdtrc(lost - 1, gained + lost, 0.5)) <= WORSE


def _level(apart: float) -> float:
    return LEVEL if apart < MANY else LEVEL_OF_MANY


def _missing(judged: int, gained: int, lost: int) -> int | None:
    """Return how many messages more a test needs to pass in nine of ten, at the shares seen so far (Connor 1987)."""
    if gained + lost == 0 or gained <= lost:
        return None
    share = gained / (gained + lost)
    spread = 2 * math.sqrt(share * (1 - share))
    power = float(ndtri(POWER)) * spread
    few, many = (((power - float(ndtri(level))) / (2 * share - 1)) ** 2 for level in (LEVEL, LEVEL_OF_MANY))
    apart = max(FEWEST, few if few < MANY else max(MANY, many))
    return max(1, min(MOST_MISSING, math.ceil(apart * judged / (gained + lost)) - judged))
