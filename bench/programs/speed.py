"""Measure how fast the API lists, finds and adds, beside bare FastAPI on the same database."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bench import company, servers
from bench.company import TEAM
from bench.figures import Figure, percentile
from storage.database.embedded import EmbeddedPostgres
from storage.database.engine import Database
from storage.workspace import api_keys
from storage.workspace.members import Role

CALLERS = 4
BULK = 1_000
APPS = ("rapport", "bare")


@dataclass(frozen=True, slots=True)
class Much:
    """Say how much to measure: so many customers, rounds, requests of each kind a round, and rows in bulk."""

    customers: int
    rounds: int
    requests: int
    bulk: int = BULK


FULL = Much(1_000_000, rounds=8, requests=200)
QUICK = Much(2_000, rounds=2, requests=40, bulk=50)


@dataclass(frozen=True, slots=True)
class Asked:
    """Hold one request."""

    method: str
    path: str
    body: Any = None


def measure(much: Much, data: Path, logs: Path, postgres: Mapping[str, str]) -> tuple[list[Figure], str]:
    """Ask both the same in alternating rounds; return the figures and Postgres' version."""
    logs.mkdir(exist_ok=True)
    with EmbeddedPostgres(data / "postgres", settings=dict(postgres)) as server:
        url = company.databases(server.start(), [much.customers])[much.customers]
        typed = [text for _kind, text in company.questions(url, much.customers, much.requests)["find_typo"]]
        secret = _key(url)
        with _apps(url, data, logs) as ports:
            found = _rounds(much, ports, secret, [text.removeprefix("find ") for text in typed])
        return list(_figures(much, found)), company.version(url)


def _key(url: str) -> str:
    database = Database(url, pool_size=1)
    try:
        with database.transaction(TEAM) as session:
            _made, secret = api_keys.make(
                session,
                name=f"bench {time.time()}",
                scopes=["*:*"],
                role=Role.ADMIN,
                expires_at=datetime.now(UTC) + timedelta(days=1),
            )
        return secret
    finally:
        database.dispose()


@contextmanager
def _apps(url: str, data: Path, logs: Path) -> Iterator[dict[str, int]]:
    with servers.sandbox(logs) as slack:
        settings = {"RAPPORT_API_PER_MINUTE": "1000000", **servers.INSTALLED}
        port = servers.free_port()
        bare = {"DATABASE_URL": url, "PORT": str(port), "CONNECTIONS": str(servers.POOL), "TEAM": TEAM}
        with (
            servers.rapport(url, slack, data, logs, role="api", installed=settings) as ours,
            servers.running(["-m", "bench.programs.bare"], logs, bare | servers.own_code()) as process,
        ):
            ours.wait_until_ready()
            servers.App(port, process, f"http://127.0.0.1:{port}/").wait_until_ready()
            yield {"rapport": ours.port, "bare": port}


def _rounds(
    much: Much, ports: Mapping[str, int], secret: str, typed: Sequence[str]
) -> dict[tuple[str, str], list[float]]:
    """Return the milliseconds of each request, by kind and app; a bulk's are those of a row."""
    found: dict[tuple[str, str], list[float]] = {}
    for number in range(much.rounds + 1):
        for app in APPS if number % 2 else APPS[::-1]:
            for kind, asked in _requests(app, much, number, typed).items():
                took, each = _play(ports[app], secret, asked)
                # The first round warms up.
                if number:
                    rows = much.bulk if kind == "bulk" else 1
                    found.setdefault((kind, app), []).extend([one / rows for one in each])
                    found.setdefault((f"{kind} s", app), []).append(took / (len(asked) * rows))
    return found


def _requests(app: str, much: Much, number: int, typed: Sequence[str]) -> dict[str, list[Asked]]:
    ours = app == "rapport"
    names = [f"Bench {app} {number} {one}" for one in range(much.requests)]
    rows = [f"Bulk {app} {number} {one}" for one in range(much.bulk)]
    if ours:
        lists = Asked("GET", "/api/v1/records/customer?limit=50")
        finds = [Asked("GET", f"/api/v1/search?nouns=customer&limit=10&q={quote(text)}") for text in typed]
        adds = [Asked("POST", "/api/v1/records/customer", {"fields": {"name": name}}) for name in names]
        bulk = Asked("POST", "/api/v1/records/customer/bulk", {"records": [{"fields": {"name": row}} for row in rows]})
    else:
        lists = Asked("GET", "/customers")
        finds = [Asked("GET", f"/search?q={quote(text)}") for text in typed]
        adds = [Asked("POST", "/customers", {"name": name}) for name in names]
        bulk = Asked("POST", "/customers/bulk", {"names": rows})
    return {"list": [lists] * much.requests, "search": finds, "create": adds, "bulk": [bulk]}


def _play(port: int, secret: str, asked: Sequence[Asked]) -> tuple[float, list[float]]:
    """Send requests from several callers, each on one connection; return the seconds, and each one's milliseconds."""
    shares = [asked[number::CALLERS] for number in range(min(CALLERS, len(asked)))]
    begun = time.perf_counter()
    with ThreadPoolExecutor(CALLERS) as callers:
        told = list(callers.map(lambda share: _caller(port, secret, share), shares))
    return time.perf_counter() - begun, [one for each in told for one in each]


def _caller(port: int, secret: str, asked: Sequence[Asked]) -> list[float]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    headers = {"authorization": f"Bearer {secret}", "content-type": "application/json"}
    each = []
    for one in asked:
        body = None if one.body is None else json.dumps(one.body)
        begun = time.perf_counter()
        connection.request(one.method, one.path, body, headers)
        answer = connection.getresponse()
        said = answer.read()
        each.append((time.perf_counter() - begun) * 1000)
        if answer.status >= 300:
            raise RuntimeError(f"{one.method} {one.path} was answered with {answer.status}: {said[:200]!r}")
    connection.close()
    return each


def _figures(much: Much, found: Mapping[tuple[str, str], list[float]]) -> Iterator[Figure]:
    at = f"{much.customers} customers"
    for kind in ("list", "search"):
        ours, floor = (percentile(found[kind, app], 0.5) for app in APPS)
        yield Figure(f"api_{kind}_p50", ours, "ms", at, floor)
    for kind, name in (("create", "api_create_per_s"), ("bulk", "api_bulk_rows_per_s")):
        ours, floor = (1 / percentile(found[f"{kind} s", app], 0.5) for app in APPS)
        yield Figure(name, ours, "1/s", at, floor)
