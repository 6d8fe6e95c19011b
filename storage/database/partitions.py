"""Make the months ahead of the tables that are partitioned by month."""

from sqlalchemy import text
from sqlalchemy.orm import Session

_MAKE = text(
    "SELECT coalesce(sum(make_partitions(relname, :months)), 0) FROM pg_partitioned_table"
    " JOIN pg_class ON pg_class.oid = partrelid WHERE relnamespace = 'public'::regnamespace"
)


def make_partitions(session: Session, months_ahead: int = 3) -> int:
    """Make the partitions of this month and the next ones that are missing; return how many were.

    Any workspace's transaction will do. Rows of a month without a partition go to the default one, so a call that
    raises OperationalError, because somebody held a table longer than a second, is simply repeated at the next tick.
    """
    made = session.scalar(_MAKE, {"months": months_ahead})
    return int(made or 0)
