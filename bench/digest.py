"""Measure the database time of a digest over few and over many deals and tickets: `measure()`."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event

from bench import company
from bench.figures import Figure
from storage.database.embedded import EmbeddedPostgres
from storage.database.engine import Database
from storage.digests import metrics
from storage.digests.metrics import Period

SIZES, SIZES_QUICK = (10_000, 1_000_000), (1_000, 5_000)
CUSTOMERS = 1_000
ROUNDS = 7
WEEK = timedelta(days=7)


def measure(sizes: Sequence[int], logs: Path, settings: dict[str, str]) -> tuple[list[Figure], str]:
    """Read everybody's weekly digest over so many deals and as many tickets; return the medians and the version."""
    logs.mkdir(exist_ok=True)
    made: list[Figure] = []
    version = ""
    with EmbeddedPostgres(logs / "postgres", settings=settings) as server:
        admin_url = server.start()
        for size in sizes:
            name = f"digest_{size}"
            with closing(company.connect(admin_url)) as connection:
                connection.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())
            url = company.named(admin_url, name)
            company.fill(url, CUSTOMERS, related=size)
            made.append(Figure("digest_ms", statistics.median(_read(url)), "ms", str(size)))
            version = company.version(url)
    return made, version


def _read(url: str) -> list[float]:
    """Return the milliseconds that the statements of a digest took, of each round but the first, which fills caches."""
    database = Database(url, pool_size=1)
    begun = 0.0
    took: list[float] = []

    def before(*_given: Any) -> None:
        nonlocal begun
        begun = time.perf_counter()

    def after(*_given: Any) -> None:
        took[-1] += 1000 * (time.perf_counter() - begun)

    event.listen(database.engine, "before_cursor_execute", before)
    event.listen(database.engine, "after_cursor_execute", after)
    try:
        for _round in range(ROUNDS + 1):
            took.append(0.0)
            now = datetime.now(UTC)
            with database.transaction(company.TEAM) as session:
                metrics.digest(session, Period(now - WEEK, now), zone="Europe/Berlin")
    finally:
        database.dispose()
    return took[1:]
