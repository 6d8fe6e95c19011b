"""Take REST requests off the wire: who asks, what, and of which version; the event loop never waits for a database."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import re
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from api.calls import Calls, Once, Work
from api.hooks import BODY_LIMIT as HOOK_LIMIT
from api.hooks import Hooks
from api.problems import Answer, HttpProblem, problem_of
from storage.database.engine import Database
from storage.names import short

log = logging.getLogger(__name__)

BODY_LIMIT = 8_000_000
WAITING_A_THREAD = 8
"""So many requests may wait for each thread before others are told to come later."""
T = TypeVar("T")
Json = Mapping[str, Any]

_IDEMPOTENCY = re.compile(r"[\x21-\x7e]{1,200}")


class Door:
    """Run calls in threads of their own, as many as there are connections to the database."""

    def __init__(self, calls: Calls, database: Database, *, threads: int, hooks: Hooks | None = None) -> None:
        self.calls = calls
        self.hooks = hooks
        self._database = database
        self._most = threads * (1 + WAITING_A_THREAD)
        self._inside = 0
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="api")

    async def inside(self, run: Callable[[], T]) -> T:
        """Run something in a thread; raise HttpProblem where too many wait already."""
        if self._inside >= self._most:
            raise HttpProblem("unavailable", "Too many requests wait already.", headers={"retry-after": "1"})
        self._inside += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, run)
        finally:
            self._inside -= 1

    def close(self) -> None:
        """Take nothing more, and close the connections."""
        self._threads.shutdown(wait=False)
        self._database.dispose()


class Incoming:
    """Hold one request, and answer it."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._door: Door = request.app.state.door

    async def answer(self, run: Callable[[Work], Answer], *, doing: str) -> Response:
        """Run a call that needs no body and return its answer."""
        return await self._answer(lambda _body: run, doing)

    async def answer_to(self, run: Callable[..., Answer], *, doing: str) -> Response:
        """Run a call that takes what the body says as `body`."""
        return await self._answer(lambda body: partial(run, body=_parsed(body)), doing, body=True)

    async def _answer(
        self, prepare: Callable[[bytes], Callable[[Work], Answer]], doing: str, *, body: bool = False
    ) -> Response:
        try:
            given = self._request.headers.get("authorization", "")
            calls = self._door.calls
            who = calls.known(given)
            if who is None:
                who = await self._door.inside(partial(calls.identify, given))
            calls.admit(who)
            once = self._once()
            said = await self._body() if body else b""
            if once:
                asked = f"{self._request.method} {self._request.url.path}\n".encode() + said
                once = Once(once.key, hashlib.sha256(asked).hexdigest())
            answer = await self._door.inside(lambda: calls.perform(who, prepare(said), doing=doing, once=once))
        except Exception as exc:
            answer = problem_of(exc, doing).answer()
        return response(answer)

    async def take(self, workspace_id: str, address: str) -> Response:
        """Take a webhook of another program's."""
        try:
            hooks = self._door.hooks
            if hooks is None:
                raise HttpProblem("not-found", "There is nothing at this address.")
            hooks.admit(workspace_id, address)
            raw = await self._read(HOOK_LIMIT)
            headers = {name.lower(): value for name, value in self._request.headers.items()}
            answer = await self._door.inside(partial(hooks.take, workspace_id, address, headers, raw))
        except Exception as exc:
            answer = problem_of(exc, f"hook {address}").answer()
        return response(answer)

    def query(self, *names: str) -> dict[str, str]:
        """Return the query's parameters; raise HttpProblem for one that is unknown or given twice."""
        given = self._request.query_params
        for name, _value in given.multi_items():
            if name not in names or len(given.getlist(name)) > 1:
                detail = "It is given twice." if name in names else "There is no such parameter."
                raise HttpProblem("invalid", f"{short(name, 60)}: {detail}", errors=[(short(name, 60), detail)])
        return dict(given)

    def any_query(self) -> dict[str, str]:
        """Return the query's parameters, the last of those that are given twice."""
        return dict(self._request.query_params)

    @property
    def method(self) -> str:
        """Return the request's method."""
        return self._request.method

    @property
    def version(self) -> str | None:
        """Return the If-Match header."""
        return self._request.headers.get("if-match")

    def _once(self) -> Once | None:
        key = self._request.headers.get("idempotency-key")
        if key is None or self._request.method == "GET":
            return None
        if _IDEMPOTENCY.fullmatch(key) is None:
            detail = "It is 1 to 200 visible characters."
            raise HttpProblem("invalid", f"Idempotency-Key: {detail}", errors=[("Idempotency-Key", detail)])
        return Once(key, "")

    async def _body(self) -> bytes:
        kind = self._request.headers.get("content-type", "").partition(";")[0].strip().casefold()
        if kind != "application/json":
            raise HttpProblem("not-json", "Send application/json.")
        return await self._read(BODY_LIMIT)

    async def _read(self, most: int) -> bytes:
        body = bytearray()
        try:
            async for part in self._request.stream():
                body += part
                if len(body) > most:
                    raise HttpProblem("too-large", f"A body may have {most} bytes.", headers={"connection": "close"})
        except ClientDisconnect:
            raise HttpProblem("malformed", "The body ended too early.") from None
        return bytes(body)


def response(answer: Answer) -> Response:
    """Put an answer on the wire."""
    headers = {"cache-control": "no-store", "content-type": "application/json", **answer.headers}
    body = b"" if answer.body is None else json.dumps(answer.body, ensure_ascii=False).encode("utf-8", "replace")
    return Response(body, answer.status, headers=headers)


def _parsed(body: bytes) -> Json:
    try:
        read = json.loads(body, parse_constant=_refuse, object_pairs_hook=_once_each)
    except (ValueError, RecursionError):
        raise HttpProblem("malformed", "The body is not JSON.") from None
    if not isinstance(read, dict):
        raise HttpProblem("malformed", "The body is to be an object.")
    return read


def _once_each(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; raise HttpProblem where a name comes twice, as readers differ in which of the two holds."""
    read = dict(members)
    if len(read) < len(members):
        (twice, _times), *_ = Counter(name for name, _value in members).most_common(1)
        raise HttpProblem("malformed", f"The body says {short(twice, 60)} twice in one object.")
    return read


def _refuse(constant: str) -> None:
    raise ValueError(constant)
