"""Lend databases to tests: copies of a migrated template, emptied and lent again where a test left the schema alone."""

from __future__ import annotations

import itertools
import os
from collections import defaultdict
from contextlib import closing
from typing import Any

import psycopg
from sqlalchemy import make_url

# The core's schema and those of plugins.
OURS = "(SELECT oid FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema')"

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

# Without the triggers that check foreign keys the order of the tables does not matter.
_FORGET = f"""
    SET LOCAL session_replication_role = replica;
    FOR one IN SELECT oid::regclass FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition
        AND relnamespace IN {OURS} AND relname <> 'alembic_version'
    LOOP EXECUTE 'DELETE FROM ' || one; END LOOP;
    PERFORM setval(oid::regclass, 1, false) FROM pg_class
        WHERE relkind = 'S' AND relnamespace IN {OURS};
"""

FORGET = f"DO $$ DECLARE one text; BEGIN {_FORGET} END $$"

EMPTY = f"""
DO $$ DECLARE one text; BEGIN
    PERFORM pg_terminate_backend(pid, 5000) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid();
    {_FORGET}
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

    def close(self) -> None:
        """Drop what was made, on a server that others go on using."""
        self.run(*(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)" for name in self._made))

    def run(self, *statements: str) -> None:
        """Run statements as the superuser, each on its own, as CREATE DATABASE demands."""
        with closing(connect(self.admin_url)) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def create(self, template: str | None = None) -> str:
        """Make a database and return the superuser's URL of it."""
        name = f"rapport_{os.getpid()}_{next(self._numbers)}"
        self._made.append(name)
        source = f"{make_url(template).database} STRATEGY FILE_COPY" if template else "template0"
        self.run(f"CREATE DATABASE {name} TEMPLATE {source}")
        return make_url(self.admin_url).set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        """Drop a database, whoever is still connected to it."""
        self.run(f"DROP DATABASE IF EXISTS {make_url(url).database} WITH (FORCE)")

    def lend(self, template: str) -> str:
        """Return the superuser's URL of a database that is as the template."""
        if template not in self._schemas:
            self._schemas[template] = schema(template)
        return self._free[template].pop() if self._free[template] else self.create(template)

    def give_back(self, template: str, url: str) -> None:
        """Empty a lent database for the next test, or drop it if more than rows has changed."""
        if schema(url) == self._schemas[template]:
            with closing(connect(url)) as connection:
                connection.execute(EMPTY)
            self._free[template].append(url)
        else:
            self.drop(url)


def connect(url: str) -> psycopg.Connection[Any]:
    """Open a connection of the superuser's on which every statement is its own transaction."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True)


def sessions(admin_url: str, which: str) -> int:
    """Count a database's sessions of a kind; only the superuser is told what they do."""
    asked = f"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND {which}"
    with closing(connect(admin_url)) as connection:
        row = connection.execute(asked.encode()).fetchone()
    assert row is not None
    return int(row[0])


def schema(url: str) -> Any:
    """Return a fingerprint of all that a database has besides rows."""
    with closing(connect(url)) as connection:
        row = connection.execute(SCHEMA).fetchone()
    assert row is not None
    return row[0]


def count(url: str, table: str, where: str = "true") -> int:
    """Return how many rows of a table there are, by default all."""
    with connect(url) as connection:
        row = connection.execute(f"SELECT count(*) FROM {table} WHERE {where}").fetchone()
        assert row is not None
        return int(row[0])
