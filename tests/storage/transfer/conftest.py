"""Lend a desk at which tables are brought in."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.database.engine import Database
from tests.support.tables import Desk


@pytest.fixture
def desk(database: Database, workspace: str, tmp_path: Path) -> Desk:
    """Return a desk in the workspace of most tests."""
    return Desk(database, workspace, tmp_path)
