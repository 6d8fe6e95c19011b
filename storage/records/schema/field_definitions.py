"""Define the fields that a workspace gives to nouns, change them, retire them and bring them back.

Values stand under a field's number, so that a new name or key changes no record, and one that is retired loses nothing.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.database.engine import current_workspace, lock_until_end
from storage.errors import Conflict, Invalid, NotFound
from storage.names import check_name, check_note, choice_key, name_key, short
from storage.records.declaration import Declaration
from storage.records.history import current_actor
from storage.records.named import moment
from storage.records.schema import TYPES, FieldRow, whole
from storage.records.values import shift
from storage.workspace.members import Role

MOST_FIELDS = 50
MOST_CHOICES = 200
LINKS = frozenset({"record", "person"})
"""The types of which a value is somebody or something, that may be gone when a record begins."""
MOST_DECIMALS = 4
CHOICE = "~"
"""What is stored of a choice begins so, and no name of one does: what people type is never taken for it."""
KEY_LIMIT = 40
HINT_LIMIT = 150
_KEY = re.compile(r"[^\W\d_][\w-]*")


def key_for(name: str) -> str:
    """Return the key that people type for a field of this name: its letters and digits, `_` between words."""
    return re.sub(r"[^\w-]+", "_", name_key(name)).strip("_-")[:KEY_LIMIT].strip("_-")


def define(
    session: Session,
    noun: Declaration,
    *,
    name: str,
    type: str,
    key: str = "",
    required: bool = False,
    hint: str = "",
    choices: Sequence[str] = (),
    links_to: str = "",
    seen_by: Collection[Role] = (),
    decimals: int = MOST_DECIMALS,
    reserved: Collection[str] = (),
) -> FieldRow:
    """Give a noun a field; `reserved` are the keys that mean something else in its commands.

    One that is `seen_by` some roles is kept from all others, and from channels.

    Raises Invalid naming what cannot be, Conflict for a key or a name in use and for a field too many.
    """
    # One at a time, so that two admins cannot make one key or the fifty-first field between them.
    lock_until_end(session, f"schema {current_workspace(session)}")
    name = check_name(name)
    if type not in TYPES:
        types = ", ".join(TYPES)
        raise Invalid(
            "{type} is no type of field.", field="type", hint="There are {types}.", type=short(type), types=types
        )
    live = live_rows(session, noun.key)
    if len(live) >= MOST_FIELDS:
        raise Conflict(
            "A noun may have up to {most} fields of your own.", most=MOST_FIELDS, hint="Retire one that nobody uses."
        )
    checked = _check_key(session, noun, key or key_for(name), reserved, field="key" if key else "name")
    _refuse_name(session, noun, name)
    row = FieldRow(
        workspace_id=current_workspace(session),
        noun=noun.key,
        key=checked,
        name=name,
        type=type,
        required=required,
        place=max((one.place for one in live), default=0) + 1,
        hint=_check_hint(hint),
        choices=new_choices([], choices) if type == "choice" else [],
        links_to=links_to or None if type == "record" else None,
        seen_by=sorted(seen_by),
        decimals=_check_decimals(decimals) if type == "number" else 0,
        created_by=current_actor(session),
    )
    if type == "record" and not links_to:
        raise Invalid("Say which records it links to.", field="links_to")
    session.add(row)
    session.flush()
    return row


def change(
    session: Session,
    row: FieldRow,
    noun: Declaration,
    *,
    name: str | None = None,
    key: str | None = None,
    required: bool | None = None,
    hint: str | None = None,
    choices: Sequence[str] | None = None,
    seen_by: Collection[Role] | None = None,
    decimals: int | None = None,
    reserved: Collection[str] = (),
) -> FieldRow:
    """Change what is given of a field; raise as `define` does.

    A choice that is left out is not offered any more, and stays with the records that have it.
    """
    lock_until_end(session, f"schema {current_workspace(session)}")
    if name is not None and name.strip() != row.name:
        name = check_name(name)
        if name_key(name) != name_key(row.name):
            _refuse_name(session, noun, name)
        row.name = name
    if key is not None and name_key(key) != row.key:
        row.key = _check_key(session, noun, key, reserved, field="key")
    if required is not None:
        row.required = required
    if hint is not None:
        row.hint = _check_hint(hint)
    if decimals is not None and row.type == "number" and decimals != row.decimals:
        row.decimals = _check_decimals(decimals)
        shift(session, row.model, row.id, decimals)
    if seen_by is not None:
        row.seen_by = sorted(seen_by)
    if choices is not None and row.type == "choice":
        row.choices = new_choices(row.choices, choices)
    session.flush()
    return row


def begin_with(session: Session, row: FieldRow, value: Any) -> FieldRow:
    """Let records begin with a value of a field, or with None without one; raise Invalid for what is none of it."""
    if value is not None and row.type in LINKS:
        raise Invalid("Records cannot begin with one.", field="default")
    field = whole(session).by_id[row.id]
    try:
        row.begins = None if value is None else field.to_json(field.checked(session, value))
    except Invalid as error:
        raise error.on_field("default") from None
    session.flush()
    return row


def rename_choice(session: Session, row: FieldRow, was: str, name: str) -> FieldRow:
    """Give a choice another name, which every record that has it shows from then on; raise NotFound or Conflict."""
    offered = row.offered
    key = next((key for key, known in offered.items() if choice_key(known) == choice_key(was)), None)
    if key is None:
        raise NotFound(
            "{name} has no choice {choice}.",
            hint="There are {choices}.",
            name=row.name,
            choice=short(was),
            choices=", ".join(offered.values()),
        )
    name = _choice_name(name)
    if any(choice_key(known) == choice_key(name) and other != key for other, known, *_dropped in row.choices):
        raise Conflict("{name} has the choice {choice} already.", name=row.name, choice=name, field="choices")
    row.choices = [[other, name if other == key else known, *rest] for other, known, *rest in row.choices]
    session.flush()
    return row


def retire(session: Session, row: FieldRow) -> bool:
    """Take a field out of use and return whether it was in use; records keep their values of it."""
    if row.retired_at is not None:
        return False
    row.retired_at = moment()
    session.flush()
    return True


def restore(session: Session, row: FieldRow, noun: Declaration, *, reserved: Collection[str] = ()) -> bool:
    """Bring a retired field back with its values, and return whether it was retired; raise as `define` does."""
    if row.retired_at is None:
        return False
    lock_until_end(session, f"schema {current_workspace(session)}")
    _check_key(session, noun, row.key, reserved, field="key")
    if len(live_rows(session, noun.key)) >= MOST_FIELDS:
        raise Conflict("A noun may have up to {most} fields of your own.", most=MOST_FIELDS)
    row.retired_at = None
    session.flush()
    return True


def move(session: Session, row: FieldRow, *, up: bool) -> bool:
    """Change places with the field before, or with the one after; return whether there is one."""
    lock_until_end(session, f"schema {current_workspace(session)}")
    live = live_rows(session, row.noun)
    at = next(at for at, one in enumerate(live) if one.id == row.id)
    other = at - 1 if up else at + 1
    if not 0 <= other < len(live):
        return False
    live[at], live[other] = live[other], live[at]
    for place, one in enumerate(live, start=1):
        one.place = place
    session.flush()
    return True


def live_rows(session: Session, noun: str) -> list[FieldRow]:
    """Return the fields in use that a workspace gave to a noun, in their order."""
    mine = select(FieldRow).where(FieldRow.noun == noun, FieldRow.retired_at.is_(None))
    return list(session.scalars(mine.order_by(FieldRow.place, FieldRow.id)))


def retired_rows(session: Session, noun: str) -> list[FieldRow]:
    """Return the fields that were retired of a noun, the last one first."""
    mine = select(FieldRow).where(FieldRow.noun == noun, FieldRow.retired_at.is_not(None))
    return list(session.scalars(mine.order_by(FieldRow.retired_at.desc())))


def get(session: Session, field_id: int) -> FieldRow:
    """Return a field by its number; raise NotFound if there is none."""
    row = session.get(FieldRow, (current_workspace(session), field_id))
    if row is None:
        raise NotFound("There is no such field any more.")
    return row


def called(session: Session, noun: Declaration, typed: str, *, retired: bool = False) -> FieldRow:
    """Return the field that a person means by its key or name; raise NotFound naming those there are."""
    rows = retired_rows(session, noun.key) if retired else live_rows(session, noun.key)
    wanted = name_key(typed)
    found = [row for row in rows if wanted in {row.key, name_key(row.name)}]
    if found:
        return found[0]
    if wanted in {field.key for field in noun.fields if not field.custom_id}:
        raise Invalid("{name} comes with Rapport and cannot be changed.", name=typed, field="field")
    raise NotFound(
        "There is no field {name}.",
        field="field",
        hint="There are {names}." if rows else None,
        name=typed,
        names=", ".join(row.key for row in rows),
    )


def _check_key(session: Session, noun: Declaration, typed: str, reserved: Collection[str], *, field: str) -> str:
    key = name_key(typed)
    if not _KEY.fullmatch(key) or len(key) > KEY_LIMIT:
        raise Invalid(
            "{key} cannot be typed before a colon.",
            field=field,
            typed=typed,
            hint="A key is one word that begins with a letter: competitor, contract_value.",
            key=short(typed) or "-",
        )
    if key in {one.key for one in whole(session).extend(noun).fields}:
        raise Conflict("There is a field {key} already.", field=field, key=key, hint="Give it another name or key.")
    if key in reserved:
        raise Conflict(
            "{key} means something else in commands.", field=field, key=key, hint="Give it a key of its own."
        )
    return key


def _refuse_name(session: Session, noun: Declaration, name: str) -> None:
    if any(name_key(one.label) == name_key(name) for one in whole(session).extend(noun).fields):
        raise Conflict("There is a field called {name} already.", field="name", name=name)


def _check_decimals(decimals: int) -> int:
    if not 0 <= decimals <= MOST_DECIMALS:
        raise Invalid("A number may have up to {most} decimals.", field="decimals", most=MOST_DECIMALS)
    return decimals


def _check_hint(hint: str) -> str | None:
    if not hint.strip():
        return None
    checked = check_note(hint, field="hint")
    if len(checked) > HINT_LIMIT:
        raise Invalid(
            "A hint may have up to {limit} characters; this one has {length}.",
            field="hint",
            typed=hint,
            limit=HINT_LIMIT,
            length=len(checked),
        )
    return checked


def _choice_name(typed: str) -> str:
    name = check_name(typed, field="choices")
    if name.startswith(CHOICE):
        raise Invalid("The name of a choice cannot begin with {mark}.", field="choices", mark=CHOICE)
    return name


def new_choices(known: Sequence[Any], names: Sequence[str]) -> list[list[str]]:
    """Return the choices of these names: those known by theirs, others with a key that no choice ever had.

    What is known and not among the names is kept behind them, as records may have it.
    """
    wanted: dict[str, str] = {}
    for name in (_choice_name(one) for one in names if one.strip()):
        if choice_key(name) in wanted:
            raise Invalid("{name} is given twice.", field="choices", name=name)
        wanted[choice_key(name)] = name
    if not wanted:
        raise Invalid("Give it at least one choice.", field="choices")
    if len(wanted) > MOST_CHOICES:
        raise Invalid("A field may have up to {most} choices.", field="choices", most=MOST_CHOICES)
    keys = {choice_key(name): key for key, name, *_dropped in known}
    numbers = [int(key[1:]) for key, _name, *_dropped in known]
    following = itertools.count(max(numbers, default=0) + 1)
    offered = [[keys.get(folded) or f"{CHOICE}{next(following)}", name] for folded, name in wanted.items()]
    left = [[key, name, "dropped"] for key, name, *_dropped in known if choice_key(name) not in wanted]
    return [*offered, *left]
