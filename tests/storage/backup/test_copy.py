"""Show that what was backed up comes back, all of it or nothing, and that no file only looks like a backup."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import make_url

from bot.registry import load
from storage.backup.copy import backup
from storage.backup.file import BackupRefused, verify
from storage.database import migrate
from storage.database.engine import Database
from tests.support import every_table
from tests.support.backups import back_up, put_back, run
from tests.support.cluster import Cluster, connect


@pytest.fixture
def filled(admin_url: str) -> str:
    """Fill every table for two workspaces."""
    every_table.fill(admin_url, "T0ACME", "T0OTHER")
    return admin_url


@pytest.fixture
def file(filled: str, tmp_path: Path) -> Path:
    """Take a backup of it."""
    back_up(filled, tmp_path / "rapport.backup")
    return tmp_path / "rapport.backup"


def test_every_row_of_every_table_comes_back(filled: str, file: Path, empty_url: str) -> None:
    before = every_table.rows(filled)
    named = set(re.findall(r"INSERT INTO (\w+)[ .]", every_table.ROWS))
    assert len(named) > 40
    assert [table for table, rows in before.items() if len(rows) < 2 and table.partition(".")[2] in named] == []
    put_back(empty_url, file)
    assert every_table.rows(empty_url) == before
    assert verify(file)[1] == {table: len(rows) for table, rows in before.items()}


def test_the_database_is_as_the_revisions_make_it(filled: str, file: Path, empty_url: str) -> None:
    put_back(empty_url, file)
    made, wanted = every_table.shape(empty_url), every_table.shape(filled)
    assert {key: (made.get(key), wanted.get(key)) for key in made | wanted if made.get(key) != wanted.get(key)} == {}
    for line in load().lines:
        migrate.check(empty_url, line=line)


def test_numbers_go_on_and_months_have_their_partition(filled: str, file: Path, empty_url: str) -> None:
    run(filled, "SELECT nextval(pg_get_serial_sequence('note', 'id')) FROM generate_series(1, 50)")
    run(filled, "CREATE TABLE activity_202402 PARTITION OF activity FOR VALUES FROM ('2024-02-01') TO ('2024-03-01')")
    back_up(filled, file)
    put_back(empty_url, file)
    put = "INSERT INTO note (workspace_id, kind, text, at, customer_id) VALUES ('T0ACME', 'note', '', now(), 1)"
    put += " RETURNING id"
    assert run(empty_url, put) == run(filled, put)
    assert run(empty_url, "SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = 'activity_202402'") == [
        ("FOR VALUES FROM ('2024-02-01 00:00:00+00') TO ('2024-03-01 00:00:00+00')",)
    ]
    loose = "SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r' AND NOT relforcerowsecurity"
    assert run(empty_url, loose) == []


def test_a_file_of_an_older_revision_is_brought_up_to_date(cluster: Cluster, empty_url: str, tmp_path: Path) -> None:
    old = cluster.create()
    migrate.upgrade(old, revision="0008")
    run(old, "INSERT INTO workspace (id, name) VALUES ('T0OLD', 'Old')")
    back_up(old, tmp_path / "old")
    assert verify(tmp_path / "old")[0].lines == {"public": "0008"}
    put_back(empty_url, tmp_path / "old")
    migrate.check(empty_url)
    assert run(empty_url, "SELECT id FROM workspace") == [("T0OLD",)]
    assert run(empty_url, "SELECT count(*) FROM digest_run") == [(0,)]
    cluster.drop(old)


def test_a_file_of_a_newer_release_is_refused(filled: str, file: Path, empty_url: str) -> None:
    run(filled, "UPDATE alembic_version SET version_num = '9999'")
    back_up(filled, file)
    with pytest.raises(BackupRefused, match="newer Rapport"):
        put_back(empty_url, file)
    assert every_table.rows(empty_url) == {}


def test_a_plugin_that_is_not_installed_is_named_and_can_be_left_out(filled: str, file: Path, empty_url: str) -> None:
    run(filled, "CREATE SCHEMA kudos", "GRANT USAGE ON SCHEMA kudos TO rapport_app")
    run(filled, "CREATE TABLE kudos.alembic_version (version_num text)", "CREATE TABLE kudos.star (one text)")
    run(filled, "INSERT INTO kudos.alembic_version VALUES ('k1')", "INSERT INTO kudos.star VALUES ('x')")
    run(filled, "GRANT SELECT ON kudos.star TO rapport_app")
    back_up(filled, file)
    assert verify(file)[1]["kudos.star"] == 1
    with pytest.raises(BackupRefused, match="kudos, which is not installed here"):
        put_back(empty_url, file)
    assert every_table.rows(empty_url) == {}
    put_back(empty_url, file, without=("kudos",))
    assert "kudos.star" not in every_table.rows(empty_url)
    assert len(every_table.rows(empty_url)["public.ticket"]) == 2
    with pytest.raises(BackupRefused, match="no plugin public"):
        put_back(empty_url, file, without=("public",))


def test_somebody_elses_tables_are_left_out_and_said(filled: str, tmp_path: Path) -> None:
    run(filled, "CREATE TABLE theirs (one text)", "CREATE SCHEMA other", "CREATE TABLE other.alembic_version (x text)")
    said: list[str] = []
    found = backup(filled, tmp_path / "file", product="0", progress=said.append)
    assert "public.theirs" not in found
    assert "public.theirs is not Rapport's and is left out" in said


@pytest.mark.parametrize(
    ("before", "told"),
    [
        ("INSERT INTO workspace (id, name) VALUES ('T1', 'x')", "not empty: public.workspace"),
        ("CREATE TABLE theirs (one text)", "not Rapport's \\(theirs\\)"),
    ],
)
def test_only_an_empty_database_is_filled(file: Path, admin_url: str, cluster: Cluster, before: str, told: str) -> None:
    target = cluster.create()
    migrate.upgrade(target)
    run(target, before)
    kept = every_table.rows(target)
    with pytest.raises(BackupRefused, match=told):
        put_back(target, file)
    assert every_table.rows(target) == kept
    forced = "SELECT count(*) FROM pg_class WHERE relrowsecurity AND NOT relforcerowsecurity"
    assert run(target, forced) == [(0,)]
    cluster.drop(target)


def test_a_migrated_database_without_rows_is_empty(file: Path, filled: str, empty_url: str) -> None:
    for line in load().lines:
        migrate.upgrade(empty_url, line=line)
    put_back(empty_url, file)
    assert every_table.rows(empty_url) == every_table.rows(filled)


def test_a_restore_that_fails_leaves_nothing(file: Path, empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import storage.backup.restore

    monkeypatch.setattr(storage.backup.restore, "complete", broken)
    with pytest.raises(ZeroDivisionError):
        put_back(empty_url, file)
    assert every_table.rows(empty_url) == {}
    with pytest.raises(migrate.SchemaBehind):
        migrate.check(empty_url)


RESTORES = """
import sys
import subprocess
import sys
from pathlib import Path
from bot.registry import load
from storage.backup.restore import restore

