"""List the records of any noun that is declared, by filters, a page after the other."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from storage.records import paging
from storage.records.comparisons import Values
from storage.records.declaration import Declaration
from storage.records.named import Named, Record
from storage.records.paging import Order, Stretch
from storage.records.query import Query

BESIDE_FIELDS = frozenset({"id", "version", "created_at", "created_by", "updated_at", "archived_at"})
"""What every record has beside its fields."""


@dataclass(frozen=True, slots=True)
class Listed(Stretch):
    """Hold a page, and what it is a list of.

    What the records are linked to is read together, and is held here so that no link needs a look of its own.
    """

    plural: str
    linked: list[Any]


def page(
    session: Session,
    declaration: Declaration,
    query: Query,
    values: Values,
    *,
    limit: int,
    offset: int = 0,
    beyond: Sequence[Any] | None = None,
    back: bool = False,
    whole: bool = False,
    flat: bool = False,
) -> Listed:
    """Return the records a query asks for, at most `limit`: the first but `offset`, or those next to another page.

    `beyond` is the `last` of the page before, or the `first` of the page behind where it goes `back`. What is over is
    left out unless it is asked for, or the `whole` is. A `flat` page has nothing of its records but what their values
    are read from, where columns alone say that: half the work. Raises what the query does, and Invalid for another
    `beyond`.
    """
    declaration.ready(session)
    model, over = declaration.model, declaration.over
    begins, down = model.name_key if declaration.order is None else declaration.order, declaration.newest_first
    usual = [Order(begins, down), Order(model.id, down)]
    row = _row(declaration) if flat else None
    columns = [getattr(model, name) for name in row._fields] if row else [model]
    statement = select(*columns).where(model.merged_into_id.is_(None), model.archived_at.is_(None))
    statement = statement.where(*query.where(session, declaration.filters, values)).offset(offset or None)
    plural = declaration.plural
    if over and not whole and (ended := over.asked(session, query)) is not None:
        statement = statement.where(over.at.is_not(None) if ended else over.at.is_(None))
        usual, plural = ([Order(over.at, True), Order(model.id, True)], over.ended) if ended else (usual, over.open)
    orders = query.orders(declaration.filters) or usual
    # What is made of a statement costs more than to ask it, so that of the list without filters is kept.
    plain = orders is usual and not (query.conditions or offset or (over and not whole))
    turns = row.__turns__ if row is not None and plain else None
    found = paging.stretch(session, statement, orders, limit=limit, beyond=beyond, back=back, flat=row, known=turns)
    linked = _linked(session, declaration, found.records)
    return Listed(found.records, found.more, found.first, found.last, plural, linked)


def _row(declaration: Declaration) -> Any:
    """Return what holds the columns that the values of a noun's fields are read from, None where it takes more."""
    columns = {column.key for column in inspect(declaration.model).column_attrs}
    read = {"custom" if field.custom_id else field.at or field.key for field in declaration.fields}
    own = declaration.model.reference is not Record.reference
    return None if own or not read <= columns else _holding(declaration.key, tuple(sorted(read | BESIDE_FIELDS)))


@cache
def _holding(noun: str, names: tuple[str, ...]) -> Any:
    own = {"__slots__": (), "__noun__": noun, "__turns__": {}, "reference": Record.reference}
    return type("Row", (namedtuple("Row", names),), own)


def _linked(session: Session, declaration: Declaration, records: Sequence[Named]) -> list[Any]:
    found: list[Any] = []
    for field in declaration.fields:
        if to := getattr(field, "to", None):
            numbers = {field.of(record) for record in records} - {None}
            found += session.scalars(select(to).where(to.id.in_(numbers))) if numbers else []
    return found
