"""Take Slack's requests over HTTP: verify first, in front of Bolt, then dispatch away from the event loop."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from slack_bolt import App, BoltRequest, BoltResponse
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.requests.dispatcher import Begun, Dispatcher
from bot.wire import bolt
from bot.wire.cleaning import parse

log = logging.getLogger(__name__)

WINDOW_S = 300
BODY_LIMIT = 2_000_000
READ_LIMIT = 8_000_000
"""What is read of a request that is too long to be handled, to know whether Slack sent it."""
SMALL = 65_536
LARGE_TOTAL = 64_000_000
"""What all requests beyond the usual size may hold together before anybody knows whether Slack sent them."""
THREADS = 64


def verified(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Tell whether Slack signed the request within five minutes of now; anything malformed is simply not signed.

    v0 signatures: hex HMAC-SHA256 of `v0:timestamp:body` under the signing secret.
    """
    stamp, signature = headers.get("x-slack-request-timestamp", ""), headers.get("x-slack-signature", "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12 and signature.isascii()):
        return False
    if abs(now - int(stamp)) > WINDOW_S:
        return False
    expected = "v0=" + hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, signature)


class SlackEndpoint:
    """Answer /slack/events.

    Nothing that may wait runs in the event loop: requests are read and begun in threads, those of events apart from
    those of people, and what takes long is waited for in others still. `dropped` counts what nobody can read.
    """

    def __init__(
        self,
        app: App,
        dispatcher: Dispatcher,
        secret: str,
        dropped: Callable[[str, str], None],
        *,
        ready: Callable[[], bool] = lambda: True,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._ready = ready
        self._app = app
        self._dispatcher = dispatcher
        self._secret = secret
        self._dropped = dropped
        self._now = now
        self._large = 0
        self._events = ThreadPoolExecutor(THREADS, thread_name_prefix="slack-event")
        self._people = ThreadPoolExecutor(THREADS, thread_name_prefix="slack-person")
        self._late = ThreadPoolExecutor(THREADS, thread_name_prefix="slack-late")

    async def answer(self, request: Request) -> Response:
        """Answer a request."""
        received = time.monotonic()
        try:
            body = await self._read(request)
        except ClientDisconnect:
            return Response(status_code=400)
        if isinstance(body, Response):
            return body
        if not verified(self._secret, request.headers, body, self._now()):
            log.warning("refused a request that Slack did not sign (%d bytes)", len(body))
            return Response(status_code=401)
        if not self._ready():
            return Response(status_code=503)
        if body.lstrip().startswith(b"{"):
            asked = partial(self._asked, body, request.headers, received, None)
            return _response(await asyncio.get_running_loop().run_in_executor(self._events, asked))
        return _response(await self._interaction(body, request.headers, received))

    def close(self) -> None:
        """Take nothing more."""
        for pool in (self._events, self._people, self._late):
            pool.shutdown(wait=False)

    def _asked(self, body: bytes, headers: Mapping[str, str], received: float, begun: Begun | None) -> BoltResponse:
        """Have Bolt read a request and begin it."""
        try:
            asked = read_body(body.decode("utf-8", "replace")) if len(body) <= BODY_LIMIT else None
        except ValueError:
            asked = None
        if asked is None:
            self._dropped("event" if begun is None else "request", f"{len(body)} bytes that are not what Slack sends")
            # Slack repeats an event that is refused; a person is to see that it failed.
            return BoltResponse(status=200 if begun is None else 400)
        retries = {name: value for name, value in headers.items() if name.startswith("x-slack-retry-")}
        context = {"received": received} | ({"begun": begun} if begun else {})
        return self._app.dispatch(BoltRequest(body=asked, headers=retries, context=context, mode="socket_mode"))  # type: ignore[arg-type]  # Bolt's own types want lists

    async def _interaction(self, body: bytes, headers: Mapping[str, str], received: float) -> BoltResponse:
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[None] = loop.create_future()
        begun = Begun(lambda: _tell(loop, answered))
        first = await loop.run_in_executor(self._people, self._asked, body, headers, received, begun)
        if begun.request is None or begun.ticket is None:
            return first
        timer = loop.call_later(max(0.0, received + self._dispatcher.patience - time.monotonic()), _done, answered)
        await answered
        timer.cancel()
        acknowledge = partial(self._dispatcher.acknowledge, begun.request, begun.ticket, received)
        if begun.ticket.answer is None:
            return bolt.response(await loop.run_in_executor(self._late, acknowledge))
        return bolt.response(acknowledge())

    async def _read(self, request: Request) -> bytes | Response:
        """Read a request's body, or return what to answer to one that is too long or comes at a bad time."""
        body, large = bytearray(), 0
        try:
            async for part in request.stream():
                body += part
                if len(body) > READ_LIMIT:
                    return Response(status_code=413, headers={"connection": "close"})
                if len(body) > SMALL:
                    self._large += len(part)
                    large += len(part)
                if self._large > LARGE_TOTAL:
                    return Response(status_code=503, headers={"connection": "close"})
        finally:
            self._large -= large
        return bytes(body)


def _done(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _tell(loop: asyncio.AbstractEventLoop, future: asyncio.Future[None]) -> None:
    with suppress(RuntimeError):  # the loop has ended, and with it whoever asked
        loop.call_soon_threadsafe(_done, future)


def _response(answer: BoltResponse) -> Response:
    # 500 is a fault of ours. Slack repeats events that get no 200, and people see that it failed.
    status = 503 if answer.status == 500 else answer.status
    return Response(answer.body, status, media_type=answer.first_headers().get("content-type"))


def read_body(text: str) -> dict[str, Any]:
    """Return what Slack's JSON, form or form with a JSON `payload` says; raise ValueError for anything else.

    Not left to Bolt, whose own reading loses a form that says "payload" anywhere in a text.
    """
    if text.lstrip().startswith("{"):
        body = parse(text)
    else:
        form = dict(parse_qsl(text, keep_blank_values=True, strict_parsing=True))
        body = parse(form["payload"]) if "payload" in form else form
    if not isinstance(body, dict):
        raise ValueError("not what Slack sends")
    return body


def web_app(
    slack: Callable[[Request], Any] | None,
    pages: Mapping[str, Callable[[Request], Any]],
    apps: Mapping[str, ASGIApp] | None = None,
) -> ASGIApp:
    """Put Slack's endpoint, where there is one, pages and other apps by their path on one port, and nothing else."""
    routes = [Route(path, page, methods=["GET"]) for path, page in pages.items()]
    if slack:
        routes.append(Route("/slack/events", slack, methods=["POST"]))
    rest = Starlette(routes=routes)

    async def by_path(scope: Scope, receive: Receive, send: Send) -> None:
        # Not by a mount, which redirects the bare path and knows no line breaks in what follows.
        for path, app in (apps or {}).items():
            if f"{scope.get('path', '')}/".startswith(f"{path}/"):
                return await app({**scope, "root_path": path}, receive, send)
        return await rest(scope, receive, send)

    return by_path
