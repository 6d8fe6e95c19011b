"""Say which rows of one file are the same record, by the rule by which a row is the record that is there."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from storage.records.declaration import Declaration
from storage.records.fields import LinkField
from storage.transfer.lookup import Wanted, identity


class Likeness:
    """Give each row the marks it leaves and those it looks for: one that was left says that the two are one record.

    A row has a number of the program it comes from or not, and something that identifies it or a link or not; what one
    of two rows does not have tells them not apart. So a mark is left for each part as it is, and as anything.
    """

    def __init__(self, declaration: Declaration) -> None:
        self._declaration = declaration
        self._links = [one.key for one in declaration.fields if isinstance(one, LinkField)]

    def left(self, row: Wanted, folded: str) -> list[str]:
        """Return the marks that a row leaves; `folded` is its name as names are compared."""
        marks = [*self._certain(row), *self._named(row, folded, as_left=True)]
        own = ["all", *(() if row.external_id else ("free",))]
        return [*self._number(row), *(f"{kind}\0{mark}" for kind in own for mark in marks)]

    def sought(self, row: Wanted, folded: str) -> list[str]:
        """Return the marks of which one is enough."""
        marks = [*self._certain(row), *self._named(row, folded, as_left=False)]
        return [*self._number(row), *(f"{'free' if row.external_id else 'all'}\0{mark}" for mark in marks)]

    def _number(self, row: Wanted) -> list[str]:
        return [f"number\0{row.external_id}"] if row.external_id else []

    def _certain(self, row: Wanted) -> list[str]:
        return [f"{key}\0{value}" for key, value in identity(self._declaration, row.values)]

    def _named(self, row: Wanted, folded: str, *, as_left: bool) -> list[str]:
        if not self._declaration.identity:
            return [f"whole\0{folded}\0{sorted((key, str(value)) for key, value in _with_makes(row).items())}"]
        known: Mapping[str, Any] = dict(identity(self._declaration, row.values))
        linked = _with_makes(row)
        parts = [known.get(key) for key in self._declaration.identity] + [linked.get(key) for key in self._links]
        choices = [_left(part) if as_left else _sought(part) for part in parts]
        return [f"name\0{folded}\0{one}" for one in itertools.product(*choices)]


def _with_makes(row: Wanted) -> dict[str, Any]:
    return {**row.values, **{key: name.casefold() for key, name in row.makes.items()}}


def _left(part: Any) -> tuple[str, ...]:
    return ("none", "any") if part is None else (f"={part}", "any")


def _sought(part: Any) -> tuple[str, ...]:
    return ("any",) if part is None else (f"={part}", "none")
