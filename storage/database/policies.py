"""Give tables their policies, grants and partitions; every revision that makes a table uses these.

`operations` is Alembic's `op`. A table that a revision forgets fails the catalogue test.
"""

from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

APP = "rapport_app"
SEARCH = "rapport_search"
BACKUP = "rapport_backup"

MEMBERS_MAY_NOT_INHERIT = 160_000
"""The version from which on a role may be given to be become, without what it sees being seen all the time."""

# Text equality is leakproof, so an index on workspace_id serves it. A pooled connection's unset setting reads as ''.
OURS = "NULLIF(current_setting('rapport.workspace', true), '')"
EVERYONES = "current_setting('rapport.workspace', true) = '*'"

ALL_RIGHTS = "SELECT, INSERT, UPDATE, DELETE"


class Runs(Protocol):
    """Describe what is used of `alembic.op`, which is a module."""

    def execute(self, sqltext: str, /) -> None:
        """Run a statement."""


class Makes(Runs, Protocol):
    """Describe what is used of `alembic.op` to make tables."""

    def create_table(self, table_name: str, *columns: sa.schema.SchemaItem, schema: str) -> object:
        """Make a table."""


def workspace_id() -> sa.Column[str]:
    """Return the column that begins every tenant table's primary key."""
    return sa.Column("workspace_id", sa.Text, sa.ForeignKey("workspace.id", ondelete="CASCADE"), nullable=False)


def tenant_table(operations: Runs, table: str, *, key: str = "workspace_id", rights: str = ALL_RIGHTS) -> None:
    """Confine a table's rows to the transaction's workspace and let the application use it."""
    _run(
        operations,
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY tenant ON {table} USING ({key} = {OURS}) WITH CHECK ({key} = {OURS})",
        f"GRANT {rights} ON {table} TO {APP}",
    )


def queue_table(operations: Runs, table: str, *, rights: str = ALL_RIGHTS) -> None:
    """Confine a table like `tenant_table`, but let the setting '*' select and update all rows.

    The second policy is ORed with the first, so a query within one workspace must name `workspace_id` itself to have an
    index on it used. A table made after revision 0012 also needs `keep_identity`.
    """
    tenant_table(operations, table, rights=rights)
    _run(
        operations,
        f"CREATE POLICY every_workspace_read ON {table} FOR SELECT USING ({EVERYONES})",
        f"CREATE POLICY every_workspace_claim ON {table} FOR UPDATE USING ({EVERYONES}) WITH CHECK ({EVERYONES})",
        f"ALTER TABLE {table} ADD CONSTRAINT {_bare(table)}_one_workspace_check CHECK (workspace_id <> '*')",
    )


KEEP_IDENTITY = """
CREATE OR REPLACE FUNCTION keep_identity() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$ BEGIN
    RAISE EXCEPTION 'permission denied: a row of % keeps its workspace and its key', TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$
"""


def keep_identity(operations: Runs, table: str, *key: str) -> None:
    """Refuse to move a row to another workspace or to give it another key, which the setting '*' would else allow.

    `key` names the columns of the primary key. A trigger and not a grant of columns, as it lets through what sets a
    column to the value it has, and says nothing about columns that later revisions add.
    """
    old, new = (", ".join(f"{row}.{column}" for column in key) for row in ("OLD", "NEW"))
    _run(
        operations,
        f"CREATE OR REPLACE TRIGGER keep_identity BEFORE UPDATE OF {', '.join(key)} ON {table} FOR EACH ROW"
        f" WHEN (({old}) IS DISTINCT FROM ({new})) EXECUTE FUNCTION public.keep_identity()",
    )


def append_only(operations: Runs, table: str) -> None:
    """Confine a table like `tenant_table`, and let the application read and insert only."""
    tenant_table(operations, table, rights="SELECT, INSERT")


def searchable(operations: Runs, table: str) -> None:
    """Let functions owned by `rapport_search` read the table with operators that are not leakproof.

    Such a function must itself compare `workspace_id` with the setting.
    """
    _run(
        operations,
        f"GRANT SELECT ON {table} TO {SEARCH}",
        f"CREATE POLICY search ON {table} FOR SELECT TO {SEARCH} USING (true)",
    )


