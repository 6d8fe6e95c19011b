"""Put a backup's rows into an empty database: schema, roles and policies come from the revisions, rows from the file.

Until everything is there, the revision is kept in a table of another name: nothing serves a database without a
revision. Giving the table its name is the last step, so that a restore is there whole or not at all. One that was
killed leaves what the next one takes away.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg import Connection
from psycopg.sql import SQL, Identifier
from sqlalchemy import text

from storage.backup.copy import SEQUENCES, Often, Progress, columns_of, connect, count, tables_of
from storage.backup.file import BackupReader, BackupRefused, Header, Table, verify
from storage.database import migrate
from storage.database.engine import EVERY_WORKSPACE, Database
from storage.database.migrate import RESTORING_TABLE, VERSION_TABLE, RevisionLine
from storage.queues import due

RESTORE_LOCK = migrate.ADVISORY_LOCK + 1
OLDEST_POSTGRES = 15
MOST_DUE = 500
ANOTHER = (
    "Restore into a database of its own that is empty: as the server's administrator CREATE DATABASE rapport_new OWNER"
    " rapport_owner TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'; then name it in DATABASE_URL and"
    " DATABASE_ADMIN_URL. For the embedded one, stop the bot and move the folder away."
)
_MONTH = re.compile(r"[0-9]{4}(0[1-9]|1[0-2])")

_PRESENT = """
SELECT n.nspname, c.relname, c.relrowsecurity FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname = ANY (%s)
    AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = c.oid AND deptype = 'e')
"""
_FUNCTIONS = """
SELECT p.oid::regprocedure::text FROM pg_proc AS p
WHERE p.pronamespace = 'public'::regnamespace AND EXISTS (
    SELECT FROM aclexplode(p.proacl) AS granted JOIN pg_roles ON pg_roles.oid = granted.grantee
    WHERE rolname = 'rapport_app'
)
"""
_KEYS = """
SELECT n.nspname, c.relname, conname, pg_get_constraintdef(k.oid) FROM pg_constraint AS k
    JOIN pg_class AS c ON c.oid = k.conrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE k.contype = 'f' AND k.conparentid = 0 AND n.nspname = ANY (%s)
"""
_FORCED = """
SELECT n.nspname, c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relforcerowsecurity AND n.nspname = ANY (%s)
"""

# What was waiting may have been sent after the backup was taken: it is looked for there before it is sent.
_LOOK_FIRST = text("""
UPDATE outbox SET ambiguous = true, first_attempt_at = coalesce(first_attempt_at, CAST(:taken_at AS timestamptz))
WHERE kind = 'post' AND state IN ('pending', 'sending', 'held')
""")


def restore(
    admin_url: str,
    path: Path,
    lines: Sequence[RevisionLine],
    *,
    login: str | None,
    progress: Progress,
    next_time: due.NextTime | None,
    without: Sequence[str] = (),
) -> Mapping[str, int]:
    """Fill an empty database from a file and return how many rows each table got; raise BackupRefused otherwise.

    The database ends at the newest revision of each line, whichever the file has. Rows of the plugins named in
    `without` are left out. With `next_time`, somebody may have gone on sending since the file was made: what was
    waiting or has fallen due since is then looked for in Slack before it is sent.
    """
    progress(f"Checking {path}")
    header, rows = verify(path)
    wanted = _revisions(header, lines, without)
    schemas = [*dict.fromkeys([*(line.schema for line in lines), *wanted])]
    with connect(admin_url) as connection, _alone(connection):
        _refuse_old(connection)
        _clear(connection, schemas)
        try:
            for line in lines:
                if line.schema in wanted:
                    _upgrade(admin_url, line, login, wanted[line.schema])
            _refuse_letters(connection)
            _load(connection, path, header, [*wanted], progress)
            for line in lines:
                progress(f"Bringing {_called(line)} to revision {migrate.head(line=line)}")
                _upgrade(admin_url, line, login, "head")
            if next_time is not None:
                _look_first(admin_url, header.taken_at, next_time)
            complete(connection, [line.schema for line in lines])
        except BaseException:
            with contextlib.suppress(Exception):  # what is left is known by its name, and taken away the next time
                _clear(connection, schemas)
            raise
        progress("Counting for the planner")
        connection.execute("ANALYZE")
    return {table: number for table, number in rows.items() if table.partition(".")[0] in wanted}


def _revisions(header: Header, lines: Sequence[RevisionLine], without: Sequence[str]) -> dict[str, str]:
    """Return each schema's revision, or raise BackupRefused for one that is not known here."""
    known = {line.schema: line for line in lines}
    for schema in without:
        if schema == migrate.CORE.schema or schema not in header.lines:
            raise BackupRefused(f"The backup holds no plugin {schema} that could be left out.")
    wanted = {schema: at for schema, at in header.lines.items() if schema not in without}
    if migrate.CORE.schema not in wanted:
        raise BackupRefused("The backup does not say which revision it is of. It cannot be restored.")
    for schema, revision in wanted.items():
        if schema not in known:
            raise BackupRefused(
                f"The backup holds the tables of the plugin {schema}, which is not installed here. Install it first,"
                f" or leave its tables out with --without {schema}."
            )
        if not migrate.knows(revision, line=known[schema]):
            raise BackupRefused(
                f"The backup is of a newer Rapport ({header.product}, revision {revision} of {schema}) than this one."
                " Restore it with that version or a newer one."
            )
    return wanted


