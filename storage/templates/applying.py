"""Apply a set-up to a workspace, or say what that would change."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import yaml
from sqlalchemy.orm import Session

from storage import events
from storage.database.engine import SCHEMA_VERSION
from storage.records import schema
from storage.templates.parts import Surroundings, at
from storage.templates.reading import FilePart
from storage.templates.sections import SECTIONS

VERSION = 1


class _Rehearsed(Exception):
    """End a rehearsal: nothing of it stays."""


def save(session: Session) -> str:
    """Return how the workspace is set up as a file that `apply` takes."""
    schema.see_as(session, None)
    saved: dict[str, Any] = {"rapport": VERSION}
    for name, section in SECTIONS.items():
        if found := section.save(session):
            saved[name] = found
    return yaml.safe_dump(saved, sort_keys=False, allow_unicode=True, width=120)


def apply(session: Session, setup: FilePart, known: Surroundings) -> list[str]:
    """Add to a workspace what a set-up has and it lacks, and return what was changed, a line each.

    What is there already stays, so that to apply one twice changes nothing. Raises Invalid naming the line.
    """
    schema.see_as(session, None)
    setup.only("rapport", *SECTIONS)
    if setup.number("rapport") != VERSION:
        raise setup.fault("this must begin with rapport: {version}.", version=VERSION)
    changed: list[str] = []
    for name, section in SECTIONS.items():
        if (part := setup.get(name)) is not None:
            with at(part):
                changed += section.apply(session, part, known)
    return changed


def preview(session: Session, setup: FilePart, known: Surroundings) -> list[str]:
    """Return what `apply` would change, and change nothing; raises as it does."""
    before = {key: session.info.get(key) for key in (SCHEMA_VERSION, schema.KNOWN)}
    changed: list[str] = []
    try:
        with session.begin_nested():
            changed += apply(session, setup, known)
            session.flush()
            raise _Rehearsed
    except _Rehearsed:
        events.drain(session)
        session.info.update(before)
        session.expire_all()
    return changed


def ready() -> dict[str, str]:
    """Return the set-ups that come with Rapport, each file by its name."""
    folder = files("storage.templates") / "ready"
    return {
        one.name.removesuffix(".yaml"): one.read_text("utf-8")
        for one in sorted(folder.iterdir(), key=lambda one: one.name)
        if one.name.endswith(".yaml")
    }
