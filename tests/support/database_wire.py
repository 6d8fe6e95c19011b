"""Stand between a program and its database: hold, refuse, or lose the answer to a COMMIT."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading

from sqlalchemy import make_url

COMMIT = b"COMMIT"
CHANGE = b"INSERT INTO change_answer"


class Wire:
    """Carry bytes between a port of this machine and the socket of a Postgres.

    Unless it `flows`, what the program says is held back. `refuse` cuts what is open and every new connection. `lose`
    is how many answers to the COMMIT of a change, of what says `change`, are lost, `before` whether the COMMIT
    itself is lost with them.
    """

    def __init__(self, url: str, *, change: bytes = CHANGE) -> None:
        self._change = change
        parsed = make_url(url)
        self._path = f"{parsed.query['host']}/.s.PGSQL.{parsed.query['port']}"
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        self.url = parsed.set(host="127.0.0.1", port=port, query={}).render_as_string(hide_password=False)
        self.flows = threading.Event()
        self.flows.set()
        self.lose = 0
        self.before = False
        self.lost = threading.Event()
        self.refuse_after_loss = False
        self._refuse = False
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def refuse(self) -> bool:
        """Tell whether the database is away."""
        return self._refuse

    @refuse.setter
    def refuse(self, away: bool) -> None:
        self._refuse = away
        if away:
            for one in list(self._open):
                self._cut(one)

    def close(self) -> None:
        """Stop carrying."""
        self.flows.set()
        self._listener.close()
        self.refuse = True

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self._refuse:
                near.close()
                continue
            far = socket.socket(socket.AF_UNIX)
            far.connect(self._path)
            self._open |= {near, far}
            threading.Thread(target=self._carry, args=(near, far), daemon=True).start()

    def _carry(self, near: socket.socket, far: socket.socket) -> None:
        changed = False
        with contextlib.suppress(OSError, ValueError), near, far:
            while True:
                readable, _, _ = select.select([near, far], [], [], 30)
                if far in readable:
                    if not (said := far.recv(65536)):
                        break
                    near.sendall(said)
                if near in readable:
                    if not (said := near.recv(65536)):
                        break
                    self.flows.wait()
                    changed = changed or self._change in said
                    if self.lose > 0 and changed and COMMIT in said:
                        self.lose -= 1
                        self._lose(near, far, said)
                        break
                    far.sendall(said)
        self._open -= {near, far}

    def _lose(self, near: socket.socket, far: socket.socket, said: bytes) -> None:
        if not self.before:
            far.sendall(said)
            far.recv(65536)
        if self.refuse_after_loss:
            self.refuse = True
        self._cut(near)
        self.lost.set()

    @staticmethod
    def _cut(one: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if one.family == socket.AF_INET:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            one.shutdown(socket.SHUT_RDWR)


class SwallowingWire:
    """Stand between the program and the database; `swallow` keeps connections open and lets nothing through."""

    def __init__(self, url: str) -> None:
        target = make_url(url)
        folder = str(target.query.get("host") or target.host)
        self._target = f"{folder}/.s.PGSQL.{target.query.get('port') or target.port or 5432}"
        self.swallow = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.1)
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()
        plain = target.difference_update_query(["host", "port"])
        self.url = plain.set(host="127.0.0.1", port=self._listener.getsockname()[1]).render_as_string(False)

    def _accept(self) -> None:
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                client, _address = self._listener.accept()
                thread = threading.Thread(target=self._carry, args=(client,))
                thread.start()
                self._threads.append(thread)

    def _carry(self, client: socket.socket) -> None:
        server = socket.socket(socket.AF_UNIX)
        with client, server, contextlib.suppress(OSError):
            server.connect(self._target)
            ends = {client: server, server: client}
            while not self._stopping.is_set():
                for end in select.select(list(ends), [], [], 0.05)[0]:
                    data = end.recv(65536)
                    if not data:
                        return
                    if not self.swallow:
                        ends[end].sendall(data)

    def close(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        self._listener.close()
