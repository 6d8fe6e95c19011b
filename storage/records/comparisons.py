"""Say by what records of a noun may be filtered and sorted, and how its values are read."""

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, Protocol

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from storage.errors import Invalid
from storage.money import BIGINT, Money
from storage.names import short

Kind = Literal["money", "number", "date", "moment", "member", "choice", "name", "record", "keys"]


_NUMBER = re.compile(r"(?P<sign>[+-]?)(?P<whole>\d{1,40})(?:(?P<mark>[.,])(?P<behind>\d{1,40}))?")


class Values(Protocol):
    """Turn what a filter says into values; each raises Invalid for what it cannot read."""

    def amounts(self, text: str) -> tuple[Money, Money]:
        """Return the least and the most of the amounts of money that are meant, both in one currency."""

    def days(self, text: str, *, past: bool) -> tuple[date, date]:
        """Return the first and the last of the days that are meant; `past` prefers the last such days to the next."""

    def span(self, text: str, *, past: bool) -> tuple[datetime, datetime]:
        """Return the moments, with a time zone, at which what is meant begins and ends where the reader is."""

    def member(self, text: str) -> str:
        """Return the Slack id of a person."""


def scaled_number(typed: str, decimals: int) -> int:
    """Return a number shifted by so many decimals, so that it is whole; the decimal mark is a point or a comma.

    Raises Invalid for what is no number, has more decimals or does not fit a bigint, and for a comma with three digits
    behind it, which may as well group them.
    """
    found = _NUMBER.fullmatch(typed.strip())
    behind = (found["behind"] or "").rstrip("0") if found else ""
    number = int(f"{found['sign']}{found['whole']}{behind.ljust(decimals, '0')}") if found else 0
    if found is None or abs(number) > BIGINT or (found["mark"] == "," and len(found["behind"]) == 3):
        raise Invalid("{value} is not a number.", typed=typed, value=short(typed))
    if len(behind) > decimals:
        said = "{value} has more decimals than {most}." if decimals else "{value} is not a whole number."
        raise Invalid(said, typed=typed, value=short(typed), most=decimals)
    return number


def scaled_numbers(typed: str, decimals: int) -> tuple[int, int]:
    """Return the least and the most of two numbers with `..` between them, or one number twice; raise as for one."""
    numbers = sorted(scaled_number(one, decimals) for one in typed.split("..", 1))
    return numbers[0], numbers[-1]


@dataclass(frozen=True)
class ValueRows:
    """Say that a field's column is in rows of their own: `of` is the column there of the record's number, `record`.

    `where` holds for the rows of the field. A record that may have `several` is found by any, and has no order by them.
    """

    record: InstrumentedAttribute[int]
    of: InstrumentedAttribute[int]
    where: tuple[ColumnElement[bool], ...]
    several: bool = False

    def has(self, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
        """Return the condition that a record has a row of which these are true."""
        return self.record.in_(select(self.of).where(*self.where, *conditions))

    def value(self, column: InstrumentedAttribute[Any]) -> ColumnElement[Any]:
        """Return a record's value in a column of its row."""
        return select(column).where(*self.where, self.of == self.record).correlate(self.record.parent).scalar_subquery()

    def join(self, statement: Select[Any], column: InstrumentedAttribute[Any]) -> Select[Any]:
        """Return a statement with each record's row beside it; records without a value in the column are left out."""
        return statement.join(self.of.class_, self.of == self.record).where(*self.where, column.is_not(None))


@dataclass(frozen=True)
class Field:
    """Name a column that may be filtered and sorted by, and how its values are read.

    `currency` is the column beside an amount, `choices` the values a column can have, `resolve` the function that finds
    the record a person means (of whose noun the column holds the id), or of kind `keys` all values that are meant,
    `called` what these are called in full.
    `past` says that a date can only have happened, `decimals` by how many a number in the column is shifted, `rows`
    where the column is, if not with the record. Raises ValueError for a kind without what it needs.
    """

    column: InstrumentedAttribute[Any]
    kind: Kind
    currency: InstrumentedAttribute[Any] | None = None
    choices: Sequence[str] = ()
    resolve: Callable[[Session, str], Any] | None = None
    past: bool = False
    decimals: int = 0
    rows: ValueRows | None = None
    called: Callable[[Session, str], str] | None = None

    def __post_init__(self) -> None:
        needed = {"money": self.currency, "choice": self.choices or None, "record": self.resolve, "keys": self.resolve}
        if needed.get(self.kind, True) is None:
            raise ValueError(f"a field of kind {self.kind} needs its currency, choices or resolve")


@dataclass(frozen=True)
class Fields:
    """Hold what the records of one noun can be filtered and sorted by; `tie` orders what is otherwise equal.

    `words` says what everyday words ask for, as filters (`mine` for `owner:me`), `day` which field a bare day is about,
    `day_over` which one where only what is over is asked for, by one of the statuses `over`.
    """

    by_name: Mapping[str, Field]
    tie: InstrumentedAttribute[Any]
    words: Mapping[str, str] = field(default_factory=dict)
    day: str = ""
    day_over: str = ""
    over: frozenset[str] = frozenset()

    @property
    def shown(self) -> list[str]:
        """Return the names that people are told, one of each field: of `closed_reason` and `reason`, the plain one."""
        plain: dict[Any, str] = {}
        for name, on in self.by_name.items():
            about = (on.column, id(on.rows), on.kind)
            if about not in plain or ("_" in plain[about] and "_" not in name):
                plain[about] = name
        return list(plain.values())

    def named(self, name: str) -> Field:
        """Return a field; raise Invalid naming the nearest and all others if there is none."""
        found = self.by_name.get(name)
        if found is not None:
            return found
        near = difflib.get_close_matches(name[:40], self.by_name, n=1)
        raise Invalid(
            "There is no {name} to filter or sort by.",
            field=name,
            hint="Did you mean {near}? There are {names}." if near else "There are {names}.",
            name=name,
            near=near[0] if near else None,
            names=", ".join(sorted(self.shown)),
        )
