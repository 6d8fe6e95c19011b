"""Describe a part of a set-up: how it is saved, how it is applied, and what it comes into."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from storage.errors import CrmError
from storage.records.declaration import Declaration
from storage.templates.reading import FilePart

LEFT_OUT = "! "
"""Begins the line of what a set-up has and a workspace has no place for."""


@dataclass(frozen=True)
class Surroundings:
    """Say what is there already that a set-up does not name.

    `reserved` returns the words that no field of a noun may have as its key; without a noun, those that begin commands.
    `categories` returns key and name of every category of messages.
    """

    reserved: Callable[[Session, Declaration | None], Collection[str]]
    categories: Callable[[Session], Mapping[str, str]]


@dataclass(frozen=True)
class SetupSection:
    """Say how a part of a set-up is saved, None or nothing where there is none, and how it is applied."""

    save: Callable[[Session], Any]
    apply: Callable[[Session, FilePart, Surroundings], list[str]]


@contextmanager
def at(part: FilePart) -> Iterator[None]:
    """Name the line in whatever is wrong."""
    try:
        yield
    except CrmError as error:
        if str(error).startswith("Line "):
            raise
        hint = f" {error.hint.format(**error.params)}" if error.hint else ""
        raise part.fault("{why}", why=f"{error}{hint}") from None
