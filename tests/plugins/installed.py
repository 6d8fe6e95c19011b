"""Install the plugin of quotes for a run of pytest, as pip would: `-p tests.plugins.installed`."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from bot.registry import ENTRY_POINTS, loading

QUOTES = EntryPoint("quotes", "tests.plugins.quote:plugin", ENTRY_POINTS)


def _with_quotes(*, group: str) -> list[Any]:
    return [*entry_points(group=group), *([QUOTES] if group == ENTRY_POINTS else [])]


vars(loading)["entry_points"] = _with_quotes
