"""Let each key make so many requests a minute, counted in this process."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

PER_MINUTE = 600
MOST_KEYS = 10_000


class Limits:
    """Hold a bucket for each key: `at_once` requests fit in, or what comes in twelve seconds; `per_minute` fills it."""

    def __init__(
        self,
        per_minute: int = PER_MINUTE,
        at_once: int | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.per_minute = per_minute
        self.at_once = at_once or max(1, per_minute // 5)
        self._clock = clock
        self._left: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, key: Hashable) -> int:
        """Take one request from a key's bucket and return 0, or the seconds until there is one again."""
        with self._lock:
            now = self._clock()
            left, at = self._left.pop(key, (float(self.at_once), now))
            left = min(float(self.at_once), left + (now - at) * self.per_minute / 60)
            self._left[key] = (left - 1 if left >= 1 else left, now)
            if len(self._left) > MOST_KEYS:
                self._left.popitem(last=False)
            return 0 if left >= 1 else max(1, math.ceil((1 - left) * 60 / self.per_minute))
