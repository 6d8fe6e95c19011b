"""Write the tables of a workspace as lines of JSON, as they are, for an archive that goes into another installation."""

from __future__ import annotations

import json
import zipfile
from typing import Any, cast

from sqlalchemy import Table, bindparam, inspect, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session
from sqlalchemy.sql.ddl import sort_tables
from sqlalchemy.types import Text

from storage.database.engine import TENANT, Base, current_workspace
from storage.records.rows import KEPT, RecordRow
from storage.records.schema.own import OwnRecord
from storage.workspace.workspaces import Workspace

FORMAT = 1
DATA = "data/"
MANIFEST = f"{DATA}archive.json"
SETTINGS = ("currency", "zone", "locale", "default_roles")
"""What of the workspace itself travels."""
LEFT = frozenset(
    {
        # Made by triggers from the others, or anew.
        *("workspace", "record", "name_word", "name_word_left", "model_version", "channel_sharing", "answer"),
        # Of the moment: drafts, files, answers to requests.
        *("draft", "export_file", "import_part", "import_refusal", "change_answer"),
        # May hold what is sealed by the keys of an installation.
        "plugin_setting",
    }
)
"""Tables of a workspace that do not travel."""
ALSO = ("due",)
"""Queues that do: what people are to be reminded of."""
PAGE = 1_000


_THERE = text("SELECT name FROM unnest(:names) AS name WHERE to_regclass(name) IS NOT NULL").bindparams(
    bindparam("names", type_=ARRAY(Text()))
)


def travelling(session: Session) -> list[Table]:
    """Return the tables that an archive holds, each after those that it refers to; of plugins, those that are there."""
    tables = _travelling()
    there = set(session.scalars(_THERE, {"names": [table.fullname for table in tables]}))
    return [table for table in tables if table.fullname in there]


def _travelling() -> list[Table]:
    # What refers to any record comes after all tables whose rows are records: it does not say which of them.
    nouns = {cast(Table, inspect(one).local_table) for one in (*KEPT.values(), OwnRecord)}
    about = [table for table in Base.metadata.tables.values() if _refers_to_records(table) and table not in nouns]
    order = sort_tables(
        Base.metadata.tables.values(), extra_dependencies=[(one, two) for one in nouns for two in about]
    )
    return [table for table in order if (table.info == TENANT and table.name not in LEFT) or table.name in ALSO]


def _refers_to_records(table: Table) -> bool:
    return any(key.referred_table is RecordRow.__table__ for key in table.foreign_key_constraints)


def file_of(table: Table) -> str:
    """Return the name of a table's file in an archive."""
    return f"{DATA}{table.fullname}.jsonl"


def kept_columns(table: Table) -> list[str]:
    """Return the columns that travel: not those that are computed, nor those that refer to what does not."""
    names = {one.name for one in _travelling()} | {"workspace", "record"}
    gone = {
        column
        for key in table.foreign_key_constraints
        if key.referred_table.name not in names
        for column in key.column_keys
        if column != "workspace_id"
    }
    return [column.name for column in table.c if column.computed is None and column.name not in gone]


def write_data(session: Session, archive: zipfile.ZipFile) -> dict[str, int]:
    """Write each table that travels to an archive, and return the rows by file."""
    workspace = session.get_one(Workspace, current_workspace(session))
    settings = {name: getattr(workspace, name) for name in SETTINGS}
    told: dict[str, Any] = {"format": FORMAT, "workspace": workspace.id, "settings": settings}
    archive.writestr(MANIFEST, json.dumps(told))
    return {file_of(table): _write_table(session, archive, table) for table in travelling(session)}


def _write_table(session: Session, archive: zipfile.ZipFile, table: Table) -> int:
    key = ", ".join(f'"{column.name}"' for column in table.primary_key)
    jobs = " AND NOT is_job" if table.name == "due" else ""
    lines = text(
        f"SELECT row_to_json(row)::text FROM {table.fullname} AS row"  # noqa: S608 - names of our own tables
        f" WHERE workspace_id = :workspace{jobs} ORDER BY {key}"
    )
    count = 0
    with archive.open(file_of(table), "w", force_zip64=True) as file:
        found = session.execute(lines, {"workspace": current_workspace(session)}, execution_options={"yield_per": PAGE})
        for line in found.scalars():
            file.write(line.encode() + b"\n")
            count += 1
    return count
