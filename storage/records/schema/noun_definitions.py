"""Make nouns of a workspace's own, rename them, retire them and bring them back."""

from __future__ import annotations

import re
import string
from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.database.engine import current_workspace, lock_until_end
from storage.errors import Conflict, Invalid, NotFound
from storage.names import check_name, name_key, short
from storage.records.history import current_actor
from storage.records.named import moment
from storage.records.schema.definition_rows import NounRow
from storage.records.schema.field_definitions import KEY_LIMIT, key_for
from storage.records.schema.workspace_schema import of
from storage.workspace.members import Role

MOST_NOUNS = 20
LABEL_LIMIT = 40
_WORD = re.compile(r"[^\W\d_][\w-]*")


def define(
    session: Session,
    *,
    name: str,
    plural: str = "",
    key: str = "",
    letter: str = "",
    role: Role = Role.REP,
    reserved: Collection[str] = (),
) -> NounRow:
    """Make a noun; `reserved` are the words that begin commands already, `role` is whose its records are to change.

    Key, plural and letter are made of the name where they are left out. Raises Invalid naming what cannot be, Conflict
    for a word or a letter in use and for a noun too many.
    """
    lock_until_end(session, f"schema {current_workspace(session)}")
    name = _check_label(name, "name")
    known = all_rows(session)
    if sum(row.retired_at is None for row in known) >= MOST_NOUNS:
        raise Conflict("You may have up to {most} kinds of records of your own.", most=MOST_NOUNS)
    row = NounRow(
        workspace_id=current_workspace(session),
        key=_check_key(key or key_for(name), known, reserved, field="key" if key else "name"),
        name=name,
        plural=_check_label(plural or f"{name}s", "plural"),
        letter=_letter(session, letter, name, known),
        role=role.value,
        created_by=current_actor(session),
    )
    session.add(row)
    session.flush()
    return row


def change(
    session: Session, row: NounRow, *, name: str | None = None, plural: str | None = None, role: Role | None = None
) -> NounRow:
    """Change what is given of a noun; its word and letter stay, as people have written them down."""
    if name is not None:
        row.name = _check_label(name, "name")
    if plural is not None:
        row.plural = _check_label(plural, "plural")
    if role is not None:
        row.role = role.value
    session.flush()
    return row


def retire(session: Session, row: NounRow) -> bool:
    """Take a noun out of use and return whether it was in use; its records are kept."""
    if row.retired_at is not None:
        return False
    row.retired_at = moment()
    session.flush()
    return True


def restore(session: Session, row: NounRow) -> bool:
    """Bring a retired noun back with its records, and return whether it was retired."""
    if row.retired_at is None:
        return False
    lock_until_end(session, f"schema {current_workspace(session)}")
    if sum(one.retired_at is None for one in all_rows(session)) >= MOST_NOUNS:
        raise Conflict("You may have up to {most} kinds of records of your own.", most=MOST_NOUNS)
    row.retired_at = None
    session.flush()
    return True


def all_rows(session: Session) -> list[NounRow]:
    """Return every noun of the workspace's own, those in use first, each in the order they were made."""
    return list(session.scalars(select(NounRow).order_by(NounRow.retired_at.is_not(None), NounRow.id)))


def get(session: Session, noun_id: int) -> NounRow:
    """Return a noun by its number; raise NotFound if there is none."""
    row = session.get(NounRow, (current_workspace(session), noun_id))
    if row is None:
        raise NotFound("There is no such kind of record any more.")
    return row


def called(session: Session, typed: str) -> NounRow:
    """Return the noun that a person means by its word, name or plural; raise NotFound naming those there are."""
    wanted = name_key(typed)
    rows = all_rows(session)
    for row in rows:
        if wanted in {row.key, name_key(row.name), name_key(row.plural)}:
            return row
    raise NotFound(
        "You have made no kind of record called {name}.",
        field="noun",
        hint="There are {names}." if rows else "Make one: `/crm noun add {name}`.",
        name=short(typed) or "-",
        names=", ".join(row.key for row in rows),
    )


def _check_label(typed: str, field: str) -> str:
    label = check_name(typed, field=field)
    if len(label) > LABEL_LIMIT:
        raise Invalid(
            "The {name} may have up to {limit} characters; this one has {length}.",
            field=field,
            typed=typed,
            name=field,
            limit=LABEL_LIMIT,
            length=len(label),
        )
    return label


def _check_key(typed: str, known: list[NounRow], reserved: Collection[str], *, field: str) -> str:
    key = name_key(typed)
    if not _WORD.fullmatch(key) or len(key) > KEY_LIMIT:
        raise Invalid(
            "{word} cannot begin a command.",
            field=field,
            typed=typed,
            hint="Use one word that begins with a letter: contract, site-visit.",
            word=short(typed) or "-",
        )
    if key in {row.key for row in known} or key in reserved:
        raise Conflict(
            "{word} means something else in commands, or did.", field=field, word=key, hint="Choose another word."
        )
    return key


def _letter(session: Session, typed: str, name: str, known: list[NounRow]) -> str:
    taken = {*of(session).letters.values(), *(row.letter for row in known)}
    letter = typed.strip().upper()
    if letter and letter not in set(string.ascii_uppercase):
        raise Invalid("References begin with one letter from A to Z.", field="letter", typed=typed)
    if letter in taken:
        free = " ".join(one for one in string.ascii_uppercase if one not in taken)
        raise Conflict("{letter} is in use.", field="letter", letter=letter, hint="Free are {free}.", free=free)
    for one in f"{letter}{name.upper()}{string.ascii_uppercase}":
        if one in set(string.ascii_uppercase) - taken:
            return one
    raise Conflict("All letters are in use.", field="letter")