def _called(line: RevisionLine) -> str:
    return "the core" if line.schema == migrate.CORE.schema else line.schema


@contextlib.contextmanager
def _alone(connection: Connection[Any]) -> Iterator[None]:
    held = connection.execute("SELECT pg_try_advisory_lock(%s)", [RESTORE_LOCK]).fetchone()
    if held != (True,):
        raise BackupRefused("Another restore into this database is under way.")
    yield


def _refuse_old(connection: Connection[Any]) -> None:
    number, encoding = _settings(connection)
    if number < OLDEST_POSTGRES * 10_000:
        raise BackupRefused(f"PostgreSQL {OLDEST_POSTGRES} or newer is needed. Nothing was changed.")
    if encoding != "UTF8":
        raise BackupRefused(f"This database is in {encoding}, which cannot hold every script's letters. {ANOTHER}")


def _settings(connection: Connection[Any]) -> tuple[int, str]:
    query = "SELECT current_setting('server_version_num')::integer, current_setting('server_encoding')"
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0], row[1]


def _refuse_letters(connection: Connection[Any]) -> None:
    """Refuse a locale in which names could not be found, as soon as the extension is there to be asked."""
    if connection.execute("SELECT cardinality(show_trgm('客户'))").fetchone() == (0,):
        raise BackupRefused(f"In this database's locale names in Chinese could not be found. {ANOTHER}")


def _clear(connection: Connection[Any], schemas: Sequence[str]) -> None:
    """Take away empty tables and what a broken restore left; raise BackupRefused for a database that holds anything."""
    with connection.transaction():
        connection.execute("SET LOCAL lock_timeout = '10s'")
        present = connection.execute(_PRESENT, [list(schemas)]).fetchall()
        names = {(schema, name) for schema, name, _ in present}
        broken = ("public", RESTORING_TABLE) in names and ("public", VERSION_TABLE) not in names
        foreign = [name for _, name, secured in present if not secured and name not in {RESTORING_TABLE, VERSION_TABLE}]
        if foreign and not broken:
            raise BackupRefused(f"This database holds tables that are not Rapport's ({', '.join(foreign)}). {ANOTHER}")
        ours = [Table(schema, name, ()) for schema, name, _ in present]
        if not broken:
            _refuse_rows(connection, [one for one in ours if one.name != VERSION_TABLE])
        for function in connection.execute(_FUNCTIONS).fetchall() if ours else []:
            connection.execute(SQL("DROP FUNCTION {}").format(SQL(function[0])))
        for table in ours:
            connection.execute(SQL("DROP TABLE IF EXISTS {} CASCADE").format(Identifier(table.schema, table.name)))
        for schema in {one.schema for one in ours} - {"public"}:
            connection.execute(SQL("DROP SCHEMA {} CASCADE").format(Identifier(schema)))


def _refuse_rows(connection: Connection[Any], tables: Sequence[Table]) -> None:
    """Raise BackupRefused if a table has rows, of whichever workspace, while nobody can add any."""
    for table in tables:
        connection.execute(SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(Identifier(table.schema, table.name)))
        _force(connection, table, "NO FORCE")
    connection.execute("SET LOCAL row_security = off")
    full = [str(table) for table in tables if count(connection, table)]
    if full:
        raise BackupRefused(
            f"This database is not empty: {', '.join(full[:3])} hold rows. Nothing was changed. {ANOTHER}"
        )


def _upgrade(admin_url: str, line: RevisionLine, login: str | None, revision: str) -> None:
    migrate.upgrade(admin_url, line=line, login=login, revision=revision, version_table=RESTORING_TABLE)


def _load(connection: Connection[Any], path: Path, header: Header, schemas: Sequence[str], progress: Progress) -> None:
    """Copy the rows in, in one transaction; keys are checked when all rows are there."""
    with BackupReader(path) as reader, connection.transaction():
        if reader.header != header:
            raise BackupRefused(f"{path} has changed while it was read. Nothing was restored.")
        made = {str(table): table for table in tables_of(connection, schemas, RESTORING_TABLE)}
        kept = [table for table in header.tables if table.schema in schemas]
        _refuse_others(made, kept)
        keys = connection.execute(_KEYS, [list(schemas)]).fetchall()
        for schema, name, key, _ in keys:
            connection.execute(
                SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(Identifier(schema, name), Identifier(key))
            )
        _make_months(connection, header, made)
        # Months as well: where keys are checked, each is looked at by itself.
        forced = [Table(schema, name, ()) for schema, name in connection.execute(_FORCED, [list(schemas)]).fetchall()]
        for table in forced:
            _force(connection, table, "NO FORCE")
        connection.execute("SET LOCAL row_security = off")
        # What they would write is in the file.
        for table in made.values():
            _let_triggers(connection, table, "DISABLE")
        for table, pieces in reader.tables():
            if table.schema not in schemas:
                for _ in pieces:
                    pass
                continue
            _copy(connection, table, pieces, progress)
        rows = reader.finish()
        for table in kept:
            if count(connection, table) != rows[str(table)]:
                raise BackupRefused(f"{table} did not get all of its rows. Nothing was restored.")
        _set_sequences(connection, header, schemas)
        progress("Checking what refers to what")
        for schema, name, key, definition in keys:
            connection.execute(
                SQL("ALTER TABLE {} ADD CONSTRAINT {} {}").format(
                    Identifier(schema, name), Identifier(key), SQL(definition)
                )
            )
        for table in made.values():
            _let_triggers(connection, table, "ENABLE")
        for table in forced:
            _force(connection, table, "FORCE")


