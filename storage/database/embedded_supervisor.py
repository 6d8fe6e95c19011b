"""Keep a server running: start it again whenever it ends, later and later where it ends each time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

log = logging.getLogger(__name__)

LOOK_S = 0.5
LONGEST_PAUSE_S = 60.0
STEADY_S = 300.0
"""How long a server has to live for its earlier ends to be forgotten."""
CRASHES = 3
"""At which end in a row it is said that it ends again and again."""


class Supervisor:
    """Look after a server until `leaving` is set, in a thread of its own.

    `start` starts it unless it runs by then, and raises OSError or RuntimeError where it cannot. `where` is the file
    that says why it ended.
    """

    def __init__(
        self, runs: Callable[[], bool], start: Callable[[], None], leaving: threading.Event, where: Path
    ) -> None:
        self._runs = runs
        self._start = start
        self._leaving = leaving
        self._where = where
        self._thread = threading.Thread(target=self._keep_running, name="postgres-supervisor", daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Wait until it looks no more; set `leaving` before."""
        self._thread.join()

    def _keep_running(self) -> None:
        ends, since = 0, time.monotonic()
        while not self._leaving.wait(LOOK_S):
            if self._runs():
                if time.monotonic() - since > STEADY_S:
                    ends = 0
            elif not self._leaving.wait(min(2.0**ends, LONGEST_PAUSE_S) if ends else 0):
                ends += 1
                self._start_again(ends)
                since = time.monotonic()

    def _start_again(self, ends: int) -> None:
        failed = ""
        try:
            self._start()
        except (OSError, RuntimeError) as error:
            failed = " ".join(str(error).split())
        if self._leaving.is_set() or ends not in {1, CRASHES}:
            return
        if ends == CRASHES:
            log.error(
                "the embedded PostgreSQL ends again and again; it is started about every minute, and %s says why. %s",
                self._where,
                failed,
            )
        elif failed:
            log.error("the embedded PostgreSQL had ended and does not start again: %s", failed)
        else:
            log.warning("the embedded PostgreSQL had ended and was started again; %s says why", self._where)