def search_function(operations: Runs, signature: str, definition: str, *, for_app: bool = True) -> None:
    """Create a SECURITY DEFINER function with a pinned search path, owned by `rapport_search`.

    `signature` is name and argument types as GRANT wants them (`find_customer(text, integer)`), `definition` the whole
    CREATE FUNCTION statement, which must say SECURITY DEFINER and SET search_path. One that does not compare the
    workspace setting is not `for_app`: triggers run it all the same.
    """
    assert "SECURITY DEFINER" in definition and "SET search_path" in definition, signature
    _run(
        operations,
        definition,
        f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC",
        *([f"GRANT EXECUTE ON FUNCTION {signature} TO {APP}"] if for_app else []),
        # The new owner must be able to create in the schema, for this one statement.
        f"GRANT CREATE ON SCHEMA public TO {SEARCH}",
        f"ALTER FUNCTION {signature} OWNER TO {SEARCH}",
        f"REVOKE CREATE ON SCHEMA public FROM {SEARCH}",
    )


def kept_record(operations: Runs, table: str, noun: str, address: str | None = None) -> None:
    """Have a noun's table keep its records' rows in `record` in step, in each transaction that writes to it.

    The table has a name, its key, `merged_into_id` and `archived_at`; `address` is a column of an address by which the
    records are found too. Rows that are there already are taken in by what `filling` returns.
    """
    columns = ", ".join(["name", "name_key", "merged_into_id", "archived_at", *([address] if address else [])])
    given = ", ".join(f"'{one}'" for one in (noun, address) if one)
    _run(
        operations,
        f"CREATE OR REPLACE TRIGGER keep_record AFTER INSERT OR DELETE OR UPDATE OF {columns} ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION public.keep_record({given})",
    )


def kept_setting(operations: Runs, table: str, noun: str) -> None:
    """Have a table of settings keep its rows among all records, under its own name, and take in those it has.

    The table has a name, its key, `part_of_id` and `archived_at`.
    """
    _run(
        operations,
        f"ALTER TABLE {table} ADD FOREIGN KEY (workspace_id, part_of_id) REFERENCES {table} (workspace_id, id)"
        " ON DELETE SET NULL (part_of_id)",
        "CREATE OR REPLACE TRIGGER keep_record AFTER INSERT OR DELETE OR UPDATE OF"
        f" name, name_key, part_of_id, archived_at ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION public.keep_setting('{noun}')",
        # Forced, the policy would hide the rows from their owner as well.
        f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY",
        f"UPDATE {table} SET name = name",  # noqa: S608 - names of our own
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
    )


def filling(table: str, noun: str, address: str | None = None, *, batch: int = 2_000) -> str:
    """Return the statement that takes the rows a noun's table has already into `record`; it runs in no transaction.

    Each batch is a transaction of its own, so that nobody waits for all of them. Run again, it goes on.
    """
    given = f"'{noun}', '{table}', " + ("NULL" if address is None else f"'{address}'")
    return f"""
        DO $$ DECLARE
            whose text := ''; after bigint := 0;
        BEGIN
            WHILE whose IS NOT NULL LOOP
                SELECT filled.whose, filled.after INTO whose, after
                FROM fill_record({given}, whose, after, {batch}) AS filled;
                COMMIT;
            END LOOP;
        END $$
        """  # noqa: S608 - names of our own


def record_table(
    operations: Makes, table: str, *own: sa.schema.SchemaItem, noun: str, address: str | None = None
) -> None:
    """Make the table of a plugin's noun, `schema.table`, as `storage.records.named.Named` describes it.

    It gets the columns that each named record has and its `own`, policies and grants, and what keeps its records in
    search; `address` is as in `kept_record`. A revision of the core that gives all nouns a column gives it to these
    tables too: they are those with the trigger `keep_record`.
    """
    schema, _, name = table.rpartition(".")
    key, moment = sa.Text(collation="C"), sa.DateTime(timezone=True)
    operations.create_table(
        name,
        workspace_id(),
        sa.Column("id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", key, nullable=False),
        sa.Column("find_key", sa.Text, nullable=False),
        *own,
        sa.Column("merged_into_id", sa.BigInteger),
        sa.Column("archived_at", moment),
        sa.Column("custom", JSONB, nullable=False, server_default="{}"),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("created_at", moment, nullable=False, server_default=sa.func.now()),
        sa.Column("updated_at", moment, nullable=False, server_default=sa.func.now()),
        sa.Column("created_by", sa.Text),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
        sa.ForeignKeyConstraint(
            ["workspace_id", "merged_into_id"],
            [f"{table}.workspace_id", f"{table}.id"],
            ondelete="SET NULL (merged_into_id)",
        ),
        *(sa.Index(None, "workspace_id", *by) for by in (("name_key",), ("created_at", "id"), ("updated_at", "id"))),
        schema=schema,
    )
    tenant_table(operations, table)
    kept_record(operations, table, noun, address)


