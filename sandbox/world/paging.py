"""Page through lists with opaque cursors, as Slack's list methods do."""

import base64
from collections.abc import Sequence
from typing import TypeVar

from sandbox.world.in_flight import SlackError

T = TypeVar("T")


def page(items: Sequence[T], limit: int, cursor: str) -> tuple[list[T], str]:
    """Return one page and the cursor of the next, empty at the end; raises `invalid_cursor`."""
    start = 0
    if cursor:
        try:
            start = int(base64.b64decode(cursor).decode().removeprefix("next:"))
        except ValueError as error:
            raise SlackError("invalid_cursor") from error
    more = start + limit < len(items)
    next_cursor = base64.b64encode(f"next:{start + limit}".encode()).decode() if more else ""
    return list(items[start : start + limit]), next_cursor