def _refuse_others(made: Mapping[str, Table], kept: Sequence[Table]) -> None:
    """Raise BackupRefused unless the file has the tables and columns that its revision makes."""
    files = {str(table): set(table.columns) for table in kept}
    ours = {name: set(table.columns) for name, table in made.items()}
    other = sorted(name for name in files.keys() | ours.keys() if files.get(name) != ours.get(name))
    if other or len(files) != len(kept):
        raise BackupRefused(
            f"The backup's tables are not those of its revision ({', '.join(other[:3])}). Nothing was restored."
        )


def _force(connection: Connection[Any], table: Table, how: str) -> None:
    connection.execute(
        SQL("ALTER TABLE {} {} ROW LEVEL SECURITY").format(Identifier(table.schema, table.name), SQL(how))
    )


def _let_triggers(connection: Connection[Any], table: Table, how: str) -> None:
    connection.execute(SQL("ALTER TABLE {} {} TRIGGER USER").format(Identifier(table.schema, table.name), SQL(how)))


def _make_months(connection: Connection[Any], header: Header, made: Mapping[str, Table]) -> None:
    """Make the partitions of the months that the file's tables had, as `make_partitions` makes those ahead."""
    for name, months in header.months.items():
        for month in months if name in made else ():
            if not _MONTH.fullmatch(month):
                raise BackupRefused(f"The backup names a month {month!r}. Nothing was restored.")
            part = Identifier(made[name].schema, f"{made[name].name}_{month}")
            starts = datetime(int(month[:4]), int(month[4:]), 1)
            ends = datetime(starts.year + starts.month // 12, starts.month % 12 + 1, 1)
            connection.execute(
                SQL("CREATE TABLE IF NOT EXISTS {} PARTITION OF {} FOR VALUES FROM ({}) TO ({})").format(
                    part, Identifier(made[name].schema, made[name].name), f"{starts}+00", f"{ends}+00"
                )
            )
            for how in ("ENABLE", "FORCE"):
                connection.execute(SQL("ALTER TABLE {} {} ROW LEVEL SECURITY").format(part, SQL(how)))


def _copy(connection: Connection[Any], table: Table, pieces: Iterator[bytes], progress: Progress) -> None:
    said, rows = Often(progress, table), 0
    where = Identifier(table.schema, table.name)
    with connection.cursor().copy(SQL("COPY {} ({}) FROM STDIN").format(where, columns_of(table))) as copy:
        held = bytearray()
        for piece in pieces:
            held += piece
            rows += piece.endswith(b"\n")
            said.rows(rows)
            if len(held) >= 256 * 1024:
                copy.write(bytes(held))
                held.clear()
        copy.write(bytes(held))
    if rows:
        progress(f"{table}: {rows:,} rows")


def _set_sequences(connection: Connection[Any], header: Header, schemas: Sequence[str]) -> None:
    for column, sequence in connection.execute(SEQUENCES, {"schemas": list(schemas)}).fetchall():
        last = header.sequences.get(column)
        if last is not None:
            connection.execute("SELECT setval(%s::regclass, %s)", [sequence, last])


def _look_first(admin_url: str, taken_at: str, next_time: due.NextTime) -> None:
    """Let what has fallen due since the backup become deliveries, and have all that waits looked for before it is sent.

    What falls due once and again has missed times as one. A message is known by its delivery's id, which is the same
    for the same occasion wherever it is made.
    """
    database = Database(admin_url, pool_size=1, application_name="rapport-restore")
    try:
        while True:
            with database.transaction(EVERY_WORKSPACE) as session:
                if not due.materialise(session, MOST_DUE, next_time=next_time):
                    session.execute(_LOOK_FIRST, {"taken_at": taken_at})
                    return
    finally:
        database.dispose()


def complete(connection: Connection[Any], schemas: Sequence[str]) -> None:
    """Give the tables of revisions their name: from now on the database counts."""
    with connection.transaction():
        for schema in schemas:
            kept = Identifier(schema, RESTORING_TABLE)
            constraint = (Identifier(f"{table}_pkc") for table in (RESTORING_TABLE, VERSION_TABLE))
            connection.execute(SQL("ALTER TABLE {} RENAME CONSTRAINT {} TO {}").format(kept, *constraint))
            connection.execute(SQL("ALTER TABLE {} RENAME TO {}").format(kept, Identifier(VERSION_TABLE)))
