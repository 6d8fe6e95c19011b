"""Take the database away in every way there is: people, Slack and probes hear it, and it comes back by itself."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import psycopg
import pytest

from bot.registry import load
from sandbox import sample_teams
from sandbox.server import Sandbox
from storage.database import migrate
from tests.support.posted_events import event_status
from tests.support.replicas import Replica, StartReplica
from tests.support.servers import PASSWORD, Server, needs_postgres, open_folder, postgres, quoted
from tests.support.waiting import until

READ_ONLY = "is read-only"
CROWDED = "takes no more connections"
NOBODY = 65534
FULL = "has no room left"
AWAY = "cannot be reached"
MOST_LINES = 40
"""What a process may say in the few minutes of a test, whatever is away."""


@pytest.fixture
def server() -> Iterator[Server]:
    """Run a migrated server of Debian's."""
    needs_postgres()
    with open_folder() as folder, postgres(folder) as server:
        for line in load().lines:
            migrate.upgrade(server.url, line=line)
        yield server


def says(replica: Replica, said: str) -> bool:
    """Tell whether probes are told that the database cannot serve, and why."""
    try:
        status, why = replica.get("/readyz")
    except OSError:
        return False
    return status == 503 and why.get("database") == said


def adds(slack: Sandbox, name: str) -> str:
    return str(slack.person("UAREP").types(f"/customer add {name}", channel="CGENERAL").text)


def lines_about(replica: Replica, words: str) -> list[str]:
    return [line for line in replica.said.splitlines() if words in line]


def serves_again(replica: Replica, slack: Sandbox) -> None:
    replica.wait_until_ready()
    until(lambda: "Added" in adds(slack, f"Later {time.monotonic_ns()}"))
    until(lambda: event_status(replica) == 200)
    assert "Traceback" not in replica.said
    assert len(replica.said.splitlines()) < MOST_LINES


def test_a_server_that_is_away_at_the_start_is_waited_for(server: Server, slack: Sandbox, start: StartReplica) -> None:
    server.stop()
    replica = start(ready=False, settings={"DATABASE_URL": server.url})
    until(lambda: says(replica, AWAY))
    assert replica.get("/livez")[0] == 200
    assert event_status(replica) == 503
    assert "Rapport is running" not in replica.said
    # Long enough for more than one look.
    time.sleep(3)
    assert len(lines_about(replica, AWAY)) == 1
    server.start()
    slack.control.app(sample_teams.APP_ID, request_url=f"{replica.address}/slack/events")
    serves_again(replica, slack)
    assert "Rapport is running" in replica.said
    assert replica.stop() == 0


def test_a_stop_ends_the_waiting(start: StartReplica) -> None:
    replica = start(ready=False, settings={"DATABASE_URL": "postgresql://rapport@127.0.0.1:1/rapport"})
    until(lambda: says(replica, AWAY))
    assert replica.stop() == 0
    assert "Traceback" not in replica.said


def test_a_server_that_comes_back_behind_or_refusing_ends_the_waiting(server: Server, start: StartReplica) -> None:
    server.run("CREATE DATABASE older")
    for given, said in (
        (server.url_of("postgres", database="older"), "rapport db upgrade"),
        (server.url_of("postgres", password="wrong"), "password authentication failed"),
        (server.url_of("postgres", database="nowhere"), "nowhere"),
    ):
        server.stop()
        replica = start(ready=False, settings={"DATABASE_URL": given})
        until(partial(says, replica, AWAY))
        server.start()
        assert replica.process.wait(120) == 2
        assert said in replica.said.splitlines()[-1]
        assert "Traceback" not in replica.said


def test_a_server_that_restarts_is_missed_and_found_again(server: Server, slack: Sandbox, start: StartReplica) -> None:
    replica = start(settings={"DATABASE_URL": server.url})
    for how in (signal.SIGINT, signal.SIGKILL):
        server.stop(how)
        until(lambda: says(replica, AWAY))
        assert "can't reach the database" in adds(slack, "Nobody")
        assert event_status(replica) == 503
        server.start()
        serves_again(replica, slack)


