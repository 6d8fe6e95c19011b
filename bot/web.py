"""Take Slack's requests over HTTP: verify first, in front of Bolt, then dispatch away from the event loop."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl

from slack_bolt import App, BoltRequest, BoltResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot import bolt
from bot.dispatch import Begun, Dispatcher
from bot.requests import readable

log = logging.getLogger(__name__)

WINDOW_S = 300
BODY_LIMIT = 2_000_000
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
    """Answer /slack/events. Events are stored in threads of its own; what people do is begun here and done elsewhere.

    What Bolt does in between takes a fraction of a millisecond and asks nobody, so it may do it in the event loop.
    """

    def __init__(
        self,
        app: App,
        dispatcher: Dispatcher,
        secret: str,
        *,
        ready: Callable[[], bool] = lambda: True,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._ready = ready
        self._app = app
        self._dispatcher = dispatcher
        self._secret = secret
        self._now = now
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="slack")

    async def answer(self, request: Request) -> Response:
        """Answer a request."""
        received = time.monotonic()
        body = await _body(request)
        if body is None:
            return Response(status_code=413)
        if not verified(self._secret, request.headers, body, self._now()):
            log.warning("refused a request that Slack did not sign (%d bytes)", len(body))
            return Response(status_code=401)
        if not self._ready():
            return Response(status_code=503)
        try:
            asked = _bolt_request(read_body(body.decode()), request.headers, received)
        except Exception:
            log.warning("refused a signed request that can not be read")
            return Response(status_code=400)
        loop = asyncio.get_running_loop()
        if asked.body.get("type") == "event_callback":
            return _response(await loop.run_in_executor(self._pool, self._app.dispatch, asked))
        return _response(await self._interaction(asked, received))

    def close(self) -> None:
        """Take no more events."""
        self._pool.shutdown(wait=False)

    async def _interaction(self, asked: BoltRequest, received: float) -> BoltResponse:
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[None] = loop.create_future()
        asked.context["begun"] = begun = Begun(lambda: _tell(loop, answered))
        first = self._app.dispatch(asked)
        if begun.request is None or begun.ticket is None:
            return first
        timer = loop.call_later(max(0.0, received + self._dispatcher.patience - time.monotonic()), _done, answered)
        await answered
        timer.cancel()
        if begun.ticket.answer is None:
            return bolt.response(
                await asyncio.to_thread(self._dispatcher.acknowledge, begun.request, begun.ticket, received)
            )
        return bolt.response(self._dispatcher.acknowledge(begun.request, begun.ticket, received))


def _done(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _tell(loop: asyncio.AbstractEventLoop, future: asyncio.Future[None]) -> None:
    with suppress(RuntimeError):  # the loop has ended, and with it whoever asked
        loop.call_soon_threadsafe(_done, future)


async def _body(request: Request) -> bytes | None:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > BODY_LIMIT:
            return None
        parts.append(part)
    return b"".join(parts)


def _bolt_request(body: dict[str, Any], headers: Mapping[str, str], received: float) -> BoltRequest:
    # Read by us, as Bolt's own reading loses a form that says "payload" anywhere in a text.
    retries = {name: value for name, value in headers.items() if name.startswith("x-slack-retry-")}
    return BoltRequest(body=body, headers=retries, context={"received": received}, mode="socket_mode")  # type: ignore[arg-type]  # Bolt's own types want lists


def _response(answer: BoltResponse) -> Response:
    # 500 is a fault of ours. Slack repeats events that get no 200, and people see that it failed.
    status = 503 if answer.status == 500 else answer.status
    return Response(answer.body, status, media_type=answer.first_headers().get("content-type"))


def read_body(text: str) -> dict[str, Any]:
    """Return what Slack's JSON, form or form with a JSON `payload` says; raise ValueError for anything else."""
    if text.startswith("{"):
        body: Any = json.loads(text)
    else:
        form = dict(parse_qsl(text, keep_blank_values=True, strict_parsing=True))
        body = json.loads(form["payload"]) if "payload" in form else form
    if not readable(body):
        raise ValueError("not what Slack sends")
    return dict(body)


def web_app(slack: Callable[[Request], Any] | None, pages: Mapping[str, Callable[[Request], Any]]) -> Starlette:
    """Put Slack's endpoint, where there is one, and pages by their path on one port, and nothing else."""
    routes = [Route(path, page, methods=["GET"]) for path, page in pages.items()]
    if slack:
        routes.append(Route("/slack/events", slack, methods=["POST"]))
    return Starlette(routes=routes)