def progress(line):
    print(line, flush=True)
    if line.startswith(sys.argv[3]):
        sys.stdin.read()

restore(sys.argv[1], Path(sys.argv[2]), load().lines, login=None, progress=progress, next_time=None)
"""


@pytest.mark.parametrize("at", ["public.workspace", "Checking what refers", "Bringing the core", "Bringing renewals"])
def test_one_that_is_killed_is_not_served_and_can_be_begun_again(
    file: Path, filled: str, empty_url: str, at: str
) -> None:
    command = [sys.executable, "-c", RESTORES, empty_url, str(file), at]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert any(line.startswith(at) for line in process.stdout)
    process.kill()
    process.communicate()
    for line in load().lines:
        with pytest.raises(migrate.SchemaBehind):
            migrate.check(empty_url, line=line)
    with pytest.raises(migrate.RestoreUnfinished, match="rapport db restore"):
        migrate.upgrade(empty_url)
    put_back(empty_url, file)
    assert every_table.rows(empty_url) == every_table.rows(filled)


def broken(*_: object) -> None:
    raise ZeroDivisionError


def test_two_restores_at_once_are_one(file: Path, empty_url: str) -> None:
    with connect(empty_url) as other:
        other.execute(f"SELECT pg_advisory_lock({migrate.ADVISORY_LOCK + 1})".encode())
        with pytest.raises(BackupRefused, match="under way"):
            put_back(empty_url, file)


@pytest.mark.parametrize(
    ("made", "told"), [("ENCODING 'LATIN1' LOCALE 'C'", "LATIN1"), ("ENCODING 'UTF8' LOCALE 'C'", "locale")]
)
def test_a_database_that_could_not_hold_or_find_names_is_refused(
    file: Path, cluster: Cluster, made: str, told: str
) -> None:
    cluster.run(f"CREATE DATABASE narrow TEMPLATE template0 {made}")
    url = make_url(cluster.admin_url).set(database="narrow").render_as_string(hide_password=False)
    try:
        with pytest.raises(BackupRefused, match=told):
            put_back(url, file)
        assert every_table.rows(url) == {}
    finally:
        cluster.run("DROP DATABASE narrow")


def test_it_is_of_one_moment_while_others_write(filled: str, tmp_path: Path, empty_url: str) -> None:
    database = Database(filled, pool_size=1)

    def write(table: str) -> None:
        # At each table something is added to all of them, so that they would not fit together.
        statement = (
            "INSERT INTO note (workspace_id, kind, text, at, customer_id) VALUES ('T0ACME', 'note', 'x', now(), 9)"
        )
        run(
            filled,
            "INSERT INTO customer (workspace_id, id, name, name_key, find_key, version)"
            " VALUES ('T0ACME', 9, 'n', 'n', 'n', 1) ON CONFLICT DO NOTHING",
            statement,
        )

    before = every_table.rows(filled)
    backup(filled, tmp_path / "file", product="0", progress=write)
    database.dispose()
    assert len(every_table.rows(filled)["public.note"]) > 10
    put_back(empty_url, tmp_path / "file")
    assert every_table.rows(empty_url) == before


def test_grants_that_got_lost_are_not_taken_for_somebody_elses_tables(filled: str, tmp_path: Path) -> None:
    run(filled, "REVOKE ALL ON ticket FROM rapport_app")
    with pytest.raises(BackupRefused, match=r"public\.ticket has lost its grants"):
        back_up(filled, tmp_path / "file")
    assert [*tmp_path.iterdir()] == []


def test_a_database_without_rapport_is_not_backed_up(empty_url: str, tmp_path: Path) -> None:
    with pytest.raises(BackupRefused, match="holds no Rapport"):
        back_up(empty_url, tmp_path / "file")
    assert [*tmp_path.iterdir()] == []


def test_a_database_that_is_away_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BackupRefused, match="The database says"):
        back_up("postgresql://nobody@127.0.0.1:1/x", tmp_path / "file")
