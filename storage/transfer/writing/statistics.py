"""Keep what Postgres knows of tables in step with an import that makes them many times as large."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

_REFRESH = text("SELECT refresh_statistics()")


def refresh(session: Session) -> int:
    """Have Postgres count the tables that have doubled since it last did; return how many there were.

    Autovacuum comes once a minute. Until then a table that was empty is taken to be so, and every foreign key and every
    look-up reads all that the import has brought so far.
    """
    return int(session.scalar(_REFRESH) or 0)
