"""Refuse connections on which row-level security would not keep the workspaces apart.

What is looked at can change at any time and from outside: who the connection acts as, what that role may become, and
the policies of every table. A pooler in between can lose the first.
"""

from __future__ import annotations

import select
import time
from typing import Any

import psycopg
from psycopg import pq

from storage.database.policies import APP, BACKUP, SEARCH

ANSWER_WITHIN_S = 3.0
SHOWN = 3
SO = "so the database would not keep workspaces apart"
CLOCK = "rapport_clock"
DIRECTLY = "Give DATABASE_URL the address of the PostgreSQL server itself; Rapport keeps pools of its own."

# That the options came is seen by two of them: a server's own time zone may be UTC too.
_WHO = """
SELECT current_user, pg_backend_pid(),
    current_setting('TimeZone') = 'UTC' AND current_setting('idle_in_transaction_session_timeout') = '30s',
    (SELECT concat_ws(' ', CASE WHEN rolsuper THEN 'SUPERUSER' END, CASE WHEN rolbypassrls THEN 'BYPASSRLS' END,
        CASE WHEN rolcreaterole THEN 'CREATEROLE' END) FROM pg_roles WHERE rolname = current_user)
"""

# Every table of ours whose rows belong to somebody, plugins' as well. Partitions are reached through their parent,
# unless somebody was given rights on one. Roles that pass a policy are those that none binds, those whose own policy
# lets everything through, and the owners of tables, who may take policies away.
_OPEN = f"""
WITH ours AS MATERIALIZED (
    SELECT pg_class.oid, relowner, relrowsecurity AND relforcerowsecurity AS forced, relispartition
    FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relkind IN ('r', 'p') AND nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'
        AND (pg_class.oid = to_regclass('public.workspace') OR EXISTS (
            SELECT FROM pg_attribute WHERE attrelid = pg_class.oid AND attname = 'workspace_id' AND NOT attisdropped))
        AND has_any_column_privilege('{APP}', pg_class.oid, 'SELECT, INSERT, UPDATE')
)
SELECT
    (SELECT string_agg(quote_ident(rolname), ', ' ORDER BY rolname) FROM pg_roles AS other
     WHERE rolname <> '{APP}' AND pg_has_role('{APP}', oid, 'MEMBER')
         AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolname IN ('{SEARCH}', '{CLOCK}', '{BACKUP}')
              OR EXISTS (SELECT FROM ours WHERE relowner = other.oid))),
    (SELECT string_agg(oid::regclass::text, ',' ORDER BY oid) FROM ours WHERE NOT forced),
    (SELECT string_agg(DISTINCT quote_ident(polname) || ' on ' || ours.oid::regclass, ',')
     FROM ours JOIN pg_policy ON polrelid = ours.oid
     WHERE polpermissive AND polroles && ARRAY[0::oid, '{APP}'::regrole::oid]
         AND NOT (coalesce(pg_get_expr(polqual, polrelid), 'rapport.workspace') LIKE '%rapport.workspace%'
             AND coalesce(pg_get_expr(polwithcheck, polrelid), 'rapport.workspace') LIKE '%rapport.workspace%')),
    (SELECT string_agg(oid::regclass::text, ',' ORDER BY oid) FROM ours WHERE pg_get_userbyid(relowner) = '{APP}'),
    (SELECT string_agg(oid::regclass::text, ',' ORDER BY oid) FROM ours WHERE NOT relispartition AND NOT EXISTS (
        SELECT FROM pg_policy WHERE polrelid = ours.oid AND polname = 'tenant' AND polpermissive AND polcmd = '*'))
"""  # noqa: S608 - the roles' names are constants


class Unconfined(Exception):
    """Say to who runs the program why row-level security would not bind us, and what to do."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what, remedy)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what} {self.remedy}"


def confine(connection: psycopg.Connection[Any]) -> bool:
    """Raise Unconfined unless the connection acts as the plain application role and every table is closed.

    Returns whether it is the server's own connection, and not a pooler's. It asks below psycopg, which would begin a
    transaction.
    """
    role, pid, options_came, rights = _ask(connection, _WHO)
    if role != APP:
        raise Unconfined(
            f"The database acts for us as {role} and not as {APP}, {SO}: something between us and the server"
            " (PgBouncer?) drops the start-up option `role`.",
            DIRECTLY,
        )
    if rights:
        raise Unconfined(
            f"The role {APP} has {rights}, {SO}.",
            f"As the server's administrator: ALTER ROLE {APP} NOSUPERUSER NOBYPASSRLS NOCREATEROLE;",
        )
    if options_came != "t":
        raise Unconfined(
            "Something between us and the server (PgBouncer?) drops the start-up options of our connections, without"
            " which a transaction could keep its locks for ever.",
            DIRECTLY,
        )
    _refuse_open(*_ask(connection, _OPEN))
    return int(pid or 0) == connection.pgconn.backend_pid


def _refuse_open(
    may_become: str | None, unforced: str | None, open_to_all: str | None, owned: str | None, without: str | None
) -> None:
    if may_become:
        raise Unconfined(
            f"The role {APP} may act as {may_become}, {SO}.",
            f"As the server's administrator: REVOKE {may_become} FROM {APP};",
        )
    if unforced:
        statements = (
            f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;" for name in unforced.split(",")
        )
        raise Unconfined(
            f"Row-level security is off for {_some(unforced)}, {SO}.", f"As the tables' owner: {' '.join(statements)}"
        )
    if open_to_all:
        raise Unconfined(
            f"A policy lets everybody's rows through ({_some(open_to_all)}), {SO}.",
            "As the tables' owner: DROP POLICY those that Rapport did not make.",
        )
    if owned:
        raise Unconfined(
            f"The role {APP} owns {_some(owned)} and could switch row-level security off.",
            "As the server's administrator: ALTER TABLE each of them OWNER TO the role of DATABASE_ADMIN_URL.",
        )
    if without:
        raise Unconfined(
            f"The policy `tenant` is missing for {_some(without)}: this database was not restored whole.",
            "Run `rapport db upgrade`, which makes policies again; look whether all rows came with the tables.",
        )


def _ask(connection: psycopg.Connection[Any], query: str) -> list[str | None]:
    """Return a query's one row as text; raise OperationalError if it is not answered in time."""
    pgconn = connection.pgconn
    deadline = time.monotonic() + ANSWER_WITHIN_S
    answers = select.poll()
    answers.register(pgconn.socket, select.POLLIN)
    pgconn.send_query(query.encode())
    row: list[str | None] = []
    while True:
        while pgconn.is_busy():
            if not answers.poll(max(0.0, deadline - time.monotonic()) * 1000):
                raise psycopg.OperationalError("the server accepted a connection and did not answer on it in time")
            pgconn.consume_input()
        result = pgconn.get_result()
        if result is None:
            return row
        if result.status != pq.ExecStatus.TUPLES_OK:
            raise psycopg.errors.error_from_result(result)
        values = (result.get_value(0, column) for column in range(result.nfields))
        row = [None if value is None else value.decode() or None for value in values]


def _some(names: str) -> str:
    every = names.split(",")
    return ", ".join(every[:SHOWN]) + (f" and {len(every) - SHOWN} more" if len(every) > SHOWN else "")
