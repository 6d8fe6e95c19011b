"""Show that the schema is made, checked, taken back and made again, alone and by several at once."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import ForeignKeyConstraint, NullPool, create_engine, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.schema import SchemaItem

from storage.database import migrate
from storage.database.embedded import UNSAFE_BUT_FAST, EmbeddedPostgres
from storage.database.engine import Base, Database
from storage.workspace.workspaces import Workspace
from tests.support.cluster import Cluster
from tests.support.sample_tables import import_models


# Postgres spells a generated column's expression in its own way, and Alembic warns that it could not alter it.
@pytest.mark.filterwarnings("ignore:Computed default")
def test_the_migrations_make_what_the_models_describe(admin_url: str) -> None:
    import_models()
    with create_engine(admin_url, poolclass=NullPool).connect() as connection:
        partitions = set(connection.scalars(text("SELECT relname FROM pg_class WHERE relispartition")))

        def described(item: SchemaItem, name: str | None, kind: str, *_: object) -> bool:
            if isinstance(item, ForeignKeyConstraint):
                # A key to a partitioned table is also one to each of its partitions.
                return item.elements[0].target_fullname.split(".")[0] not in partitions
            return name not in partitions and name != "alembic_version" and item.info.get("rls") != "sample"

        context = MigrationContext.configure(
            connection,
            opts={"compare_server_default": True, "include_schemas": True, "include_object": described},
        )
        assert compare_metadata(context, Base.metadata) == []


def ask(url: str, query: str, **named: object) -> object:
    with create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT").connect() as connection:
        result = connection.execute(text(query), named)
        return result.scalar() if result.returns_rows else None


def test_an_empty_database_is_behind_and_an_upgraded_one_is_not(empty_url: str) -> None:
    assert migrate.current(empty_url) is None
    with pytest.raises(migrate.SchemaBehind, match="rapport db upgrade"):
        migrate.check(empty_url)
    migrate.upgrade(empty_url)
    migrate.upgrade(empty_url)
    assert migrate.current(empty_url) == migrate.head()
    migrate.check(empty_url)


def test_a_database_of_a_newer_release_passes(empty_url: str) -> None:
    migrate.upgrade(empty_url)
    ask(empty_url, "UPDATE alembic_version SET version_num = '9999'")
    migrate.check(empty_url)


def test_every_revision_can_be_taken_back_and_made_again(empty_url: str) -> None:
    migrate.upgrade(empty_url)
    migrate.downgrade(empty_url, "base")
    left = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
    assert ask(empty_url, left) == 1  # Alembic's own
    migrate.upgrade(empty_url)
    migrate.check(empty_url)


def test_several_processes_may_migrate_at_once(empty_url: str) -> None:
    program = "import sys; from storage.database import migrate; migrate.upgrade(sys.argv[1])"
    running = [subprocess.Popen([sys.executable, "-W", "error", "-c", program, empty_url]) for _ in range(2)]
    assert [process.wait(60) for process in running] == [0, 0]
    migrate.check(empty_url)


def test_a_lock_that_stays_taken_is_reported(admin_url: str) -> None:
    holder = create_engine(admin_url, poolclass=NullPool).connect()
    holder.execute(text("SELECT pg_advisory_lock(32195282895598196)"))
    with pytest.raises(OperationalError, match="lock timeout"):
        migrate.upgrade(admin_url, patience=0)
    holder.close()


def test_an_admin_who_may_only_create_roles_is_enough(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path, settings=UNSAFE_BUT_FAST, dies_with_starter=True)
    cluster = Cluster(server.start())
    cluster.run(
        "CREATE ROLE modest_admin LOGIN CREATEROLE PASSWORD 'secret'",
        "CREATE ROLE modest_login LOGIN PASSWORD 'secret'",
        "CREATE DATABASE modest OWNER modest_admin TEMPLATE template0",
    )
    admin = make_url(cluster.admin_url).set(username="modest_admin", password="secret", database="modest")
    login = admin.set(username="modest_login").render_as_string(hide_password=False)
    migrate.upgrade(admin.render_as_string(hide_password=False), login="modest_login")
    migrate.upgrade(admin.render_as_string(hide_password=False), login="modest_login")
    migrate.check(login)
    database = Database(login)
    with database.transaction("T0MODEST") as session:
        session.add(Workspace(id="T0MODEST", name="Modest"))
    with database.transaction("T0OTHER") as session:
        assert session.get(Workspace, "T0MODEST") is None
        assert session.scalar(text("SELECT current_user")) == "rapport_app"
    database.dispose()
    server.remove()


def test_a_plugin_has_a_line_of_its_own(admin_url: str, tmp_path: Path) -> None:
    (tmp_path / "0001_stars.py").write_text(
        "revision = '0001'\ndown_revision = None\n"
        "def upgrade():\n"
        "    from alembic import op\n"
        "    op.execute('CREATE TABLE stars.star (workspace_id text PRIMARY KEY)')\n"
        "    from storage.database.policies import tenant_table\n"
        "    tenant_table(op, 'stars.star')\n"
    )
    line = migrate.RevisionLine(tmp_path, schema="stars")
    with pytest.raises(migrate.SchemaBehind):
        migrate.check(admin_url, line=line)
    migrate.upgrade(admin_url, line=line)
    migrate.check(admin_url, line=line)
    migrate.check(admin_url)
    database = Database(admin_url)
    with database.transaction("T0STAR") as session:
        session.execute(text("INSERT INTO stars.star VALUES ('T0STAR')"))
    with database.transaction("T0OTHER") as session:
        assert session.scalar(text("SELECT count(*) FROM stars.star")) == 0
    database.dispose()
    assert migrate.plugin_schemas(admin_url) == ["renewals", "stars"]
    with pytest.raises(migrate.NothingToDrop, match="is installed"):
        migrate.drop(admin_url, "stars", in_use={"stars"})
    migrate.drop(admin_url, "stars")
    with pytest.raises(migrate.NothingToDrop, match="have left: renewals"):
        migrate.drop(admin_url, "stars")
    with pytest.raises(migrate.SchemaBehind):
        migrate.check(admin_url, line=line)
    migrate.check(admin_url)


def test_a_plugins_records_are_forgotten_with_its_tables(admin_url: str, workspace: str, tmp_path: Path) -> None:
    (tmp_path / "0001_stars.py").write_text(
        "revision = '0001'\ndown_revision = None\n"
        "def upgrade():\n"
        "    from alembic import op\n"
        "    from storage.database.policies import record_table\n"
        "    record_table(op, 'stars.star', noun='star')\n"
    )
    line = migrate.RevisionLine(tmp_path, schema="stars")
    migrate.upgrade(admin_url, line=line)
    database = Database(admin_url)
    with database.transaction(workspace) as session:
        for statement in (
            "INSERT INTO stars.star (workspace_id, id, name, name_key, find_key, version)"
            " VALUES (:w, 1, 'Vega', 'vega', 'vega', 1)",
            "INSERT INTO note (workspace_id, kind, text, at, about_noun, about_id)"
            " VALUES (:w, 'note', 'bright', now(), 'star', 1)",
        ):
            session.execute(text(statement), {"w": workspace})
        assert session.scalar(text("SELECT name FROM record WHERE noun = 'star'")) == "Vega"
    database.dispose()
    migrate.drop(admin_url, "stars")
    for table in ("record", "note"):
        assert ask(admin_url, f"SELECT count(*) FROM {table}") == 0
    assert ask(admin_url, "SELECT word FROM name_word_left") == "vega", "its words will be forgotten too"


@pytest.mark.parametrize("schema", ["public", "pg_catalog", "information_schema", "never"])
def test_only_a_plugins_tables_are_dropped(admin_url: str, schema: str) -> None:
    with pytest.raises(migrate.NothingToDrop, match="nothing was deleted"):
        migrate.drop(admin_url, schema)


def test_the_revisions_are_one_chain() -> None:
    files = sorted(path for path in migrate.CORE.versions.glob("*.py") if path.stem != "__init__")
    said = re.compile(r'^(?:down_)?revision = (?:"(\w+)"|None)$', re.MULTILINE)
    found = {path.stem: said.findall(path.read_text("utf-8")) for path in files}
    # Two that were written at the same time may have the same number, of which Alembic takes either.
    assert len({name[:4] for name in found}) == len(found)
    assert all(own == name[:4] for name, (own, _) in found.items())
    assert len({before for _, before in found.values()}) == len(found), "two follow the same one"


def test_a_revision_that_died_before_its_indexes_goes_on(empty_url: str) -> None:
    migrate.upgrade(empty_url)
    migrate.downgrade(empty_url, "0015")
    # As a process leaves it that dies between the transaction and what follows.
    ask(empty_url, "UPDATE alembic_version SET version_num = '0014'")
    ask(empty_url, "DROP INDEX outbox_over_idx")
    migrate.upgrade(empty_url)
    migrate.check(empty_url)
    assert ask(empty_url, "SELECT count(*) FROM pg_class WHERE relname = 'outbox_over_idx'") == 1
