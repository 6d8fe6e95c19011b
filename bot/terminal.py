"""Print for whoever runs a command: scrubbed as the log is, and as it stands, whatever brackets are in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import typer

from bot.scrub import printable

if TYPE_CHECKING:
    from rich.console import Console


def say(text: str, *, err: bool = False, quotes: bool = False) -> None:
    """Print a text for people, perhaps one that `quotes` a file of theirs."""
    typer.echo(printable(text, quotes=quotes), err=err)


def data(text: str) -> None:
    """Print what a program reads, as it is."""
    typer.echo(text)


def beside() -> Console:
    """Return what is written beside a command's answer: how far it is."""
    from rich.console import Console

    return Console(stderr=True)


def found(name: str, detail: str, remedy: str | None = None) -> None:
    """Print how one thing is, and with a `remedy` that it is not well and what to do."""
    from rich.console import Console
    from rich.text import Text

    mark = ("✓", "green") if remedy is None else ("✗", "red")
    line = Text.assemble(mark, " ", (printable(name), "bold"), "  ", printable(detail))
    Console().print(line)
    if remedy is not None:
        Console().print(Text(f"  → {printable(remedy)}"))


def table(rows: Iterable[Sequence[str]], *, quotes: bool = False) -> None:
    """Print rows below the first, which names the columns; they may be ones that quote a file of the reader's."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    head, *rest = rows
    shown = Table(*head)
    for row in rest:
        shown.add_row(*(Text(printable(cell, quotes=quotes)) for cell in row))
    Console().print(shown)
