"""Show that connections act as the application role in one workspace, also when they are used again."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy import NullPool, create_engine, select, text
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from storage.database.engine import CommitUnknown, Database, current_workspace, login_url, notify
from storage.workspace.workspaces import Workspace
from tests.support.waiting import PATIENCE_S

WHO_AND_WHERE = text("SELECT current_user, current_setting('rapport.workspace', true), pg_backend_pid()")


def terminate(admin_url: str, pid: int) -> None:
    engine = create_engine(admin_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})


def test_a_connection_taken_again_is_the_application_role_in_no_workspace(database: Database, workspace: str) -> None:
    with database.transaction(workspace) as session:
        role, inside, first_pid = session.execute(WHO_AND_WHERE).one()
        assert (role, inside) == ("rapport_app", workspace)
    with pytest.raises(ZeroDivisionError), database.transaction(workspace):
        raise ZeroDivisionError
    with database.engine.connect() as connection:
        role, inside, second_pid = connection.execute(WHO_AND_WHERE).one()
        assert (role, inside, second_pid) == ("rapport_app", "", first_pid)
        assert connection.scalars(select(Workspace.id)).all() == []


def test_the_application_role_cannot_become_more(database: Database, workspace: str) -> None:
    with database.transaction(workspace) as session:
        assert (
            session.scalar(text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")) is False
        )
        with pytest.raises(ProgrammingError, match="permission denied"), session.begin_nested():
            session.execute(text("CREATE TABLE own (id int)"))


def test_a_transaction_saves_at_its_end_and_nothing_after_an_exception(database: Database, workspace: str) -> None:
    with database.transaction(workspace) as session:
        assert current_workspace(session) == workspace
        session.get_one(Workspace, workspace).name = "Kept"
    with pytest.raises(ZeroDivisionError), database.transaction(workspace) as session:
        session.get_one(Workspace, workspace).name = "Lost"
        session.flush()
        raise ZeroDivisionError
    with database.transaction(workspace) as session:
        assert session.get_one(Workspace, workspace).name == "Kept"


def test_a_transaction_needs_a_workspace(database: Database) -> None:
    with pytest.raises(ValueError, match="workspace"), database.transaction(""):
        pass


@pytest.mark.parametrize("name", ["T0'ACME", "T0', false), set_config('rapport.workspace', '*", "''", "\\'"])
def test_whatever_a_workspace_is_called_it_is_no_more_than_a_name(database: Database, name: str) -> None:
    with database.transaction(name) as session:
        assert session.scalar(text("SELECT current_setting('rapport.workspace')")) == name


def test_a_statement_takes_no_longer_than_it_may(database: Database, workspace: str) -> None:
    with (
        pytest.raises(OperationalError, match="statement timeout"),
        database.transaction(workspace, statement_timeout_ms=20) as session,
    ):
        session.execute(text("SELECT pg_sleep(5)"))
    with database.transaction(workspace) as session:
        assert session.scalar(text("SHOW statement_timeout")) == "0"


def test_a_connection_lost_before_the_end_means_nothing_was_saved(
    database: Database, admin_url: str, workspace: str
) -> None:
    with pytest.raises(OperationalError), database.transaction(workspace) as session:
        terminate(admin_url, session.execute(WHO_AND_WHERE).one()[2])
        session.execute(text("SELECT 1"))


def test_a_connection_lost_during_commit_is_told_apart(database: Database, admin_url: str, workspace: str) -> None:
    with pytest.raises(CommitUnknown), database.transaction(workspace) as session:
        terminate(admin_url, session.execute(WHO_AND_WHERE).one()[2])


def test_a_commit_that_the_database_refuses_is_no_doubt(database: Database, admin_url: str, workspace: str) -> None:
    engine = create_engine(admin_url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE late (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)"))
        connection.execute(text("GRANT INSERT ON late TO rapport_app"))
    with pytest.raises(Exception, match="late_id_key") as caught, database.transaction(workspace) as session:
        session.execute(text("INSERT INTO late VALUES (1), (1)"))
    assert not isinstance(caught.value, CommitUnknown)


def test_a_dead_pooled_connection_is_replaced(database: Database, admin_url: str, workspace: str) -> None:
    with database.transaction(workspace) as session:
        pid = session.execute(WHO_AND_WHERE).one()[2]
    terminate(admin_url, pid)
    with database.transaction(workspace) as session:
        assert session.execute(WHO_AND_WHERE).one()[2] != pid


def test_an_exhausted_pool_says_so_instead_of_growing(admin_url: str, workspace: str) -> None:
    small = Database(admin_url, pool_size=1)
    with small.transaction(workspace), pytest.raises(PoolTimeout), small.transaction(workspace):
        pass
    small.dispose()


def test_a_listener_hears_what_was_committed(database: Database, workspace: str) -> None:
    with database.listen(["rapport_test", 'odd "name"']) as listener:
        assert listener.wait(0) == []
        with database.transaction(workspace) as session:
            notify(session, "rapport_test", "T-1")
            assert listener.wait(0.05) == []
        heard = listener.wait(PATIENCE_S)
        assert [(note.channel, note.payload) for note in heard] == [("rapport_test", "T-1")]


def test_a_listener_that_lost_its_connection_says_so(database: Database, admin_url: str) -> None:
    with pytest.raises(psycopg.OperationalError), database.listen(["rapport_test"]) as listener:
        with create_engine(admin_url, poolclass=NullPool).connect() as admin:
            mine = "query LIKE 'LISTEN%' AND datname = current_database()"
            pid = admin.scalar(text(f"SELECT pid FROM pg_stat_activity WHERE {mine}"))
        assert isinstance(pid, int)
        terminate(admin_url, pid)
        listener.wait(PATIENCE_S)


def test_every_spelling_of_a_url_is_understood(admin_url: str, workspace: str) -> None:
    for spelling in ("postgres://h/db", "postgresql://h/db", "postgresql+psycopg://h/db"):
        assert login_url(spelling).render_as_string() == "postgresql+psycopg://h/db"
    given = login_url(admin_url).update_query_dict({"options": "-c work_mem=5MB"})
    database = Database(given)
    with database.transaction(workspace) as session:
        assert session.execute(text("SELECT current_user, current_setting('work_mem')")).one() == ("rapport_app", "5MB")
    with database.listen(["rapport_test"]) as listener:
        assert listener.wait(0) == []
    database.dispose()
