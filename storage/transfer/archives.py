"""Bring the archive of a whole workspace into one that is empty: rows, numbers, history and all, as they were.

The archive of `storage.transfer.exports.archive` holds each table as lines of JSON. All of it is one transaction, so
an archive is there whole or not at all.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Table, bindparam, func, select, text
from sqlalchemy.orm import Session
from sqlalchemy.types import Text

from storage.beside import insert_json
from storage.database.engine import Base, current_workspace
from storage.errors import Conflict, Invalid
from storage.records import history
from storage.records.history import ChangeSet
from storage.records.rows import RecordRow
from storage.records.schema.definition_rows import FieldRow, NounRow
from storage.transfer.exports.data import DATA, FORMAT, MANIFEST, SETTINGS, file_of, kept_columns, travelling

PAGE = 1_000


@dataclass
class Brought:
    """Say what an archive brought: its workspace, the rows by table, and the highest number of each table."""

    workspace: str
    rows: dict[str, int] = field(default_factory=dict)
    highest: dict[str, int] = field(default_factory=dict)


def is_archive(path: Path) -> bool:
    """Tell whether a file is the archive of a workspace."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return MANIFEST in archive.namelist()


def bring_in(session: Session, path: Path) -> Brought:
    """Bring an archive into the session's workspace; `advance` must follow before the transaction commits.

    Raises Conflict where the workspace has records, Invalid for an archive that cannot be read.
    """
    _refuse_records(session)
    with zipfile.ZipFile(path) as archive:
        told = json.loads(archive.read(MANIFEST))
        if told.get("format") != FORMAT:
            raise Invalid(
                "This archive is of another version of Rapport.", hint="Import it with the version that wrote it."
            )
        brought = Brought(str(told["workspace"]))
        # A journal that takes only what is booked now takes what was booked elsewhere, until the transaction ends.
        session.execute(select(func.set_config("rapport.arriving", current_workspace(session), True)))
        tables = travelling(session)
        _refuse_unknown(archive, tables)
        for table in reversed(tables):
            _clear(session, table)
        shift = session.scalar(select(func.max(ChangeSet.id))) or 0
        for table in tables:
            if file_of(table) in archive.namelist():
                _bring_table(session, archive, table, brought, shift)
        _settings(session, told.get("settings", {}))
    with history.recording(session, actor_id=None, source=history.IMPORT, summary=path.name):
        history.record_of_all(session, "workspace", "imported", after={"rows": sum(brought.rows.values())})
    return brought


def advance(engine: Engine, brought: Brought) -> None:
    """Have the database number new rows behind those that were brought in; the engine is the admin's."""
    with engine.begin() as connection:
        for name, highest in brought.highest.items():
            connection.execute(
                text(
                    "SELECT setval(sequence, greatest(:highest, nextval(sequence)))"
                    " FROM CAST(pg_get_serial_sequence(:name, 'id') AS regclass) AS sequence"
                ),
                {"name": name, "highest": highest},
            )


def _refuse_records(session: Session) -> None:
    for model in (RecordRow, FieldRow, NounRow):
        nouns = () if model is not RecordRow else (RecordRow.noun.not_in(("stage", "pipeline")),)
        if session.scalar(select(func.count()).select_from(model).where(*nouns)):
            raise Conflict(
                "This workspace has records or fields already.",
                hint="An archive comes into an empty workspace. Into this one, bring its tables one by one: unpack it.",
            )


def _refuse_unknown(archive: zipfile.ZipFile, tables: Sequence[Table]) -> None:
    """Refuse an archive with rows of tables that are not here, as these would be lost."""
    known = {file_of(table) for table in tables} | {MANIFEST}
    found = [part for part in archive.infolist() if part.filename.startswith(DATA) and part.file_size]
    unknown = [part.filename.removeprefix(DATA).removesuffix(".jsonl") for part in found if part.filename not in known]
    if unknown:
        raise Invalid(
            "This archive holds {tables}, which nothing here knows.",
            tables=", ".join(sorted(unknown)),
            hint="Turn on the plugins they belong to (`RAPPORT_PLUGINS`), run `rapport db upgrade`, and import again.",
        )


def _clear(session: Session, table: Table) -> None:
    """Take away what a workspace begins with, except people and the history."""
    if table.name != "member" and session.scalar(
        text("SELECT has_table_privilege(:name, 'DELETE')"), {"name": table.fullname}
    ):
        session.execute(table.delete().where(table.c.workspace_id == current_workspace(session)))


