"""Give commands what a process needs: its database, and word of when to stop."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from bot import terminal

if TYPE_CHECKING:
    from bot.settings import Settings
    from storage.database.engine import Database


@contextmanager
def database(settings: Settings, *, ready: bool = True) -> Iterator[str]:
    """Give the database's URL: the external one, checked, or the embedded one, started and migrated."""
    from bot.registry import load
    from storage.database import migrate
    from storage.database.embedded import EmbeddedPostgres

    if settings.database_url:
        if ready:
            for line in load(settings.plugins_off, on=settings.plugins).lines:
                migrate.check(settings.database_url, line=line)
        yield settings.database_url
        return
    with EmbeddedPostgres(settings.data_dir / "postgres") as server:
        url = server.start()
        server.supervise()
        migrate_all(settings, url)
        yield url


def migrate_all(settings: Settings, url: str) -> None:
    """Migrate every line as the admin; the application's login may then act as the application's role."""
    from sqlalchemy import make_url

    from bot.registry import load
    from storage.database import migrate

    admin = settings.database_admin_url or url
    for line in load(settings.plugins_off, on=settings.plugins).lines:
        migrate.upgrade(admin, line=line, login=make_url(url).username)


def stop_signals() -> threading.Event:
    """Return what is set by Ctrl-C and SIGTERM; a second signal does no harm.

    A handler in Python runs when the main thread next comes to it: too late for a wait that has just begun, and in the
    midst of one it may wait for a lock of its own. So a thread hears of signals from the interpreter itself.
    """
    stopping = threading.Event()
    heard, tells = socket.socketpair()
    tells.setblocking(False)
    signal.set_wakeup_fd(tells.fileno())
    ends = (signal.SIGINT, signal.SIGTERM)
    for number in ends:
        signal.signal(number, lambda _number, _frame: None)

    def hear() -> None:
        with heard, tells:
            # Each signal that has a handler in Python is told, by its number.
            while number := heard.recv(1):
                if number[0] in ends:
                    stopping.set()

    threading.Thread(target=hear, name="signals", daemon=True).start()
    return stopping


def the_workspace(database: Database, wanted: str) -> str:
    """Return the id of the workspace that is meant; raise Exit where that is not clear."""
    from storage.database.engine import EVERY_WORKSPACE
    from storage.workspace import workspaces

    with database.transaction(EVERY_WORKSPACE) as session:
        known = list(workspaces.installed(session))
    if wanted in known or (not wanted and len(known) == 1):
        return wanted or known[0]
    said = f"There are {', '.join(known)}: say which with --workspace." if known else "No workspace uses Rapport yet."
    terminal.say(said, err=True)
    raise typer.Exit(2)
