"""Find what customers write about more than usual."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

FEWEST = 5
FEWEST_BEFORE = 20
SIGNIFICANT = 3.0


@dataclass(frozen=True, slots=True)
class Unusual:
    """Name a category of which there were more tickets than its usual share would have made: `expected`."""

    category: str
    count: int
    expected: float


def more_than_usual(now: Mapping[str, int], before: Mapping[str, int]) -> list[Unusual]:
    """Return the categories whose share is significantly above that of the weeks before, the clearest first.

    `now` and `before` are tickets by category. The test is that for two proportions with a pooled variance: with k of n
    now and b of m before, p = (k + b) / (n + m) and z = (k/n - b/m) / sqrt(p (1 - p) (1/n + 1/m)). A category counts
    with z >= 3 (by chance less than once in 700, so that a dozen categories a day stay quiet) and at least 5 tickets; a
    history under 20 tickets says nothing. A share, not a number, is compared: a busy day alone is nothing unusual.
    """
    n, m = sum(now.values()), sum(before.values())
    if m < FEWEST_BEFORE:
        return []
    found = []
    for category, k in now.items():
        b = before.get(category, 0)
        p = (k + b) / (n + m)
        if k < FEWEST or p == 1:
            continue
        z = (k / n - b / m) / sqrt(p * (1 - p) * (1 / n + 1 / m))
        if z >= SIGNIFICANT:
            found.append((z, Unusual(category, k, n * b / m)))
    return [one for _, one in sorted(found, key=lambda pair: (-pair[0], pair[1].category))]
