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
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from slack_bolt import App, BoltRequest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from bot.requests import readable

if TYPE_CHECKING:
    from starlette.types import ASGIApp

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


def slack_endpoint(
    app: App, secret: str, *, now: Callable[[], float] = time.time
) -> tuple[Callable[[Request], Any], ThreadPoolExecutor]:
    """Return the handler of /slack/events and the pool it dispatches in."""
    pool = ThreadPoolExecutor(THREADS, thread_name_prefix="slack")

    async def endpoint(request: Request) -> Response:
        received = time.monotonic()
        body = await _body(request)
        if body is None:
            return Response(status_code=413)
        if not verified(secret, request.headers, body, now()):
            log.warning("refused a request that Slack did not sign (%d bytes)", len(body))
            return Response(status_code=401)
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return Response(status_code=400)
        return await _run(pool, lambda: _dispatch(app, text, request.headers, received))

    return endpoint, pool


async def _body(request: Request) -> bytes | None:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > BODY_LIMIT:
            return None
        parts.append(part)
    return b"".join(parts)


async def _run(pool: ThreadPoolExecutor, work: Callable[[], Response]) -> Response:
    return await asyncio.get_running_loop().run_in_executor(pool, work)


def _dispatch(app: App, text: str, headers: Mapping[str, str], received: float) -> Response:
    try:
        # Read here, as Bolt's own reading loses a form that says "payload" anywhere in a text.
        request = BoltRequest(
            body=read_body(text),
            headers={name: value for name, value in headers.items() if name.startswith("x-slack-retry-")},
            context={"received": received},
            mode="socket_mode",
        )
    except Exception:
        log.warning("refused a signed request that can not be read")
        return Response(status_code=400)
    answer = app.dispatch(request)
    # A fault of ours. Slack repeats events that get no 200, and people see that it failed.
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


def web_app(
    health: ASGIApp, slack: Callable[[Request], Any] | None, pages: Mapping[str, Callable[[Request], Any]]
) -> Starlette:
    """Put Slack's endpoint, where there is one, pages by their path, and the health endpoints on one port."""
    routes: list[BaseRoute] = [Route(path, page, methods=["GET"]) for path, page in pages.items()]
    routes.append(Mount("/", app=health))
    if slack:
        routes.insert(0, Route("/slack/events", slack, methods=["POST"]))
    return Starlette(routes=routes)