@pytest.mark.parametrize("whole", [True, False], ids=["each transaction", "new connections only"])
def test_a_server_that_becomes_read_only(server: Server, slack: Sandbox, start: StartReplica, whole: bool) -> None:
    replica = start(settings={"DATABASE_URL": server.url})
    assert "Added" in adds(slack, "Before")
    if whole:
        server.run("ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
    else:
        server.run("ALTER DATABASE postgres SET default_transaction_read_only = on")
        cut(server)
    until(lambda: says(replica, READ_ONLY))
    for number in range(20):
        assert "read-only right now, so nothing was saved" in adds(slack, f"During {number}")
    assert event_status(replica) == 503
    waiting = start(ready=False, settings={"DATABASE_URL": server.url})
    until(lambda: says(waiting, READ_ONLY))
    setting = "ALTER SYSTEM" if whole else "ALTER DATABASE postgres"
    with closing(psycopg.connect(server.url, autocommit=True)) as admin:
        admin.execute("SET default_transaction_read_only = off")
        admin.execute(f"{setting} RESET default_transaction_read_only".encode())
        admin.execute("SELECT pg_reload_conf()")
    serves_again(replica, slack)
    waiting.wait_until_ready()
    assert server.count("SELECT count(*) FROM customer WHERE name LIKE 'During%'") == 0
    assert server.count("SELECT count(*) FROM customer WHERE name = 'Before'") == 1
    assert len(lines_about(replica, "read-only")) <= 3


def cut(server: Server) -> None:
    """End every other connection to a server."""
    server.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datid > 0")


def test_a_server_that_takes_no_more_connections(server: Server, slack: Sandbox, start: StartReplica) -> None:
    server.run(f"CREATE ROLE few LOGIN PASSWORD {quoted(PASSWORD)} IN ROLE rapport_app")
    replica = start(settings={"DATABASE_URL": server.url_of("few")})
    server.run("ALTER ROLE few CONNECTION LIMIT 0")
    cut(server)
    until(lambda: says(replica, CROWDED))
    assert "takes no more connections, so nothing was saved" in adds(slack, "Nobody")
    assert event_status(replica) == 503
    waiting = start(ready=False, settings={"DATABASE_URL": server.url_of("few")})
    until(lambda: says(waiting, CROWDED))
    server.run("ALTER ROLE few CONNECTION LIMIT -1")
    serves_again(replica, slack)
    waiting.wait_until_ready()


@pytest.fixture
def on_a_small_disk() -> Iterator[Server]:
    """Run a migrated server whose files are on a disk of 300 MB that nobody else sees."""
    needs_postgres()
    sizes = {"min_wal_size": "32MB", "max_wal_size": "64MB"}
    with (
        open_folder() as folder,
        small_disk(folder / "cluster") as prefix,
        postgres(folder, prefix=prefix, **sizes) as server,
    ):
        for line in load().lines:
            migrate.upgrade(server.url, line=line)
        yield server


@contextmanager
def small_disk(folder: Path) -> Iterator[tuple[str, ...]]:
    """Give what to put before a command so that it sees the disk, as nobody."""
    folder.mkdir()
    mount = f"mount -t tmpfs -o size=300m,mode=700,uid={NOBODY},gid={NOBODY} none {folder}"
    command = ["unshare", "--mount", "sh", "-c", f"{mount} && echo mounted && exec cat"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdin is not None and holder.stdout is not None
        if holder.stdout.readline() != b"mounted\n":
            pytest.skip("a disk of its own cannot be mounted here")
        inside = ("nsenter", "--mount", "--target", str(holder.pid), "--", "setpriv")
        yield (*inside, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
        holder.stdin.close()


def fill(server: Server) -> None:
    """Leave no room on a server's disk."""
    # Not logged, as a server whose log finds no room ends.
    server.run("CREATE UNLOGGED TABLE filler (words text)")
    for rows in (100_000, 1_000, 50):
        with contextlib.suppress(psycopg.errors.DiskFull):
            while True:
                server.run(f"INSERT INTO filler SELECT repeat('x', 1000) FROM generate_series(1, {rows})")


def test_a_server_whose_disk_is_full(on_a_small_disk: Server, slack: Sandbox, start: StartReplica) -> None:
    server = on_a_small_disk
    replica = start(settings={"DATABASE_URL": server.url})
    assert "Added" in adds(slack, "Before")
    fill(server)
    # What is small finds room on a page for a while.
    until(lambda: "full right now, so nothing was saved" in adds(slack, f"During {time.monotonic_ns()}"))
    until(lambda: says(replica, FULL))
    until(lambda: event_status(replica) == 503)
    assert says(replica, FULL)
    server.run("DROP TABLE filler")
    serves_again(replica, slack)
    assert len(lines_about(replica, FULL)) <= 3


def test_an_embedded_server_that_is_killed_is_started_again(
    slack: Sandbox, start: StartReplica, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    given = {"DATABASE_URL": None, "RAPPORT_DATA_DIR": str(data)}
    replica = start(settings=given)
    assert "Added" in adds(slack, "Before")
    for _ in range(2):
        kill_embedded(data)
        serves_again(replica, slack)
    assert len(lines_about(replica, "was started again")) == 1
    # The program killed, and at once its server as well: the next start finds both gone.
    replica.kill()
    kill_embedded(data)
    replica = start(settings=given)
    assert "C-1" in slack.person("UAREP").types("/customer show Before", channel="CGENERAL").text
    # The program alone: the server it leaves behind is the one that serves.
    left = embedded_pid(data)
    replica.kill()
    replica = start(settings=given)
    assert embedded_pid(data) == left
    assert replica.stop() == 0
    assert not list(data.rglob("postmaster.pid"))


def embedded_pid(data: Path) -> int:
    return int(next(data.rglob("postmaster.pid")).read_text().splitlines()[0])


def kill_embedded(data: Path) -> None:
    killed = embedded_pid(data)
    os.kill(killed, signal.SIGKILL)
