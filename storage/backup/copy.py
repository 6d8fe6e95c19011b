"""Copy every row of a database to a file, as it was at one moment, while everybody goes on working.

Under forced row-level security the tables' owner sees no rows. So a copy is taken by a role that no policy binds, or as
`rapport_backup`, whose policy lets it read everything; each table is looked at first, and where one would hide rows the
backup is refused.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.sql import SQL, Composed, Identifier
from sqlalchemy.exc import SQLAlchemyError

from storage.backup.file import BackupRefused, BackupWriter, Header, Table
from storage.database.engine import APP_ROLE, login_url
from storage.database.migrate import ADVISORY_LOCK, VERSION_TABLE
from storage.database.outages import words
from storage.database.policies import BACKUP, MEMBERS_MAY_NOT_INHERIT

Progress = Callable[[str], None]
"""Say what is being done, in a line."""

WAIT_FOR_MIGRATION = "60s"
SAID_EVERY_S = 5.0

# A table of ours is one in a schema of ours. The application may use it; where it may not though row-level security is
# on, grants got lost. Without both it is somebody else's.
_TABLES = """
SELECT n.nspname, c.relname, c.relrowsecurity,
    (SELECT array_agg(attname ORDER BY attnum) FROM pg_attribute
     WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''),
    EXISTS (SELECT FROM aclexplode(c.relacl) AS granted JOIN pg_roles ON pg_roles.oid = granted.grantee
            WHERE rolname = %(app)s),
    NOT c.relrowsecurity OR (
        EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid AND polpermissive AND polcmd IN ('r', '*')
                AND pg_get_expr(polqual, polrelid) = 'true'
                AND EXISTS (SELECT FROM pg_roles WHERE rolname = %(backup)s AND pg_roles.oid = ANY (polroles)))
        AND NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid AND NOT polpermissive)
    )
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname = ANY (%(schemas)s) AND c.relname <> %(version)s
    AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = c.oid AND deptype = 'e')
ORDER BY n.nspname <> 'public', n.nspname, c.relname
"""

SCHEMAS = """
SELECT n.nspname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relname = %(version)s AND c.relkind = 'r' AND (
    n.nspname = 'public' OR EXISTS (SELECT FROM aclexplode(n.nspacl) AS granted
    JOIN pg_roles ON pg_roles.oid = granted.grantee WHERE rolname = %(app)s)
) ORDER BY n.nspname <> 'public', n.nspname
"""

_MONTHS = """
SELECT n.nspname || '.' || parent.relname, array_agg(right(part.relname, 6) ORDER BY part.relname)
FROM pg_inherits JOIN pg_class AS part ON part.oid = inhrelid JOIN pg_class AS parent ON parent.oid = inhparent
    JOIN pg_namespace AS n ON n.oid = parent.relnamespace
WHERE n.nspname = ANY (%(schemas)s) AND parent.relkind = 'p' AND part.relname ~ ('^' || parent.relname || '_[0-9]{6}$')
GROUP BY 1 ORDER BY 1
"""

SEQUENCES = """
SELECT n.nspname || '.' || c.relname || '.' || a.attname, format('%%I.%%I', ns.nspname, seq.relname)
FROM pg_sequence AS s JOIN pg_class AS seq ON seq.oid = s.seqrelid JOIN pg_namespace AS ns ON ns.oid = seq.relnamespace
    JOIN pg_depend AS d ON d.objid = s.seqrelid AND d.deptype IN ('i', 'a') AND d.refobjsubid > 0
    JOIN pg_class AS c ON c.oid = d.refobjid JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
