"""Bring a database's schema to the revision this version of the program needs.

The core's tables and each plugin's are lines of their own: a folder of revisions, and a schema with its version table.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, NullPool, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.schema import CreateSchema, DropSchema

from storage.database import APP_ROLE, login_url
from storage.errors import LOCK_NOT_AVAILABLE, sqlstate

_FOLDER = Path(__file__).parent / "migrations"


@dataclass(frozen=True)
class Line:
    """Name a folder of revisions and the schema their tables live in."""

    versions: Path
    schema: str = "public"


CORE = Line(_FOLDER / "versions")


class SchemaBehind(Exception):
    """The database lacks revisions; `current` is where it is (None: empty), `head` is where it should be."""

    def __init__(self, current: str | None, head: str) -> None:
        super().__init__(f"The database is at revision {current or 'none'} and needs {head}: run `rapport db upgrade`.")
        self.current = current
        self.head = head


def upgrade(admin_url: str, *, line: Line = CORE, login: str | None = None, patience: float = 60) -> None:
    """Run the revisions that are missing, each in a transaction of its own.

    The admin owns the tables. `login`, the role the application connects as if it is not the admin, becomes a member of
    `rapport_app`. A lock that can not be had within a second is tried again for `patience` seconds, then the database's
    OperationalError is raised. Safe to run twice, and from several processes at once.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            with _connect(admin_url) as connection:
                _prepare(connection, line)
                command.upgrade(_config(line, connection), "head")
                _admit(connection, line, login)
            return
        except OperationalError as exc:
            if sqlstate(exc) != LOCK_NOT_AVAILABLE or time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def downgrade(admin_url: str, revision: str, *, line: Line = CORE) -> None:
    """Take revisions back until `revision` is the last; "base" takes back all."""
    with _connect(admin_url) as connection:
        command.downgrade(_config(line, connection), revision)


def current(url: str | URL, *, line: Line = CORE) -> str | None:
    """Return the revision the database is at, None if it has none. The application's login may ask."""
    with _connect(url) as connection:
        return MigrationContext.configure(connection, opts={"version_table_schema": line.schema}).get_current_revision()


def head(*, line: Line = CORE) -> str:
    """Return the newest revision this version of the program knows."""
    revision = _scripts(line).get_current_head()
    assert revision is not None, f"no revisions in {line.versions}"
    return revision


def check(url: str | URL, *, line: Line = CORE) -> None:
    """Raise SchemaBehind if the database lacks a revision.

    A database that is ahead passes: during a release the old program runs on the new schema.
    """
    at, newest = current(url, line=line), head(line=line)
    known = {script.revision for script in _scripts(line).walk_revisions()}
    if at != newest and (at is None or at in known):
        raise SchemaBehind(at, newest)


def drop(admin_url: str, schema: str) -> None:
    """Delete a plugin's schema with every table in it; raise ValueError for one that holds the core's."""
    if schema == CORE.schema or schema.startswith("pg_"):
        raise ValueError(f"{schema} is not a plugin's schema")
    with _connect(admin_url) as connection:
        connection.execute(DropSchema(schema, cascade=True, if_exists=True))
        connection.commit()


@contextmanager
def _connect(url: str | URL) -> Iterator[Connection]:
    engine = create_engine(login_url(url), poolclass=NullPool, connect_args={"connect_timeout": 5})
    with engine.connect() as connection:
        yield connection


def _config(line: Line, connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("version_locations", str(line.versions).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    config.attributes["schema"] = line.schema
    return config


def _scripts(line: Line) -> ScriptDirectory:
    return ScriptDirectory.from_config(_config(line))


def _prepare(connection: Connection, line: Line) -> None:
    """Make the line's schema: Alembic writes its version table there before the first revision runs."""
    if line.schema != CORE.schema:
        connection.execute(CreateSchema(line.schema, if_not_exists=True))
        connection.execute(text(f"GRANT USAGE ON SCHEMA {_quoted(connection, line.schema)} TO {APP_ROLE}"))
        connection.commit()


def _admit(connection: Connection, line: Line, login: str | None) -> None:
    """Let the application's login act as the application role and see whether the schema is current."""
    connection.execute(text(f"GRANT SELECT ON {_quoted(connection, line.schema)}.alembic_version TO {APP_ROLE}"))
    if login is not None:
        connection.execute(text(f"GRANT {APP_ROLE} TO {_quoted(connection, login)}"))
    connection.commit()


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote(name)
