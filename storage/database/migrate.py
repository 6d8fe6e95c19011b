"""Bring a database's schema to the revision this version of the program needs.

The core's tables and each plugin's are lines of their own: a folder of revisions, and a schema with its version table.
"""

import time
from collections.abc import Collection, Iterator
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

from storage.database import grants
from storage.database.engine import APP_ROLE, login_url
from storage.errors import LOCK_NOT_AVAILABLE, sqlstate

ADVISORY_LOCK = 0x726170706F7274
"""One migration at a time in a database; the number only has to be ours ("rapport" as ASCII)."""

VERSION_TABLE = "alembic_version"
RESTORING_TABLE = "restoring_version"
"""Where a restore keeps the revision until it is done: so long the database counts as having none."""

_FOLDER = Path(__file__).parent / "migrations"


@dataclass(frozen=True)
class RevisionLine:
    """Name a folder of revisions and the schema their tables live in."""

    versions: Path
    schema: str = "public"


CORE = RevisionLine(_FOLDER / "versions")


class SchemaBehind(Exception):
    """The database lacks revisions; `current` is where it is (None: empty), `head` is where it should be."""

    def __init__(self, current: str | None, head: str) -> None:
        super().__init__(f"The database is at revision {current or 'none'} and needs {head}: run `rapport db upgrade`.")
        self.current = current
        self.head = head


class NothingToDrop(Exception):
    """A name is not that of a plugin whose tables may be deleted; the message says what is."""


_PLUGINS = text("""
SELECT nspname FROM pg_namespace
JOIN pg_class ON relnamespace = pg_namespace.oid AND relname = 'alembic_version' AND relkind = 'r'
JOIN pg_roles ON rolname = :app
WHERE nspname <> :core AND nspname <> 'information_schema' AND NOT starts_with(nspname, 'pg_')
  AND has_schema_privilege(pg_roles.oid, pg_namespace.oid, 'USAGE')
  AND has_table_privilege(pg_roles.oid, pg_class.oid, 'SELECT')
ORDER BY nspname
""")


class RestoreUnfinished(Exception):
    """Say that a restore ended halfway, and how to begin it again."""


def upgrade(
    admin_url: str,
    *,
    line: RevisionLine = CORE,
    login: str | None = None,
    patience: float = 60,
    revision: str = "head",
    version_table: str = VERSION_TABLE,
) -> None:
    """Mend the grants that got lost, and run the revisions that are missing, each in a transaction of its own.

    The admin owns the tables. `login`, the role the application connects as if it is not the admin, becomes a member of
    `rapport_app`. A lock that cannot be had within a second is tried again for `patience` seconds, then the database's
    OperationalError is raised. Raises NotMended where the admin may not do what is missing. Safe to run twice, and from
    several processes at once. While `version_table` is another than usual, the database counts as having no revision.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            with _connect(admin_url) as connection:
                _unfinished(connection, version_table)
                _mend(connection, line)
                _prepare(connection, line)
                command.upgrade(_config(line, connection, version_table), revision)
                _admit(connection, line, login, version_table)
            return
        except OperationalError as exc:
            if sqlstate(exc) != LOCK_NOT_AVAILABLE or time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def downgrade(admin_url: str, revision: str, *, line: RevisionLine = CORE) -> None:
    """Take revisions back until `revision` is the last; "base" takes back all."""
    with _connect(admin_url) as connection:
        command.downgrade(_config(line, connection), revision)


def current(url: str | URL, *, line: RevisionLine = CORE) -> str | None:
    """Return the revision the database is at, None if it has none. The application's login may ask."""
    with _connect(url) as connection:
        return _revision(connection, line)


def head(*, line: RevisionLine = CORE) -> str:
    """Return the newest revision this version of the program knows."""
    revision = scripts(line).get_current_head()
    assert revision is not None, f"no revisions in {line.versions}"
    return revision


def knows(revision: str, *, line: RevisionLine = CORE) -> bool:
    """Return whether this version of the program has a revision; it has not if the database is ahead."""
    return revision in {script.revision for script in scripts(line).walk_revisions()}


def check(url: str | URL, *, line: RevisionLine = CORE) -> None:
    """Raise SchemaBehind if the database lacks a revision.

    A database that is ahead passes: during a release the old program runs on the new schema.
    """
    at, newest = current(url, line=line), head(line=line)
    if at != newest and (at is None or knows(at, line=line)):
        raise SchemaBehind(at, newest)


def plugin_schemas(url: str) -> list[str]:
    """Return the schemas that plugins' revisions have made, of those installed and of those that are gone.

    Each has a version table that the application may read: other programs in the same database may have the one, and
    not the other.
    """
    with _connect(url) as connection:
        return list(connection.execute(_PLUGINS, {"core": CORE.schema, "app": APP_ROLE}).scalars())


