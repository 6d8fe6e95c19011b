"""Take a whole workspace out as an archive of tables that any program reads."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.crm.notes import Note
from storage.database.engine import current_workspace
from storage.records.declaration import Declaration
from storage.records.history import Activity, ChangeSet
from storage.references import in_force, reference
from storage.transfer.cells import defuse
from storage.transfer.exports.data import write_data
from storage.transfer.exports.records import PAGE, RecordTable
from storage.transfer.exports.workbook import as_text
from storage.transfer.model import ExternalId
from storage.transfer.own import NOTES, TEXT, first_column
from storage.workspace.members import Member

README = """# What Rapport kept

Taken out of the workspace {workspace}. Tables are CSV: UTF-8, commas, the first line names the columns.

- `<noun>.csv`: the records of a noun. The first column is the record's reference, the others are its fields by their
  labels, then when it was added and archived. Days are YYYY-MM-DD, moments are in UTC, amounts have their currency
  behind them, people are their address or else their Slack id, linked records are their reference.
- `notes.csv`: what was written down, with the reference of the record, the kind, the moment, and who wrote it.
- `people.csv`: who is who: Slack id, name, address, roles.
- `numbers.csv`: the numbers that records have in the programs they came from.
- `history.jsonl`: every change, one JSON object a line: when, who, from where, which record, what was before and after.

- `data/`: the tables of the database, a JSON object a line, by the names of the columns, and `data/archive.json`, which
  says of which format and workspace they are. From these alone `rapport import` takes the whole archive into an empty
  workspace. Passwords, tokens and keys are not in it, nor are files.

A cell that a spreadsheet would run as a formula has an apostrophe before it. `rapport import` takes it off again. It
takes each table of a noun as it is: first the nouns that others are linked to.
"""


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
        written |= write_data(session, archive)
    return written


def _write(archive: zipfile.ZipFile, name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    count = 0
    with archive.open(name, "w", force_zip64=True) as raw, io.TextIOWrapper(raw, "utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(map(defuse, header))
        for count, row in enumerate(rows, 1):  # noqa: B007 - how many there were is asked at the end
            writer.writerow([defuse(as_text(cell)) for cell in row])
    return count


def _beside(session: Session) -> dict[str, tuple[list[str], Iterator[list[str]]]]:
    def notes() -> Iterator[list[str]]:
        for note in session.scalars(select(Note).order_by(Note.id).execution_options(yield_per=PAGE)):
            about = note.about_reference or ""
            yield [about, note.kind, note.at.isoformat(" "), note.created_by or "", note.text]

    def people() -> Iterator[list[str]]:
        for one in session.scalars(select(Member).order_by(Member.id)):
            yield [one.id, one.name, one.email or "", " ".join(one.roles)]

    def numbers() -> Iterator[list[str]]:
        letters = in_force(session)
        order = (ExternalId.noun, ExternalId.record_id, ExternalId.source)
        for one in session.scalars(select(ExternalId).order_by(*order).execution_options(yield_per=PAGE)):
            known = one.noun in letters
            record = reference(one.noun, one.record_id, letters) if known else f"{one.noun} {one.record_id}"
            yield [record, one.source, one.external_id]

    return {
        "notes.csv": ([first_column(NOTES, current_workspace(session)), "Type", "When", "Person", TEXT], notes()),
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