def _bring_table(session: Session, archive: zipfile.ZipFile, table: Table, brought: Brought, shift: int) -> None:
    columns = kept_columns(table)
    own = [column for column in _self_references(table) if column in columns]
    count = 0
    later: list[dict[str, Any]] = []
    with archive.open(file_of(table)) as lines:
        rows = (json.loads(line) for line in lines)
        while page := list(islice(rows, PAGE)):
            page = [_as_ours(session, table, row, columns, shift, brought) for row in page]
            if table.name == "member":
                page = _unknown_people(session, page)
            late = _later(table, page, own) if page else []
            waiting = {_key(table, row) for row in late}
            alone = dict.fromkeys(own)
            together = [row | alone if _key(table, row) in waiting else row for row in page]
            insert_json(session.connection(), table, together)
            later += late
            count += len(page)
    for at in range(0, len(later), PAGE):
        _point(session, table, own, later[at : at + PAGE])
    brought.rows[table.fullname] = count


def _as_ours(
    session: Session, table: Table, row: Mapping[str, Any], columns: Sequence[str], shift: int, brought: Brought
) -> dict[str, Any]:
    ours = {name: row[name] for name in columns if name in row}
    ours["workspace_id"] = current_workspace(session)
    for column in table.c:
        refers = {key.column.table.name for key in column.foreign_keys} - {"workspace"}
        number = (column.name == "id" and table.name == "change_set") or "change_set" in refers
        if number and column.name != "workspace_id" and isinstance(ours.get(column.name), int):
            ours[column.name] += shift
    if table.c.get("id") is not None and table.c.id.identity is not None:
        brought.highest[table.fullname] = max(brought.highest.get(table.fullname, 0), int(ours["id"]))
    if table.name == "member" and brought.workspace != ours["workspace_id"]:
        # Nobody gets access through an archive of another team.
        ours |= {"roles": [], "active": False, "dm_channel_id": None}
    return ours


def _unknown_people(session: Session, page: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    table = Base.metadata.tables["member"]
    known = set(session.scalars(select(table.c.id).where(table.c.id.in_([row["id"] for row in page]))))
    return [row for row in page if row["id"] not in known]


def _key(table: Table, row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[column.name] for column in table.primary_key)


def _later(table: Table, page: Sequence[Mapping[str, Any]], own: Sequence[str]) -> list[dict[str, Any]]:
    """Return the key and references of rows that refer to rows of their table which may not be there yet.

    Rows come in the order of their numbers, so what refers to an earlier one is right at once. The history, and
    whatever else may never be changed, refers to nothing else.
    """
    key = [column.name for column in table.primary_key]
    last = page[-1]["id"] if set(key) == {"workspace_id", "id"} and isinstance(page[-1]["id"], int) else 0
    found = []
    for row in page:
        late = {one: row[one] for one in own if row.get(one) and not (isinstance(row[one], int) and row[one] <= last)}
        if late:
            found.append({one: row[one] for one in key} | {one: row.get(one) for one in own})
    return found


def _self_references(table: Table) -> Iterator[str]:
    for key in table.foreign_key_constraints:
        if key.referred_table is table:
            yield from (name for name in key.column_keys if name != "workspace_id")


def _point(session: Session, table: Table, own: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Let rows refer to others of their table, now that all are there."""
    assigned = ", ".join(f'"{name}" = given."{name}"' for name in own)
    same = " AND ".join(f'told."{column.name}" = given."{column.name}"' for column in table.primary_key)
    statement = text(
        f"UPDATE {table.fullname} AS told SET {assigned}"  # noqa: S608 - names of our own tables
        f" FROM json_populate_recordset(NULL::{table.fullname}, CAST(:rows AS json)) AS given WHERE {same}"
    )
    session.execute(
        statement.bindparams(bindparam("rows", type_=Text())), {"rows": json.dumps(rows, ensure_ascii=False)}
    )


def _settings(session: Session, settings: Mapping[str, Any]) -> None:
    table = Base.metadata.tables["workspace"]
    values = {name: settings[name] for name in SETTINGS if name in settings}
    if values:
        session.execute(table.update().where(table.c.id == current_workspace(session)).values(values))
