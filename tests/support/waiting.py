"""Wait for what has to come, as long as it takes on a machine that has other things to do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from sandbox.control.waiting import PATIENCE_S, until

__all__ = ["PATIENCE_S", "until", "until_done"]


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
