"""Page through records in place: a page begins behind the last record of the one before, whatever came or went.

What a page begins behind are the values by which that record stood where it did. Each step behind them is a range that
an index can give: the records that are equal up to the last column of the order, then up to the one before, and so on.
So are those with a value in the first column, and those without one behind them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, SmallInteger, bindparam, null
from sqlalchemy.orm import InstrumentedAttribute, Session

from storage.errors import Invalid
from storage.money import BIGINT
from storage.records.comparisons import ValueRows

_SMALLEST = 2**15
_MOST = "at_most"
_READ: dict[type, Any] = {date: date.fromisoformat, datetime: datetime.fromisoformat}


@dataclass(frozen=True)
class Order:
    """Order by a column; records without a value come last, in either direction.

    `rows` says where the column is, if not with the record.
    """

    column: Any
    descending: bool = False
    rows: ValueRows | None = None

    @property
    def value(self) -> Any:
        """Return the record's value in the column."""
        return self.rows.value(self.column) if self.rows else self.column

    @property
    def nullable(self) -> bool:
        """Tell whether a record may have no value."""
        return self.rows is not None or bool(getattr(self.column, "nullable", True))

    @property
    def splits(self) -> bool:
        """Tell whether an index gives the records with a value and those without, but not one after the other."""
        return self.rows is None and self.nullable and isinstance(self.column, InstrumentedAttribute)

    def clause(self, *, back: bool = False, valued: bool = False) -> ColumnElement[Any]:
        """Return the order for a statement, from the end to the beginning where it is to go `back`.

        Where all are `valued` it is one in which the column's index can be read, from either end.
        """
        ascending = self.descending == back
        order: ColumnElement[Any] = self.value.asc() if ascending else self.value.desc()
        if valued or not self.nullable:
            return (order.nulls_first() if ascending else order.nulls_last()) if self._is_newest_first() else order
        return order.nulls_first() if back else order.nulls_last()

    def _is_newest_first(self) -> bool:
        """Tell whether the column's index begins with the largest and ends with what has no value."""
        if not isinstance(self.column, InstrumentedAttribute):
            return False
        column = self.column.property.columns[0]
        return any(
            str(expression) == f"{column.name} DESC NULLS LAST"
            for index in column.table.indexes
            for expression in index.expressions
        )

    def same(self, value: Any) -> ColumnElement[bool]:
        """Return the condition that a record has this value, None for none."""
        found: ColumnElement[bool] = self.value.is_(None) if value is None else self.value == value
        return found

    def beyond(self, value: Any, *, back: bool) -> list[ColumnElement[bool]]:
        """Return the conditions, first first, of which one holds for whatever comes after a value, or before it."""
        if value is None:
            return [self.value.is_not(None)] if back else []
        further = self.value > value if self.descending == back else self.value < value
        return [further, self.value.is_(None)] if self.nullable and not back else [further]

    def read(self, value: Any) -> Any:
        """Return a value as the column has it from one of `to_json`; raise ValueError or TypeError for another."""
        kind = self.column.type.python_type
        if value is None and self.nullable:
            return None
        if kind in _READ:
            return _READ[kind](value)
        most = _SMALLEST if isinstance(self.column.type, SmallInteger) else BIGINT
        if type(value) is not kind or (kind is int and abs(value) >= most):
            raise ValueError("this is no value of the column")
        return value


def to_json(values: Sequence[Any]) -> list[Any]:
    """Return what a page begins behind as JSON holds it."""
    return [value.isoformat() if isinstance(value, date) else value for value in values]


def from_json(orders: Sequence[Order], values: Sequence[Any]) -> list[Any]:
    """Return what `to_json` was given; raise ValueError or TypeError for what it cannot have made."""
    return [order.read(value) for order, value in zip(orders, values, strict=True)]


Turns = dict[Any, list[Select[Any]]]
"""What a list asks the database, by what is known of where a page begins."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Hold a page of a list: its records, if there are more behind it, and what it begins and ends with."""

    records: list[Any]
    more: bool
    first: list[Any]
    last: list[Any]