WHERE n.nspname = ANY (%(schemas)s) ORDER BY 1
"""


@dataclass(frozen=True)
class Found:
    """Say what there is to copy: tables by name, and what was left out because it is not ours."""

    header: Header
    left_out: tuple[str, ...]


def backup(admin_url: str, path: Path, *, product: str, progress: Progress) -> Mapping[str, int]:
    """Copy all rows to a file and return how many each table has; raise BackupRefused where not all can be seen."""
    with connect(admin_url) as connection, one_moment(connection) as found, BackupWriter(path) as writer:
        for name in found.left_out:
            progress(f"{name} is not Rapport's and is left out")
        writer.begin(Header(**{**vars(found.header), "product": product}))
        for table in found.header.tables:
            _copy(connection, writer, table, progress)
        # Within the moment: should the connection be lost at the last, there is no file.
        connection.execute("SELECT 1")
        return writer.finish()


@contextmanager
def connect(url: str) -> Iterator[Connection[Any]]:
    """Open a connection for work that takes long; what the server says is raised as BackupRefused."""
    plain = login_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        with psycopg.connect(
            plain, autocommit=True, application_name="rapport-backup", connect_timeout=5
        ) as connection:
            connection.execute(
                "SELECT set_config(name, value, false) FROM (VALUES ('client_encoding', 'UTF8'), ('timezone', 'UTC'),"
                " ('datestyle', 'ISO'), ('intervalstyle', 'postgres'), ('extra_float_digits', '3'),"
                " ('statement_timeout', '0'), ('idle_in_transaction_session_timeout', '0'),"
                " ('search_path', 'public')) AS wanted (name, value)"
            )
            yield connection
    except (psycopg.Error, SQLAlchemyError) as exc:
        raise BackupRefused(f"The database says: {words(exc)}") from exc


@contextmanager
def one_moment(connection: Connection[Any]) -> Iterator[Found]:
    """Look at the database as it is now, whatever is written meanwhile, with the right to see every row."""
    connection.execute(SQL("SET lock_timeout = {}").format(WAIT_FOR_MIGRATION))
    # No migration may change the tables meanwhile; other copies may be taken.
    connection.execute("SELECT pg_advisory_lock_shared(%s)", [ADVISORY_LOCK])
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    with connection.transaction():
        # A sequence's number is not of the moment: read first or last, it is beyond what the rows hold.
        names = {"app": APP_ROLE, "backup": BACKUP, "version": VERSION_TABLE}
        schemas = [name for (name,) in connection.execute(SCHEMAS, names)]
        if "public" not in schemas:
            raise BackupRefused("This database holds no Rapport: there is nothing to back up.")
        role = _who_sees_everything(connection)
        tables, left_out, hidden = _tables(connection, names | {"schemas": schemas})
        header = _header(connection, schemas, tables)
        if role is None:
            # The server itself then refuses a query that a policy would narrow.
            connection.execute("SET LOCAL row_security = off")
        elif hidden:
            raise BackupRefused(
                f"Row-level security would hide rows of {', '.join(hidden)}. Run `rapport db upgrade`, then again."
            )
        else:
            connection.execute(SQL("SET LOCAL ROLE {}").format(Identifier(role)))
        yield Found(header, tuple(left_out))


def tables_of(connection: Connection[Any], schemas: Sequence[str], version_table: str) -> list[Table]:
    """Return our tables in these schemas, with the columns that are to be kept."""
    names = {"app": APP_ROLE, "backup": BACKUP, "version": version_table, "schemas": list(schemas)}
    return _tables(connection, names)[0]


def _tables(connection: Connection[Any], names: Mapping[str, Any]) -> tuple[list[Table], list[str], list[str]]:
    """Return the tables, those that are not ours, and those that `rapport_backup` would not see whole."""
    tables, left_out, hidden = [], [], []
    for schema, name, secured, columns, granted, visible in connection.execute(_TABLES, names):
        table = Table(schema, name, tuple(columns or ()))
        if not granted and not secured:
            left_out.append(str(table))
        elif not granted:
            raise BackupRefused(
                f"{table} has lost its grants, as in a restore without roles. Run `rapport db upgrade`, then again."
            )
        else:
            tables.append(table)
            if not visible:
                hidden.append(str(table))
    return tables, left_out, hidden


def _header(connection: Connection[Any], schemas: Sequence[str], tables: Sequence[Table]) -> Header:
    row = connection.execute("SELECT now(), current_setting('server_version')").fetchone()
    assert row is not None
    lines = {}
    for schema in schemas:
        revision = connection.execute(
            SQL("SELECT version_num FROM {}").format(Identifier(schema, VERSION_TABLE))
        ).fetchone()
        if revision is not None:
            lines[schema] = revision[0]
    sequences = {}
    for column, sequence in connection.execute(SEQUENCES, {"schemas": list(schemas)}).fetchall():
        value = connection.execute(SQL("SELECT last_value, is_called FROM {}").format(SQL(sequence))).fetchone()
        assert value is not None
        sequences[column] = value[0] if value[1] else None
    return Header(
        product="",
        postgres=row[1],
        taken_at=row[0].astimezone(UTC).isoformat(),
        lines=lines,
        tables=tuple(tables),
        months={table: tuple(months) for table, months in connection.execute(_MONTHS, {"schemas": list(schemas)})},
        sequences=sequences,
    )


def _who_sees_everything(connection: Connection[Any]) -> str | None:
    """Return the role to become, None if no policy binds this one; raise BackupRefused if it may see too little."""
    row = connection.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user").fetchone()
    if row is not None and row[0]:
        return None
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(SQL("SET LOCAL ROLE {}").format(Identifier(BACKUP)))
    except psycopg.Error as exc:
        only_to_become = " WITH INHERIT FALSE" if connection.info.server_version >= MEMBERS_MAY_NOT_INHERIT else ""
        raise BackupRefused(
            "This role may not see every workspace's rows, so its backup would lack them. Give DATABASE_ADMIN_URL the"
            " tables' owner, and run `rapport db upgrade`. Where that role may not create roles, the server's"
            f" administrator runs first: CREATE ROLE {BACKUP} NOLOGIN; GRANT {BACKUP} TO the owner{only_to_become};"
        ) from exc
    return BACKUP


def _copy(connection: Connection[Any], writer: BackupWriter, table: Table, progress: Progress) -> None:
    # A partitioned table itself can be copied only since PostgreSQL 18.
    wanted = SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(columns_of(table), Identifier(table.schema, table.name))
    with writer.table(table) as rows, connection.cursor().copy(wanted) as copy:
        said = Often(progress, table)
        for piece in copy:
            rows.add(bytes(piece))
            said.rows(rows.count)
    there = count(connection, table)
    if there != rows.count:
        raise BackupRefused(f"{table} has {there} rows and {rows.count} were copied. There is no backup.")
    if there:
        progress(f"{table}: {there:,} rows")


class Often:
    """Say of a table that takes long, every few seconds, how far it is."""

    def __init__(self, progress: Progress, table: Table) -> None:
        self._progress = progress
        self._table = table
        self._next = time.monotonic() + SAID_EVERY_S

    def rows(self, count: int) -> None:
        """Say the number of rows so far, if it is time."""
        if time.monotonic() >= self._next:
            self._progress(f"{self._table}: {count:,} rows so far")
            self._next = time.monotonic() + SAID_EVERY_S


def columns_of(table: Table) -> Composed:
    """Return a table's columns as a statement lists them."""
    return SQL(", ").join(Identifier(column) for column in table.columns)


def count(connection: Connection[Any], table: Table) -> int:
    """Return how many rows of a table the connection sees."""
    row = connection.execute(SQL("SELECT count(*) FROM {}").format(Identifier(table.schema, table.name))).fetchone()
    assert row is not None
    return int(row[0])
