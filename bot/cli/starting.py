"""Say at a start what is waited for, until the bot can serve."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

LOOK_S = 0.1
SETTLED_S = 1.0
"""What is missing for a shorter time is not worth a line."""


def wait_until_ready(
    missing: Callable[[], Mapping[str, str]], stopping: threading.Event, say: Callable[[str], object]
) -> bool:
    """Return once nothing is missing, having said what was, each thing once; False if the program stops before."""
    said: dict[str, str] = {}
    found: dict[str, str] = {}
    since = time.monotonic()
    while not stopping.is_set():
        now = dict(missing())
        if not now:
            return True
        if now != found:
            found, since = now, time.monotonic()
        if found != said and time.monotonic() - since >= SETTLED_S:
            say("Rapport is starting. " + "; ".join(f"{name}: {why}" for name, why in found.items()))
            said = found
        stopping.wait(LOOK_S)
    return False
