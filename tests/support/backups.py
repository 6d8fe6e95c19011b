"""Back up and restore a test's database."""

from __future__ import annotations

from pathlib import Path

from bot.grammar.calendar.recurrence import next_time
from bot.registry import load
from storage.backup.copy import backup
from storage.backup.restore import restore
from tests.support.cluster import connect


def run(url: str, *statements: str) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    with connect(url) as connection:
        for statement in statements:
            cursor = connection.execute(statement.encode())
            found = cursor.fetchall() if cursor.description else []
    return found


def back_up(url: str, file: Path) -> None:
    backup(url, file, product="0.1.0", progress=lambda _line: None)


def put_back(url: str, file: Path, *, without: tuple[str, ...] = (), login: str | None = None) -> None:
    restore(
        url,
        file,
        load().lines,
        login=login,
        progress=lambda _line: None,
        next_time=next_time,
        without=without,
    )
