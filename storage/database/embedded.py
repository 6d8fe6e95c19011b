"""Run the PostgreSQL server that comes in a wheel, one per data folder, shared by the processes that need it.

Whoever comes first starts the server, later ones join it, and the last to leave stops it. Each user holds a shared
lock that the kernel drops when the process dies, so a killed process leaves nothing to clean up: the next one joins the
server it left behind, or restarts it, and then stops it in turn.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import quote

from storage.database.directory_lock import DirectoryInUse, DirectoryLock
from storage.database.embedded_account import Account, EmbeddedPostgresError, choose_account
from storage.database.embedded_supervisor import Supervisor

__all__ = ["UNSAFE_BUT_FAST", "DirectoryInUse", "DirectoryLock", "EmbeddedPostgres", "EmbeddedPostgresError"]

UNSAFE_BUT_FAST: Mapping[str, str] = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
"""Settings for data that may be lost with the machine: tests and benchmarks."""

SUPERUSER = "postgres"
READY_SECONDS = 120.0  # crash recovery after a power cut may replay much
STOP_SECONDS = 30.0
SOCKET_PATH_LIMIT = 85  # the shortest platform's 104 bytes, less "/.s.PGSQL.5432" and some room
SOCKET_FOLDER_PREFIX = "rapport-socket-"
LOG_LIMIT_BYTES = 5_000_000

_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    # Statements and key values are people's data: they do not belong in a log file.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


class EmbeddedPostgres:
    """Start or join the server of one data folder; raise EmbeddedPostgresError where it cannot run.

    `settings` are PostgreSQL parameters for a server that this object starts; a joined server keeps its own. With
    `dies_with_starter` (Linux) the server also stops when the thread that called `start` ends.
    """

    def __init__(
        self, data_dir: Path, *, settings: Mapping[str, str] | None = None, dies_with_starter: bool = False
    ) -> None:
        self.data_dir = data_dir.resolve()
        self.joined = False
        self._settings = {**_SETTINGS, **(settings or {})}
        self._dies_with_starter = dies_with_starter
        self._account: Account | None = None
        self._use: IO[str] | None = None
        self._supervisor: Supervisor | None = None
        self._leaving = threading.Event()

    @property
    def exists(self) -> bool:
        """Return whether a server was ever started on this folder."""
        return (self.data_dir / "turn").exists()

    @property
    def cluster(self) -> Path:
        """Return the folder PostgreSQL calls its data directory."""
        return self._running_account().home / "cluster"

    @property
    def log(self) -> Path:
        """Return the server's log file."""
        return self.data_dir / "server.log"

    def start(self) -> str:
        """Start or join the server and return the superuser's SQLAlchemy URL (scram password, unix socket)."""
        if self._use is not None:
            return self._url()
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._turn():
            self._account = choose_account(self.data_dir)
            self._create_cluster()
            self.joined = self._await_running()
            if not self.joined:
                self.launch()
            self._use = (self.data_dir / "users").open("a", encoding="utf-8")
            fcntl.flock(self._use, fcntl.LOCK_SH)
            return self._url()

    def supervise(self) -> None:
        """Start the server again whenever it ends while this process uses it.

        Whoever takes the turn first does it, so that of several supervisors one does, and none once it is stopped.
        """
        assert self._use is not None
        self._supervisor = Supervisor(lambda: self._server() is not None, self._start_again, self._leaving, self.log)

    def stop(self) -> None:
        """Leave the server, and stop it when nobody else uses it; without effect when not started."""
        if self._use is None:
            return
        self._leaving.set()
        if self._supervisor:
            self._supervisor.join()
        self._leaving.clear()
        with self._turn():
            self._use.close()
            self._use = None
            with self._nobody_else() as alone:
                if alone:
                    self._shut_down()

    def remove(self) -> None:
        """Stop the server and delete its data; raise EmbeddedPostgresError while another process uses it."""
        self.stop()
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._turn(), self._nobody_else() as alone:
            if not alone:
                raise EmbeddedPostgresError(f"The database in {self.data_dir} is in use. Stop its other users first.")
            self._account = choose_account(self.data_dir)
            self._shut_down()
            shutil.rmtree(self._account.home, ignore_errors=True)
            shutil.rmtree(self.data_dir, ignore_errors=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """Let one process at a time start, join or stop the server."""
        with (self.data_dir / "turn").open("a", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    @contextlib.contextmanager
    def _nobody_else(self) -> Iterator[bool]:
        """Say whether no process uses the server; ask it in one's turn, having left."""
        with (self.data_dir / "users").open("a", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    def _start_again(self) -> None:
        with self._turn():
            if not self._await_running() and not self._leaving.is_set():
                self.launch()

    def _running_account(self) -> Account:
        if self._account is None:
            raise EmbeddedPostgresError("The embedded PostgreSQL has not been started.")
        return self._account

    def _create_cluster(self) -> None:
        """Make the database files under another name first, so that a kill half-way leaves nothing that looks whole."""
        account = self._running_account()
        if self.cluster.exists():
            return
        made, password = account.home / "cluster.new", account.home / "password"
        shutil.rmtree(made, ignore_errors=True)
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24))
        account.give(password)
        # macOS has no C.UTF-8 before version 15; its "C" order with UTF-8 letters is the same thing.
        locale = ["--lc-collate=C", "--lc-ctype=en_US.UTF-8"] if sys.platform == "darwin" else ["--locale=C.UTF-8"]
        arguments = ["-D", str(made), "-U", SUPERUSER, "-A", "scram-sha-256", f"--pwfile={password}", "--encoding=UTF8"]
        sync = ["--no-sync"] if self._settings.get("fsync") == "off" else []
        done = account.run("initdb", [*arguments, *locale, *sync])
        if done.returncode != 0:
            raise EmbeddedPostgresError(f"The database in {self.data_dir} could not be created: {done.stderr.strip()}")
        made.rename(self.cluster)

    def launch(self) -> None:
        """Start the server's process and wait until it answers."""
        account = self._running_account()
        deadline = time.monotonic() + READY_SECONDS
        folder = self._socket_folder(account)
        self._disown_stale_pid(folder)
        while True:
            process, log_start = self._spawn(account, folder)
            try:
                while process.poll() is None and time.monotonic() < deadline and not self._leaving.is_set():
                    server = self._server()
                    if server is not None and server[1] == "ready":
                        # Reaps the server whenever it ends, also when another process stops it.
                        threading.Thread(target=process.wait, name="postgres-reaper", daemon=True).start()
                        return
                    time.sleep(0.01)
            except BaseException:
                process.send_signal(signal.SIGINT)
                process.wait()
                raise
            with self.log.open(encoding="utf-8", errors="replace") as log:
                log.seek(log_start)
                said = log.read()
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait()
                if self._leaving.is_set():
                    return
            elif "still in use" in said and time.monotonic() < deadline:
                # A killed server's last children are still leaving.
                time.sleep(0.2)
                continue
            raise EmbeddedPostgresError(f"PostgreSQL did not start in {self.data_dir}: {said.strip()[-2000:]}")

    def _spawn(self, account: Account, folder: Path) -> tuple[subprocess.Popen[bytes], int]:
        """Start the server process and return it with the place in the log where its words begin."""
        settings = {**self._settings, "unix_socket_directories": str(folder)}
        arguments = ["-D", str(self.cluster)]
        for name, value in settings.items():
            arguments += ["-c", f"{name}={value}"]
        with self.log.open("ab") as log:
            if log.tell() > LOG_LIMIT_BYTES:
                log.truncate(0)
            log_start = log.seek(0, os.SEEK_END)
            process = subprocess.Popen(  # noqa: S603 - a fixed program from our own wheel
                account.command("postgres", arguments, dies_with_starter=self._dies_with_starter),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                user=account.uid,
                group=account.gid,
                extra_groups=None if account.uid is None else [],
                start_new_session=True,  # Ctrl-C is for us: the server stops after its users
            )
        return process, log_start

    def _socket_folder(self, account: Account) -> Path:
        if len(os.fsencode(account.home)) <= SOCKET_PATH_LIMIT and "," not in str(account.home):
            return account.home
        # That of a server that ended is kept, as those who used it know its address.
        for before in map(Path, self._pid_file()[4:5]):
            if before.name.startswith(SOCKET_FOLDER_PREFIX) and before.is_dir():
                return before
        folder = Path(tempfile.mkdtemp(prefix=SOCKET_FOLDER_PREFIX))
        account.give(folder)
        return folder

    def _pid_file(self) -> list[str]:
        try:
            return (self.cluster / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _server(self) -> tuple[int, str] | None:
        """Return process id and state (starting, ready, stopping) of the server that runs on our files, or None."""
        lines = self._pid_file()
        if not lines or not lines[0].strip().isdigit():
            return None
        pid = int(lines[0])
        if f" -D {self.cluster} " not in _command_line(pid):
            return None
        return pid, lines[7].strip() if len(lines) > 7 else "starting"

    def _await_running(self) -> bool:
        """Return whether a server is up, waiting for one that is still starting or stopping."""
        deadline = time.monotonic() + READY_SECONDS
        while (server := self._server()) is not None:
            if server[1] == "ready":
                return True
            if time.monotonic() > deadline or self._leaving.is_set():
                raise EmbeddedPostgresError(f"Another PostgreSQL on {self.data_dir} is {server[1]}; see {self.log}.")
            time.sleep(0.02)
        return False

    def _disown_stale_pid(self, folder: Path) -> None:
        """Replace a dead server's process id, which an unrelated process may have by now, with our own.

        PostgreSQL ignores its parent's id there, but still reads from the same file which shared memory to look at for
        children that outlived the server: so the file is corrected, not deleted. The lock of its socket in `folder`
        says nothing else.
        """
        for stale in folder.glob(".s.PGSQL.*.lock"):
            stale.unlink(missing_ok=True)
        lines = self._pid_file()
        if lines:
            file = self.cluster / "postmaster.pid"
            file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")

    def _shut_down(self) -> None:
        folder = self._pid_file()[4:5]
        for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            server = self._server()
            if server is None:
                break
            with contextlib.suppress(ProcessLookupError):
                os.kill(server[0], how)
            deadline = time.monotonic() + STOP_SECONDS
            while self._server() is not None and time.monotonic() < deadline:
                time.sleep(0.01)
        if folder and Path(folder[0]).name.startswith(SOCKET_FOLDER_PREFIX):
            shutil.rmtree(folder[0], ignore_errors=True)

    def _url(self) -> str:
        account, lines = self._running_account(), self._pid_file()
        password = (account.home / "password").read_text().strip()
        return f"postgresql+psycopg://{SUPERUSER}:{password}@/postgres?host={quote(lines[4], safe='')}&port={lines[3]}"


def _command_line(pid: int) -> str:
    """Return a process's command line, or nothing when it has ended."""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    listed = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], check=False, capture_output=True, text=True)  # noqa: S603, S607 - fixed words and a number
    return listed.stdout