def refuse_to_drop(url: str, schema: str, *, in_use: Collection[str]) -> None:
    """Raise NothingToDrop, naming what there is, unless a plugin has left this schema that is not `in_use`."""
    known = plugin_schemas(url)
    if schema in in_use:
        raise NothingToDrop(
            f"The plugin {schema} is installed and uses its tables."
            f" Remove it first, or switch it off with RAPPORT_PLUGINS_OFF={schema}."
        )
    if schema not in known:
        left = ", ".join(sorted(set(known) - set(in_use)))
        raise NothingToDrop(
            f"There are no tables of a plugin called {schema}: nothing was deleted."
            + (f" Plugins that are not in use have left: {left}." if left else " No plugin has left any.")
        )


def drop(admin_url: str, schema: str, *, in_use: Collection[str] = (), patience: float = 60) -> None:
    """Delete what a plugin has left, with every row; raise NothingToDrop for anything else.

    Its tables may refer to the core's, which are locked for a moment: whoever holds one longer than a second has us try
    again, for `patience` seconds.
    """
    deadline = time.monotonic() + patience
    while True:
        refuse_to_drop(admin_url, schema, in_use=in_use)
        try:
            with _connect(admin_url) as connection:
                connection.execute(text("SET LOCAL lock_timeout = '1s'"))
                _forget_records(connection, schema)
                connection.execute(DropSchema(schema, cascade=True))
                connection.commit()
            return
        except OperationalError as exc:
            if sqlstate(exc) != LOCK_NOT_AVAILABLE or time.monotonic() > deadline:
                raise
            time.sleep(0.2)


_OF_RECORDS = text("""
SELECT tgrelid::regclass::text FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
WHERE tgname = 'keep_record' AND relnamespace = CAST(:schema AS regnamespace)
""")


def _forget_records(connection: Connection, schema: str) -> None:
    """Delete a plugin's records row by row, so that what the core keeps of them goes too: names, words and notes."""
    for table in connection.scalars(_OF_RECORDS, {"schema": _quoted(connection, schema)}).all():
        connection.execute(text(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY"))
        connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - quoted by the database


@contextmanager
def _connect(url: str | URL) -> Iterator[Connection]:
    engine = create_engine(login_url(url), poolclass=NullPool, connect_args={"connect_timeout": 5})
    with engine.connect() as connection:
        yield connection


def _config(line: RevisionLine, connection: Connection | None = None, version_table: str = VERSION_TABLE) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("version_locations", str(line.versions).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    config.attributes["schema"] = line.schema
    config.attributes["version_table"] = version_table
    return config


def scripts(line: RevisionLine) -> ScriptDirectory:
    """Return the revisions of a line as Alembic knows them."""
    return ScriptDirectory.from_config(_config(line))


def _prepare(connection: Connection, line: RevisionLine) -> None:
    """Make the line's schema: Alembic writes its version table there before the first revision runs."""
    if line.schema != CORE.schema:
        connection.execute(CreateSchema(line.schema, if_not_exists=True))
        _let_use(connection, line)
        connection.commit()


def _let_use(connection: Connection, line: RevisionLine) -> None:
    connection.execute(text(f"GRANT USAGE ON SCHEMA {_quoted(connection, line.schema)} TO {APP_ROLE}"))


def _unfinished(connection: Connection, version_table: str) -> None:
    """Raise SchemaBehind where a restore did not come to its end, unless this is that restore."""
    left = text("SELECT to_regclass(:table) IS NOT NULL AND to_regclass(:usual) IS NULL")
    names = {"table": f"public.{RESTORING_TABLE}", "usual": f"public.{VERSION_TABLE}"}
    if version_table == VERSION_TABLE and connection.scalar(left, names):
        raise RestoreUnfinished("A restore did not come to its end here. Run `rapport db restore` again.")
    connection.commit()


def _admit(connection: Connection, line: RevisionLine, login: str | None, version_table: str) -> None:
    """Let the application's login act as the application role and see whether the schema is current."""
    connection.execute(text(f"GRANT SELECT ON {_quoted(connection, line.schema)}.{version_table} TO {APP_ROLE}"))
    if login is not None:
        connection.execute(text(f"GRANT {APP_ROLE} TO {_quoted(connection, login)}"))
    grants.let_backups_read(connection, line.schema)
    connection.commit()


def _mend(connection: Connection, line: RevisionLine) -> None:
    """Give again what got lost of what the revisions so far have given."""
    if _missing(connection, line):
        connection.execute(text("SET LOCAL lock_timeout = '1s'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": ADVISORY_LOCK})
        at = _revision(connection, line)
        assert at is not None
        if line.schema != CORE.schema:
            _let_use(connection, line)
        grants.mend(connection, grants.statements(scripts(line), at))
    connection.commit()


def lost(url: str | URL, *, line: RevisionLine = CORE) -> list[str]:
    """Return what the revisions so far gave (roles, grants, policies) and the database lacks; any login may ask."""
    with _connect(url) as connection:
        return _missing(connection, line)


def _missing(connection: Connection, line: RevisionLine) -> list[str]:
    at = _revision(connection, line)
    if at is None or not knows(at, line=line):
        return []
    return grants.missing(connection, grants.statements(scripts(line), at))


def _revision(connection: Connection, line: RevisionLine) -> str | None:
    options = {"version_table_schema": line.schema}
    return MigrationContext.configure(connection, opts=options).get_current_revision()


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote(name)
