"""Give roles, extensions, grants, policies and functions' owners again, as revisions did, where they got lost.

They get lost in a restore by other means than `rapport db restore`: roles belong to the cluster and are not in a dump,
and whatever names a missing role fails. What there should be is what the revisions say: their statements are written
down instead of run, and compared with the catalogue.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from io import StringIO

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from storage.database.engine import APP_ROLE, Base
from storage.database.policies import BACKUP, MEMBERS_MAY_NOT_INHERIT
from storage.errors import DUPLICATE_OBJECT, INSUFFICIENT_PRIVILEGE, UNIQUE_VIOLATION, sqlstate

_ROLE = re.compile(r"DO \$\$.*?CREATE ROLE (\w+)", re.DOTALL)
_MEMBER = re.compile(r"DO \$\$.*?'GRANT (\w+) TO", re.DOTALL)
_EXTENSION = re.compile(r"CREATE EXTENSION IF NOT EXISTS (\w+)")
_INDEX = re.compile(r"CREATE (?:UNIQUE )?INDEX (?:CONCURRENTLY )?(?:IF NOT EXISTS )?(\w+) ON ([\w.]+)")
_NO_INDEX = re.compile(r"DROP INDEX (?:CONCURRENTLY )?(?:IF EXISTS )?(?:\w+\.)?(\w+)")
_POLICY = re.compile(r"CREATE POLICY (\w+) ON (\S+)")
_NO_POLICY = re.compile(r"DROP POLICY (?:IF EXISTS )?(\w+) ON (\S+)")
_CHANGED_POLICY = re.compile(r"ALTER POLICY (\w+) ON (\S+)")
_SECURITY = re.compile(r"ALTER TABLE (\S+) (ENABLE|FORCE) ROW LEVEL SECURITY")
_OWNER = re.compile(r"ALTER FUNCTION (.+) OWNER TO (\w+)")
_RIGHTS = re.compile(r"(GRANT|REVOKE) ([A-Z, ]+) ON (TABLE |SCHEMA |FUNCTION )?(.+) (?:TO|FROM) (.+)")
_COLUMNS = re.compile(r"(GRANT|REVOKE) .*\(.*\) ON (?:TABLE )?(\S+) ")

_LOOKUPS = {"TABLE": "to_regclass", "SCHEMA": "to_regnamespace", "FUNCTION": "to_regprocedure"}


class NotMended(Exception):
    """Say what got lost, and who can give it again."""


def statements(scripts: ScriptDirectory, revision: str) -> list[str]:
    """Return what the revisions up to this one run, in their order, without running it."""
    written: list[str] = []

    class Collected(StringIO):
        def write(self, said: str, /) -> int:
            written.append(said.strip().removesuffix(";"))
            return len(said)

    options = {
        "as_sql": True,
        "output_buffer": Collected(),
        "literal_binds": True,
        "target_metadata": Base.metadata,  # which says how indexes are called
    }
    context = MigrationContext.configure(dialect_name="postgresql", dialect_opts={"paramstyle": "named"}, opts=options)
    with Operations.context(context):
        for script in reversed(list(scripts.iterate_revisions(revision, "base"))):
            script.module.upgrade()
    return written


def missing(connection: Connection, said: Sequence[str]) -> list[str]:
    """Return what the statements give and the catalogue lacks; anybody may ask."""
    return [
        *_missing_roles(connection, said),
        *(f"the extension {name}" for name in _missing_extensions(connection, said)),
        *(f"the index {name}" for name, _ in _missing_indexes(connection, said)),
        *(f"the policy {name} of {table}" for table, name in _missing_policies(connection, said)),
        *(f"row-level security of {table}" for table, _ in _missing_security(connection, said)),
        *(f"the owner {owner} of {function}" for function, owner in _missing_owners(connection, said)),
        *_missing_rights(connection, said),
    ]


def mend(connection: Connection, said: Sequence[str]) -> list[str]:
    """Run again, within the connection's transaction, what gives what is missing; return what was missing.

    Raises NotMended where this role may not.
    """
    lost = missing(connection, said)
    if not lost:
        return []
    try:
        _run(connection, (one for one in said if _ROLE.match(one) or _MEMBER.match(one)))
        _run(connection, [f"CREATE EXTENSION IF NOT EXISTS {name}" for name in _missing_extensions(connection, said)])
        # An index that an extension took with it. Without CONCURRENTLY, as this is a transaction.
        _run(connection, [one.replace("CONCURRENTLY ", "") for _, one in _missing_indexes(connection, said)])
        policies = set(_missing_policies(connection, said))
        security = {one for _, one in _missing_security(connection, said)}
        owners = {
            f"ALTER FUNCTION {function} OWNER TO {owner}" for function, owner in _missing_owners(connection, said)
        }
        for one in said:
            about = _POLICY.match(one) or _CHANGED_POLICY.match(one)
            if about and (about[2], about[1]) in policies:
                if _POLICY.match(one):
                    _run(connection, [f"DROP POLICY IF EXISTS {about[1]} ON {about[2]}"])
                _run(connection, [one])
            elif one in security | owners or _gives(connection, one):
                _run(connection, [one])
    except DBAPIError as exc:
        if sqlstate(exc) != INSUFFICIENT_PRIVILEGE:
            raise
        raise _not_mended(connection, lost, exc) from exc
    return lost


def let_backups_read(connection: Connection, schema: str) -> None:
    """Let `rapport_backup` read every table of the schema that the application may use.

    Where the admin may not create roles and nobody made it, backups are left to a superuser: they say so.
    """
    if not _exists(connection, BACKUP):
        try:
            with connection.begin_nested():
                _run(connection, [f"CREATE ROLE {BACKUP} NOLOGIN"])
        except DBAPIError as exc:
            if sqlstate(exc) == INSUFFICIENT_PRIVILEGE:
                return
            if sqlstate(exc) not in {DUPLICATE_OBJECT, UNIQUE_VIOLATION}:  # else another database's upgrade was quicker
                raise
    _let_become(connection)
    quote = connection.dialect.identifier_preparer.quote
    unread = connection.execute(
        text(
            "SELECT relname, relrowsecurity AND NOT EXISTS"
            " (SELECT FROM pg_policy WHERE polrelid = pg_class.oid AND CAST(:backup AS regrole) = ANY (polroles)),"
            " NOT has_table_privilege(:backup, oid, 'SELECT') FROM pg_class"
            " WHERE relnamespace = CAST(:schema AS regnamespace) AND relkind IN ('r', 'p') AND NOT relispartition"
            " AND has_table_privilege(:app, oid, 'SELECT') AND NOT has_table_privilege('public', oid, 'SELECT')"
        ),
        {"backup": BACKUP, "schema": quote(schema), "app": APP_ROLE},
    ).all()
    for name, is_hidden, is_shut in unread:
        table = f"{quote(schema)}.{quote(name)}"
        if is_shut:
            _run(connection, [f"GRANT SELECT ON {table} TO {BACKUP}"])
        if is_hidden:
            _run(connection, [f"CREATE POLICY backup ON {table} FOR SELECT TO {BACKUP} USING (true)"])
    given = text(
        "SELECT EXISTS (SELECT FROM pg_namespace, aclexplode(nspacl) AS granted"
        " WHERE nspname = :schema AND granted.grantee = CAST(:backup AS regrole))"
    )
    if not connection.scalar(given, {"backup": BACKUP, "schema": schema}):
        _run(connection, [f"GRANT USAGE ON SCHEMA {quote(schema)} TO {BACKUP}"])


def _let_become(connection: Connection) -> None:
    """Let this role become `rapport_backup` where it may give that, without having its rights all the time."""
    row = connection.execute(
        text(
            "SELECT current_user, rolsuper OR EXISTS"
            " (SELECT FROM pg_auth_members WHERE roleid = CAST(:backup AS regrole) AND member = pg_roles.oid"
            "  AND (NOT admin_option OR grantor = member)),"
            " current_setting('server_version_num')::integer FROM pg_roles WHERE rolname = current_user"
        ),
        {"backup": BACKUP},
    ).one()
    user, is_done, version = row
    if not is_done:
        how = " WITH INHERIT FALSE, SET TRUE" if version >= MEMBERS_MAY_NOT_INHERIT else ""
        quoted = connection.dialect.identifier_preparer.quote(user)
        try:
            with connection.begin_nested():
                _run(connection, [f"GRANT {BACKUP} TO {quoted}{how}"])
        except DBAPIError as exc:
            if sqlstate(exc) != INSUFFICIENT_PRIVILEGE:
                raise


def _run(connection: Connection, wanted: Iterable[str]) -> None:
    for one in wanted:
        connection.execute(text(re.sub(r"(?<!:):(?=\w)", r"\\:", one)))


def _exists(connection: Connection, role: str) -> bool:
    return bool(connection.scalar(text("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :role)"), {"role": role}))


def _missing_roles(connection: Connection, said: Sequence[str]) -> list[str]:
    made = [found[1] for one in said if (found := _ROLE.match(one))]
    return [f"the role {role}" for role in made if not _exists(connection, role)]


def _missing_extensions(connection: Connection, said: Sequence[str]) -> list[str]:
    there = set(connection.scalars(text("SELECT extname FROM pg_extension")))
    return [found[1] for one in said if (found := _EXTENSION.match(one)) and found[1] not in there]


def _missing_indexes(connection: Connection, said: Sequence[str]) -> list[tuple[str, str]]:
    wanted: dict[str, tuple[str, str]] = {}
    for one in said:
        if found := _INDEX.match(one):
            wanted[found[1]] = (found[2], one)
        elif found := _NO_INDEX.match(one):
            wanted.pop(found[1], None)
    there = set(connection.scalars(text("SELECT indexname FROM pg_indexes")))
    lacking = [(name, table, one) for name, (table, one) in wanted.items() if name not in there]
    is_there = text("SELECT to_regclass(:table) IS NOT NULL")
    return [(name, one) for name, table, one in lacking if connection.scalar(is_there, {"table": table})]


def _missing_policies(connection: Connection, said: Sequence[str]) -> list[tuple[str, str]]:
    wanted: dict[tuple[str, str], None] = {}
    for one in said:
        if found := _POLICY.match(one):
            wanted[found[2], found[1]] = None
        elif found := _NO_POLICY.match(one):
            wanted.pop((found[2], found[1]), None)
    query = (
        "SELECT to_regclass(:table) IS NULL"
        " OR EXISTS (SELECT FROM pg_policy WHERE polrelid = to_regclass(:table) AND polname = :name)"
    )
    return [one for one in wanted if not connection.scalar(text(query), {"table": one[0], "name": one[1]})]


def _missing_security(connection: Connection, said: Sequence[str]) -> list[tuple[str, str]]:
    lacking = []
    for one in said:
        if not (found := _SECURITY.match(one)):
            continue
        flag = "relrowsecurity" if found[2] == "ENABLE" else "relforcerowsecurity"
        query = f"SELECT NOT {flag} FROM pg_class WHERE oid = to_regclass(:table)"  # noqa: S608 - one of two words
        if connection.scalar(text(query), {"table": found[1]}):
            lacking.append((found[1], one))
    return list(dict.fromkeys(lacking))


def _missing_owners(connection: Connection, said: Sequence[str]) -> list[tuple[str, str]]:
    wanted = {found[1]: found[2] for one in said if (found := _OWNER.match(one))}
    query = "SELECT pg_get_userbyid(proowner) <> :owner FROM pg_proc WHERE oid = to_regprocedure(:function)"
    return [
        (function, owner)
        for function, owner in wanted.items()
        if connection.scalar(text(query), {"function": function, "owner": owner})
    ]


def _missing_rights(connection: Connection, said: Sequence[str]) -> list[str]:
    wanted: dict[tuple[str, str, str], set[str]] = {}
    for one in said:
        if not (found := _RIGHTS.match(one)):
            continue
        verb, rights, kind, what, roles = found.groups()
        for role in roles.split(", "):
            held = wanted.setdefault(((kind or "TABLE ").strip(), what, role), set())
            if verb == "GRANT":
                held.update(rights.split(", "))
            elif rights.startswith("ALL"):
                held.clear()
            else:
                held.difference_update(rights.split(", "))
    return [
        f"the right {right} on {what} of {role}"
        for (kind, what, role), held in wanted.items()
        for right in sorted(held)
        if not _has(connection, kind, what, role, right)
    ]


def _has(connection: Connection, kind: str, what: str, role: str, right: str) -> bool:
    query = f"SELECT has_{kind.lower()}_privilege(:role, CAST({_LOOKUPS[kind]}(:what) AS oid), :right)"
    if not _exists(connection, role):
        return False
    return connection.scalar(text(query), {"role": role, "what": what, "right": right}) is not False


def _gives(connection: Connection, one: str) -> bool:
    """Tell whether a statement gives or takes rights on something that there still is."""
    if found := _COLUMNS.match(one):
        kind, what = "TABLE", found[2]
    elif found := _RIGHTS.match(one):
        kind, what = (found[3] or "TABLE ").strip(), found[4]
    else:
        return False
    return connection.scalar(text(f"SELECT {_LOOKUPS[kind]}(:what) IS NOT NULL"), {"what": what}) is True


def _not_mended(connection: Connection, lost: Sequence[str], exc: DBAPIError) -> NotMended:
    connection.rollback()
    owner = connection.scalar(
        text(
            "SELECT pg_get_userbyid(relowner) FROM pg_class"
            " WHERE relname = 'workspace' AND relnamespace = CAST('public' AS regnamespace)"
        )
    )
    first = ", ".join(lost[:3]) + (f" and {len(lost) - 3} more" if len(lost) > 3 else "")
    return NotMended(
        f"The database lacks {first}, and this role may not give it again ({' '.join(str(exc.orig).split())})."
        f" The tables belong to {owner}: run `rapport db upgrade` with DATABASE_ADMIN_URL naming that role, which must"
        " be allowed to create roles, or a superuser."
    )
