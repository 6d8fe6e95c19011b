"""Show that the embedded server starts, is shared, survives kills and stops with its last user."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from storage.database import embedded_account
from storage.database.embedded import (
    UNSAFE_BUT_FAST,
    DirectoryInUse,
    DirectoryLock,
    EmbeddedPostgres,
    EmbeddedPostgresError,
)
from tests.support.embedded_servers import ask, conninfo, copy_server, gone, is_up, server_pid

HOLDER = """
import sys, time
from pathlib import Path
from storage.database.embedded import EmbeddedPostgres, UNSAFE_BUT_FAST
server = EmbeddedPostgres(Path(sys.argv[1]), settings=UNSAFE_BUT_FAST, dies_with_starter=sys.argv[2] == "leashed")
print(server.start(), flush=True)
time.sleep(120)
"""


@pytest.fixture
def new_dir(tmp_path: Path) -> Iterator[Path]:
    """Return where no server was made yet."""
    folder = tmp_path / "postgres"
    yield folder
    EmbeddedPostgres(folder).remove()


@pytest.fixture
def data_dir(new_dir: Path, made_server: Path) -> Path:
    """Return where a server was made and stopped."""
    return copy_server(made_server, new_dir)


@pytest.fixture
def holder(data_dir: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """Other processes that use the same server; those still alive are killed at the end."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        process.kill()
        process.communicate()


def hold(holder: list[subprocess.Popen[str]], data_dir: Path, how: str = "free") -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(data_dir), how], stdout=subprocess.PIPE, text=True)
    holder.append(process)
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def test_starts_with_utf8_letters_of_every_script_and_keeps_data_over_a_restart(new_dir: Path) -> None:
    with EmbeddedPostgres(new_dir, settings=UNSAFE_BUT_FAST) as server:
        url = server.start()
        assert server.exists
        assert not server.joined
        with psycopg.connect(conninfo(url)) as connection:
            connection.execute("CREATE EXTENSION pg_trgm")
            connection.execute("CREATE EXTENSION btree_gin")
            connection.execute("CREATE TABLE kept (word text)")
            connection.execute("INSERT INTO kept VALUES ('阿里巴巴')")
        assert ask(url, "SELECT datcollate || encoding FROM pg_database WHERE datname = 'postgres'") in (
            "C.UTF-86",
            "C6",  # macOS
        )
        assert ask(url, "SELECT cardinality(show_trgm('阿里巴巴'))") == 5
        assert ask(url, "SHOW fsync") == "off"
    assert not is_up(server)

    with EmbeddedPostgres(new_dir) as server:
        assert ask(server.start(), "SELECT word FROM kept") == "阿里巴巴"
        assert ask(server.start(), "SHOW fsync") == "on"


def test_only_the_password_opens_it_and_only_through_the_socket(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir, settings=UNSAFE_BUT_FAST) as server:
        url = sa.make_url(server.start())
        wrong = url.set(drivername="postgresql", password="wrong").render_as_string(hide_password=False)
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(wrong)
        assert ask(server.start(), "SHOW listen_addresses") == ""
        assert oct(data_dir.stat().st_mode & 0o777) == "0o700"


def test_the_log_keeps_no_values_of_people(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir, settings=UNSAFE_BUT_FAST) as server:
        with psycopg.connect(conninfo(server.start()), autocommit=True) as connection:
            connection.execute("CREATE TABLE person (email text PRIMARY KEY)")
            connection.execute("INSERT INTO person VALUES ('canary@example.com')")
            with pytest.raises(psycopg.errors.UniqueViolation):
                connection.execute("INSERT INTO person VALUES ('canary@example.com')")
        assert "canary" not in server.log.read_text()


def test_the_last_user_stops_it(data_dir: Path) -> None:
    first, second = EmbeddedPostgres(data_dir, settings=UNSAFE_BUT_FAST), EmbeddedPostgres(data_dir)
    url = first.start()
    assert second.start() == url
    assert (first.joined, second.joined) == (False, True)
    pid = server_pid(first)
    first.stop()
    assert ask(url, "SELECT 1") == 1
    second.stop()
    second.stop()
    assert not is_up(second)
    assert gone(pid)


def test_a_killed_starter_leaves_a_server_that_the_next_one_joins_and_stops(
    data_dir: Path, holder: list[subprocess.Popen[str]]
) -> None:
    starter, url = hold(holder, data_dir)
    starter.kill()
    starter.wait()
    server = EmbeddedPostgres(data_dir)
    assert server.start() == url
    assert server.joined
    pid = server_pid(server)
    server.stop()
    assert gone(pid)


def test_other_processes_join_and_hold_it_up(data_dir: Path, holder: list[subprocess.Popen[str]]) -> None:
    server = EmbeddedPostgres(data_dir, settings=UNSAFE_BUT_FAST)
    url = server.start()
    _, joined_url = hold(holder, data_dir)
    assert joined_url == url
    server.stop()
    assert ask(url, "SELECT 1") == 1
    with pytest.raises(EmbeddedPostgresError, match="in use"):
        server.remove()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux signals a parent's death")
