"""Give the `rapport db` commands: bring the database up to this version, copy it to a file, and bring it back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot import terminal
from bot.scrub import printable

if TYPE_CHECKING:
    from bot.settings import Settings
    from storage.queues.due import NextTime

db = typer.Typer(no_args_is_help=True, help="Look after the database.")

OWNER = "Name the tables' owner or a superuser in DATABASE_ADMIN_URL (docs/install.md has the roles)."


@db.command()
def upgrade() -> None:
    """Bring the tables, and those of every plugin, up to this version; give roles and grants again that got lost."""
    from bot.cli.process import database, migrate_all
    from bot.settings import Settings

    settings = Settings.load(slack=False)
    with _told(), database(settings, ready=False) as url:
        migrate_all(settings, url)
    terminal.say("The database is up to date.")


@db.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where to write it; only its owner may read it")],
    yes: Annotated[bool, typer.Option("--yes", help="Replace a file of that name without asking")] = False,
) -> None:
    """Copy everything in the database to one file, as it is at this moment; the bot goes on serving."""
    from bot.settings import Settings

    settings = Settings.load(slack=False)
    if file.exists() and not yes:
        typer.confirm(f"Replace {file}?", abort=True)
    with _told(), _admin(settings) as url:
        rows = _back_up(url, file)
    terminal.say(f"{_rows(rows)} are in {file} ({file.stat().st_size:,} bytes).")
    if settings.encryption_keys:
        terminal.say("RAPPORT_ENCRYPTION_KEYS are not in it: keep them too, elsewhere, or tokens cannot be read.")


@db.command()
def restore(
    file: Annotated[Path, typer.Argument(help="What `rapport db backup` wrote")],
    without: Annotated[list[str] | None, typer.Option(help="Leave out the tables of this plugin")] = None,
) -> None:
    """Fill an empty database from a backup, with all the roles and rights it needs; all of it or nothing."""
    from bot.grammar.calendar.recurrence import next_time
    from bot.settings import Settings
    from storage.database.embedded import DirectoryLock, EmbeddedPostgres

    settings = Settings.load(slack=False)
    with _told():
        if settings.database_url:
            url = settings.database_admin_url or settings.database_url
            rows = _restore(settings, url, file, without or [], next_time)
        else:
            with DirectoryLock(settings.data_dir), EmbeddedPostgres(settings.data_dir / "postgres") as server:
                rows = _restore(settings, server.start(), file, without or [], next_time)
    terminal.say(f"{_rows(rows)} are back. `rapport doctor` looks whether all is well; then `rapport run`.")
    terminal.say("Whatever served the old database must not run any more.")


@db.command()
def move() -> None:
    """Copy everything from the embedded database to the empty one in DATABASE_URL; the old one is kept."""
    from bot.settings import Settings
    from storage.backup.file import BackupRefused
    from storage.database.embedded import DirectoryLock, EmbeddedPostgres

    settings = Settings.load(slack=False)
    old = settings.data_dir / "postgres"
    with _told():
        if not settings.database_url:
            raise BackupRefused("Set DATABASE_URL, and DATABASE_ADMIN_URL where its role may not make tables.")
        if not EmbeddedPostgres(old).exists:
            raise BackupRefused(f"There is no embedded database in {settings.data_dir}.")
        file = settings.data_dir / "moving.backup"
        # Held to the end: a bot that went on writing here would write what nobody reads again.
        with DirectoryLock(settings.data_dir):
            try:
                with EmbeddedPostgres(old) as server:
                    _back_up(server.start(), file)
                rows = _restore(settings, settings.database_admin_url or settings.database_url, file, [], None)
            finally:
                file.unlink(missing_ok=True)
    terminal.say(
        f"{_rows(rows)} have moved. `rapport run` serves them as long as DATABASE_URL is set; keep it in .env."
    )
    terminal.say(f"The old database is still in {old}. Without DATABASE_URL it would be served again: move it away.")


@db.command("drop-plugin")
def drop_plugin(name: str, yes: Annotated[bool, typer.Option(help="Do not ask")] = False) -> None:
    """Delete the tables that a removed plugin left behind, with everything in them."""
    from bot.cli.process import database
    from bot.registry import load
    from bot.settings import Settings
    from storage.database import migrate

    settings = Settings.load(slack=False)
    in_use = load(settings.plugins_off, on=settings.plugins).schemas
    with _told(), database(settings, ready=False) as url:
        admin = settings.database_admin_url or url
        migrate.refuse_to_drop(admin, name, in_use=in_use)
        if not yes:
            typer.confirm(printable(f"Delete every table of the plugin {name}, and all that is in them?"), abort=True)
        migrate.drop(admin, name, in_use=in_use)
    terminal.say(f"The tables of {name} are gone.")


@contextmanager
def _told() -> Iterator[None]:
    """Say in a sentence what a database refuses, instead of a traceback."""
    from sqlalchemy.exc import SQLAlchemyError

    from storage.backup.file import BackupRefused
    from storage.database.outages import words
    from storage.errors import INSUFFICIENT_PRIVILEGE, sqlstate

    try:
        yield
    except BackupRefused as exc:
        terminal.say(str(exc), err=True)
    except SQLAlchemyError as exc:
        hint = f" {OWNER}" if sqlstate(exc) == INSUFFICIENT_PRIVILEGE else ""
        terminal.say(f"The database says: {words(exc)}.{hint}", err=True)
    else:
        return
    raise typer.Exit(2)


@contextmanager
def _admin(settings: Settings) -> Iterator[str]:
    """Give the URL of who owns the tables, starting or joining the embedded server where there is no other."""
    from storage.backup.file import BackupRefused
    from storage.database.embedded import EmbeddedPostgres

    if settings.database_url:
        yield settings.database_admin_url or settings.database_url
        return
    server = EmbeddedPostgres(settings.data_dir / "postgres")
    if not server.exists:
        raise BackupRefused(f"There is no database in {settings.data_dir} yet, and DATABASE_URL is not set.")
    with server:
        yield server.start()


def _back_up(url: str, file: Path) -> Mapping[str, int]:
    from importlib.metadata import version

    from storage.backup.copy import backup as write

    return write(url, file, product=version("rapport"), progress=_progress)


def _restore(
    settings: Settings, url: str, file: Path, without: list[str], next_time: NextTime | None
) -> Mapping[str, int]:
    from sqlalchemy import make_url

    from bot.registry import load
    from storage.backup.restore import restore as fill

    login = make_url(settings.database_url or url).username
    # Also of plugins that are switched off: their rows are in the file.
    lines = load().lines
    return fill(url, file, lines, login=login, progress=_progress, next_time=next_time, without=without)


def _progress(line: str) -> None:
    terminal.say(line, err=True)


def _rows(rows: Mapping[str, int]) -> str:
    return f"{sum(rows.values()):,} rows of {len(rows)} tables"
