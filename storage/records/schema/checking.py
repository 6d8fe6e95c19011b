"""Compare what filters and sorts read of a workspace's own fields with what its records hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.records.schema.workspace_schema import whole
from storage.records.values import COLUMNS, FieldValue

LOOKED_AT = 500
"""So many of the newest records of a noun are compared value by value; of all, it is counted how many have one."""


def differing(session: Session) -> Iterator[str]:
    """Yield the fields, as noun and key, of which some record has another value than is compared of it.

    Reads each record of the session's workspace once.
    """
    schema = whole(session)
    own = {(row.noun, row.id): field for row in schema.rows if (field := schema.by_id.get(row.id)) and field.column}
    counted = select(FieldValue.noun, FieldValue.field_id, func.count()).group_by(FieldValue.noun, FieldValue.field_id)
    compared = {(noun, number): count for noun, number, count in session.execute(counted)}
    for noun, model in schema.models.items():
        fields = {number: field for (of, number), field in own.items() if of == noun}
        if not fields:
            continue
        keys = select(func.jsonb_object_keys(model.custom).label("key")).subquery()
        counting = select(keys.c.key, func.count()).group_by(keys.c.key)
        held: dict[str, int] = dict(map(tuple, session.execute(counting)))
        odd = {number for number in fields if held.get(str(number), 0) != compared.get((noun, number), 0)}
        newest = session.scalars(select(model).order_by(model.id.desc()).limit(LOOKED_AT)).all()
        odd |= set(_odd_values(session, noun, newest, fields))
        yield from (f"{noun} {fields[number].key}" for number in sorted(odd))


def _odd_values(session: Session, noun: str, records: Any, fields: Any) -> Iterator[int]:
    ids = [record.id for record in records]
    rows = session.scalars(select(FieldValue).where(FieldValue.noun == noun, FieldValue.record_id.in_(ids)))
    there = {(row.record_id, row.field_id): {column: getattr(row, column) for column in COLUMNS} for row in rows}
    for record in records:
        for number, field in fields.items():
            value = field.of(record)
            wanted = None if value is None else {**dict.fromkeys(COLUMNS), **field.derived(value)}
            if there.get((record.id, number)) != wanted:
                yield number
