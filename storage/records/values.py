"""Keep the values of a workspace's own fields where filters and sorts find them, beside the records they are of.

A record's `custom` is the truth. These rows are derived from it in the same flush, and have no history of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Numeric,
    Row,
    Table,
    cast,
    delete,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.beside import with_flush
from storage.database.engine import TENANT, Base, composite_key, current_workspace
from storage.errors import Conflict
from storage.money import BIGINT
from storage.records.comparisons import Field, ValueRows
from storage.records.fields import RecordField
from storage.records.named import Key, Named
from storage.records.rows import RecordRow

COLUMNS = ("key", "number", "day", "at")


class FieldValue(Base):
    """Hold one value in the column that compares it: text folded as names are, numbers, days or moments."""

    __tablename__ = "field_value"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "noun", "record_id"],
            [RecordRow.workspace_id, RecordRow.noun, RecordRow.id],
            ondelete="CASCADE",
        ),
        composite_key("field_id", "field", ondelete="CASCADE"),
        *(
            Index(
                f"field_value_{column}_idx",
                "workspace_id",
                "field_id",
                column,
                "record_id",
                postgresql_where=text(f"{column} IS NOT NULL"),
            )
            for column in COLUMNS
        ),
        {"info": TENANT},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    noun: Mapped[str] = mapped_column(primary_key=True)
    record_id: Mapped[int] = mapped_column(primary_key=True)
    field_id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[Key | None]
    number: Mapped[int | None]
    day: Mapped[date | None]
    at: Mapped[datetime | None]


assert isinstance(FieldValue.__table__, Table)
_TABLE = FieldValue.__table__


def comparison(field: RecordField, model: type[Named]) -> Field | None:
    """Return how a noun's records are filtered and sorted by a field of the workspace's own, None if they are not."""
    if field.column is None:
        return None
    rows = ValueRows(
        model.id,
        FieldValue.record_id,
        (FieldValue.noun == str(model.__noun__), FieldValue.field_id == field.custom_id),
    )
    return field.compared(getattr(FieldValue, field.column), FieldValue.key, rows=rows)


def linked(session: Session, record: Named, noun: str, field: RecordField, limit: int) -> Sequence[Row[int, str]]:
    """Return number and name of the records of a noun that link to this one by a field, by name, at most `limit`."""
    linking = (FieldValue.field_id == field.custom_id, FieldValue.number == record.id)
    of_noun = (RecordRow.noun == noun, RecordRow.merged_into_id.is_(None), RecordRow.archived_at.is_(None))
    same = (RecordRow.workspace_id == FieldValue.workspace_id) & (RecordRow.id == FieldValue.record_id)
    found = select(RecordRow.id, RecordRow.name).join(FieldValue, same).where(*linking, *of_noun)
    return session.execute(found.order_by(RecordRow.name_key, RecordRow.id).limit(limit)).all()


def shift(session: Session, model: type[Named], field_id: int, decimals: int) -> None:
    """Write again what numbers of a field are compared by, shifted by so many decimals.

    Raises Conflict where one has more, or does not fit.
    """
    number = cast(model.custom[str(field_id)].astext, Numeric) * 10**decimals
    mine = (model.workspace_id == current_workspace(session), model.custom.has_key(str(field_id)))
    odd = or_(number != func.trunc(number), func.abs(number) > BIGINT)
    if (found := session.scalars(select(model).where(*mine, odd).limit(1)).first()) is not None:
        raise Conflict(
            "{reference} has a number that does not fit: {number}.",
            reference=found.reference,
            number=str(found.custom[str(field_id)]),
            hint="Change it first.",
        )
    same = (FieldValue.noun == str(model.__noun__), FieldValue.record_id == model.id, FieldValue.field_id == field_id)
    shifted = update(FieldValue).where(FieldValue.workspace_id == model.workspace_id, *same, *mine)
    session.execute(shifted.values(number=cast(number, BigInteger)).execution_options(synchronize_session=False))


def keep(
    session: Session, connection: Any, record: Named, fields: Mapping[int, RecordField], before: Mapping[str, Any]
) -> None:
    """Write, with the flush under way, what is compared of a record's own fields that are not as they were `before`.

    `fields` are all of the noun by their numbers, retired ones too.
    """
    changed = [key for key in {*before, *record.custom} if before.get(key) != record.custom.get(key)]
    known = [fields[int(key)] for key in changed if int(key) in fields]
    if not known:
        return
    own = {"workspace_id": record.workspace_id, "noun": str(record.__noun__), "record_id": record.id}
    if before:
        connection.execute(
            delete(FieldValue).where(
                *(getattr(FieldValue, name) == value for name, value in own.items()),
                FieldValue.field_id.in_([field.custom_id for field in known]),
            )
        )
    rows = [
        {**dict.fromkeys(COLUMNS), **own, "field_id": field.custom_id, **field.derived(value)}
        for field in known
        if field.column is not None and (value := field.of(record)) is not None
    ]
    with_flush(session, _TABLE, rows)
