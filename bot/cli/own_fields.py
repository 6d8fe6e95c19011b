"""Say whether filters and sorts by fields of workspaces' own find what the records hold."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.exc import SQLAlchemyError

from bot.cli.findings import Finding
from storage.database.confinement import Unconfined
from storage.database.engine import EVERY_WORKSPACE, Database
from storage.records.schema import checking
from storage.workspace import workspaces

SHOWN = 5
STATEMENT_MS = 30_000


def findings(url: str) -> Iterator[Finding]:
    """Say so; nothing where it cannot be read."""
    odd = differing(url)
    if odd is None:
        return
    told = f"filters and sorts find other values than records have: {', '.join(odd[:SHOWN])}"
    remedy = "Export the noun with `rapport export`, bring it in again, and report this: it is a fault of the program."
    yield Finding("Own fields", not odd, told if odd else "filters and sorts find what records hold", remedy)


def differing(url: str) -> list[str] | None:
    """Return the fields that are compared by other values than records have, each with its workspace.

    None where that cannot be read.
    """
    database = Database(url, pool_size=1, application_name="rapport-doctor")
    try:
        with database.transaction(EVERY_WORKSPACE) as session:
            known = workspaces.installed(session)
        found: list[str] = []
        for workspace_id in known:
            with database.transaction(workspace_id, statement_timeout_ms=STATEMENT_MS) as session:
                found += [f"{workspace_id} {name}" for name in checking.differing(session)]
        return found
    except (SQLAlchemyError, Unconfined):
        return None
    finally:
        database.dispose()
