"""Keep what a workspace should hold and who changed it, to compare sequences of changes with a plain model."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from storage.errors import Conflict, CrmError, NotFound


@dataclass
class ExpectedChange:
    """Hold one change set: whose it is, and what its rows were before and after."""

    who: str
    before: dict[Any, Any]
    after: dict[Any, Any]
    undone: bool = False
    undoes: bool = False


@dataclass(kw_only=True)
class ExpectedRows:
    """Hold rows by their keys, and the changes that made them; a row that is missing is None in a change."""

    rows: dict[Any, Any] = field(default_factory=dict)
    changes: list[ExpectedChange] = field(default_factory=list)

    def needs(self, key: Any, row: Any) -> set[Any]:
        """Return the keys of the rows that a row cannot be without."""
        raise NotImplementedError

    def done(self, who: str, was: dict[Any, Any], *, undoes: bool = False) -> None:
        """Keep a change set, if anything has changed."""
        keys = [key for key in {*was, *self.rows} if was.get(key) != self.rows.get(key)]
        if keys:
            before, after = ({key: deepcopy(rows.get(key)) for key in keys} for rows in (was, self.rows))
            self.changes.append(ExpectedChange(who, before, after, undoes=undoes))

    def undo(self, who: str) -> type[CrmError] | None:
        """Take back somebody's newest change; return the error that this is."""
        mine = [at for at, one in enumerate(self.changes) if one.who == who and not one.undone and not one.undoes]
        if not mine:
            return NotFound
        at, change = mine[-1], self.changes[mine[-1]]
        for later in self.changes[at + 1 :]:
            if not later.undone and not later.undoes and later.after.keys() & change.after.keys():
                return Conflict
        made = {key for key, row in change.before.items() if row is None}
        if any(made & self.needs(key, row) for key, row in self.rows.items() if key not in change.before):
            return Conflict
        was = deepcopy(self.rows)
        for key, row in change.before.items():
            self.rows.pop(key) if row is None else self.rows.__setitem__(key, deepcopy(row))
        change.undone = True
        self.done(who, was, undoes=True)
        return None
