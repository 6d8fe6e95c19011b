"""Declare what the rows of a table may be that are no records: what people did about records, or are to do.

They are declared as nouns are, so that their columns are guessed, shown, corrected and read in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from storage.records.declaration import Declaration
from storage.records.fields import LinkField, LongTextField, MomentField, PersonField, RecordField, TextField
from storage.records.named import Named
from storage.workspace.members import Role

ACTIVITY, TASK = "activity", "task"
PLURALS: Mapping[str, str] = {
    ACTIVITY: "Notes and activities",
    "call": "Calls",
    "meeting": "Meetings",
    "email": "E-mails",
    TASK: "Tasks",
}
"""What the rows are, all of them: of `activity`, each says itself what it is, and is a note where it does not."""
ABOUT = "@about"
"""The column that says what a row is about, whatever noun that is: by number elsewhere, reference or name."""
_LAST = ("ticket", "deal", "contact", "customer")
"""Of several records that a row names, it is about the one that says most: none of these, else the first of them."""


def with_activities(nouns: Mapping[str, Declaration]) -> dict[str, Declaration]:
    """Return these nouns, and what else the rows of a table may be that are about their records."""
    fields = _fields(nouns)
    return {**nouns, **{key: _declared(key, fields) for key in PLURALS if key not in nouns}}


def is_activity(declaration: Declaration) -> bool:
    """Tell whether rows are about records, and none themselves."""
    return issubclass(declaration.model, _Row)


def subjects(declaration: Declaration) -> list[LinkField]:
    """Return the fields that say what a row is about, the one that says most first."""
    return [one for one in declaration.fields if isinstance(one, LinkField)]


class _Row:
    """Stand for the model of rows that are none of ours: no table has them."""

    __setting__ = False
    __letter__ = ""
    __owner__ = None


def _declared(key: str, fields: tuple[RecordField, ...]) -> Declaration:
    model = cast("type[Named]", type(key, (_Row,), {"__noun__": key}))
    # Who may change what a row is about may say so; each row is asked.
    return Declaration(model, key, PLURALS[key], Role.VIEWER, fields)


def _fields(nouns: Mapping[str, Declaration]) -> tuple[RecordField, ...]:
    own: tuple[RecordField, ...] = (
        LongTextField(key="name", label="Subject"),
        TextField(key="type", label="Type"),
        MomentField(key="at", label="When"),
        TextField(key="status", label="Status"),
        PersonField(key="person", label="Person"),
    )
    taken = {one.key for one in own}
    about = [one for one in nouns.values() if not one.is_setting and one.key not in taken]
    about.sort(key=lambda one: _LAST.index(one.key) if one.key in _LAST else -1)
    return (*own, *(_link(one) for one in about))


def _link(noun: Declaration) -> LinkField:
    found: Any = noun.resolve
    return LinkField(key=noun.key, label=noun.label, to=noun.model, resolve=found)
