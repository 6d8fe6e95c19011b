"""Give `rapport export`, and what `rapport import` does with its archives."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot import terminal

if TYPE_CHECKING:
    from storage.database.engine import Database


def export_file(
    file: Annotated[Path, typer.Argument(help="The archive to write, such as rapport.zip; only its owner may read it")],
    yes: Annotated[bool, typer.Option("--yes", help="Replace a file of that name without asking")] = False,
    workspace: Annotated[str, typer.Option(help="Its id, where there are several")] = "",
) -> None:
    """Take all records out as tables that any program reads, with notes, history, and a README of the format."""
    from bot.cli.process import database, the_workspace
    from bot.registry import load
    from bot.settings import Settings
    from storage.database.engine import Database
    from storage.records import history, schema
    from storage.transfer.exports import asked
    from storage.transfer.exports.archive import write_workspace

    if file.exists() and not yes:
        typer.confirm(f"Replace {file}?", abort=True)
    settings = Settings.load(slack=False)
    registry = load(settings.plugins_off, on=settings.plugins)
    begun = file.with_name(f"{file.name}.part")
    with database(settings) as url:
        opened = Database(url, pool_size=1)
        try:
            with opened.transaction(the_workspace(opened, workspace)) as session:
                schema.see_as(session, None)
                # Only a whole archive takes the place of the one before.
                begun.unlink(missing_ok=True)
                begun.touch(mode=0o600)
                with history.recording(session, actor_id=None, source="terminal"):
                    written = write_workspace(session, registry.declarations(session), begun)
                    asked.tell_admins(session, "workspace", sum(written.values()), form="zip", words="")
            begun.replace(file)
        finally:
            opened.dispose()
            begun.unlink(missing_ok=True)
    terminal.table([("File", "rows"), *((name, f"{count:,}") for name, count in written.items())])
    terminal.say(f"They are in {file} ({file.stat().st_size:,} bytes).")


def bring_archive(database: Database, workspace: str, admin_url: str, file: Path, *, ask: bool, dry: bool) -> None:
    """Bring a whole workspace in, in one transaction."""
    from sqlalchemy import create_engine, make_url

    from storage.records import schema
    from storage.transfer import archives

    admin = create_engine(make_url(admin_url).set(drivername="postgresql+psycopg"))
    try:
        with database.transaction(workspace) as session:
            schema.see_as(session, None)
            brought = archives.bring_in(session, file)
            rows = [(name, f"{count:,}") for name, count in brought.rows.items() if count]
            terminal.table([("Table", "rows"), *rows])
            if dry:
                session.rollback()
                return
            if ask:
                typer.confirm(f"Bring this into the empty workspace {workspace}?", abort=True)
            archives.advance(admin, brought)
    finally:
        admin.dispose()
    terminal.say(f"The workspace {brought.workspace} is here, with its numbers and its history.")
