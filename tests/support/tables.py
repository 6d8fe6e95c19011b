"""Bring tables in as a person at the terminal or in Slack does: look, rehearse, run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bot.registry import load
from storage.database.engine import Database
from storage.money import Money, exponent
from storage.records.declaration import Declaration
from storage.records.fields import LinkField, SettingField
from storage.records.named import moment
from storage.transfer import looking, running, tables
from storage.transfer.activities.declaration import with_activities
from storage.transfer.lookup import Links
from storage.transfer.mapping import CREATED, ColumnMapping
from storage.transfer.model import ImportRun
from storage.workspace.members import Member

TOLD: Mapping[str, tuple[str, ...]] = {
    "customer": ("name", "domain", "owner"),
    "contact": ("name", "role", "email", "phone", "customer"),
    "deal": ("name", "amount", "customer", "stage", "close", "owner", CREATED),
    "ticket": ("name", "status", "priority", "assignee", "customer", CREATED),
}
"""What is told of a record, by noun; of when it was made, that it was today."""


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
        table, guessed = looking.understand(path, path.name, self.declarations, lambda _header: None, noun=noun)
        return looking.look(table, guessed, self.declarations[guessed.noun])

    def rehearse(
        self, path: Path, how: ColumnMapping | None = None, size: int = running.BATCH, actor: str | None = None
    ) -> dict[str, int]:
        """Return what would become of the rows."""
        how = how or self.understood(path)
        with running.Rehearsal(Links(how.source, self.declarations), how, actor) as rehearsal:
            for rows in running.batches(tables.open_table(path, sheet=how.sheet).rows(), size):
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
        for rows in [*running.batches(tables.open_table(path, sheet=how.sheet).rows(), size), []]:
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

    def told(self, noun: str) -> list[str]:
        """Return what is there of a noun, in the order it came, each record in words."""
        with self.database.transaction(self.workspace) as session:
            names = dict(session.execute(select(Member.id, Member.name)).all())
            declaration = self.declarations[noun]
            rows = session.scalars(select(declaration.model).order_by(declaration.model.id))
            return [_told(one, declaration, names) for one in rows]

    def refused(self, import_id: int) -> dict[int, str]:
        """Return why rows were refused, by line."""
        with self.database.transaction(self.workspace) as session:
            return {row.line: row.reason for row in running.refusals(session, import_id)}


def _told(record: Any, declaration: Declaration, names: Mapping[str, str]) -> str:
    said = []
    for key in TOLD[declaration.key]:
        if key == CREATED:
            is_new = moment() - record.created_at < timedelta(days=1)
            said.append("new" if is_new else record.created_at.date().isoformat())
            continue
        field = declaration.field(key)
        value = field.of(record)
        if isinstance(field, LinkField | SettingField) and value is not None:
            value = getattr(record, field.key).name
        elif isinstance(value, Money):
            value = f"{value.minor / 10 ** exponent(value.currency):.{exponent(value.currency)}f} {value.currency}"
        said.append(names.get(value, value) if value is not None else "-")
    return " | ".join(map(str, said))