def test_a_leashed_server_ends_with_its_starter(data_dir: Path, holder: list[subprocess.Popen[str]]) -> None:
    starter, _ = hold(holder, data_dir, "leashed")
    pid = int(next(data_dir.rglob("postmaster.pid")).read_text().splitlines()[0])
    starter.kill()
    starter.wait()
    assert gone(pid)


def test_recovers_when_the_server_itself_is_killed(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    url = server.start()
    with psycopg.connect(conninfo(url)) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
    os.kill(server_pid(server), signal.SIGKILL)
    again = EmbeddedPostgres(data_dir, settings=UNSAFE_BUT_FAST)
    assert ask(again.start(), "SELECT n FROM kept") == 1
    assert not again.joined
    server.stop()
    assert ask(again.start(), "SELECT n FROM kept") == 1
    again.stop()
    assert not is_up(again)


def test_a_stale_process_id_that_belongs_to_another_program_is_no_obstacle(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir, settings=UNSAFE_BUT_FAST)
    server.start()
    pid_file = server.cluster / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    server.stop()
    with subprocess.Popen(["sleep", "60"]) as bystander:
        pid_file.write_text("\n".join([str(bystander.pid), *lines[1:]]) + "\n")
        assert ask(server.start(), "SELECT 1") == 1
        assert not server.joined
        server.stop()
        assert bystander.poll() is None
        bystander.kill()


def test_a_creation_that_was_cut_short_is_begun_again(new_dir: Path) -> None:
    (new_dir / "cluster.new").mkdir(parents=True)
    (new_dir / "cluster.new" / "half").write_text("x")
    with EmbeddedPostgres(new_dir, settings=UNSAFE_BUT_FAST) as server:
        assert ask(server.start(), "SELECT 1") == 1


def test_a_long_path_gets_its_socket_elsewhere(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / ("long" * 25), settings=UNSAFE_BUT_FAST)
    url = server.start()
    socket_folder = Path(str(sa.make_url(url).query["host"]))
    assert ask(url, "SELECT 1") == 1
    assert socket_folder != server.data_dir
    server.remove()
    assert not socket_folder.exists()
    assert not server.data_dir.exists()
    assert not server.exists


def test_a_setting_that_does_not_exist_is_named(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir, settings={"no_such_setting": "on"})
    with pytest.raises(EmbeddedPostgresError, match="no_such_setting"):
        server.start()
    with pytest.raises(EmbeddedPostgresError, match="not been started"):
        _ = EmbeddedPostgres(data_dir).cluster


def test_a_creation_that_fails_says_why(new_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.database.embedded.SUPERUSER", "pg_reserved")
    with pytest.raises(EmbeddedPostgresError, match="superuser name"):
        EmbeddedPostgres(new_dir).start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
def test_root_without_user_namespaces_runs_it_as_nobody(
    new_dir: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_account, "namespaced_account", lambda *_: None)
    server = EmbeddedPostgres(new_dir, settings=UNSAFE_BUT_FAST)
    url = server.start()
    nobody = pwd.getpwnam("nobody").pw_uid
    assert ask(url, "SELECT 1") == 1
    assert embedded_account.REFUGE in server.cluster.parents
    assert server.cluster.stat().st_uid == nobody
    assert Path(f"/proc/{server_pid(server)}").stat().st_uid == nobody
    joined = EmbeddedPostgres(new_dir)
    assert joined.start() == url
    joined.stop()
    home = server.cluster.parent
    server.remove()
    assert not home.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
def test_root_is_told_when_nobody_cannot_run_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_account, "namespaced_account", lambda *_: None)
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr(embedded_account, "REFUGE", tmp_path / "file")
    with pytest.raises(EmbeddedPostgresError, match="DATABASE_URL"):
        EmbeddedPostgres(tmp_path / "a").start()
    # pytest's folders are closed to others, so nobody cannot reach the programs there.
    monkeypatch.setattr(embedded_account, "REFUGE", tmp_path / "closed")
    tmp_path.chmod(0o700)
    with pytest.raises(EmbeddedPostgresError, match="nobody"):
        EmbeddedPostgres(tmp_path / "b").start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
def test_refused_namespaces_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = embedded_account.programs_folder()
    assert embedded_account.namespaced_account(programs, tmp_path / "missing") is None
    monkeypatch.setenv("PATH", "")
    assert embedded_account.namespaced_account(programs, tmp_path) is None


def test_a_missing_wheel_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(EmbeddedPostgresError, match=r"requirements\.lock"):
        embedded_account.programs_folder()


def test_one_process_at_a_time_holds_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / ".rapport"
    with DirectoryLock(folder):
        assert str(os.getpid()) in (folder / "lock").read_text()
        with pytest.raises(DirectoryInUse, match=rf"process {os.getpid()} \(.*\). Stop that process first"):
            DirectoryLock(folder).acquire()
    lock = DirectoryLock(folder)
    lock.acquire()
    lock.release()
    lock.release()
