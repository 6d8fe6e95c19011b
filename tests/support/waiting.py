"""Wait for what has to come, as long as it takes on a machine that has other things to do."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

PATIENCE_S = float(os.environ.get("TEST_PATIENCE_S", "300"))
"""No verdict on speed: long enough that only what never comes is given up."""


def until(
    condition: Callable[[], Any],
    within: float = PATIENCE_S,
    *,
    otherwise: Callable[[], Any] = lambda: "it did not happen",
) -> None:
    """Wait until something holds; `otherwise` tells what there is instead."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, otherwise()
        time.sleep(0.02)


def until_done(
    condition: Callable[[], Any], progress: Callable[[], Any], *, otherwise: Callable[[], Any] | None = None
) -> None:
    """Wait until something holds for as long as there is progress: what it returns changes at least now and then."""
    reached, since = progress(), time.monotonic()
    while not condition():
        time.sleep(0.05)
        if (now := progress()) != reached:
            reached, since = now, time.monotonic()
        assert time.monotonic() < since + PATIENCE_S, (otherwise or progress)()
