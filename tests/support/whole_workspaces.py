"""Take whole workspaces out and in, and compare what is in their archives."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import NullPool, create_engine

from storage.database.engine import Database
from storage.transfer import archives
from storage.transfer.exports.data import write_data

OF_ITS_OWN: dict[str, object] = {"workspace_id": ""}
OTHERS = {
    "data/member.jsonl": {**OF_ITS_OWN, "roles": [], "active": False},
    "data/external_id.jsonl": {**OF_ITS_OWN, "import_id": None},
}


def taken_out(database: Database, workspace: str, path: Path) -> dict[str, list[dict[str, Any]]]:
    """Write the rows of a workspace to an archive, and return them by file."""
    with database.transaction(workspace) as session, zipfile.ZipFile(path, "w") as archive:
        names = list(write_data(session, archive))
    with zipfile.ZipFile(path) as archive:
        return {name: [json.loads(line) for line in archive.read(name).decode().split("\n") if line] for name in names}


def came_unchanged(was: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Compare what a workspace had with what another has that came from its archive."""
    assert was.keys() == now.keys()
    for name, rows in was.items():
        # Nobody gets rights through the archive of another workspace, and its imports are over.
        ours, theirs = ([row | OTHERS.get(name, OF_ITS_OWN) for row in found] for found in (rows, now[name]))
        assert theirs[: len(ours)] == ours, name


def bring_in(database: Database, workspace: str, path: Path, admin_url: str) -> None:
    """Bring an archive into an empty workspace."""
    admin = create_engine(admin_url, poolclass=NullPool)
    with database.transaction(workspace) as session:
        archives.advance(admin, archives.bring_in(session, path))