def partition_by_month(operations: Runs, table: str, *, months_ahead: int = 3) -> None:
    """Give a table made with `postgresql_partition_by="RANGE (at)"` its DEFAULT partition and the next months.

    Later months come from `make_partitions`, which the application calls. Partitions have no grants and no policies of
    their own: rows are reached through the parent.
    """
    _run(operations, f"CREATE TABLE {table}_default PARTITION OF {table} DEFAULT")
    _run(operations, f"ALTER TABLE {table}_default ENABLE ROW LEVEL SECURITY")
    _run(operations, f"ALTER TABLE {table}_default FORCE ROW LEVEL SECURITY")
    _run(operations, f"SELECT make_partitions('{table}', {months_ahead})")


# A month for which the DEFAULT partition already holds rows stays there. Making a partition needs the owner's rights,
# and for a moment the whole table: whoever holds it longer than a second has us try again at the next tick.
MAKE_PARTITIONS = """
CREATE FUNCTION make_partitions(parent text, months_ahead integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET lock_timeout = '1s'
SET timezone = 'UTC'
AS $$
DECLARE
    first_day timestamptz := date_trunc('month', now());
    starts timestamptz;
    child text;
    made integer := 0;
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_partitioned_table JOIN pg_class ON pg_class.oid = partrelid
        WHERE relname = parent AND relnamespace = 'public'::regnamespace
    ) THEN
        RAISE EXCEPTION 'no partitioned table %', parent;
    END IF;
    FOR month IN 0 .. least(months_ahead, 24) LOOP
        starts := first_day + make_interval(months => month);
        child := parent || to_char(starts, '_YYYYMM');
        CONTINUE WHEN to_regclass(format('public.%I', child)) IS NOT NULL;
        BEGIN
            EXECUTE format(
                'CREATE TABLE public.%I PARTITION OF public.%I FOR VALUES FROM (%L) TO (%L)',
                child, parent, starts, starts + interval '1 month'
            );
            EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', child);
            EXECUTE format('ALTER TABLE public.%I FORCE ROW LEVEL SECURITY', child);
            made := made + 1;
        EXCEPTION WHEN check_violation OR duplicate_table THEN
            NULL;
        END;
    END LOOP;
    RETURN made;
END
$$
"""


def create_make_partitions(operations: Runs) -> None:
    """Create the function that makes partitions ahead; it runs as its owner, who owns the tables."""
    _run(
        operations,
        MAKE_PARTITIONS,
        "REVOKE ALL ON FUNCTION make_partitions(text, integer) FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION make_partitions(text, integer) TO {APP}",
    )


def create_role(operations: Runs, role: str) -> None:
    """Create a NOLOGIN role unless the cluster has it, and let the admin act as it.

    Roles belong to the whole cluster: another database's migration may be making it at this moment. Membership is
    granted only where it is missing, as an admin that has it from elsewhere may not grant it again.
    """
    _run(
        operations,
        f"""
        DO $$ BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
                CREATE ROLE {role} NOLOGIN;
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END $$
        """,
        f"""
        DO $$ BEGIN
            IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AND NOT EXISTS (
                SELECT FROM pg_auth_members
                WHERE roleid = '{role}'::regrole AND member = current_user::regrole AND NOT admin_option
            ) THEN
                EXECUTE format('GRANT {role} TO %I', current_user);
            END IF;
        END $$
        """,  # noqa: S608 - the role's name is one of our constants
    )


def _bare(table: str) -> str:
    return table.rpartition(".")[2]


def _run(operations: Runs, *statements: str) -> None:
    for statement in statements:
        operations.execute(statement)
