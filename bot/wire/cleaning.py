"""Make what Slack sends storable: PostgreSQL's JSON knows no NUL, no half surrogate pair and no NaN, and has an end."""

from __future__ import annotations

import json
import math
import re
from typing import Any

DEPTH = 64
"""Levels that are kept; Slack's own payloads have about fifteen."""
DIGITS = 300
STANDS_FOR_IT = "\ufffd"
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def parse(text: str) -> Any:
    """Read JSON; raise ValueError for what is none, or too deep to be read at all."""
    try:
        return json.loads(text, parse_int=_whole, parse_constant=lambda _name: None)
    except RecursionError:
        raise ValueError("deeper than anybody reads") from None


def clean(value: Any, depth: int = DEPTH) -> Any:
    """Return a JSON value as it can be stored: text as messages are kept, null for what has no end."""
    match value:
        case str():
            return _UNSTORABLE.sub(STANDS_FOR_IT, value)
        case dict():
            return {clean(str(key)): clean(each, depth - 1) for key, each in value.items()} if depth else None
        case list() | tuple():
            return [clean(each, depth - 1) for each in value] if depth else None
        case float():
            return value if math.isfinite(value) else None
        case int():
            return value if abs(value) < 10**DIGITS else None
        case _:
            return value


def _whole(digits: str) -> int | None:
    return int(digits) if len(digits) <= DIGITS else None
