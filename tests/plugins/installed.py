"""Install the plugin of quotes for a run of pytest, as pip would: `-p tests.plugins.installed`."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from bot import registry

QUOTES = EntryPoint("quotes", "tests.plugins.quote:plugin", registry.ENTRY_POINTS)


def _with_quotes(*, group: str) -> list[Any]:
    return [*entry_points(group=group), *([QUOTES] if group == registry.ENTRY_POINTS else [])]


vars(registry)["entry_points"] = _with_quotes
