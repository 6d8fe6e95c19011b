"""Show backups and restores of a server where nobody of ours is a superuser, as the guide has it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from bot.registry import load
from storage.backup.file import BackupRefused
from storage.database import migrate
from storage.database.embedded import UNSAFE_BUT_FAST, EmbeddedPostgres
from storage.database.engine import Database
from storage.database.grants import NotMended
from tests.support import every_table
from tests.support.backups import back_up, put_back, run
from tests.support.cluster import Cluster, connect
from tests.support.embedded_servers import copy_server


class Server(Cluster):
    """Name the guide's databases on a server, as each of its roles."""

    def url(self, role: str = "rapport_owner", database: str = "rapport") -> str:
        login = make_url(self.admin_url).set(database=database)
        if role != "postgres":
            login = login.set(username=role, password="secret")
        return login.render_as_string(hide_password=False)

    def make(self, database: str) -> None:
        self.run(f"CREATE DATABASE {database} OWNER rapport_owner TEMPLATE template0")

    def upgrade(self, role: str = "rapport_owner") -> None:
        for line in load().lines:
            migrate.upgrade(self.url(role), line=line, login="rapport")


@pytest.fixture(scope="module")
def filled_server(made_server: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Make a server with the guide's roles, and its database filled by a superuser; stop it."""
    folder = copy_server(made_server, tmp_path_factory.mktemp("filled") / "postgres")
    embedded = EmbeddedPostgres(folder, settings=UNSAFE_BUT_FAST)
    server = Server(embedded.start())
    server.run(
        "CREATE ROLE rapport_owner LOGIN CREATEROLE PASSWORD 'secret'", "CREATE ROLE rapport LOGIN PASSWORD 'secret'"
    )
    server.make("rapport")
    server.upgrade()
    every_table.fill(server.url("postgres"), "T0ACME", "T0OTHER")
    server.close()
    embedded.stop()
    yield folder
    embedded.remove()


@pytest.fixture
def server(filled_server: Path, tmp_path: Path) -> Iterator[Server]:
    """Run a copy of the filled server."""
    folder = copy_server(filled_server, tmp_path / "postgres")
    embedded = EmbeddedPostgres(folder, settings=UNSAFE_BUT_FAST, dies_with_starter=True)
    with closing(Server(embedded.start())) as server:
        yield server
    embedded.remove()


def test_the_owner_backs_up_every_row_and_restores_it(server: Server, tmp_path: Path) -> None:
    assert run(server.url(), "SELECT count(*) FROM note") == [(0,)]  # which is what a plain copy would hold
    back_up(server.url(), tmp_path / "file")
    server.make("other")
    put_back(server.url(database="other"), tmp_path / "file", login="rapport")
    before, after = (every_table.rows(server.url("postgres", name)) for name in ("rapport", "other"))
    assert after == before
    assert len(after["public.ticket"]) == 2
    made, wanted = (every_table.shape(server.url("postgres", name)) for name in ("other", "rapport"))
    assert made == wanted
    database = Database(server.url("rapport", "other"), pool_size=1)
    with database.transaction("T0ACME") as session:
        assert session.scalars(text("SELECT workspace_id FROM ticket")).all() == ["T0ACME"]
    database.dispose()


def test_an_owner_from_whom_rows_are_hidden_does_not_take_a_full_database_for_an_empty_one(
    server: Server, tmp_path: Path
) -> None:
    back_up(server.url(), tmp_path / "file")
    server.make("other")
    for line in load().lines:
        migrate.upgrade(server.url(database="other"), line=line)
    # Of the tables that can be searched, the owner sees rows; of these, none.
    run(server.url("postgres", "other"), "INSERT INTO workspace (id, name) VALUES ('T0ACME', 'Acme')")
    assert run(server.url(database="other"), "SELECT count(*) FROM workspace") == [(0,)]
    for database in ("rapport", "other"):
        kept = every_table.rows(server.url("postgres", database))
        with pytest.raises(BackupRefused, match="not empty"):
            put_back(server.url(database=database), tmp_path / "file", login="rapport")
        assert every_table.rows(server.url("postgres", database)) == kept


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("DROP POLICY backup ON ticket", r"would hide rows of public\.ticket\."),
        ("ALTER POLICY backup ON ticket USING (id > 5)", r"would hide rows of public\.ticket\."),
        ("CREATE POLICY less ON ticket AS RESTRICTIVE USING (id > 5)", r"would hide rows of public\.ticket\."),
        ("REVOKE rapport_backup FROM rapport_owner CASCADE", "may not see every workspace's rows"),
        ("REVOKE SELECT ON ticket FROM rapport_backup", "permission denied"),
    ],
)
def test_a_backup_that_would_lack_rows_is_refused(server: Server, tmp_path: Path, broken: str, told: str) -> None:
    run(server.url("postgres"), broken)
    with pytest.raises(BackupRefused, match=told):
        back_up(server.url(), tmp_path / "file")
    assert not (tmp_path / "file").exists()
    assert not (tmp_path / "file.part").exists()


