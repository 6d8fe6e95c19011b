"""Write many rows in one statement, and what belongs beside the rows of a flush once they are there.

COPY is not for roles under row-level security, and a statement for each row costs a round trip and a plan: here the
rows travel as one JSON value, which Postgres reads by the types of the table.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import JSON, Connection, Table, bindparam, event, insert, text
from sqlalchemy.orm import Session, UOWTransaction
from sqlalchemy.types import Text

FEW = 8
"""Up to so many rows are inserted by a statement that every session has prepared."""
_WAITING = "rapport.beside"


def insert_many(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all have the same columns; what they lack is as the table has it by default."""
    if len(rows) <= FEW:
        if rows:
            connection.execute(insert(table), list(rows))
        return
    insert_json(connection, table, rows)


def insert_json(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, but_known: bool = False
) -> None:
    """Insert rows whose values are as JSON has them, all with the same columns, `but_known` those that are there."""
    if rows:
        told = json.dumps(rows, ensure_ascii=False, default=_plain)
        connection.execute(_from_json(table, tuple(rows[0]), but_known), {"rows": told})


@cache
def _from_json(table: Table, columns: tuple[str, ...], but_known: bool) -> Any:
    named = {column: f'"{column}"' for column in columns}
    is_json = {column: isinstance(table.c[column].type, JSON) for column in columns}
    # As SQLAlchemy writes it: no value is JSON's null.
    read = [f"coalesce({quoted}, 'null')" if is_json[one] else quoted for one, quoted in named.items()]
    into, given = ", ".join(named.values()), ", ".join(read)
    statement = (
        f"INSERT INTO {table.fullname} ({into}) SELECT {given}"  # noqa: S608 - names of our own tables
        f" FROM json_populate_recordset(NULL::{table.fullname}, CAST(:rows AS json))"
        f"{' ON CONFLICT DO NOTHING' if but_known else ''}"
    )
    return text(statement).bindparams(bindparam("rows", type_=Text()))


def _plain(value: Any) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"no cell of a table holds a {type(value).__name__}")


def with_flush(session: Session, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows at the end of the flush that is under way, with all others of their table."""
    waiting = session.info.setdefault(_WAITING, defaultdict(list))
    waiting[table].extend(rows)


@event.listens_for(Session, "before_flush")
def _begin(session: Session, _context: UOWTransaction, _instances: Any) -> None:
    # What a flush that failed had gathered never was.
    session.info.pop(_WAITING, None)


@event.listens_for(Session, "after_flush")
def _write(session: Session, _context: UOWTransaction) -> None:
    for table, rows in session.info.pop(_WAITING, {}).items():
        by_columns: dict[tuple[str, ...], list[Mapping[str, Any]]] = defaultdict(list)
        for row in rows:
            by_columns[tuple(row)].append(row)
        for alike in by_columns.values():
            insert_many(session.connection(), table, alike)
