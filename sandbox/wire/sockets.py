"""Speak Socket Mode with apps: hello, envelopes, acknowledgements, disconnects."""

import asyncio
import contextlib
import itertools
import json
import uuid
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from sandbox.world.in_flight import World
from sandbox.world.workspace import App, Json

MAX_SOCKETS = 10


class SocketHub:
    """Hold the open sockets of every app and send each envelope to one of them in turn."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tickets: dict[str, str] = {}
        self._open: dict[str, list[WebSocket]] = {}
        self._waiting: dict[str, tuple[WebSocket, asyncio.Future[Any]]] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._turn = itertools.count()
        self.silent = False

    def url_for(self, app: App) -> str:
        """Return a one-time WebSocket address for `apps.connections.open`."""
        ticket = uuid.uuid4().hex
        self._tickets[ticket] = app.id
        return f"{self._world.base_for(app.id).replace('http', 'ws', 1)}/link/?ticket={ticket}&app_id={app.id}"

    def count(self, app_id: str) -> int:
        """Return how many sockets an app has open."""
        return len(self._open.get(app_id, []))

    @property
    def in_flight(self) -> int:
        """Return how many envelopes have been sent and are not acknowledged."""
        return len(self._waiting)

    async def serve(self, socket: WebSocket) -> None:
        """Keep one socket from hello to its end."""
        app_id = self._tickets.pop(socket.query_params.get("ticket", ""), "")
        if not app_id:
            await socket.close(4004)
            return
        await socket.accept()
        if self.count(app_id) >= MAX_SOCKETS:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets", "debug_info": {}})
            await socket.close()
            return
        mine = self._open.setdefault(app_id, [])
        mine.append(socket)
        await socket.send_json(
            {
                "type": "hello",
                "num_connections": len(mine),
                "debug_info": {"host": "sandbox", "build_number": 1, "approximate_connection_time": 18060},
                "connection_info": {"app_id": app_id},
            }
        )
        self._world.workspace.changes.bump()
        try:
            while True:
                self._take(socket, await socket.receive_text())
        except (WebSocketDisconnect, RuntimeError):
            pass
        finally:
            self._forget(app_id, socket)
            for envelope, (carrier, future) in list(self._waiting.items()):
                if carrier is socket and not future.done():
                    future.set_exception(ConnectionError("the socket closed before the acknowledgement"))
                    self._waiting.pop(envelope, None)
            self._world.workspace.changes.bump()

    def _take(self, socket: WebSocket, text: str) -> None:
        with contextlib.suppress(ValueError):
            frame = json.loads(text)
            carrier, future = self._waiting.get(frame.get("envelope_id", ""), (None, None))
            # What came by one socket is acknowledged over that one.
            if carrier is socket and future is not None and not future.done():
                future.set_result(frame.get("payload"))

    async def send(self, app: App, kind: str, payload: Json, retry: int, reason: str) -> Any:
        """Send one envelope and return the acknowledgement's payload; raises ConnectionError without a socket."""
        sockets = self._open.get(app.id, [])
        if not sockets:
            raise ConnectionError("no socket is open")
        socket = sockets[next(self._turn) % len(sockets)]
        envelope: Json = {
            "envelope_id": str(uuid.uuid4()),
            "type": kind,
            "accepts_response_payload": kind != "events_api",
            "payload": payload,
        }
        if kind == "events_api":
            envelope |= {"retry_attempt": retry, "retry_reason": reason}
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[envelope["envelope_id"]] = (socket, future)
        try:
            if not self.silent:
                # Escaped, as half of a pair has no place in UTF-8.
                await socket.send_text(json.dumps(envelope))
            return await future
        except (WebSocketDisconnect, RuntimeError) as error:
            raise ConnectionError("the socket is gone") from error
        finally:
            self._waiting.pop(envelope["envelope_id"], None)

    def _forget(self, app_id: str, socket: WebSocket) -> None:
        if socket in self._open[app_id]:
            self._open[app_id].remove(socket)

    async def disconnect(self, app_id: str, reason: str, close: bool = True, after: float = 0.0) -> int:
        """Tell every socket of an app to go (`warning`, `refresh_requested`, `link_disabled`), then close it.

        Slack closes about ten seconds after it said so; `after` is how many it takes here.
        """
        sockets = list(self._open.get(app_id, []))
        for socket in sockets:
            if reason:
                with contextlib.suppress(WebSocketDisconnect, RuntimeError):
                    await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}})
        if close and after:
            task = asyncio.create_task(self._close_later(app_id, sockets, after))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
        elif close:
            await self._close(app_id, sockets)
        return len(sockets)

    async def _close_later(self, app_id: str, sockets: list[WebSocket], after: float) -> None:
        await asyncio.sleep(after)
        await self._close(app_id, sockets)

    async def _close(self, app_id: str, sockets: list[WebSocket]) -> None:
        for socket in sockets:
            # Nothing more is sent there, even before the client has answered the close.
            self._forget(app_id, socket)
            with contextlib.suppress(WebSocketDisconnect, RuntimeError):
                await socket.close()

    def addresses(self, app_id: str) -> list[tuple[str, int, int]]:
        """Return the client's host and port, and the server's port, of each open socket of an app."""
        found = self._open.get(app_id, [])
        return [(one.client.host, one.client.port, one.scope["server"][1]) for one in found if one.client]
