"""Show that no connection is used on which row-level security would not bind the application."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from sqlalchemy import make_url, text

from storage.database.confinement import Unconfined
from storage.database.engine import Database
from tests.support.cluster import Cluster, connect

LOGIN = "a_login"


@pytest.fixture
def broken(cluster: Cluster, admin_url: str) -> Iterator[Callable[..., None]]:
    """Run statements as the superuser in the test's database, and others, in the other order, when the test is over."""
    mending: list[str] = []

    def run(statement: str, mend: str | None = None) -> None:
        with closing(connect(admin_url)) as connection:
            connection.execute(statement.encode())
        if mend:
            mending.append(mend)

    yield run
    with closing(connect(admin_url)) as connection:
        for statement in reversed(mending):
            connection.execute(statement.encode())


ROLES = {
    "superuser": ("ALTER ROLE rapport_app SUPERUSER", "ALTER ROLE rapport_app NOSUPERUSER", "has SUPERUSER"),
    "bypass": ("ALTER ROLE rapport_app BYPASSRLS", "ALTER ROLE rapport_app NOBYPASSRLS", "has BYPASSRLS"),
    "createrole": ("ALTER ROLE rapport_app CREATEROLE", "ALTER ROLE rapport_app NOCREATEROLE", "has CREATEROLE"),
    # Where another test has let postgres act as the application, Postgres would refuse a circle of roles.
    "member of a strong one": (
        "REVOKE rapport_app FROM postgres; GRANT postgres TO rapport_app",
        "REVOKE postgres FROM rapport_app",
        "act as postgres",
    ),
    "member of the searcher": (
        "GRANT rapport_search TO rapport_app",
        "REVOKE rapport_search FROM rapport_app",
        "REVOKE rapport_search FROM rapport_app;",
    ),
    "member of the clock": (
        "GRANT rapport_clock TO rapport_app",
        "REVOKE rapport_clock FROM rapport_app",
        "act as rapport_clock",
    ),
}
TABLES = {
    "off": ("ALTER TABLE customer DISABLE ROW LEVEL SECURITY", "off for customer, so"),
    "not forced": ("ALTER TABLE deal NO FORCE ROW LEVEL SECURITY", "ALTER TABLE deal ENABLE ROW"),
    "a plugin's": ("ALTER TABLE renewals.renewal DISABLE ROW LEVEL SECURITY", "off for renewals.renewal"),
    "a partition with a grant": (
        "ALTER TABLE message_default DISABLE ROW LEVEL SECURITY; GRANT SELECT ON message_default TO rapport_app",
        "off for message_default",
    ),
    "policy gone": ("DROP POLICY tenant ON member", "missing for member"),
    "policy for all": ("CREATE POLICY oops ON contact USING (true)", "oops on contact"),
    "policy for the role": ("CREATE POLICY oops ON contact FOR SELECT TO rapport_app USING (true)", "oops on contact"),
    "policy weakened": ("ALTER POLICY tenant ON ticket USING (true)", "tenant on ticket"),
    "check weakened": ("ALTER POLICY tenant ON ticket WITH CHECK (true)", "tenant on ticket"),
    "owner": ("ALTER TABLE note OWNER TO rapport_app", "owns note"),
}


@pytest.mark.parametrize("case", ROLES)
def test_a_role_that_nothing_binds_is_refused(database: Database, broken: Callable[..., None], case: str) -> None:
    statement, mend, said = ROLES[case]
    assert database.examine()
    broken(statement, mend)
    with pytest.raises(Unconfined, match=said):
        database.examine()


@pytest.mark.parametrize("case", ["superuser", "bypass"])
def test_a_role_that_is_unbound_while_the_program_runs_has_no_further_transaction(
    database: Database, workspace: str, broken: Callable[..., None], case: str
) -> None:
    with database.transaction(workspace):
        pass
    statement, mend, said = ROLES[case]
    broken(statement)
    try:
        for _ in range(2):
            with pytest.raises(Unconfined, match=said), database.transaction(workspace):
                raise AssertionError
    finally:
        broken(mend)
    with database.transaction(workspace) as session:
        assert session.scalar(text("SELECT count(*) FROM workspace")) == 1


