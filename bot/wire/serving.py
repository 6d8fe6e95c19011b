"""Listen on two ports: one for Slack and browsers, and one for probes and metrics that the world need not reach."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import uvicorn

from bot.wire.connections import most_connections, protocol, strict

if TYPE_CHECKING:
    from starlette.types import ASGIApp

HOST = "0.0.0.0"  # noqa: S104 - a container is reached from outside
GRACE_S = 5
ACCEPTED_AT_ONCE = 16
"""So many connections are taken before others are closed for them: asyncio takes as many at a time as may queue."""
QUEUED = 1024


class PortTaken(Exception):
    """Say which setting names a port that cannot be listened on."""

    def __init__(self, setting: str, port: int, why: str) -> None:
        super().__init__(f"{setting}: port {port} cannot be listened on ({why}). Choose another, or stop what has it.")


class _Server(uvicorn.Server):
    """Tell when connections are taken."""

    def __init__(self, config: uvicorn.Config, begun: Callable[[], None]) -> None:
        super().__init__(config)
        self._begun = begun

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to take connections."""
        await super().startup(sockets)
        self._begun()


class HttpListener:
    """Serve an app on a port, in a thread with an event loop of its own; `setting` is where the port comes from.

    At most `most` connections are open at a time, or as many as the process has descriptors for.
    """

    def __init__(self, app: ASGIApp, port: int, setting: str, *, most: int | None = None) -> None:
        self._port = port
        self._setting = setting
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._last = time.monotonic()
        config = uvicorn.Config(
            strict(app),
            http=protocol(most or most_connections()),
            lifespan="off",
            backlog=ACCEPTED_AT_ONCE,
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            ws="none",
            timeout_graceful_shutdown=GRACE_S,
            callback_notify=self._beat,
            timeout_notify=1,
        )
        self._server = _Server(config, self._widen)

    def open(self) -> None:
        """Take the port, so that connections wait from now on; raise PortTaken if somebody else has it."""
        try:
            self._socket = socket.create_server((HOST, self._port))
            # For the connections too: asyncio leaves those of a socket that names no protocol as they are, and the end
            # of an answer would wait for 40 ms until the other side has acknowledged its beginning.
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            raise PortTaken(self._setting, self._port, os.strerror(error.errno or 0)) from error

    def start(self) -> None:
        """Begin to answer; without effect the second time."""
        if self._thread:
            return
        assert self._socket is not None
        self._last = time.monotonic()
        self._thread = threading.Thread(
            target=self._server.run, args=([self._socket],), name=self._setting.lower(), daemon=True
        )
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Answer what came and take nothing more."""
        self._server.should_exit = True
        if self._thread:
            self._thread.join(timeout_s)

    @property
    def started(self) -> bool:
        """Tell whether it answers."""
        return self._server.started

    @property
    def port(self) -> int:
        """Return the port it listens on, once it does."""
        assert self._socket is not None
        return int(self._server.servers[0].sockets[0].getsockname()[1])

    def age(self) -> float | None:
        """Return how long its event loop has not moved; None while it does not serve."""
        return time.monotonic() - self._last if self.started and not self._server.should_exit else None

    def _widen(self) -> None:
        assert self._socket is not None
        self._socket.listen(QUEUED)

    async def _beat(self) -> None:
        self._last = time.monotonic()
