"""Lend databases to tests: copies of a migrated template, emptied and lent again where a test left the schema alone."""

from __future__ import annotations

import itertools
import os
from collections import defaultdict
from contextlib import closing
from typing import Any

import psycopg
from sqlalchemy import QueuePool, make_url

from bot.testing import FORGET, FORGET_ROWS, OURS, connect
from storage.database.engine import Database, DatabaseState

__all__ = ["EMPTY", "FORGET", "KEPT", "OURS", "SCHEMA", "Cluster", "connect", "count", "sessions"]

# All that a test could change besides rows: tables, columns, grants, policies, functions, keys and the revision.
SCHEMA = f"""
SELECT md5(concat(
    (SELECT string_agg(concat_ws(' ', oid, relname, relowner, relacl, relnatts, relchecks, relrowsecurity,
         relforcerowsecurity), ',' ORDER BY oid) FROM pg_class WHERE relnamespace IN {OURS}),
    (SELECT string_agg(concat(oid, polqual, polwithcheck), ',' ORDER BY oid) FROM pg_policy),
    (SELECT string_agg(concat(oid, proacl), ',' ORDER BY oid) FROM pg_proc),
    (SELECT count(*) FROM pg_constraint), (SELECT count(*) FROM pg_namespace), (SELECT count(*) FROM pg_trigger),
    (SELECT string_agg(version_num, ',') FROM alembic_version)
))
"""

KEPT = "rapport-test"
"""How connections are called that serve one test after the other."""

EMPTY = f"""
DO $$ DECLARE one text; BEGIN
    PERFORM pg_terminate_backend(pid, 5000) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
            AND (application_name, state) IS DISTINCT FROM ('{KEPT}', 'idle');
    {FORGET_ROWS}
END $$
"""


class Cluster:
    """Create, lend and drop databases on one server."""

    def __init__(self, admin_url: str) -> None:
        self.admin_url = admin_url
        self._numbers = itertools.count(1)
        self._free: dict[str, list[str]] = defaultdict(list)
        self._schemas: dict[str, Any] = {}
        self._made: list[str] = []
        # A new connection takes longer to learn what tables there are than to empty them.
        self._kept: dict[str, psycopg.Connection[Any]] = {}
        self._pools: dict[str, Database] = {}

    def close(self) -> None:
        """Close what is kept open."""
        for url in [*self._kept, *self._pools]:
            self._hang_up(url)

    def drop_all(self) -> None:
        """Drop what was made, on a server that others go on using."""
        self.close()
        self.run(*(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)" for name in self._made))

    def run(self, *statements: str) -> None:
        """Run statements as the superuser, each on its own, as CREATE DATABASE demands."""
        with closing(connect(self.admin_url)) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def _ask(self, url: str, statement: str) -> psycopg.Cursor[Any]:
        """Run a statement on the connection that is kept to a lent database; tests may have cut it."""
        if url in self._kept:
            try:
                return self._kept[url].execute(statement.encode())
            except psycopg.OperationalError:
                self._hang_up(url)
        self._kept[url] = connect(url)
        return self._kept[url].execute(statement.encode())

    def _hang_up(self, url: str) -> None:
        if url in self._kept:
            self._kept.pop(url).close()
        if url in self._pools:
            self._pools.pop(url).dispose()

    def open(self, url: str) -> Database:
        """Open a database as the application does; what was opened before is given again where nothing is wrong."""
        return self._pools.pop(url, None) or Database(url, pool_size=5, application_name=KEPT)

    def close_or_keep(self, url: str, database: Database) -> None:
        """Keep a pool for the next test, unless something in it is in use or was said to be wrong."""
        pool = database.engine.pool
        whole = isinstance(pool, QueuePool) and not pool.checkedout() and database.standing == DatabaseState()
        if whole and url not in self._pools:
            self._pools[url] = database
        else:
            database.dispose()

    def create(self, template: str | None = None) -> str:
        """Make a database and return the superuser's URL of it."""
        name = f"rapport_{os.getpid()}_{next(self._numbers)}"
        self._made.append(name)
        source = f"{make_url(template).database} STRATEGY FILE_COPY" if template else "template0"
        self.run(f"CREATE DATABASE {name} TEMPLATE {source}")
        return make_url(self.admin_url).set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        """Drop a database, whoever is still connected to it."""
        self._hang_up(url)
        self.run(f"DROP DATABASE IF EXISTS {make_url(url).database} WITH (FORCE)")

    def lend(self, template: str) -> str:
        """Return the superuser's URL of a database that is as the template."""
        if template not in self._schemas:
            # Not kept: nobody may be connected to what is copied.
            with closing(connect(template)) as connection:
                self._schemas[template] = connection.execute(SCHEMA).fetchone()
        return self._free[template].pop() if self._free[template] else self.create(template)

    def give_back(self, template: str, url: str) -> None:
        """Empty a lent database for the next test, or drop it if more than rows has changed."""
        if self._ask(url, SCHEMA).fetchone() == self._schemas[template]:
            self._ask(url, EMPTY)
            self._free[template].append(url)
        else:
            self.drop(url)


def sessions(admin_url: str, which: str) -> int:
    """Count a database's sessions of a kind; only the superuser is told what they do."""
    asked = f"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND {which}"
    with closing(connect(admin_url)) as connection:
        row = connection.execute(asked.encode()).fetchone()
    assert row is not None
    return int(row[0])


def count(url: str, table: str, where: str = "true") -> int:
    """Return how many rows of a table there are, by default all."""
    with connect(url) as connection:
        row = connection.execute(f"SELECT count(*) FROM {table} WHERE {where}").fetchone()
        assert row is not None
        return int(row[0])
