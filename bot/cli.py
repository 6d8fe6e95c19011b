"""The `rapport` command: run the bot, try the demo, look after the database and the model."""

from __future__ import annotations

import json
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot import terminal
from bot.db_cli import db
from bot.model_cli import model

if TYPE_CHECKING:
    from bot.settings import Settings

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="Rapport, the CRM that lives in Slack.",
)
app.add_typer(db, name="db")
app.add_typer(model, name="model")

ROLES = ("all", "slack", "worker", "api")


def main() -> None:
    """Run the command line; a known mistake is a sentence and exit code 2, anything else a traceback, scrubbed."""
    try:
        app()
    except Exception as exc:
        said = str(exc) if isinstance(exc, _known_mistakes()) else _said_of_the_database(exc)
        if said is not None:
            terminal.say(said, err=True)
            sys.exit(2)
        terminal.say("".join(traceback.format_exception(exc)).rstrip(), err=True)
        sys.exit(1)


def _said_of_the_database(exc: Exception) -> str | None:
    from storage.outages import outage, refusal, words

    kind = outage(exc)
    return refusal(exc) or (f"The database {kind}: {words(exc)}" if kind else None)


def _known_mistakes() -> tuple[type[Exception], ...]:
    """Return what is told as a sentence; asked for once something was raised, as to import it takes a second."""
    from bot.registry import PluginError
    from bot.serving import PortTaken
    from bot.settings import SettingsError
    from storage.confinement import Unconfined
    from storage.embedded import DirectoryInUse, EmbeddedPostgresError
    from storage.grants import NotMended
    from storage.migrate import NothingToDrop, RestoreUnfinished, SchemaBehind
    from storage.outages import DatabaseRefused

    mistakes = SettingsError, PluginError, PortTaken, DirectoryInUse, EmbeddedPostgresError, SchemaBehind
    return *mistakes, NothingToDrop, Unconfined, DatabaseRefused, NotMended, RestoreUnfinished


@app.command()
def run(role: Annotated[str, typer.Option(help="all, slack, worker or api")] = "all") -> None:
    """Run the bot: tokens from .env, DATABASE_URL or else the embedded Postgres."""
    from bot.app import Rapport
    from bot.logs import set_up
    from bot.outages import await_database
    from bot.settings import Settings
    from bot.starting import wait_until_ready
    from storage.embedded import DirectoryLock

    if role not in ROLES:
        raise typer.BadParameter(f"the role is one of {', '.join(ROLES)}")
    settings = Settings.load()
    set_up(settings.log_level)
    with (
        DirectoryLock(settings.data_dir) if not settings.database_url else _nothing(),
        database(settings, ready=False) as url,
    ):
        stopping = stop_signals()
        bot = Rapport(settings, url, role=role)
        bot.open()
        try:
            if await_database(bot.database, bot.registry.lines, stopping, waiting=bot.refuse):
                bot.begin()
                bot.keep_what_is_loaded()
                if wait_until_ready(bot.health.ready, stopping, terminal.say):
                    terminal.say(f"Rapport is running (port {settings.port}); Ctrl-C stops it.")
                stopping.wait()
        finally:
            bot.stop()


@app.command()
def demo(
    port: Annotated[int, typer.Option(help="Where the sandbox workspace is shown")] = 3000,
    fresh: Annotated[bool, typer.Option(help="Begin again with the sample data")] = False,
) -> None:
    """Try everything without Slack: a sandbox workspace, sample data, and the bot."""
    from bot.demo import run_demo

    run_demo(Path(".rapport/demo"), port=port, fresh=fresh, stopping=stop_signals())


@app.command()
def manifest() -> None:
    """Print the app manifest to paste into Slack (api.slack.com/apps > Create New App > From a manifest)."""
    from bot.manifest import manifest as build
    from bot.registry import load
    from bot.settings import Settings

    settings = Settings.load(slack=False)
    http = settings.app_token is None and settings.signing_secret is not None
    built = build(
        load(settings.plugins_off, prefix=settings.command_prefix),
        socket_mode=not http,
        public_url=settings.public_url,
    )
    terminal.data(json.dumps(built, indent=2, ensure_ascii=False))


@app.command()
def doctor() -> None:
    """Check settings, database, locale, migrations, token and scopes, and say what to do about each failure."""
    from bot.doctor import diagnose
    from bot.registry import load

    failed = False
    for finding in diagnose():
        failed |= not finding.ok
        terminal.found(finding.name, finding.detail, None if finding.ok else finding.remedy)
    terminal.say("Plugins: " + ", ".join(load().plugins))
    raise typer.Exit(1 if failed else 0)


@app.command()
def docs(folder: Annotated[Path, typer.Argument(help="The docs folder")] = Path("docs")) -> None:
    """Write the command reference, the role matrix and the plugins' pages from what plugins declare."""
    from bot.reference import write
    from bot.registry import load

    for path in write(load(), folder):
        terminal.say(str(path))


@contextmanager
def database(settings: Settings, *, ready: bool = True) -> Iterator[str]:
    """Give the database's URL: the external one, checked, or the embedded one, started and migrated."""
    from bot.registry import load
    from storage import migrate
    from storage.embedded import EmbeddedPostgres

    if settings.database_url:
        if ready:
            for line in load(settings.plugins_off).lines:
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
    from storage import migrate

    admin = settings.database_admin_url or url
    for line in load(settings.plugins_off).lines:
        migrate.upgrade(admin, line=line, login=make_url(url).username)


def stop_signals() -> threading.Event:
    """Return what is set by Ctrl-C and SIGTERM; a second signal does no harm."""
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stopping.set())
    return stopping


@contextmanager
def _nothing() -> Iterator[None]:
    yield


if __name__ == "__main__":
    main()
