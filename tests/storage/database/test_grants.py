"""Show that what gets lost in a restore by other means is found, and given again by an upgrade, whatever it was."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from bot.registry import load
from storage.database import migrate
from storage.database.embedded import UNSAFE_BUT_FAST, EmbeddedPostgres
from storage.database.embedded_account import programs_folder
from storage.database.grants import statements
from tests.support import every_table
from tests.support.backups import back_up, run
from tests.support.cluster import Cluster
from tests.support.embedded_servers import copy_server


def lost(url: str) -> list[str]:
    return [one for line in load().lines for one in migrate.lost(url, line=line)]


def upgrade(url: str) -> None:
    for line in load().lines:
        migrate.upgrade(url, line=line)


def test_nothing_is_missing_where_nothing_got_lost(admin_url: str) -> None:
    assert lost(admin_url) == []


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("DROP POLICY search ON contact", "the policy search of contact"),
        ("DROP POLICY tenant ON renewals.renewal", "the policy tenant of renewals.renewal"),
        ("DROP POLICY every_workspace_claim ON due", "the policy every_workspace_claim of due"),
        ("ALTER TABLE note DISABLE ROW LEVEL SECURITY", "row-level security of note"),
        ("ALTER TABLE note NO FORCE ROW LEVEL SECURITY", "row-level security of note"),
        ("REVOKE UPDATE ON ticket FROM rapport_app", "the right UPDATE on ticket of rapport_app"),
        ("REVOKE ALL ON customer FROM rapport_search", "the right SELECT on customer of rapport_search"),
        ("REVOKE ALL ON FUNCTION materialise_due(integer) FROM rapport_app", "EXECUTE on materialise_due(integer)"),
        ("REVOKE USAGE ON SCHEMA public FROM rapport_app, PUBLIC", "the right USAGE on public of rapport_app"),
        ("ALTER FUNCTION materialise_due(integer) OWNER TO postgres", "the owner rapport_clock of materialise_due"),
        ("DROP EXTENSION pg_trgm CASCADE", "the extension pg_trgm"),
        ("DROP INDEX record_words_idx", "the index record_words_idx"),
    ],
)
def test_what_got_lost_is_said_and_given_again(admin_url: str, broken: str, told: str) -> None:
    before = every_table.shape(admin_url)
    run(admin_url, broken)
    assert any(told in one for one in lost(admin_url)), lost(admin_url)
    upgrade(admin_url)
    assert lost(admin_url) == []
    after = every_table.shape(admin_url)
    assert {key: (before.get(key), after.get(key)) for key in before | after if before.get(key) != after.get(key)} == {}


def test_what_revisions_took_away_is_not_given_again(admin_url: str) -> None:
    said = statements(migrate.scripts(migrate.CORE), migrate.head())
    assert any(one.startswith("REVOKE CREATE ON SCHEMA public") for one in said)
    run(admin_url, "DROP POLICY search ON contact")
    upgrade(admin_url)
    may = "SELECT has_schema_privilege('rapport_clock', 'public', 'CREATE')"
    assert run(admin_url, may) == [(False,)]


@pytest.fixture
def elsewhere(made_server: Path, tmp_path: Path) -> Iterator[str]:
    """Run a server that has never seen us."""
    folder = copy_server(made_server, tmp_path / "elsewhere")
    server = EmbeddedPostgres(folder, settings=UNSAFE_BUT_FAST, dies_with_starter=True)
    yield server.start()
    server.remove()


def program(name: str, url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    command = [str(programs_folder() / name), *arguments, "--dbname", plain]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_plain_dump_restored_without_roles_is_mended(admin_url: str, elsewhere: str, tmp_path: Path) -> None:
    every_table.fill(admin_url, "T0ACME", "T0OTHER")
    dump = tmp_path / "dump"
    dumped = program("pg_dump", admin_url, "--format=custom", f"--file={dump}")
    assert dumped.returncode == 0, dumped.stderr
    restored = program("pg_restore", elsewhere, "--no-owner", str(dump))
    assert re.search('role "rapport_\\w+" does not exist', restored.stderr)
    assert "the role rapport_app" in lost(elsewhere)
    upgrade(elsewhere)
    assert lost(elsewhere) == []
    assert every_table.rows(elsewhere) == every_table.rows(admin_url)
    made, wanted = every_table.shape(elsewhere), every_table.shape(admin_url)
    assert {key: (made.get(key), wanted.get(key)) for key in made | wanted if made.get(key) != wanted.get(key)} == {}
    upgrade(elsewhere)
    back_up(elsewhere, tmp_path / "file")


def test_lost_roles_do_not_keep_older_revisions_from_coming(cluster: Cluster, elsewhere: str, tmp_path: Path) -> None:
    old = cluster.create()
    migrate.upgrade(old, revision="0008")
    program("pg_dump", old, "--format=custom", f"--file={tmp_path / 'dump'}")
    program("pg_restore", elsewhere, "--no-owner", str(tmp_path / "dump"))
    upgrade(elsewhere)
    assert lost(elsewhere) == []
    migrate.check(elsewhere)
    cluster.drop(old)