@pytest.mark.parametrize("broken", ["DROP POLICY backup ON ticket", "REVOKE SELECT ON ticket FROM rapport_backup"])
def test_an_upgrade_lets_backups_read_again(server: Server, tmp_path: Path, broken: str) -> None:
    run(server.url("postgres"), broken)
    server.upgrade()
    back_up(server.url(), tmp_path / "file")


def test_the_applications_login_cannot_take_one(server: Server, tmp_path: Path) -> None:
    with pytest.raises(BackupRefused, match="DATABASE_ADMIN_URL"):
        back_up(server.url("rapport"), tmp_path / "file")
    back_up(server.url(), tmp_path / "file")
    server.make("other")
    with pytest.raises(BackupRefused, match="permission denied"):
        put_back(server.url("rapport", "other"), tmp_path / "file")
    assert every_table.rows(server.url("postgres", "other")) == {}


def test_an_owner_who_may_not_create_roles_is_told_what_is_missing(tmp_path: Path) -> None:
    embedded = EmbeddedPostgres(tmp_path / "postgres", settings=UNSAFE_BUT_FAST, dies_with_starter=True)
    server = Server(embedded.start())
    try:
        server.run(
            "CREATE ROLE rapport_owner LOGIN PASSWORD 'secret'",
            *(f"CREATE ROLE {role} NOLOGIN" for role in ("rapport_app", "rapport_search", "rapport_clock")),
            "GRANT rapport_app, rapport_search, rapport_clock TO rapport_owner WITH ADMIN OPTION",
            "CREATE ROLE rapport LOGIN PASSWORD 'secret'",
        )
        server.make("rapport")
        server.upgrade()
        with pytest.raises(
            BackupRefused, match="CREATE ROLE rapport_backup NOLOGIN; GRANT rapport_backup TO the owner"
        ):
            back_up(server.url(), tmp_path / "file")
        server.run("CREATE ROLE rapport_backup NOLOGIN", "GRANT rapport_backup TO rapport_owner")
        with pytest.raises(BackupRefused, match="rapport db upgrade"):
            back_up(server.url(), tmp_path / "file")
        server.upgrade()
        back_up(server.url(), tmp_path / "file")
    finally:
        embedded.remove()


def test_what_the_owner_may_not_mend_is_a_sentence(server: Server) -> None:
    with connect(server.url("postgres")) as connection:
        connection.execute("DROP POLICY search ON ticket")
        connection.execute("ALTER TABLE ticket OWNER TO postgres")
        connection.execute("ALTER TABLE workspace OWNER TO postgres")
    with pytest.raises(NotMended, match=r"policy search of ticket.*The tables belong to postgres.*superuser"):
        server.upgrade()
    server.upgrade("postgres")
    assert run(server.url("postgres"), "SELECT count(*) FROM pg_policy WHERE polname = 'search'") == [(7,)]
