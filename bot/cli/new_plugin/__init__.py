"""Write the files of a new plugin: a noun, a command, a job, a table, a test and a project that can be published."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from pathlib import Path
from string import Template, ascii_uppercase
from typing import Annotated

import typer

from bot import terminal

_FILES = Path(__file__).parent / "files"


def new_plugin(
    name: Annotated[str, typer.Argument(help="The noun, one word: visit")],
    folder: Annotated[Path, typer.Argument(help="Where to put the plugin's folder")] = Path(),
) -> None:
    """Write a working plugin with a noun called NAME, a command, a job and a test."""
    target = folder / f"rapport-{name}s"
    if target.exists():
        raise typer.BadParameter(f"{target} is there already")
    for path, text in files(name).items():
        file = target / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    terminal.say(f"{target} is written. Try it: cd {target} && python -m pytest")


def files(name: str) -> Mapping[str, str]:
    """Return the files of a plugin with a noun of this name, by their paths; raise BadParameter for no word."""
    if not re.fullmatch(r"[a-z][a-z0-9]{1,30}", name) or keyword.iskeyword(name):
        raise typer.BadParameter("a noun is one word of small letters, such as visit")
    words = {
        "noun": name,
        "Noun": name.capitalize(),
        "nouns": f"{name}s",
        "Nouns": f"{name}s".capitalize(),
        "letter": _letter(name),
        "package": f"rapport_{name}s",
    }
    _refuse_taken(words["nouns"], name)
    return {
        _path(file, words): Template(file.read_text("utf-8")).substitute(words)
        for file in sorted(_FILES.rglob("*.txt"))
    }


def _path(file: Path, words: Mapping[str, str]) -> str:
    path = file.relative_to(_FILES).as_posix().removesuffix(".txt")
    return path.replace("PACKAGE", words["package"]).replace("NOUN", words["nouns"])


def _letter(name: str) -> str:
    """Return the first letter of a word that no noun has, or else the first of the alphabet."""
    from bot.registry import load

    taken = set(load().references.values())
    return next(one for one in name.upper() + ascii_uppercase if one in ascii_uppercase and one not in taken)


def _refuse_taken(plugin: str, noun: str) -> None:
    from bot.registry import load

    registry = load()
    if plugin in registry.plugins or noun in registry.reserved():
        raise typer.BadParameter(f"Rapport has something called {noun} already")
