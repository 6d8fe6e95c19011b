"""Answer probes and metrics: is this process alive, can it serve, and what has it counted.

Alive never depends on Postgres or Slack: restarting a process mends neither. Able to serve depends on the database,
asked from a thread of its own, so that a probe never waits for it, and on what else the process says it needs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

PING_EVERY_S = 1.0
SLOW_PING_S = 2.0
STALE_PING_S = 5.0


class Pulse:
    """Remember when something last happened, such as a tick of the scheduler."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = clock()

    def beat(self) -> None:
        """Note that it happens now."""
        self._last = self._clock()

    def age(self) -> float:
        """Return the seconds since it last happened, or since this was made."""
        return self._clock() - self._last


@dataclass(frozen=True)
class _Watch:
    name: str
    age: Callable[[], float | None]
    limit_s: float


@dataclass(frozen=True)
class _Ping:
    at: float
    took_s: float
    error: str


class Health:
    """Hold what the probes look at. `ping` is a database round trip that raises when it fails; `explain` says why.

    It is first called when someone first asks for readiness, and then every second until `drain`.
    """

    def __init__(
        self,
        *,
        ping: Callable[[], None],
        explain: Callable[[Exception], str] = lambda exc: type(exc).__name__,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ping = ping
        self._explain = explain
        self._clock = clock
        self._watches: list[_Watch] = []
        self._needs: dict[str, Callable[[], str]] = {}
        self._last: _Ping | None = None
        self._draining = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def watch(self, name: str, age: Callable[[], float | None], limit_s: float) -> None:
        """Count the process as dead once `age()` is above the limit, in seconds; None means not applicable now."""
        self._watches.append(_Watch(name, age, limit_s))

    def need(self, name: str, missing: Callable[[], str]) -> None:
        """Count the process as not ready while `missing()` says what it lacks; it answers at once, without secrets."""
        self._needs[name] = missing

    def drain(self) -> None:
        """Answer from now on that the process is not ready, while it finishes its work."""
        self._draining.set()

    def live(self) -> dict[str, str]:
        """Return what is wrong with the process itself, by name; nothing when it is alive."""
        found = {}
        for watch in self._watches:
            age = watch.age()
            if age is not None and age > watch.limit_s:
                found[watch.name] = f"last seen {age:.0f} s ago, expected within {watch.limit_s:.0f} s"
        return found

    def ready(self) -> dict[str, str]:
        """Return why the process cannot serve now, by name; nothing when it can."""
        if self._draining.is_set():
            return {"process": "is stopping"}
        found = {name: why for name, missing in self._needs.items() if (why := missing())}
        if why := self._database():
            found["database"] = why
        return found

    def _database(self) -> str:
        last = self._last
        self._start()
        if last is None:
            return "not asked yet"
        if last.error:
            return last.error
        if last.took_s > SLOW_PING_S:
            return f"answered after {last.took_s:.1f} s"
        if (age := self._clock() - last.at) > STALE_PING_S:
            return f"has not answered for {age:.0f} s"
        return ""

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._keep_asking, name="readiness", daemon=True)
                self._thread.start()

    def _keep_asking(self) -> None:
        while not self._draining.is_set():
            began = self._clock()
            error = ""
            try:
                self._ping()
            except Exception as exc:  # any failure means the same: not ready
                # Never in the database's own words, which may hold addresses and values.
                error = self._explain(exc)
            self._last = _Ping(self._clock(), self._clock() - began, error)
            self._draining.wait(PING_EVERY_S)


def health_app(health: Health, registry: CollectorRegistry) -> Starlette:
    """Return the app with /livez, /readyz and /metrics. All answer from memory, in the event loop."""

    async def livez(_request: Request) -> Response:
        return _answer(health.live())

    async def readyz(_request: Request) -> Response:
        return _answer(health.ready())

    async def metrics(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(registry), headers={"content-type": content_type})

    return Starlette(routes=[Route("/livez", livez), Route("/readyz", readyz), Route("/metrics", metrics)])


def _answer(problems: dict[str, str]) -> Response:
    if problems:
        return JSONResponse({"status": "failing", **problems}, status_code=503)
    return JSONResponse({"status": "ok"})
