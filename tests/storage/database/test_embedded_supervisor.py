"""Show that an embedded server that is killed comes back, once, and never against whoever stops it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from storage.database import embedded_supervisor
from storage.database.embedded import UNSAFE_BUT_FAST, EmbeddedPostgres
from tests.support.embedded_servers import ask, copy_server, gone, is_up, server_pid
from tests.support.waiting import PATIENCE_S, until

KEEPER = """
import sys
from pathlib import Path
from storage.database.embedded import EmbeddedPostgres, UNSAFE_BUT_FAST
server = EmbeddedPostgres(Path(sys.argv[1]), settings=UNSAFE_BUT_FAST)
print(server.start(), flush=True)
server.supervise()
sys.stdin.read()
server.stop()
"""


def answers(url: str) -> bool:
    try:
        return ask(url, "SELECT 1") == 1
    except psycopg.OperationalError:
        return False


def servers_on(folder: Path) -> list[str]:
    listed = subprocess.run(
        ["ps", "-eww", "-o", "args"], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    return [line for line in listed if f"-D {folder} " in line and "unshare" not in line]


def segments_made_by(pid: int) -> list[str]:
    """Return the shared memory that a process made; other tests' servers make and free theirs meanwhile."""
    lines = Path("/proc/sysvipc/shm").read_text().splitlines()
    return [line for line in lines[1:] if int(line.split()[4]) == pid]


@pytest.fixture
def kept(made_server: Path, tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    # What was committed has to be there after a kill.
    server = EmbeddedPostgres(copy_server(made_server, tmp_path / "postgres"), settings={"fsync": "off"})
    server.start()
    yield server
    server.remove()


def test_a_killed_server_comes_back_at_its_address_with_what_was_saved(
    kept: EmbeddedPostgres, caplog: pytest.LogCaptureFixture
) -> None:
    url = kept.start()
    kept.supervise()
    with psycopg.connect(url.replace("postgresql+psycopg", "postgresql")) as connection:
        connection.execute("CREATE TABLE saved AS SELECT 42 AS value")
    ended = []
    for _ in range(2):
        killed = server_pid(kept)
        assert segments_made_by(killed)
        ended.append(killed)
        os.kill(killed, signal.SIGKILL)
        assert gone(killed)
        until(lambda: answers(url))
        assert server_pid(kept) != killed
    assert ask(url, "SELECT value FROM saved") == 42
    assert len(servers_on(kept.cluster)) == 1
    assert [segments_made_by(pid) for pid in ended] == [[], []]
    assert [record.message for record in caplog.records if "embedded" in record.name] == [
        f"the embedded PostgreSQL had ended and was started again; {kept.log} says why"
    ]


def test_of_two_processes_one_starts_it_again_and_the_last_stops_it(kept: EmbeddedPostgres) -> None:
    url = kept.start()
    kept.supervise()
    command = [sys.executable, "-c", KEEPER, str(kept.data_dir)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdin is not None and other.stdout is not None
        assert other.stdout.readline().strip() == url
        for _ in range(2):
            killed = server_pid(kept)
            os.kill(killed, signal.SIGKILL)
            assert gone(killed)
            until(lambda: answers(url))
            assert len(servers_on(kept.cluster)) == 1
        kept.stop()
        assert answers(url)
        os.kill(server_pid(kept), signal.SIGKILL)
        until(lambda: answers(url))
        other.stdin.close()
        assert other.wait(PATIENCE_S) == 0
    assert not is_up(kept)
    assert servers_on(kept.cluster) == []


def test_a_stop_is_not_fought(kept: EmbeddedPostgres, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        kept.start()
        kept.supervise()
        os.kill(server_pid(kept), signal.SIGKILL)
        kept.stop()
        assert servers_on(kept.cluster) == []
    time.sleep(2 * embedded_supervisor.LOOK_S)
    assert servers_on(kept.cluster) == []


def test_one_that_ends_each_time_is_told_of_twice_and_comes_back_once_it_can(
    kept: EmbeddedPostgres, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_supervisor, "LOOK_S", 0.01)
    monkeypatch.setattr(embedded_supervisor, "LONGEST_PAUSE_S", 0.05)
    tries: list[int] = []
    start = kept.launch

    def counted() -> None:
        tries.append(1)
        start()

    monkeypatch.setattr(kept, "launch", counted)
    url = kept.start()
    broken = kept.cluster / "postgresql.auto.conf"
    whole = broken.read_text()
    broken.write_text("no_such_setting = on\n")
    kept.supervise()
    os.kill(server_pid(kept), signal.SIGKILL)
    until(lambda: len(tries) > embedded_supervisor.CRASHES + 2)
    broken.write_text(whole)
    until(lambda: answers(url))
    said = [record.message for record in caplog.records if "embedded" in record.name]
    assert len(said) == 2
    assert "no_such_setting" in said[0] and "does not start again" in said[0]
    assert "ends again and again" in said[1] and "\n" not in said[1]


def test_a_socket_in_a_folder_of_its_own_is_at_the_same_address_again(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / ("long" * 30) / "postgres", settings=UNSAFE_BUT_FAST)
    url = server.start()
    server.supervise()
    os.kill(server_pid(server), signal.SIGKILL)
    until(lambda: answers(url))
    server.remove()


def test_a_socket_lock_whose_process_is_another_program_by_now_is_no_obstacle(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "postgres", settings=UNSAFE_BUT_FAST)
    server.start()
    lock = next(server.cluster.parent.glob(".s.PGSQL.*.lock"))
    lines = lock.read_text().splitlines()
    killed = server_pid(server)
    os.kill(killed, signal.SIGKILL)
    assert gone(killed)
    lock.write_text("\n".join(["1", *lines[1:]]) + "\n")
    again = EmbeddedPostgres(tmp_path / "postgres", settings=UNSAFE_BUT_FAST)
    assert answers(again.start())
    again.stop()
    server.remove()
