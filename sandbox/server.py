"""Serve a sandbox on one port: Web API, sockets, response URLs, control API and the page."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from uvicorn.protocols.http.h11_impl import H11Protocol

from sandbox.content import files
from sandbox.control.api import ControlApi
from sandbox.control.client import Control, Person
from sandbox.response_urls import serve_response_url
from sandbox.seed import read_seed, sow
from sandbox.web_api import WebApi
from sandbox.wire.core import Core
from sandbox.world.persistence import Keeper
from sandbox.world.workspace import Json, Workspace

PAGE = Path(__file__).parent / "page"
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class _TrackedProtocol(H11Protocol):
    """Remember each connection's transport, so that a fault can reset it in mid-request."""

    transports: dict[tuple[str, int, int], asyncio.Transport] = {}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn narrows it alike
        super().connection_made(transport)
        self._address = (*transport.get_extra_info("peername")[:2], transport.get_extra_info("sockname")[1])
        self.transports[self._address] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.transports.pop(self._address, None)
        super().connection_lost(exc)


def reset_connection(address: tuple[str, int, int]) -> None:
    """Close the connection of a client's host and port to a server's port with a TCP reset."""
    transport = _TrackedProtocol.transports.get(address)
    if transport is None:
        return
    raw = transport.get_extra_info("socket")
    with contextlib.suppress(OSError):
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def freeze_connection(address: tuple[str, int, int]) -> None:
    """Read no more of what a client sends, and leave its connection open."""
    transport = _TrackedProtocol.transports.get(address)
    if transport is not None:
        transport.pause_reading()


class _Page(StaticFiles):
    """Serve the page, which may load nothing from elsewhere and is asked for anew after an upgrade."""

    def file_response(self, *args: Any, **named: Any) -> Response:
        response = super().file_response(*args, **named)
        response.headers.update(PAGE_HEADERS)
        return response


class _Server(uvicorn.Server):
    """Let go of streams and waiting requests before connections are awaited."""

    def __init__(self, config: uvicorn.Config, core: Core) -> None:
        super().__init__(config)
        self._core = core

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._core.stopping.set()
        self._core.world.workspace.changes.bump()
        await super().shutdown(sockets)


class Sandbox:
    """Run one sandbox in a thread of this process; `url` is its address while it runs."""

    def __init__(
        self, port: int = 0, data: Path | None = None, seed: Path | Json | None = None, host: str = "127.0.0.1"
    ) -> None:
        self.port = port
        self.host = host
        self.data = data
        self.workspace = Workspace()
        self.core = Core(self.workspace)
        self._keeper = Keeper(self.core.world, data) if data is not None else None
        kept = self._keeper is not None and self._keeper.load()
        if seed is not None and not kept:
            sow(self.workspace, read_seed(seed) if isinstance(seed, Path) else seed)
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._started = threading.Event()
        self._socket: socket.socket | None = None

    @property
    def url(self) -> str:
        """Return the address of the page; the Web API is below `/api/`."""
        return self.core.world.base_url

    @property
    def control(self) -> Control:
        """Return the client of the control API."""
        return Control(self.url)

    def person(self, user_id: str) -> Person:
        """Return someone to act as."""
        return self.control.person(user_id)

    def start(self) -> "Sandbox":
        """Serve in a thread until `stop`; returns once it answers."""
        self._prepare()
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)
        self._thread.start()
        if not self._started.wait(10):
            raise RuntimeError("the sandbox did not start within 10 s")
        return self

    def serve(self) -> None:
        """Serve in this thread until a signal."""
        self._prepare()
        self._run()

    def stop(self) -> None:
        """Stop serving and keep the state."""
        if self._server is not None:
            self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(10)

    def __enter__(self) -> "Sandbox":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _prepare(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((self.host, self.port))
        self._socket.listen(256)
        self.port = self._socket.getsockname()[1]
        # A server that listens everywhere ("0.0.0.0") is still best called by an address that means this machine.
        shown = self.host if self.host.strip("0.") else "127.0.0.1"
        self.core.world.base_url = f"http://{shown}:{self.port}"

    def _run(self) -> None:
        config = uvicorn.Config(
            self._app(),
            http=_TrackedProtocol,
            ws="websockets-sansio",
            loop="asyncio",
            log_config=None,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        self._server = _Server(config, self.core)
        assert self._socket is not None
        self._server.run(sockets=[self._socket])

    @contextlib.asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        self.core.cut_connection = reset_connection
        self.core.freeze_connection = freeze_connection
        self.core.events.resume()
        if self._keeper is not None:
            self._keeper.start()
        self._started.set()
        yield
        await self.core.events.stop()
        if self._keeper is not None:
            await self._keeper.stop()
        self.core.courier.http.close()

    def _app(self) -> Starlette:
        web_api = WebApi(self.core)

        async def response_url(request: Request) -> Response:
            return await serve_response_url(self.core, request)

        async def upload(request: Request) -> Response:
            return await files.take(self.core, request)

        async def picture(request: Request) -> Response:
            return await files.show(self.core, request)

        async def private(request: Request) -> Response:
            return await files.give(self.core, request)

        routes: list[Any] = [
            Route("/files-pri/{id}/{name}", private),
            Route("/upload/{id}", upload, methods=["POST"]),
            Route("/files/{id}", picture),
            Route("/api/{method}", web_api.serve, methods=["GET", "POST"]),
            Route("/response/{id}", response_url, methods=["POST"]),
            WebSocketRoute("/link/", self.core.courier.sockets.serve),
            *ControlApi(self.core).routes(),
        ]
        if PAGE.is_dir():
            routes.append(Mount("/", _Page(directory=PAGE, html=True)))
        return Starlette(routes=routes, lifespan=self._lifespan)
