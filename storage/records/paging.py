"""Page through lists by their last record: no record is left out or comes twice because others come or go."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, false, or_, select, tuple_
from sqlalchemy.orm import Session

from storage.database.recorded import to_json
from storage.errors import Invalid
from storage.names import check_text
from storage.records.comparisons import Field, Fields
from storage.records.named import Named
from storage.records.query import Query


@dataclass(frozen=True, slots=True)
class Step:
    """Hold one field of an order; records without a value come last, whatever the direction."""

    field: Field
    descending: bool

    @property
    def column(self) -> ColumnElement[Any]:
        """Return what is compared: a column of the record, or of the row that holds a value of the workspace's own."""
        rows = self.field.rows
        return rows.value(self.field.column) if rows else self.field.column.expression

    @property
    def ordered(self) -> ColumnElement[Any]:
        """Return what to order by."""
        order = self.column.desc() if self.descending else self.column.asc()
        return order.nulls_last() if self.nullable else order

    @property
    def nullable(self) -> bool:
        """Tell whether rows may have no value."""
        return self.field.rows is not None or bool(self.field.column.expression.nullable)

    def value(self, session: Session, record: Named) -> Any:
        """Return what a record has there."""
        rows = self.field.rows
        if rows is None:
            return getattr(record, self.field.column.key)
        return session.scalar(select(self.field.column).where(*rows.where, rows.of == record.id))

    def is_at(self, value: Any) -> ColumnElement[bool]:
        """Return the condition that a row has this value."""
        return self.column.is_(None) if value is None else self.column == self._bound(value)

    def is_after(self, value: Any) -> ColumnElement[bool]:
        """Return the condition that a row comes after those with this value."""
        if value is None:
            return false()
        bound = self._bound(value)
        later = self.column < bound if self.descending else self.column > bound
        return or_(later, self.column.is_(None)) if self.nullable else later

    def _bound(self, value: Any) -> Any:
        return bindparam(None, value, self.field.column.type)


Order = Sequence[Step]


def order_of(query: Query, fields: Fields, model: type[Named]) -> Order:
    """Return the order that a query asks for, by name where it asks for none; the last column is that of the tie.

    Raises Invalid for a field there is not and one that has no order.
    """
    if not query.sort:
        return [Step(Field(model.name_key, "name"), False), Step(Field(fields.tie, "number"), False)]
    query.order_by(fields)
    steps = [Step(fields.named(sort.name), sort.descending) for sort in query.sort]
    return [*steps, Step(Field(fields.tie, "number"), query.sort[-1].descending)]


def cursor(session: Session, order: Order, last: Named) -> str:
    """Return where a page ended, as text to be given back."""
    values = [to_json(step.value(session, last)) for step in order]
    return base64.urlsafe_b64encode(json.dumps(values, separators=(",", ":")).encode()).decode().rstrip("=")


def after(order: Order, given: str) -> ColumnElement[bool]:
    """Return the condition that a row comes after where a page ended; raise Invalid for no such text."""
    values = _read(order, given)
    one_way = {step.descending for step in order}
    if len(one_way) == 1 and not any(step.nullable for step in order):
        columns = tuple_(*(step.column for step in order))
        last = tuple_(
            *(bindparam(None, value, step.field.column.type) for step, value in zip(order, values, strict=True))
        )
        return columns < last if one_way == {True} else columns > last
    found: list[ColumnElement[bool]] = []
    same: list[ColumnElement[bool]] = []
    for step, value in zip(order, values, strict=True):
        found.append(and_(*same, step.is_after(value)))
        same.append(step.is_at(value))
    return or_(*found)


def _read(order: Order, given: str) -> list[Any]:
    try:
        values = json.loads(base64.urlsafe_b64decode(given.encode() + b"=" * (-len(given) % 4)))
        if not isinstance(values, list) or len(values) != len(order):
            raise ValueError
        return [_value(step, value) for step, value in zip(order, values, strict=True)]
    except (Invalid, ValueError, TypeError, RecursionError, binascii.Error, UnicodeError):
        raise Invalid("This is not where a page of this list ended.", field="cursor", typed=given[:200]) from None


def _value(step: Step, value: Any) -> Any:
    python_type = step.field.column.type.python_type
    if value is None:
        if not step.nullable:
            raise ValueError
        return None
    if issubclass(python_type, date | datetime):
        read = python_type.fromisoformat(value)
        if isinstance(read, datetime) and read.tzinfo is None:
            raise ValueError
        return read
    if type(value) is not python_type or (isinstance(value, int) and abs(value) >= 2**63):
        raise ValueError
    if isinstance(value, str):
        return check_text(value)
    return value
