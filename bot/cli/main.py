"""The `rapport` command: run the bot, try the demo, look after the database and the model."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from bot import terminal
from bot.cli.agents import mcp
from bot.cli.archives import export_file
from bot.cli.db import db
from bot.cli.model import model
from bot.cli.new_plugin import new_plugin
from bot.cli.process import database, stop_signals
from bot.cli.setup import setup
from bot.cli.transfer import import_file

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="Rapport, the CRM that lives in Slack.",
)
app.add_typer(db, name="db")
app.add_typer(model, name="model")
app.add_typer(setup, name="setup")
app.command("import")(import_file)
app.command("export")(export_file)
app.command("mcp")(mcp)
app.command("new-plugin")(new_plugin)

# Threads that wait for one another to compare one message with examples take ten times the processor time.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

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
    from storage.database.outages import outage, refusal, words

    kind = outage(exc)
    return refusal(exc) or (f"The database {kind}: {words(exc)}" if kind else None)


def _known_mistakes() -> tuple[type[Exception], ...]:
    """Return what is told as a sentence; asked for once something was raised, as to import it takes a second."""
    from bot.registry import PluginError
    from bot.settings import SettingsError
    from bot.wire.serving import PortTaken
    from storage.database.confinement import Unconfined
    from storage.database.embedded import DirectoryInUse, EmbeddedPostgresError
    from storage.database.grants import NotMended
    from storage.database.migrate import NothingToDrop, RestoreUnfinished, SchemaBehind
    from storage.database.outages import DatabaseRefused

    mistakes = SettingsError, PluginError, PortTaken, DirectoryInUse, EmbeddedPostgresError, SchemaBehind
    return *mistakes, NothingToDrop, Unconfined, DatabaseRefused, NotMended, RestoreUnfinished


@app.command()
def run(
    role: Annotated[str, typer.Option(help="all, slack, worker or api")] = "all",
    only: Annotated[str, typer.Option(help="Nouns that programs get from this process: customers,contacts")] = "",
) -> None:
    """Run the bot: tokens from .env, DATABASE_URL or else the embedded Postgres."""
    from bot.app import Rapport
    from bot.cli.starting import wait_until_ready
    from bot.logs import set_up
    from bot.outages import await_database
    from bot.settings import Settings
    from storage.database.embedded import DirectoryLock

    if role not in ROLES:
        raise typer.BadParameter(f"the role is one of {', '.join(ROLES)}")
    settings = Settings.load({**os.environ, "RAPPORT_ONLY": only} if only else None)
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
    from bot.registry import load
    from bot.settings import Settings
    from bot.slack.manifest import manifest as build

    settings = Settings.load(slack=False)
    http = settings.app_token is None and settings.signing_secret is not None
    built = build(
        load(settings.plugins_off, on=settings.plugins, prefix=settings.command_prefix),
        socket_mode=not http,
        public_url=settings.public_url,
    )
    terminal.data(json.dumps(built, indent=2, ensure_ascii=False))


@app.command()
def doctor() -> None:
    """Check settings, database, locale, migrations, token and scopes, and say what to do about each failure."""
    from bot.cli.doctor import diagnose

    failed = False
    for finding in diagnose():
        failed |= not finding.ok
        terminal.found(finding.name, finding.detail, None if finding.ok else finding.remedy)
    raise typer.Exit(1 if failed else 0)


@app.command()
def docs(folder: Annotated[Path, typer.Argument(help="The docs folder")] = Path("docs")) -> None:
    """Write the command reference, the role matrix and the plugins' pages from what plugins declare."""
    from bot.cli.reference import write
    from bot.registry import bundled, load

    for path in write(load(on=bundled()), folder):
        terminal.say(str(path))


@contextmanager
def _nothing() -> Iterator[None]:
    yield


if __name__ == "__main__":
    main()
