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
    """Wait until something holds; raise AssertionError with what there is `otherwise`."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(otherwise())
        time.sleep(0.02)
