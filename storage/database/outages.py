"""Tell what keeps a database from serving, so that people, probes and logs hear it in the same words."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

import psycopg
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from storage.database.confinement import DIRECTLY, Unconfined
from storage.database.policies import APP
from storage.errors import sqlstate

READ_ONLY_TRANSACTION = "25006"
TOO_MANY_CONNECTIONS = "53300"
OUT_OF_RESOURCES = "53"
GONE = ("08", "57P")
"""The classes of a broken connection, and of a server that stops, starts or was ended."""

# While a connection is being made, libpq gives the server's words and no code.
_CROWDED = ("too many clients", "too many connections", "connection slots are reserved", "no more connections allowed")
_READ_ONLY = ("session is read-only", "read-only transaction")
_REFUSED = (
    "authentication failed",
    "no password supplied",
    "no pg_hba.conf entry",
    "does not exist",
    "permission denied",
    "no such user",
    "no such database",
    "invalid value for parameter",
    "unsupported startup parameter",
    "unrecognized configuration parameter",
    "invalid port number",
    "invalid connection option",
    "invalid sslmode",
)


class Outage(StrEnum):
    """Name what is the matter with the database; the value says it after "the database"."""

    AWAY = "cannot be reached"
    READ_ONLY = "is read-only"
    FULL = "has no room left"
    CROWDED = "takes no more connections"
    UNCONFINED = "would not keep workspaces apart"


class DatabaseRefused(Exception):
    """The database will not have us as we are set up; `str()` is a sentence with what to do."""


def outage(exc: BaseException) -> Outage | None:
    """Return why the database could not serve, None where the error, and what caused it, says something else."""
    return next((kind for error in _causes(exc) if (kind := _outage(error))), None)


def refusal(exc: BaseException) -> str | None:
    """Return in a sentence why a connection was refused for good, None where it may be had later."""
    said = _words(exc)
    if "statement pooling" in said:
        pooler = "a pooler that allows no transactions (PgBouncer's pool_mode = statement)"
        return f"DATABASE_URL leads to {pooler}. {DIRECTLY}"
    if not isinstance(exc, OperationalError | psycopg.OperationalError) or sqlstate(exc):
        return None
    if not any(refused in said for refused in _REFUSED):
        return None
    if "unsupported startup parameter" in said:
        return (
            "Something between us and the server (PgBouncer?) refuses the start-up options of our connections, without"
            f" which the database would not keep workspaces apart. {DIRECTLY}"
        )
    if f'role "{APP}" does not exist' in said:
        return f"The database has no role {APP} yet: run `rapport db upgrade`."
    if f'set role "{APP}"' in said:
        return (
            f"The login of DATABASE_URL may not act as {APP}: run `rapport db upgrade`, with DATABASE_ADMIN_URL set to"
            " a role that may grant it."
        )
    return f"The database refuses us: {said}. Look at user, password and database in DATABASE_URL."


def words(exc: BaseException) -> str:
    """Return the first line of what the database or its driver said, without the statement and its values."""
    told = next((error for error in _causes(exc) if _outage(error)), exc)
    return _words(told)


def _words(exc: BaseException) -> str:
    origin = exc.orig if isinstance(exc, DBAPIError) else exc
    return (str(origin).strip() or type(origin).__name__).splitlines()[0]


def _outage(exc: BaseException) -> Outage | None:
    if isinstance(exc, Unconfined):
        return Outage.UNCONFINED
    if isinstance(exc, PoolTimeout):
        return Outage.AWAY
    if not isinstance(exc, DBAPIError | psycopg.Error):
        return None
    state, said = sqlstate(exc), _words(exc)
    if state == READ_ONLY_TRANSACTION or (state is None and any(one in said for one in _READ_ONLY)):
        return Outage.READ_ONLY
    if state == TOO_MANY_CONNECTIONS or (state is None and any(one in said for one in _CROWDED)):
        return Outage.CROWDED
    if state is not None and state.startswith(OUT_OF_RESOURCES):
        return Outage.FULL
    lost = OperationalError | InterfaceError | psycopg.OperationalError | psycopg.InterfaceError
    if isinstance(exc, DBAPIError) and exc.connection_invalidated:
        return Outage.AWAY
    gone = state.startswith(GONE) if state else isinstance(exc, lost)
    return Outage.AWAY if gone else None


def _causes(exc: BaseException) -> Iterator[BaseException]:
    """Give an error and what it was raised from; in a few steps, as a chain may be a circle."""
    one: BaseException | None = exc
    for _ in range(5):
        if one is None:
            return
        yield one
        one = one.__cause__
