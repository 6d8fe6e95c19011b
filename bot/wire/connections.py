"""Bound what a connection may take: a request is whole in time, and a new one finds room among those that wait.

The number of open connections is bounded below that of the process's descriptors. Where there is no room left, who has
waited longest for the rest of a request goes: a stranger who opens a thousand and sends nothing pushes out their own.
"""

from __future__ import annotations

import asyncio
import resource
import time
from typing import TYPE_CHECKING, Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send
    from uvicorn.config import Config
    from uvicorn.server import ServerState

REQUEST_S = 10.0
"""From the first byte of a request, or the opening of a connection, to the request's last byte."""
ANSWER_S = 60.0
CLOSE_S = 5.0
LAST_S = 1.0
"""For the rest of a request when the program stops."""
MOST = 1_000
FULL = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


def most_connections() -> int:
    """Return how many connections leave the process two thirds of its descriptors, some for those that are to go."""
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if soft == resource.RLIM_INFINITY else max(8, min(MOST, soft // 3))


def protocol(most: int) -> type[H11Protocol]:
    """Return what handles a connection of a server that may have so many."""

    class Bounded(Connection):
        most_open = most

    return Bounded


class Connection(H11Protocol):
    """Handle one connection; `waits` says that it has not sent a whole request, or none since its last answer."""

    most_open = MOST

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._phase = ""
        self._timer: asyncio.TimerHandle | None = None
        self._since = 0.0

    @property
    def waits(self) -> bool:
        """Tell whether it could be closed without anybody's request being lost."""
        return self._phase in {"new", "idle", "receiving"}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the base class
        """Make room for a new connection, or refuse it."""
        super().connection_made(transport)
        self._look()
        others = [one for one in self.connections if isinstance(one, Connection) and one is not self and one.open]
        if len(others) < self.most_open:
            return
        oldest = min((one for one in others if one.waits), key=lambda one: one._since, default=None)
        if oldest:
            oldest.end()
        else:
            transport.write(FULL)
            transport.close()
            self._look()

    @property
    def open(self) -> bool:
        """Tell whether nobody has begun to close it."""
        return self._phase != "ended"

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the time that was set."""
        self._set("ended", None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read what came, and see how far the request is."""
        if self.open:
            super().data_received(data)
            self._look()

    def on_response_complete(self) -> None:
        """See what is next, once a request was answered."""
        super().on_response_complete()
        self._look()

    def shutdown(self) -> None:
        """Take no other request, and do not wait long for the rest of one."""
        super().shutdown()
        if self.waits:
            self._set(self._phase, LAST_S)

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that is not used any more, whether or not anybody reads what was sent."""
        super().timeout_keep_alive_handler()
        self._look()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP; where an answer has begun, all that is left is to end."""
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            super().send_400_response(msg)
        else:
            self.end()

    def end(self) -> None:
        """Close it at once, whatever is still to be sent."""
        self._set("ended", None)
        self.transport.abort()

    def _look(self) -> None:
        phase = self._phase_now()
        if phase != self._phase and self.open:
            limits = {"new": REQUEST_S, "receiving": REQUEST_S, "answering": ANSWER_S, "closing": CLOSE_S, "idle": None}
            # What is sent after the first silence counts from the opening on.
            if (self._phase, phase) == ("new", "receiving"):
                self._phase = phase
            else:
                self._set(phase, limits[phase])

    def _phase_now(self) -> str:
        if self.transport.is_closing():
            return "closing"
        if self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]:
            return "idle" if self.cycle else "new"
        answered = self.cycle is not None and self.cycle.response_complete
        whole = self.conn.their_state not in {h11.IDLE, h11.SEND_BODY}
        return "answering" if whole and not answered else "receiving"

    def _set(self, phase: str, limit_s: float | None) -> None:
        self._phase, self._since = phase, time.monotonic()
        if self._timer:
            self._timer.cancel()
        self._timer = self.loop.call_later(limit_s, self.end) if limit_s else None


def strict(app: ASGIApp) -> ASGIApp:
    """Refuse a request whose end two readers may see in two places, as one of them may be a proxy before us."""

    async def checked(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and is_ambiguous(scope):
            await send({"type": "http.response.start", "status": 400, "headers": [(b"connection", b"close")]})
            await send({"type": "http.response.body", "body": b""})
            return
        await app(scope, receive, send)

    return checked


def is_ambiguous(scope: Scope) -> bool:
    """Tell whether a request has both a length and chunks, or chunks in a version that knows none."""
    names = [name for name, _value in scope["headers"]]
    chunked = b"transfer-encoding" in names
    return chunked and (b"content-length" in names or scope["http_version"] == "1.0")
