"""Look at a whole table before anything is done with it: what its columns are, how they are written, cells of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from storage.errors import CrmError, Invalid
from storage.records.declaration import Declaration
from storage.records.fields import ChoiceField, DateField, MomentField, MoneyField, NumberField
from storage.transfer.cells import chosen
from storage.transfer.mapping import (
    ARCHIVED,
    CREATED,
    NEW,
    ColumnMapping,
    MappedColumn,
    field_of,
    guess,
    known_columns,
    remembered,
)
from storage.transfer.tables import TableFile, open_table, sheets_of, storable
from storage.transfer.written import Habits, Notation, read_day, read_number

SAMPLES = 3


class Guess(Protocol):
    """Stand for what tells of which type a new field is."""

    @property
    def type(self) -> str:
        """Return the type that fits all cells that were seen."""

    def see(self, cell: str) -> None:
        """Look at one more cell."""


def understand(
    path: Path,
    file_name: str,
    nouns: Mapping[str, Declaration],
    last: Callable[[Sequence[str]], ColumnMapping | None],
    *,
    noun: str = "",
    sheet: str = "",
) -> tuple[TableFile, ColumnMapping]:
    """Open a file and return what its columns are: as the last time, which `last` returns by header, or as they look.

    Of a workbook it is the first sheet that is understood, unless one is named. Raises Invalid for a file of which
    nothing is.
    """
    refused: Invalid | None = None
    for one in [sheet] if sheet else sheets_of(path) or [""]:
        try:
            table = open_table(path, file_name, one)
            known = last(table.header)
            known = remembered(known, table.header) if known is not None else None
            if known is None or known.noun not in nouns or noun not in ("", known.noun):
                called = f"{table.name} {table.sheet}" if len(table.sheets) > 1 else table.name
                known = guess(table.header, called, nouns, noun=noun)
        except Invalid as error:
            refused = refused or error
        else:
            return table, replace(known, sheet=table.sheet)
    assert refused is not None
    raise refused


def look(
    table: TableFile, mapping: ColumnMapping, declaration: Declaration, guess_type: Callable[[], Guess] | None = None
) -> ColumnMapping:
    """Return the mapping with three cells of each column, and how they are read, after reading the whole table.

    What a person has said of a column stays. A column that is to become a field gets the type that `guess_type` finds.
    """
    new = [guess_type() if guess_type and column.to == NEW else None for column in mapping.columns]
    habits = [
        Habits() if _is_written(declaration, column.to) or column.to.startswith(NEW) else None
        for column in mapping.columns
    ]
    samples: list[list[str]] = [[] for _ in mapping.columns]
    doubted = _doubted(mapping, declaration)
    for row in table.rows():
        for at, cell in enumerate(row.cells):
            if not cell or row.opens:
                continue
            if len(samples[at]) < SAMPLES and cell not in samples[at]:
                samples[at].append(storable(cell))
            if (habit := habits[at]) is not None:
                habit.see(cell)
            if (guessed := new[at]) is not None:
                guessed.see(cell)
            if doubted is not None and at == doubted[0] and chosen(doubted[1], cell) is None:
                mapping, doubted = mapping.with_column(at, to=doubted[2]), None
    columns = []
    for column, habit, seen in zip(mapping.columns, habits, samples, strict=True):
        found, asks = Notation(), False
        if habit is not None:
            is_day = _is_day(declaration, column.to)
            # A new field may yet be either.
            is_new = column.to.startswith(NEW)
            decimal = column.written.decimal or habit.written.decimal if is_new or not is_day else None
            found = Notation(decimal, _said(column, habit) if is_new or is_day else None)
            asks = habit.asks_order and found.day_first is None if is_day else habit.asks_decimal and not found.decimal
            seen = seen if asks or is_new else [_as_read(cell, found, is_day) for cell in seen]
        columns.append(replace(column, written=found, samples=tuple(seen), asks=asks))
    columns = [replace(one, to=f"{NEW}{kind.type}") if kind else one for one, kind in zip(columns, new, strict=True)]
    return replace(mapping, columns=tuple(columns))


def told(mapping: ColumnMapping, *, day_first: bool | None, decimal: str | None) -> ColumnMapping:
    """Return a mapping with what a person says of days and decimal marks: of the columns that ask, else of all."""
    asked = any(one.asks for one in mapping.columns)

    def written(one: MappedColumn) -> Notation:
        if asked and not one.asks:
            return one.written
        first = one.written.day_first if day_first is None else day_first
        return Notation(decimal or one.written.decimal, first)

    return replace(mapping, columns=tuple(replace(one, written=written(one)) for one in mapping.columns))


def _doubted(mapping: ColumnMapping, declaration: Declaration) -> tuple[int, ChoiceField, str] | None:
    """Return the column that is something else where its cells do not fit, with its field and what it is then."""
    for to, otherwise in known_columns()["otherwise"].get(declaration.key, {}).items():
        at, field = mapping.to(to), field_of(declaration, to)
        if at is not None and mapping.to(otherwise) is None and isinstance(field, ChoiceField):
            return at, field, otherwise
    return None


def _as_read(cell: str, written: Notation, is_day: bool) -> str:
    """Return a cell, with what it is understood as where that is not plain to see."""
    with suppress(CrmError):
        if is_day:
            read = read_day(cell, written).isoformat()
            return cell if read in cell else f"{cell} = {read}"
        number = read_number(cell, written).normalize()
        return cell if any(plain in cell for plain in (f"{number:,f}", f"{number:f}")) else f"{cell} = {number:,f}"
    return f"{cell} = ?"


def _said(column: MappedColumn, habit: Habits) -> bool | None:
    return habit.written.day_first if column.written.day_first is None else column.written.day_first


def _is_day(declaration: Declaration, to: str) -> bool:
    return to in (CREATED, ARCHIVED) or isinstance(field_of(declaration, to), DateField | MomentField)


def _is_written(declaration: Declaration, to: str) -> bool:
    return _is_day(declaration, to) or isinstance(field_of(declaration, to), MoneyField | NumberField)
