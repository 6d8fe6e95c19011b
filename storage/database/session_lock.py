"""Hold an advisory lock for longer than a transaction lasts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.exc import DBAPIError

from storage.database.engine import Database


@contextmanager
def session_lock(database: Database, key: int | ColumnElement[int]) -> Iterator[bool]:
    """Hold the lock of a 64-bit key on a connection of its own, outside any transaction; False if another holds it."""
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        held = bool(connection.scalar(select(func.pg_try_advisory_lock(key))))
        try:
            yield held
        finally:
            if held:
                try:
                    connection.execute(select(func.pg_advisory_unlock(key)))
                except DBAPIError:
                    # The lock ends with its session.
                    connection.invalidate()
