"""Run Debian's PostgreSQL and PgBouncer for a test, as an operator's own servers: on a port, as another user."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import psycopg
import pytest

from tests.support.ports import free_port

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
PGBOUNCER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
PASSWORD = "a-test's"
WITHIN_S = 120.0


def needs_postgres() -> None:
    """Skip a test where Debian's PostgreSQL is not installed."""
    if not PROGRAMS:
        pytest.skip("Debian's postgresql is not installed")
    if os.geteuid() != 0:
        pytest.skip("only root may run a server as another user")


def needs_pgbouncer() -> None:
    """Skip a test where PgBouncer is not installed."""
    needs_postgres()
    if PGBOUNCER is None:
        pytest.skip("pgbouncer is not installed")


def quoted(text: str) -> str:
    """Return a text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def open_folder() -> Iterator[Path]:
    """Make a folder that other users may enter; pytest closes its own again whenever one of it starts."""
    with tempfile.TemporaryDirectory(prefix="rapport-server-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@dataclass
class Server:
    """Hold a PostgreSQL of Debian's on a port of this machine; it may be stopped, killed and started again."""

    folder: Path
    port: int = field(default_factory=free_port)
    prefix: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Return the superuser's URL."""
        return self.url_of("postgres")

    def url_of(self, login: str, password: str = PASSWORD, database: str = "postgres") -> str:
        """Return the URL of a login."""
        return f"postgresql://{login}:{password.replace(chr(39), '%27')}@127.0.0.1:{self.port}/{database}"

    def run(self, *statements: str) -> None:
        """Run statements as the superuser, each as a transaction of its own, until the server takes them."""
        deadline = time.monotonic() + WITHIN_S
        while (connection := self._connection()) is None:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        with closing(connection):
            for statement in statements:
                connection.execute(statement.encode())

    def count(self, query: str) -> int:
        """Return the number that a query gives to the superuser."""
        connection = self._connection()
        assert connection is not None
        with closing(connection):
            row = connection.execute(query.encode()).fetchone()
        assert row is not None
        return int(row[0])

    def start(self, **settings: str) -> None:
        """Start it and wait until it answers."""
        arguments = ["-D", str(self.folder / "cluster"), "-k", str(self.folder), "-p", str(self.port)]
        for name, value in {"listen_addresses": "127.0.0.1", "fsync": "off", **settings}.items():
            arguments += ["-c", f"{name}={value}"]
        deadline = time.monotonic() + WITHIN_S
        with (self.folder / "log").open("ab") as log:
            while (connection := self._connection()) is None:
                if self.process is None or self.process.poll() is not None:
                    # Children of one that was killed keep the next from starting for a moment.
                    self.process = self._spawn("postgres", arguments, log)
                assert time.monotonic() < deadline, (self.folder / "log").read_text()
                time.sleep(0.2)
        connection.close()

    def _connection(self) -> psycopg.Connection[Any] | None:
        try:
            return psycopg.connect(self.url, autocommit=True)
        except psycopg.OperationalError:
            return None

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it; without effect when it does not run."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(WITHIN_S)
            self.process = None

    def make(self) -> None:
        """Make the cluster."""
        postgres = pwd.getpwnam("nobody")
        os.chown(self.folder, postgres.pw_uid, postgres.pw_gid)
        (self.folder / "password").write_text(PASSWORD)
        made = ["-D", str(self.folder / "cluster"), "-U", "postgres", "-A", "scram-sha-256", "--locale=C.UTF-8"]
        made += ["--encoding=UTF8", f"--pwfile={self.folder / 'password'}", "--no-sync"]
        with (self.folder / "log").open("ab") as log:
            assert self._spawn("initdb", made, log).wait(WITHIN_S) == 0, (self.folder / "log").read_text()

    def _spawn(self, program: str, arguments: list[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
        command = [*self.prefix, str(PROGRAMS[-1] / program), *arguments]
        nobody = pwd.getpwnam("nobody")
        # Where a prefix needs root's rights, it gives them up itself.
        user, group = (None, None) if self.prefix else (nobody.pw_uid, nobody.pw_gid)
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", user=user, group=group, extra_groups=[]
        )


@contextmanager
def postgres(folder: Path, *, prefix: tuple[str, ...] = (), **settings: str) -> Iterator[Server]:
    """Make and start a server in an open folder, and stop it at the end; `prefix` goes before its commands."""
    server = Server(folder, prefix=prefix)
    server.make()
    server.start(**settings)
    try:
        yield server
    finally:
        server.stop(signal.SIGQUIT)


@contextmanager
def pgbouncer(server: Server, logins: list[str], **settings: str) -> Iterator[int]:
    """Run a PgBouncer before a server and give its port; `settings` are its own, such as pool_mode."""
    assert PGBOUNCER is not None
    port = free_port()
    folder = server.folder / f"pgbouncer-{port}"
    folder.mkdir()
    folder.chmod(0o755)
    users, configured, log = folder / "users", folder / "pgbouncer.ini", folder / "log"
    users.write_text("".join(f'"{login}" "{PASSWORD}"\n' for login in logins))
    lines = [f"{name} = {value}" for name, value in settings.items()]
    configured.write_text(
        f"[databases]\n* = host=127.0.0.1 port={server.port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
        f"listen_port = {port}\nunix_socket_dir =\nauth_type = scram-sha-256\nauth_file = {users}\n" + "\n".join(lines)
    )
    nobody = pwd.getpwnam("nobody")
    with log.open("wb") as said:
        process = subprocess.Popen(
            [PGBOUNCER, str(configured)],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            cwd="/",
            user=nobody.pw_uid,
            group=nobody.pw_gid,
            extra_groups=[],
        )
    try:
        deadline = time.monotonic() + WITHIN_S
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(WITHIN_S)
