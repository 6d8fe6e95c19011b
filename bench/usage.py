"""Tell what a piece of work costs: processor time of processes, and round trips to PostgreSQL."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

SOCKET = ".s.PGSQL.5432"
READY = ord("Z")
"""The message with which PostgreSQL says that it waits for the next question."""


@dataclass(frozen=True, slots=True)
class Spent:
    """Hold seconds of processor time: of the program, and of PostgreSQL with all its backends."""

    program: float = 0.0
    postgres: float = 0.0

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.program + other.program, self.postgres + other.postgres)

    def __sub__(self, other: Spent) -> Spent:
        return Spent(self.program - other.program, self.postgres - other.postgres)

    def times(self, factor: float) -> Spent:
        """Return so many times this."""
        return Spent(self.program * factor, self.postgres * factor)


def spent(program: int, postgres: int) -> Spent:
    """Return what two processes, given by id, and those they have started have spent so far."""
    return Spent(_of_family(program), _of_family(postgres))


def postmaster(folder: Path) -> int:
    """Return the process id of the server whose data are somewhere in a folder."""
    (found,) = folder.rglob("postmaster.pid")
    return int(found.read_text().split("\n", 1)[0])


def _of_family(pid: int) -> float:
    total = 0.0
    for one in (first := psutil.Process(pid), *first.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            times = one.cpu_times()
            # What has ended meanwhile is with its parent.
            total += times.user + times.system + times.children_user + times.children_system
    return total


class RoundTrips:
    """Count the answers that end at a server, which is how often somebody waited for one."""

    def __init__(self) -> None:
        self.count = 0
        self._lock = threading.Lock()

    def read(self, source: socket.socket, target: socket.socket) -> None:
        """Carry what a server says to a client, and count."""
        buffer = b""
        with suppress(OSError):
            while data := source.recv(65_536):
                buffer += data
                while len(buffer) >= 5 and len(buffer) > (length := struct.unpack(">i", buffer[1:5])[0]):
                    if buffer[0] == READY:
                        with self._lock:
                            self.count += 1
                    buffer = buffer[length + 1 :]
                # Whoever has an answer finds it counted.
                target.sendall(data)
        _close(source, target)


@contextmanager
def counted(server: Path, folder: Path) -> Iterator[tuple[Path, RoundTrips]]:
    """Stand before the server whose socket is in a folder; give the folder to connect by instead, and the count."""
    trips = RoundTrips()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / SOCKET))
    listener.listen(100)

    def serve() -> None:
        with suppress(OSError):
            while True:
                client, _address = listener.accept()
                backend = socket.socket(socket.AF_UNIX)
                backend.connect(str(server / SOCKET))
                threading.Thread(target=_carry, args=(client, backend), daemon=True).start()
                threading.Thread(target=trips.read, args=(backend, client), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield folder, trips
    finally:
        _close(listener)
        (folder / SOCKET).unlink()


def _carry(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    _close(source, target)


def _close(*sockets: socket.socket) -> None:
    for one in sockets:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
