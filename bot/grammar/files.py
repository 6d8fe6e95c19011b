"""Tell which files of a message are tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ENDINGS = (".csv", ".tsv", ".txt", ".xlsx", ".xls", ".ods", ".numbers")
"""Of the last three none can be read, but who sends one is told what to send."""


def tables_in(event: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the files of a Slack message that are tables by their names."""
    if event.get("subtype") != "file_share":
        return []
    files = event.get("files")
    found = files if isinstance(files, list) else []
    return [one for one in found if isinstance(one, Mapping) and str(one.get("name")).lower().endswith(ENDINGS)]
