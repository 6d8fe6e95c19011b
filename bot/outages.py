"""Wait for a database that can serve, say in a sentence why one never will, and watch whether it still does."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable

from sqlalchemy.exc import SQLAlchemyError

from storage.database import migrate
from storage.database.confinement import DIRECTLY, Unconfined
from storage.database.engine import Database
from storage.database.outages import DatabaseRefused, Outage, outage, refusal, words

log = logging.getLogger(__name__)

LOOK_AGAIN_S = 1.0
WATCH_S = 10.0


def await_database(
    database: Database,
    lines: Iterable[migrate.RevisionLine],
    stopping: threading.Event,
    *,
    waiting: Callable[[], None],
    every_s: float = LOOK_AGAIN_S,
) -> bool:
    """Return once the database can serve; False if told to stop meanwhile. `waiting` is called once if it takes time.

    Raises SchemaBehind, Unconfined or DatabaseRefused where waiting would not help. What is waited for is logged once,
    and again only when it is something else.
    """
    lines, said = list(lines), ""
    while not stopping.is_set():
        try:
            for line in lines:
                migrate.check(database.url, line=line)
            examine(database)
            database.ask()
        except SQLAlchemyError as exc:
            if refused := refusal(exc):
                raise DatabaseRefused(refused) from exc
            if (kind := outage(exc)) is None:
                raise
            if not said:
                waiting()
            if kind != said:
                said = kind
                log.warning("the database %s; nobody is served until it can serve (%s)", kind, words(exc))
            stopping.wait(every_s)
        else:
            if said:
                log.warning("the database serves now")
            return True
    return False


def examine(database: Database) -> None:
    """Raise Unconfined unless the database keeps workspaces apart, and connections last longer than a transaction."""
    if not database.examine() and not database.keeps_sessions():
        raise Unconfined(
            "DATABASE_URL leads to a pooler that gives each transaction another connection (PgBouncer's pool_mode ="
            " transaction), where neither LISTEN nor locks work.",
            DIRECTLY,
        )


def watch(database: Database, stopping: threading.Event, *, every_s: float = WATCH_S) -> None:
    """Look until told to stop whether workspaces are kept apart, and say when what kept the database away is over."""
    trouble: Outage | None = None
    while not stopping.wait(every_s):
        try:
            database.examine()
            database.ask()
        except Exception as exc:
            trouble = outage(exc)
            log.error("nobody is served now", exc_info=exc)
        else:
            if trouble:
                log.warning("the database serves again")
            trouble = None
