"""Bring tables in as a person at the terminal or in Slack does: look, rehearse, run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bot.registry import load
from storage.database.engine import Database
from storage.records.declaration import Declaration
from storage.transfer import mapping, running, tables
from storage.transfer.activities.declaration import with_activities
from storage.transfer.lookup import Links
from storage.transfer.mapping import ColumnMapping
from storage.transfer.model import ImportRun


@dataclass
class Desk:
    """Hold where tables are brought in."""

    database: Database
    workspace: str
    folder: Path

    @property
    def nouns(self) -> Mapping[str, Declaration]:
        """Return every noun there is, with the fields of the workspace's own."""
        with self.database.transaction(self.workspace) as session:
            return load().declarations(session)

    @property
    def declarations(self) -> Mapping[str, Declaration]:
        """Return what the rows of a table may be."""
        return with_activities(self.nouns)

    def write(self, text: str | bytes, name: str = "table.csv") -> Path:
        """Write a file as it was dropped."""
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def understood(self, path: Path, noun: str = "") -> ColumnMapping:
        """Return how a file is understood, with nobody correcting it."""
        table = tables.open_table(path)
        guessed = mapping.guess(table.header, table.name, self.declarations, noun=noun)
        return mapping.look(table, guessed, self.declarations[guessed.noun])

    def rehearse(
        self, path: Path, how: ColumnMapping | None = None, size: int = running.BATCH, actor: str | None = None
    ) -> dict[str, int]:
        """Return what would become of the rows."""
        how = how or self.understood(path)
        with running.Rehearsal(Links(how.source, self.declarations), how, actor) as rehearsal:
            for rows in running.batches(tables.open_table(path).rows(), size):
                with self.database.transaction(self.workspace) as session:
                    rehearsal.batch(session, rows)
        return running.as_numbers(rehearsal.counts)

    def begin(self, path: Path, how: ColumnMapping | None = None, actor: str | None = None) -> int:
        """Let an import run, and return its number."""
        table = tables.open_table(path)
        with self.database.transaction(self.workspace) as session:
            run = running.draw_up(
                session, table, how or self.understood(path), digest=tables.digest(path), actor_id=actor
            )
            running.begin(session, run.id)
            return run.id

    def bring_in(
        self, path: Path, how: ColumnMapping | None = None, size: int = running.BATCH, **changes: object
    ) -> ImportRun:
        """Bring a file in from its start to its end."""
        how = replace(how or self.understood(path), **changes)  # type: ignore[arg-type]  # what a test says
        return self.go_on(self.begin(path, how), path, how, size)

    def go_on(
        self, import_id: int, path: Path, how: ColumnMapping | None = None, size: int = running.BATCH
    ) -> ImportRun:
        """Go on with an import from where it is to its end."""
        how = how or self.understood(path)
        links = Links(how.source, self.declarations)
        for rows in [*running.batches(tables.open_table(path).rows(), size), []]:
            with self.database.transaction(self.workspace) as session:
                run = running.run_batch(session, import_id, links, rows)
        return run

    def undo(self, import_id: int, size: int = running.BATCH) -> list[str]:
        """Take an import back and return what stays."""
        kept: list[str] = []
        with self.database.transaction(self.workspace) as session:
            run = running.begin_undo(session, import_id)
        while run.state == "undoing":
            with self.database.transaction(self.workspace) as session:
                run, not_done = running.undo_batch(session, import_id, size)
            kept += not_done
        return kept

    def refused(self, import_id: int) -> dict[int, str]:
        """Return why rows were refused, by line."""
        with self.database.transaction(self.workspace) as session:
            return {row.line: row.reason for row in running.refusals(session, import_id)}
