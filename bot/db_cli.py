"""Give the `rapport db` commands: bring the database up to this version, and look after what is in it."""

from __future__ import annotations

from typing import Annotated

import typer

db = typer.Typer(no_args_is_help=True, help="Look after the database.")


@db.command()
def upgrade() -> None:
    """Bring the database's tables, and those of every plugin, up to this version."""
    from bot.cli import database, migrate_all
    from bot.settings import Settings

    settings = Settings.load(slack=False)
    with database(settings, ready=False) as url:
        migrate_all(settings, url)
    typer.echo("The database is up to date.")


@db.command("drop-plugin")
def drop_plugin(name: str, yes: Annotated[bool, typer.Option(help="Do not ask")] = False) -> None:
    """Delete the tables that a removed plugin left behind, with everything in them."""
    from bot.cli import database
    from bot.settings import Settings
    from storage.migrate import drop

    settings = Settings.load(slack=False)
    if not yes:
        typer.confirm(f"Delete every table of the plugin {name}, and all that is in them?", abort=True)
    with database(settings) as url:
        drop(settings.database_admin_url or url, name)
    typer.echo(f"The tables of {name} are gone.")
