"""Give tests the API on a port, and programs that use it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.registry import Registry
from storage.database.engine import Database
from tests.support.programs import Program, Programs


@pytest.fixture
def programs(database: Database, registry: Registry) -> Iterator[Programs]:
    """Serve the API over the test's database."""
    serving = Programs(database, registry)
    yield serving
    serving.close()


@pytest.fixture
def program(programs: Programs, workspace: str) -> Program:
    """Return a program that may do everything in the workspace."""
    return programs.key(workspace)
