"""Give the `rapport setup` commands: carry how a workspace is set up to another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot import terminal

if TYPE_CHECKING:
    from bot.registry import Registry
    from storage.database.engine import Database
    from storage.templates import Surroundings

setup = typer.Typer(no_args_is_help=True, help="Carry how a workspace is set up to another.")
SOURCE = "rapport setup"


@contextmanager
def _opened(workspace: str) -> Iterator[tuple[Database, Registry, str]]:
    from bot.cli.process import database, the_workspace
    from bot.registry import load
    from bot.settings import Settings
    from storage.database.engine import Database
    from storage.errors import CrmError

    settings = Settings.load(slack=False)
    with database(settings) as url:
        opened = Database(url, pool_size=1)
        try:
            yield opened, load(settings.plugins_off, on=settings.plugins), the_workspace(opened, workspace)
        except CrmError as wrong:
            terminal.say(f"{wrong} {wrong.hint.format(**wrong.params) if wrong.hint else ''}".strip(), err=True)
            raise typer.Exit(2) from None
        finally:
            opened.dispose()


@setup.command()
def save(
    file: Annotated[Path, typer.Argument(help="The file to write, such as team.yaml")],
    workspace: Annotated[str, typer.Option(help="Its id, where there are several")] = "",
) -> None:
    """Write fields, kinds of records, pipelines, statuses, tiers, replies and promises to a file."""
    from storage import templates as setups

    if file.exists():
        typer.confirm(f"Replace {file}?", abort=True)
    with _opened(workspace) as (opened, _registry, own), opened.transaction(own) as session:
        file.write_text(setups.save(session), "utf-8")
    terminal.say(f"Written to {file}.")


@setup.command()
def apply(
    file: Annotated[Path, typer.Argument(help="A file of `rapport setup save`", exists=True, dir_okay=False)],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask")] = False,
    workspace: Annotated[str, typer.Option(help="Its id, where there are several")] = "",
) -> None:
    """Show what a file would add to a workspace, ask, and add it as one change."""
    from storage import templates as setups
    from storage.records import history

    with _opened(workspace) as (opened, registry, own):
        read = setups.read(file.read_text("utf-8-sig", errors="replace"))
        known = surroundings(registry)
        with opened.transaction(own) as session:
            changes = setups.preview(session, read, known)
            session.rollback()
        if all(line.startswith(setups.LEFT_OUT) for line in changes):
            terminal.say("\n".join(changes))
            terminal.say("Everything is there already: nothing would change.")
            return
        terminal.say("\n".join(changes))
        if not yes:
            typer.confirm("Add this?", abort=True)
        with opened.transaction(own) as session, history.recording(session, actor_id=None, source=SOURCE):
            setups.apply(session, read, known)
        terminal.say("Added.")


def surroundings(registry: Registry) -> Surroundings:
    """Return what says which words mean something already in commands, and which categories there are."""
    from bot.kit import categories
    from storage.records.schema import of
    from storage.templates import Surroundings

    return Surroundings(lambda session, noun: registry.within(of(session)).reserved(noun), categories.taken)
