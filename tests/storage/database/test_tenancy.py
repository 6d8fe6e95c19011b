"""Show for every table there is that the application sees and alters only what its workspace owns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, NullPool, create_engine, func, inspect, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.orm import Session

from storage.database.engine import EVERY_WORKSPACE, Base, Database
from storage.errors import sqlstate
from storage.queues import outbox
from storage.queues.inbox import InboxItem
from storage.records import history
from storage.records.history import Activity, ChangeSet
from storage.records.moves import RecordsMove
from storage.transfer.model import ImportRun
from storage.webhooks import occurrences, settings
from storage.workspace import api_keys, roll_calls
from storage.workspace.members import Member, Role
from storage.workspace.workspaces import Installation, install
from tests.support.cluster import Cluster
from tests.support.sample_tables import import_models

APPEND_ONLY = ["activity", "change_answer", "change_set"]
SETTING = "NULLIF(current_setting('rapport.workspace'::text, true), ''::text)"

# The core's schema and those of plugins.
OURS = "(SELECT oid FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema')"

import_models()

TABLES = {table.fullname: table for table in Base.metadata.sorted_tables if table.info.get("rls") != "sample"}
TENANT = [name for name, table in TABLES.items() if table.info.get("rls") == "tenant"]
QUEUE = [name for name, table in TABLES.items() if table.info.get("rls") == "queue"]


@pytest.fixture(scope="module")
def admin(cluster: Cluster, template: str) -> Iterator[Connection]:
    """Read the catalogue of one copy of the template: these tests alter nothing."""
    url = cluster.create(template)
    with create_engine(url, poolclass=NullPool).connect() as connection:
        yield connection
    cluster.drop(url)


def policies(admin: Connection, table: str) -> dict[str, tuple[str, str | None, str | None]]:
    rows = admin.execute(
        text(
            "SELECT policyname, cmd, qual, with_check FROM pg_policies"
            " WHERE format('%I.%I', schemaname, tablename)::regclass = CAST(:table AS regclass)"
        ),
        {"table": table},
    )
    return {name: (command, using, check) for name, command, using, check in rows}


def test_every_table_says_what_its_rows_are(admin: Connection) -> None:
    made = admin.scalars(
        text(
            "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
            f" AND relnamespace IN {OURS} AND relname <> 'alembic_version'"
        )
    )
    assert sorted(made) == sorted(TABLES)
    assert {table.info.get("rls") for table in TABLES.values()} <= {"tenant", "queue", "global"}
    for name in [*TENANT, *QUEUE]:
        assert name == "workspace" or "workspace_id" in TABLES[name].columns, name
    for name, table in TABLES.items():
        if "workspace_id" in table.columns:
            assert name in TENANT or name in QUEUE, name


@pytest.mark.parametrize("table", TABLES)
def test_row_level_security_is_forced_and_checked(admin: Connection, table: str) -> None:
    if TABLES[table].info["rls"] == "global":
        pytest.skip("its rows belong to no workspace")
    enabled = text("SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = CAST(:table AS regclass)")
    assert admin.scalar(enabled, {"table": table}) is True
    key = "id" if table == "workspace" else "workspace_id"
    found = policies(admin, table)
    confined = f"({key} = {SETTING})"
    assert found.pop("tenant") == ("ALL", confined, confined)
    found.pop("search", None)
    if table in QUEUE:
        everyone = "(current_setting('rapport.workspace'::text, true) = '*'::text)"
        assert found.pop("every_workspace_read") == ("SELECT", everyone, None)
        assert found.pop("every_workspace_claim") == ("UPDATE", everyone, everyone)
    others = admin.scalars(
        text("SELECT polname FROM pg_policy WHERE polrelid = CAST(:table AS regclass) AND 0 = ANY (polroles)"),
        {"table": table},
    )
    assert set(others) <= {"tenant", "every_workspace_read", "every_workspace_claim"}


@pytest.mark.parametrize("table", TABLES)
def test_every_key_begins_with_the_workspace(admin: Connection, table: str) -> None:
    first = "id" if table == "workspace" else "workspace_id"
    looked_at = inspect(admin)
    name, schema = TABLES[table].name, TABLES[table].schema
    indexes = looked_at.get_indexes(name, schema)
    unique: list[list[str | None]] = [index["column_names"] for index in indexes if index["unique"]]
    unique += [[*constraint["column_names"]] for constraint in looked_at.get_unique_constraints(name, schema)]
    unique.append([*looked_at.get_pk_constraint(name, schema)["constrained_columns"]])
    keys = [key for key in looked_at.get_foreign_keys(name, schema) if key["referred_table"] in TENANT + QUEUE]
    if TABLES[table].info["rls"] != "global":
        assert [columns for columns in unique if columns[0] != first] == []
        assert [key for key in keys if key["constrained_columns"][0] != first] == []
    else:
        assert keys == []


def test_the_roles_of_the_application_own_no_table_and_pass_no_policy(admin: Connection) -> None:
    owned = text(
        "SELECT relname FROM pg_class WHERE pg_get_userbyid(relowner) LIKE 'rapport\\_%' AND relkind IN ('r', 'p', 'S')"
    )
    assert admin.scalars(owned).all() == []
    strong = text(
        "SELECT rolname FROM pg_roles WHERE rolname LIKE 'rapport\\_%'"
        " AND (rolsuper OR rolbypassrls OR rolcanlogin OR rolcreaterole OR rolcreatedb)"
    )
    assert admin.scalars(strong).all() == []


def test_partitions_are_reached_through_their_parent_only(admin: Connection) -> None:
    reachable = text(
        "SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'"
        " AND (relacl IS NOT NULL OR NOT relrowsecurity OR NOT relforcerowsecurity)"
    )
    assert admin.scalars(reachable).all() == []


def test_definer_functions_pin_their_search_path_and_are_not_everybodys(admin: Connection) -> None:
    loose = text(
        f"SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace IN {OURS}"
        " AND (NOT coalesce(array_to_string(proconfig, ' '), '') LIKE '%search_path%'"
        " OR has_function_privilege('public', oid, 'EXECUTE'))"
    )
    assert admin.scalars(loose).all() == []


def seed(database: Database, workspace: str) -> None:
    with (
        database.transaction(workspace) as session,
        history.recording(session, actor_id="UREP", source="test", request_key="key"),
    ):
        install(session, bot_id="B1")
        session.get_one(Member, (workspace, "UREP")).name = f"Rep of {workspace}"
        history.save_answer(session, {"text": "done"})


@pytest.fixture
def both(database: Database, workspace: str, second_workspace: str) -> tuple[str, str]:
    seed(database, workspace)
    seed(database, second_workspace)
    return workspace, second_workspace


@pytest.mark.parametrize("table", ["workspace", "member", "installation", "change_set", "change_answer", "activity"])
def test_nobody_sees_rows_of_another_workspace(database: Database, both: tuple[str, str], table: str) -> None:
    mine, _ = both
    key = "id" if table == "workspace" else "workspace_id"
    with database.transaction(mine) as session:
        assert set(session.scalars(text(f"SELECT {key} FROM {table}"))) == {mine}
    with database.transaction("T0NOBODY") as session:
        assert session.scalar(text(f"SELECT count(*) FROM {table}")) == 0
    with database.engine.connect() as connection:
        assert connection.scalar(text(f"SELECT count(*) FROM {table}")) == 0


def test_nobody_writes_into_another_workspace(database: Database, both: tuple[str, str]) -> None:
    mine, theirs = both
    with database.transaction(mine) as session:
        with pytest.raises(ProgrammingError, match="row-level security"), session.begin_nested():
            session.add(Member(workspace_id=theirs, id="USPY", name="Spy", kind="staff", roles=["admin"]))
        assert affected(session, f"UPDATE member SET name = 'x' WHERE workspace_id <> '{mine}'") == 0
        assert affected(session, f"DELETE FROM installation WHERE workspace_id <> '{mine}'") == 0


def affected(session: Session, statement: str) -> int:
    return len(session.execute(text(f"{statement} RETURNING 1")).all())


def test_everyones_setting_reads_and_updates_queues_and_nothing_more(database: Database, both: tuple[str, str]) -> None:
    with database.transaction(EVERY_WORKSPACE) as session:
        assert set(session.scalars(select(Installation.workspace_id))) == set(both)
        assert affected(session, "UPDATE installation SET bot_id = 'B2'") == 2
        assert affected(session, "DELETE FROM installation") == 0
        with pytest.raises(ProgrammingError, match="row-level security"), session.begin_nested():
            session.execute(text("INSERT INTO installation (workspace_id) VALUES ('T0NEW')"))
        with pytest.raises(IntegrityError, match="one_workspace"), session.begin_nested():
            session.execute(text("INSERT INTO installation (workspace_id) VALUES ('*')"))
        for table in TENANT:
            assert session.scalar(text(f"SELECT count(*) FROM {table}")) == 0, table
        with pytest.raises(IntegrityError, match="workspace_id_check"), session.begin_nested():
            session.execute(text("INSERT INTO workspace (id, name) VALUES ('*', 'All')"))


MOVES = [
    "UPDATE {table} SET {column} = {other}",
    "UPDATE {table} SET {column} = {other} WHERE {column} = {column}",
    "WITH moved AS (UPDATE {table} SET {column} = {other} RETURNING 1) SELECT * FROM moved",
    "MERGE INTO {table} USING (SELECT 1) AS one ON true WHEN MATCHED THEN UPDATE SET {column} = {other}",
]


def rows_of_every_queue(database: Database, workspace: str) -> None:
    with database.transaction(workspace) as session:
        session.execute(text(f"INSERT INTO outbox_pause VALUES ('{workspace}', 'chat.postMessage', now())"))
        session.add(InboxItem(workspace_id=workspace, kind="message", body={}))
        roll_calls.ask(session)
        session.add(ImportRun(workspace_id=workspace, file_name="a", digest="a", columns_key="a", mapping={}))
        given = {"what": "sample", "noun": "ticket", "from_key": "a", "to_key": "b", "from_name": "A", "to_name": "B"}
        session.add(RecordsMove(workspace_id=workspace, **given, total=0))
        outbox.enqueue(session, target_channel="C1", renderer="sample.card", record="T-1")
        api_keys.make(
            session, name="Sample", scopes=["*:read"], role=Role.VIEWER, expires_at=datetime(2099, 1, 1, tzinfo=UTC)
        )
        occurrences.test(session, settings.add(session, url="https://hooks.example", patterns=["*"]))
        session.execute(
            text(
                "INSERT INTO due (workspace_id, kind, subject, zone, target_channel, renderer)"
                f" VALUES ('{workspace}', 'sample', 'S', 'UTC', 'C1', 'sample.card')"
            )
        )


@pytest.mark.parametrize("move", MOVES)
def test_everyones_setting_moves_no_row_and_gives_none_another_key(
    admin: Connection, database: Database, both: tuple[str, str], move: str
) -> None:
    for workspace in both:
        rows_of_every_queue(database, workspace)
    others = {"id": "gen_random_uuid()", "method": "'users.info'", "workspace_id": f"'{both[1]}'"}
    for table in QUEUE:
        constraint = inspect(admin).get_pk_constraint(TABLES[table].name, TABLES[table].schema)
        for column in constraint["constrained_columns"]:
            other = "DEFAULT" if column == "id" and table not in {"outbox", "webhook_delivery"} else others[column]
            for setting in (both[0], EVERY_WORKSPACE):
                statement = move.format(table=table, column=column, other=other)
                with database.transaction(setting) as session:
                    with pytest.raises(ProgrammingError) as refused:
                        session.execute(text(statement))
                    assert sqlstate(refused.value) in {"42501", "428C9"}, statement
                    session.rollback()
    with database.transaction(EVERY_WORKSPACE) as session:
        for table in QUEUE:
            # What sets a column to the value it has is no move: a release before this one does that.
            assert affected(session, f"UPDATE {table} SET workspace_id = workspace_id") >= len(both)
            found = session.scalars(text(f"SELECT workspace_id FROM {table}"))
            assert sorted(found) == sorted(both), table


@pytest.mark.parametrize("table", TENANT)
def test_no_setting_moves_a_row_of_a_table_that_is_no_queue(
    database: Database, both: tuple[str, str], table: str
) -> None:
    column = "id" if table == "workspace" else "workspace_id"
    for setting, target in ((both[0], both[1]), (EVERY_WORKSPACE, both[1]), ("T0NEW", both[1]), (both[0], "*")):
        with database.transaction(setting) as session:
            try:
                assert affected(session, f"UPDATE {table} SET {column} = '{target}'") == 0
            except DBAPIError as error:
                assert sqlstate(error) in {"42501", "23503"}
            session.rollback()


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("statement", ["UPDATE {} SET workspace_id = workspace_id", "DELETE FROM {}", "TRUNCATE {}"])
def test_history_cannot_be_rewritten(database: Database, both: tuple[str, str], table: str, statement: str) -> None:
    with database.transaction(both[0]) as session, pytest.raises(ProgrammingError, match="permission denied"):
        with session.begin_nested():
            session.execute(text(statement.format(table)))
        raise AssertionError
    with database.transaction(both[0]) as session:
        assert session.scalar(select(func.count()).select_from(ChangeSet)) == 1
        assert session.scalar(select(func.count()).select_from(Activity)) == 1