@pytest.mark.parametrize("case", TABLES)
def test_a_table_that_is_not_closed_is_refused(database: Database, broken: Callable[..., None], case: str) -> None:
    statement, said = TABLES[case]
    broken(statement)
    with pytest.raises(Unconfined, match=said):
        database.examine()


def test_what_others_have_of_their_own_is_no_business_of_ours(database: Database, broken: Callable[..., None]) -> None:
    broken("CREATE TABLE theirs (workspace_id text)")
    broken("CREATE POLICY theirs ON customer TO rapport_search USING (true)")
    assert database.examine()


def test_a_refusal_holds_for_every_pool_until_the_database_is_mended(
    database: Database, workspace: str, broken: Callable[..., None]
) -> None:
    other = database.another(pool_size=1, application_name="other")
    with other.transaction(workspace):
        pass
    broken("ALTER TABLE customer NO FORCE ROW LEVEL SECURITY")
    with pytest.raises(Unconfined, match="customer"):
        database.examine()
    with pytest.raises(Unconfined, match="customer"), other.transaction(workspace):
        raise AssertionError
    broken("ALTER TABLE customer FORCE ROW LEVEL SECURITY")
    database.examine()
    with other.transaction(workspace):
        pass
    other.dispose()


def test_every_new_connection_is_looked_at(database: Database, workspace: str, broken: Callable[..., None]) -> None:
    database.engine.dispose()
    broken("ALTER TABLE customer NO FORCE ROW LEVEL SECURITY")
    for _ in range(2):
        with pytest.raises(Unconfined, match="customer"), database.transaction(workspace):
            raise AssertionError
        with pytest.raises(Unconfined, match="customer"), database.listen(["rapport_test"]):
            raise AssertionError
        with pytest.raises(Unconfined, match="customer"), database.engine.connect():
            raise AssertionError
    assert database.engine.pool.status().startswith("Pool size: 5  Connections in pool: 0")
    broken("ALTER TABLE customer FORCE ROW LEVEL SECURITY")
    with database.transaction(workspace):
        pass


def test_a_login_that_has_the_role_by_itself_is_as_good(
    admin_url: str, cluster: Cluster, broken: Callable[..., None]
) -> None:
    cluster.run(f"CREATE ROLE {LOGIN} LOGIN PASSWORD 'word' IN ROLE rapport_app")
    login = Database(make_url(admin_url).set(username=LOGIN, password="word"))
    assert login.examine()
    assert login.keeps_sessions()
    login.dispose()
    cluster.run(f"DROP ROLE {LOGIN}")


class Optionless(Database):
    """A database behind something that drops what a connection asks for at its start."""

    dropped = "role=rapport_app"

    def start_up_options(self) -> dict[str, str]:
        args = super().start_up_options()
        return {**args, "options": args["options"].replace(f"-c {self.dropped}", "")}


@pytest.mark.parametrize(
    ("dropped", "said"),
    [
        ("role=rapport_app", "as postgres and not"),
        ("timezone=UTC", "options"),
        ("idle_in_transaction_session_timeout=30s", "options"),
    ],
)
def test_a_start_up_option_that_is_dropped_is_noticed(
    admin_url: str, broken: Callable[..., None], monkeypatch: pytest.MonkeyPatch, dropped: str, said: str
) -> None:
    name = make_url(admin_url).database
    broken(f"ALTER DATABASE {name} SET timezone = 'Europe/Berlin'", f"ALTER DATABASE {name} RESET timezone")
    monkeypatch.setattr(Optionless, "dropped", dropped)
    database = Optionless(admin_url)
    with pytest.raises(Unconfined, match=said), database.transaction("T0ACME"):
        raise AssertionError
    with pytest.raises(Unconfined, match=said), database.listen(["rapport_test"]):
        raise AssertionError
