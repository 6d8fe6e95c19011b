"""Take records out as tables that any program reads, and that come back in as they were.

The first column names noun, workspace and record (`customer (Rapport T0ACME)`, `C-1`), so a table that comes back is
known, in this workspace and in another.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.crm.notes import Note
from storage.database.engine import current_workspace
from storage.records.declaration import Declaration
from storage.records.fields import LinkField, PersonField, RecordField, SettingField
from storage.records.history import Activity, ChangeSet
from storage.records.named import Named
from storage.references import in_force, reference
from storage.transfer.cells import cell, defuse
from storage.transfer.model import ExternalId
from storage.transfer.own import ADDED_ON, ARCHIVED_ON, first_column
from storage.workspace.members import Member

PAGE = 1_000

README = """# What Rapport kept

Taken out of the workspace {workspace}. Tables are CSV: UTF-8, commas, the first line names the columns.

- `<noun>.csv`: the records of a noun. The first column is the record's reference, the others are its fields by their
  labels, then when it was added and archived. Days are YYYY-MM-DD, moments are in UTC, amounts have their currency
  behind them, people are their address or else their Slack id, linked records are their reference.
- `notes.csv`: what was written down, with the reference of the record, the kind, the moment, and who wrote it.
- `people.csv`: who is who: Slack id, name, address, roles.
- `numbers.csv`: the numbers that records have in the programs they came from.
- `history.jsonl`: every change, one JSON object a line: when, who, from where, which record, what was before and after.

A cell that a spreadsheet would run as a formula has an apostrophe before it. `rapport import` takes it off again. It
takes each table of a noun as it is: first the nouns that others are linked to.
"""


@dataclass
class RecordTable:
    """Write records of a noun as rows of text; what they are linked to by name is looked up once."""

    session: Session
    declaration: Declaration

    def __post_init__(self) -> None:
        """Know everybody, as people are few."""
        self._people = {one.id: one.email or one.id for one in self.session.scalars(select(Member))}

    @property
    def header(self) -> list[str]:
        """Return the names of the columns."""
        first = first_column(self.declaration.key, current_workspace(self.session))
        return [first, *(field.label for field in self.declaration.fields), ADDED_ON, ARCHIVED_ON]

    def row(self, record: Named) -> list[str]:
        """Return a record's cells, each as a spreadsheet may show it."""
        cells = [self._cell(field, record) for field in self.declaration.fields]
        moments = [record.created_at.isoformat(" "), record.archived_at.isoformat(" ") if record.archived_at else ""]
        return [defuse(one) for one in (record.reference, *cells, *moments)]

    def rows(self, *where: Any) -> Iterator[list[str]]:
        """Yield the rows of all records that are not merged into others, by their numbers."""
        model, last = self.declaration.model, 0
        while True:
            page = select(model).where(model.merged_into_id.is_(None), model.id > last, *where)
            found = self.session.scalars(page.order_by(model.id).limit(PAGE)).all()
            for record in found:
                yield self.row(record)
            if len(found) < PAGE:
                return
            last = found[-1].id
            self.session.expunge_all()

    def _cell(self, field: RecordField, record: Named) -> str:
        value = field.of(record)
        return "" if value is None else cell(field).write(field, value, self._named)

    def _named(self, field: Any, value: Any) -> str:
        match field:
            case PersonField():
                return self._people.get(value, str(value))
            case SettingField():
                found = field.linked(self.session, value)
                return found.name if found else ""
            case LinkField():
                return field.reference_of(self.session, value) or ""
        return str(value)


def as_csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Return a table as a file that spreadsheets open with its umlauts."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().encode("utf-8-sig")


def write_workspace(session: Session, declarations: Mapping[str, Declaration], path: Path) -> dict[str, int]:
    """Write all that the session's workspace keeps of its records to an archive, and return the rows by file.

    Everything is read one after the other: what people change meanwhile may be in one file and not in another.
    """
    written: dict[str, int] = {}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.md", README.format(workspace=current_workspace(session)))
        for key, declaration in declarations.items():
            table = RecordTable(session, declaration)
            written[f"{key}.csv"] = _write(archive, f"{key}.csv", table.header, table.rows())
        for name, (header, rows) in _beside(session).items():
            written[name] = _write(archive, name, header, rows)
        written["history.jsonl"] = _history(session, archive)
    return written


def _write(archive: zipfile.ZipFile, name: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    count = 0
    with archive.open(name, "w", force_zip64=True) as raw, io.TextIOWrapper(raw, "utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for count, row in enumerate(rows, 1):  # noqa: B007 - how many there were is asked at the end
            writer.writerow(row)
    return count


def _beside(session: Session) -> dict[str, tuple[list[str], Iterator[list[str]]]]:
    def notes() -> Iterator[list[str]]:
        for note in session.scalars(select(Note).order_by(Note.id).execution_options(yield_per=PAGE)):
            about = note.about_reference or ""
            yield [about, note.kind, note.at.isoformat(" "), note.created_by or "", defuse(note.text)]

    def people() -> Iterator[list[str]]:
        for one in session.scalars(select(Member).order_by(Member.id)):
            yield [one.id, defuse(one.name), defuse(one.email or ""), " ".join(one.roles)]

    def numbers() -> Iterator[list[str]]:
        letters = in_force(session)
        order = (ExternalId.noun, ExternalId.record_id, ExternalId.source)
        for one in session.scalars(select(ExternalId).order_by(*order).execution_options(yield_per=PAGE)):
            known = one.noun in letters
            record = reference(one.noun, one.record_id, letters) if known else f"{one.noun} {one.record_id}"
            yield [record, defuse(one.source), defuse(one.external_id)]

    return {
        "notes.csv": (["Record", "Kind", "At", "By", "Text"], notes()),
        "people.csv": (["Slack id", "Name", "E-mail", "Roles"], people()),
        "numbers.csv": (["Record", "Program", "Number"], numbers()),
    }


def _history(session: Session, archive: zipfile.ZipFile) -> int:
    columns = (Activity.at, ChangeSet.actor_id, ChangeSet.source, Activity.noun, Activity.record_id, Activity.entity)
    found = select(*columns, Activity.row_key, Activity.action, Activity.before, Activity.after)
    joined = found.join(ChangeSet, Activity.change_set).order_by(Activity.at, Activity.id)
    count = 0
    with archive.open("history.jsonl", "w", force_zip64=True) as raw, io.TextIOWrapper(raw, "utf-8") as file:
        for row in session.execute(joined.execution_options(yield_per=PAGE)):
            said = dict(row._mapping)
            json.dump({**said, "at": row.at.isoformat()}, file, ensure_ascii=False)
            file.write("\n")
            count += 1
    return count
