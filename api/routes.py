"""Take REST requests off the wire: who asks, what, and of which version; the event loop never waits for a database."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from api import records
from api.calls import Calls, Once, Work
from api.problems import Answer, HttpProblem, problem_of
from storage.database.engine import Database

log = logging.getLogger(__name__)

BODY_LIMIT = 8_000_000
WAITING_A_THREAD = 8
"""So many requests may wait for each thread before others are told to come later."""
T = TypeVar("T")
Json = Mapping[str, Any]

_IDEMPOTENCY = re.compile(r"[\x21-\x7e]{1,200}")


class Door:
    """Run calls in threads of their own, as many as there are connections to the database."""

    def __init__(self, calls: Calls, database: Database, *, threads: int) -> None:
        self.calls = calls
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

    def query(self, *names: str) -> dict[str, str]:
        """Return the query's parameters; raise HttpProblem for one that is unknown or given twice."""
        given = self._request.query_params
        for name, _value in given.multi_items():
            if name not in names or len(given.getlist(name)) > 1:
                detail = "It is given twice." if name in names else "There is no such parameter."
                raise HttpProblem("invalid", f"{name[:60]}: {detail}", errors=[(name[:60], detail)])
        return dict(given)

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
        body = bytearray()
        try:
            async for part in self._request.stream():
                body += part
                if len(body) > BODY_LIMIT:
                    raise HttpProblem(
                        "too-large", f"A body may have {BODY_LIMIT} bytes.", headers={"connection": "close"}
                    )
        except ClientDisconnect:
            raise HttpProblem("malformed", "The body ended too early.") from None
        return bytes(body)


One = Annotated[Incoming, Depends(Incoming)]
router = APIRouter(prefix="/v1")


@router.get("/records/{noun}")
async def listed(asked: One, noun: str) -> Response:
    """List records."""

    def run(work: Work) -> Answer:
        query = asked.query("filter", "sort", "cursor", "limit")
        text = {"filters": query.get("filter", ""), "sort": query.get("sort", ""), "cursor": query.get("cursor", "")}
        return records.listed(work, noun, **text, limit=_limit(query.get("limit")))

    return await asked.answer(run, doing=f"list {noun}")


@router.post("/records/{noun}")
async def added(asked: One, noun: str) -> Response:
    """Add a record."""
    return await asked.answer_to(partial(records.added, noun=noun), doing=f"add {noun}")


@router.post("/records/{noun}/bulk")
async def added_many(asked: One, noun: str) -> Response:
    """Add up to 1,000 records."""
    return await asked.answer_to(partial(records.added_many, noun=noun), doing=f"add {noun}")


@router.get("/records/{noun}/{reference}")
async def got(asked: One, noun: str, reference: str) -> Response:
    """Get a record."""
    return await asked.answer(partial(records.got, noun=noun, reference=reference), doing=f"get {noun}")


@router.patch("/records/{noun}/{reference}")
async def changed(asked: One, noun: str, reference: str) -> Response:
    """Change a record that is still at the version named by If-Match."""
    run = partial(records.changed, noun=noun, reference=reference, version=asked.version)
    return await asked.answer_to(run, doing=f"change {noun}")


@router.post("/records/{noun}/{reference}/archive")
async def archived(asked: One, noun: str, reference: str) -> Response:
    """Archive a record."""
    run = partial(records.archived, noun=noun, reference=reference, version=asked.version)
    return await asked.answer(run, doing=f"archive {noun}")


@router.post("/records/{noun}/{reference}/restore")
async def restored(asked: One, noun: str, reference: str) -> Response:
    """Bring an archived record back."""
    run = partial(records.archived, noun=noun, reference=reference, version=asked.version, back=True)
    return await asked.answer(run, doing=f"restore {noun}")


@router.post("/records/{noun}/{reference}/merge")
async def merged(asked: One, noun: str, reference: str) -> Response:
    """Merge a record into another."""
    run = partial(records.merged, noun=noun, reference=reference, version=asked.version)
    return await asked.answer_to(run, doing=f"merge {noun}")


def rest_app(door: Door) -> FastAPI:
    """Return the app that answers below /api."""
    app = FastAPI(title="Rapport", openapi_url=None, docs_url=None, redoc_url=None)
    app.state.door = door
    app.include_router(router)
    app.add_exception_handler(HttpProblem, _told)
    app.add_exception_handler(HTTPException, _not_here)
    return app


def response(answer: Answer) -> Response:
    """Put an answer on the wire."""
    headers = {"cache-control": "no-store", "content-type": "application/json", **answer.headers}
    body = b"" if answer.body is None else json.dumps(answer.body, ensure_ascii=False).encode("utf-8", "replace")
    return Response(body, answer.status, headers=headers)


async def _told(_request: Request, exc: Exception) -> Response:
    return response(problem_of(exc, "a request").answer())


async def _not_here(_request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    if exc.status_code == 405:
        return response(HttpProblem("not-allowed", "Use another method.", headers=exc.headers).answer())
    return response(HttpProblem("not-found", "There is nothing at this address.").answer())


def _limit(typed: str | None) -> int:
    if typed is None:
        return records.PAGE
    if not (typed.isascii() and typed.isdecimal() and len(typed) < 6 and 0 < int(typed) <= records.MOST):
        detail = f"It is 1 to {records.MOST}."
        raise HttpProblem("invalid", f"limit: {detail}", errors=[("limit", detail)])
    return int(typed)


def _parsed(body: bytes) -> Json:
    try:
        read = json.loads(body, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise HttpProblem("malformed", "The body is not JSON.") from None
    if not isinstance(read, dict):
        raise HttpProblem("malformed", "The body is to be an object.")
    return read


def _refuse(constant: str) -> None:
    raise ValueError(constant)
