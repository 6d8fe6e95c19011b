"""Run Debian's PostgreSQL and PgBouncer for a test, as an operator's own servers: on a port, as another user."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psycopg
import pytest

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


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def quoted(text: str) -> str:
    """Return a text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def _open_way(folder: Path) -> None:
    """Let other users reach a folder of the test's."""
    folder.chmod(0o755)
    for parent in folder.parents:
        if parent.stat().st_uid == os.geteuid() and not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o011)


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
        while True:
            try:
                connection = psycopg.connect(self.url, autocommit=True)
            except psycopg.OperationalError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
                continue
            with closing(connection):
                for statement in statements:
                    connection.execute(statement.encode())
                return

    def start(self, **settings: str) -> None:
        """Start it and wait until it answers."""
        arguments = ["-D", str(self.folder / "cluster"), "-k", str(self.folder), "-p", str(self.port)]
        for name, value in {"listen_addresses": "127.0.0.1", "fsync": "off", **settings}.items():
            arguments += ["-c", f"{name}={value}"]
        with (self.folder / "log").open("ab") as log:
            self.process = self._spawn("postgres", arguments, log)
        self.run("SELECT 1")

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it; without effect when it does not run."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(WITHIN_S)
            self.process = None

    def make(self) -> None:
        """Make the cluster."""
        postgres = pwd.getpwnam("nobody")
        self.folder.mkdir(parents=True, exist_ok=True)
        _open_way(self.folder)
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
def postgres(folder: Path, **settings: str) -> Iterator[Server]:
    """Make and start a server in an empty folder, and stop it at the end."""
    needs_postgres()
    server = Server(folder)
    server.make()
    server.start(**settings)
    try:
        yield server
    finally:
        server.stop(signal.SIGQUIT)


@contextmanager
def pgbouncer(folder: Path, server: Server, logins: list[str], **settings: str) -> Iterator[int]:
    """Run a PgBouncer before a server and give its port; `settings` are its own, such as pool_mode."""
    assert PGBOUNCER is not None
    port = free_port()
    folder.mkdir()
    _open_way(folder)
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
