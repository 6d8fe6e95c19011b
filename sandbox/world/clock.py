"""Tell the time of the sandbox, which a test can move."""

import time


class Clock:
    """Hold the wall clock plus an offset; only expiry and rate windows follow the offset, message times never do."""

    def __init__(self) -> None:
        self.offset = 0.0

    def now(self) -> float:
        """Return seconds since the epoch, moved by the offset."""
        return time.time() + self.offset

    def advance(self, seconds: float) -> None:
        """Move the clock, so that what expires after that long has expired."""
        self.offset += seconds
