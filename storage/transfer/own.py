"""Know the tables that Rapport itself writes: by their first column, which names noun and workspace."""

from __future__ import annotations

import re
from collections.abc import Sequence

ADDED_ON, ARCHIVED_ON = "Added on", "Archived on"
NOTES, TEXT = "note", "Text"
"""What the table of notes is by its first column, and the column that has what was written down."""
_FIRST = re.compile(r"(\S+) \(Rapport ([A-Za-z0-9]+)\)")


def first_column(noun: str, workspace_id: str) -> str:
    """Return what the first column of a noun's table is called."""
    return f"{noun} (Rapport {workspace_id})"


def source(workspace_id: str) -> str:
    """Return what records that come from a workspace of Rapport have as their source."""
    return f"rapport {workspace_id}"


def origin(header: Sequence[str]) -> tuple[str, str] | None:
    """Return noun and source of a table that Rapport wrote, None for any other."""
    found = _FIRST.fullmatch(header[0]) if header else None
    return (found[1], source(found[2])) if found else None
