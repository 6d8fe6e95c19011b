"""Take work from a table as hands become free: woken by NOTIFY, with polling as its fallback."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

from storage.database.engine import Database

log = logging.getLogger(__name__)
_CHANCE = random.SystemRandom()

T = TypeVar("T")
QUICK_POLL_S = 0.2
QUICK_FOR_S = 2.0
GATHER_S = 0.05
"""For how long a claim waits, where more work is there than hands, so that it is for several hands and not for each."""


class Workers(Generic[T]):
    """Claim no more than there are free hands for, and work on each claim in a thread.

    `claim` gets the number of free hands and returns what is leased, `work` does one of them and sees to its own
    errors. What either lets escape is logged and ends no thread. For a moment after some work was done the table is
    asked more often: what waited for that work is likely to be ready.
    """

    def __init__(
        self,
        name: str,
        claim: Callable[[int], Sequence[T]],
        work: Callable[[T], None],
        *,
        hands: int,
        poll_s: float,
        database: Database,
        channel: str | None = None,
    ) -> None:
        self.name = name
        self.last_turn_at = time.monotonic()
        """When the table was last asked, as time.monotonic() tells it: what liveness looks at."""
        self._claim = claim
        self._work = work
        self._hands = hands
        self._poll_s = poll_s
        self._database = database
        self._channel = channel
        self._pool = ThreadPoolExecutor(hands, thread_name_prefix=name)
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._idle = threading.Condition()
        self._busy = 0
        self._last_done = 0.0
        self._threads: list[threading.Thread] = []

    @property
    def listens(self) -> bool:
        """Tell whether NOTIFY wakes it, on a connection of its own."""
        return self._channel is not None

    @property
    def stopping(self) -> bool:
        """Tell whether nothing more is claimed."""
        return self._stopping.is_set()

    def start(self) -> None:
        """Start to claim; returns at once."""
        self._spawn("claims", self._run)
        if self.listens:
            self._spawn("listens", self._listen)

    def wake(self) -> None:
        """Look for work now."""
        self._woken.set()

    def stop(self, timeout_s: float) -> bool:
        """Claim nothing more and wait until what was begun is finished; False if it was not within the time."""
        self._stopping.set()
        self._woken.set()
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        with self._idle:
            finished = self._idle.wait_for(lambda: self._busy == 0, max(0.0, deadline - time.monotonic()))
        self._pool.shutdown(wait=finished, cancel_futures=True)
        if not finished:
            log.warning("%s: %d were not finished; their leases will run out", self.name, self._busy)
        return finished

    def _spawn(self, what: str, run: Callable[[], None]) -> None:
        thread = threading.Thread(target=run, name=f"{self.name}-{what}", daemon=True)
        thread.start()
        self._threads.append(thread)

    def _run(self) -> None:
        while not self._stopping.is_set():
            recent = time.monotonic() - self._last_done < QUICK_FOR_S
            self._woken.wait(min(self._poll_s, QUICK_POLL_S) if recent else self._poll_s)
            self._woken.clear()
            self.last_turn_at = time.monotonic()
            try:
                self._turn()
            except Exception as exc:
                log.warning("%s could not claim: %s", self.name, type(exc).__name__, exc_info=exc)
                self._stopping.wait(self._poll_s)

    def _turn(self) -> None:
        if self._database.standing.troubles:
            self._database.ask()  # as what is claimed and cannot be done uses up an attempt
        enough = 1
        while (free := self._free(enough)) > 0 and not self._stopping.is_set():
            self.last_turn_at = time.monotonic()
            claimed = self._claim(free)
            if not claimed:
                return
            enough = max(1, self._hands // 2) if len(claimed) == free else 1
            with self._idle:
                self._busy += len(claimed)
            for one in claimed:
                self._pool.submit(self._do, one)

    def _free(self, enough: int) -> int:
        """Return how many hands are free, after waiting a moment until they are enough."""
        with self._idle:
            self._idle.wait_for(lambda: self._hands - self._busy >= enough, GATHER_S)
            return self._hands - self._busy

    def _do(self, one: T) -> None:
        try:
            self._work(one)
        except Exception:
            log.exception("%s left something undone; its lease will run out", self.name)
        finally:
            self._last_done = time.monotonic()
            with self._idle:
                self._busy -= 1
                self._idle.notify_all()
            self._woken.set()

    def _listen(self) -> None:
        assert self._channel is not None
        while not self._stopping.is_set():
            try:
                with self._database.listen([self._channel]) as listener:
                    self._woken.set()
                    while not self._stopping.is_set():
                        if listener.wait(0.5):
                            self._woken.set()
            except Exception as exc:
                log.warning("%s does not listen: %s", self.name, type(exc).__name__, extra={"cause": exc})
                self._stopping.wait(self._poll_s)


def spread_back_off(attempt: int, *, first_s: float, longest_s: float) -> float:
    """Return for how many seconds to wait after an attempt, about `first_s` after the first, and each time twice that.

    Spread by a tenth, so that those who failed together do not come back together.
    """
    return first_s / 2 * back_off(attempt, longest_s=longest_s) * _CHANCE.uniform(0.9, 1.1)


def back_off(attempt: int, *, longest_s: float) -> float:
    """Return for how many seconds to wait after the given attempt, the first being 1: 2, 4, 8... up to the longest."""
    return min(2.0 ** min(attempt, 32), longest_s)
