"""Hold what claims of all queues need, and what is said of a claimed row afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Executable, Float, Table, bindparam, func, text, update
from sqlalchemy.orm import Session

from storage.database.engine import learned

IN_INDEX_ORDER = "set_config('enable_sort', 'off', true) || set_config('enable_bitmapscan', 'off', true)"
"""What a transaction that claims is to learn as it begins: to read a queue in its order then takes no round trip."""
_LEARNED = "offoff"
_IN_INDEX_ORDER = text(f"SELECT {IN_INDEX_ORDER}")


@dataclass(frozen=True, slots=True)
class In:
    """Stand for the moment so many seconds after the database's now."""

    seconds: float


NOW = In(0.0)


def in_index_order(session: Session) -> None:
    """Have the rest of the transaction read a queue from its front, as far as its LIMIT goes.

    The planner takes the policies for conditions that let few rows through, and would rather read and sort the whole
    queue: 80 ms instead of 2 at 10,000 rows.
    """
    if learned(session) != _LEARNED:
        session.execute(_IN_INDEX_ORDER)


def mark(session: Session, table: Table, claimed: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    """Set columns of the row that `claimed` tells by its columns; False if there is no such row: it is another's now.

    An `In` among the values is a moment. What each message is marked with is always the same, and to write such a
    statement takes as long as to carry it out: so it is written once for each set of columns.
    """
    moments = frozenset(name for name, value in values.items() if isinstance(value, In))
    statement = _marking(table, frozenset(claimed), frozenset(values), moments)
    given = {f"is_{name}": value for name, value in claimed.items()}
    given |= {f"to_{name}": value.seconds if isinstance(value, In) else value for name, value in values.items()}
    return session.execute(statement, given).first() is not None


@cache
def _marking(table: Table, claimed: frozenset[str], values: frozenset[str], moments: frozenset[str]) -> Executable:
    def after(name: str) -> Any:
        seconds = bindparam(f"to_{name}", type_=Float())
        return func.now() + func.make_interval(0, 0, 0, 0, 0, 0, seconds)

    columns = table.c
    set_to = {name: after(name) if name in moments else bindparam(f"to_{name}") for name in sorted(values)}
    same = (columns[name] == bindparam(f"is_{name}") for name in sorted(claimed))
    return update(table).where(*same).values(set_to).returning(columns.id)