def stretch(
    session: Session,
    statement: Select[Any],
    orders: Sequence[Order],
    *,
    limit: int,
    beyond: Sequence[Any] | None = None,
    back: bool = False,
    flat: Any = None,
    known: Turns | None = None,
) -> Stretch:
    """Return a page of a statement's records, at most `limit`: the first, or those next to another page.

    `beyond` is the `last` of the page before, or the `first` of the page behind where it goes `back`. Where the
    statement has columns of records instead of them, `flat` is the named tuple that they fill. What is made of the
    statement is kept in `known`, for the same statement and orders. Raises Invalid for another `beyond`.
    """
    try:
        read = None if beyond is None else from_json(orders, beyond)
    except (ValueError, TypeError):
        raise Invalid(
            "This is not where a page of this list ended.", field="cursor", hint="Ask for the list again."
        ) from None
    if flat and known is None:
        known = {}
    found = rows(session, statement, orders, limit=limit + (not back), beyond=read, back=back, known=known)
    shown, more = found[:limit], back or len(found) > limit
    width = len(flat._fields) if flat else 1
    first, last = (to_json(shown[at][width:]) if shown else [] for at in (0, -1))
    return Stretch([flat._make(row[:width]) if flat else row[0] for row in shown], more, first, last)


def rows(
    session: Session,
    statement: Select[Any],
    orders: Sequence[Order],
    *,
    limit: int,
    beyond: Sequence[Any] | None = None,
    back: bool = False,
    known: Turns | None = None,
) -> list[Any]:
    """Return rows of a statement in their order, at most `limit`, each with the values it stands by behind its own.

    They are the first; those after the values of `beyond`; or, with `back`, those just before them. A statement whose
    turns are `known` has columns alone, and goes past the object-relational mapper.
    """
    if orders[0].rows:
        return _rows_of_values(session, statement, orders[0].rows, orders, limit=limit, beyond=beyond, back=back)
    shape = (back, None if beyond is None else tuple(value is None for value in beyond))
    turns = None if known is None else known.get(shape)
    if turns is None:
        turns = list(_turns(statement, orders, beyond, back=back))
    ask: Callable[..., Iterable[Any]] = session.execute
    if known is not None:
        known[shape] = turns
        session.flush()  # as the mapper does before it asks
        ask = session.connection().execute
    values = {_named(at): value for at, value in enumerate(beyond or ())}
    found: list[Any] = []
    for turn in turns:
        if len(found) < limit:
            found += ask(turn, {**values, _MOST: limit - len(found)})
    return found[::-1] if back else found


def _turns(
    statement: Select[Any], orders: Sequence[Order], beyond: Sequence[Any] | None, *, back: bool
) -> Iterator[Select[Any]]:
    """Yield what is asked one after the other, as far as there is room; values and room are bound when it is."""
    whole = statement.add_columns(*(order.value for order in orders))
    first, *rest = orders
    then = [order.clause(back=back) for order in rest]
    ends = beyond and [None if value is None else bindparam(_named(at)) for at, value in enumerate(beyond)]
    for where, valued in _steps(orders, ends, back=back):
        # Those without a value are all the same in the first of the orders.
        begin = [] if valued is False else [first.clause(back=back, valued=valued is True)]
        yield whole.where(*where).order_by(*begin, *then).limit(bindparam(_MOST))


def _named(at: int) -> str:
    return f"beyond_{at}"


def _rows_of_values(
    session: Session,
    statement: Select[Any],
    held: ValueRows,
    orders: Sequence[Order],
    *,
    limit: int,
    beyond: Sequence[Any] | None,
    back: bool,
) -> list[Any]:
    """Do as `rows` where the first column is in rows of its own: those that have one by index, then the others."""
    first, *rest = orders
    valued = [_Valued(first.column, first.descending), *rest]
    parts = [(held.join(statement, first.column), valued), (statement.where(~held.has()).add_columns(null()), rest)]
    at = 0 if beyond is None else int(beyond[0] is None)
    found: list[Any] = []
    for part in range(at, -1, -1) if back else range(at, 2):
        of_part, by = parts[part]
        if len(found) < limit:
            behind = beyond[part:] if beyond is not None and part == at else None
            more = rows(session, of_part, by, limit=limit - len(found), beyond=behind, back=back)
            found = [*more, *found] if back else [*found, *more]
    return found


@dataclass(frozen=True)
class _Valued(Order):
    """Order by a column that is never without a value."""

    @property
    def nullable(self) -> bool:
        """Tell that every record has one."""
        return False


def _steps(
    orders: Sequence[Order], beyond: Sequence[Any] | None, *, back: bool
) -> Iterator[tuple[Sequence[ColumnElement[bool]], bool | None]]:
    """Yield conditions, and whether all of which they hold have a value in the first of the orders; None for both."""
    first = orders[0]
    if beyond is None:
        if first.splits and not back:
            yield (first.column.is_not(None),), True
            yield (first.column.is_(None),), False
        else:
            yield (), None
        return
    for depth in reversed(range(len(orders))):
        same = [order.same(value) for order, value in zip(orders[:depth], beyond, strict=False)]
        for at, further in enumerate(orders[depth].beyond(beyond[depth], back=back)):
            yield (*same, further), at == 0 if depth == 0 else beyond[0] is not None
