"""Say the types of fields, and read what people say of one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from sqlalchemy.orm import Session

from bot.kit import blocks as b
from bot.kit.faces import Hand, face
from bot.kit.fields import NOTHING
from bot.kit.format import Reader
from bot.kit.records import kinds
from bot.plugin import Catalogue, Declaration, DeclaredNoun, Role, _
from storage.errors import CrmError, Invalid, NotFound
from storage.names import name_key, short
from storage.records.schema import TYPES, FieldRow, field_definitions, whole

NAMES: Mapping[str, str] = {
    "text": "Text",
    "long": "Long text",
    "number": "Number",
    "money": "Amount of money",
    "date": "Date",
    "time": "Date and time",
    "choice": "Choice",
    "person": "Person",
    "yesno": "Yes or no",
    "email": "E-mail address",
    "phone": "Telephone number",
    "link": "Web address",
    "record": "Link to a record",
}
"""The types of fields as people are shown them, by the words they are typed with."""


def read_type(typed: str) -> str:
    """Return the type that was meant, by its word or its name; raise Invalid naming all."""
    wanted = re.sub(r"[\s/-]+", "", name_key(typed))
    for word, name in NAMES.items():
        if wanted in {word, re.sub(r"[\s-]+", "", name_key(name))}:
            return word
    raise Invalid(
        "{type} is no type of field.",
        field="type",
        hint="There are {types}.",
        type=short(typed),
        types=", ".join(TYPES),
    )


def begin_with(row: FieldRow, typed: str, hand: Hand) -> None:
    """Let records begin with what is typed, or with nothing; raise Invalid for what is no value of the field."""
    nothing = not typed.strip() or typed.strip().casefold() in NOTHING
    field = whole(hand.session).by_id[row.id]
    try:
        value = None if nothing else face(field).from_form(field, typed.strip(), hand)
    except CrmError as error:
        raise error.on_field("default") from None
    field_definitions.begin_with(hand.session, row, value)


def begins(session: Session, row: FieldRow, reader: Reader) -> b.Text:
    """Return with what records begin, as a reader writes it, nothing for nothing."""
    field = whole(session).by_id.get(row.id)
    if field is None or row.begins is None:
        return ""
    record: Any = SimpleNamespace(custom={str(row.id): row.begins})
    return face(field).shown(field, record, reader, session) or ""


def control(row: FieldRow, what: str = "") -> b.Control:
    """Return what a control carries about a field."""
    return b.Control(f"FIELD-{row.id}", detail=what)


def row_of(session: Session, typed: str) -> FieldRow:
    """Return the field of a control; raise Invalid for anything else."""
    number = re.fullmatch(r"(?:FIELD-)?([0-9]{1,18})", typed)
    if number is None:
        raise Invalid("This button no longer works.", hint="Please repeat the command.")
    return field_definitions.get(session, int(number[1]))


def read_yes(typed: str) -> bool:
    """Return whether yes was chosen in a form; raise Invalid for what is neither yes nor no."""
    if typed not in {"yes", "no"}:
        raise Invalid("This is yes or no.", field="required")
    return typed == "yes"


def read_decimals(typed: str | None) -> int:
    """Return how many decimals a number may have, as many as there can be where nothing is said."""
    if typed is None:
        return field_definitions.MOST_DECIMALS
    if not typed.strip().isdecimal() or len(typed.strip()) > 2:
        raise Invalid("{value} is not a number.", field="decimals", typed=typed, value=short(typed))
    return int(typed)


def read_seen_by(typed: str) -> Sequence[Role]:
    """Return the roles that may see a field, none where all may; raise Invalid naming all roles."""
    words = [word for word in re.split(r"[\s,，、;]+", name_key(typed)) if word]
    if words in ([], ["all"], ["everybody"], ["none"], ["-"]):
        return ()
    return checked_roles(one if (one := word.removesuffix("s")) in set(Role) else word for word in words)


def checked_roles(ticked: Iterable[str]) -> Sequence[Role]:
    """Return the roles of boxes that were ticked in a form; raise Invalid naming all for what is none."""
    found = []
    for word in ticked:
        if word not in set(Role):
            roles = ", ".join(Role)
            raise Invalid("{role} is no role.", field="seen", hint="There are {roles}.", role=short(word), roles=roles)
        found.append(Role(word))
    return found


def seen_by(row: FieldRow) -> str:
    """Say who may see a field that is not for everybody."""
    return _("🔒 only for {roles}, never in a channel").format(roles=", ".join(_(role) for role in row.seen_by))


def noun_called(catalogue: Catalogue, typed: str) -> DeclaredNoun:
    """Return the noun that was meant, by its word, name or plural; raise NotFound naming all."""
    wanted = name_key(typed)
    for noun in kinds(catalogue).values():
        declared = noun.declaration
        if wanted in {declared.key, name_key(declared.label), name_key(declared.plural)}:
            return noun
    raise NotFound(
        "There are no records called {name}.",
        field="noun",
        hint="There are {names}.",
        name=short(typed) or "-",
        names=", ".join(kinds(catalogue)),
    )


def own_count(noun: Declaration) -> int:
    """Return how many fields of the workspace's own a noun has."""
    return sum(1 for field in noun.fields if field.custom_id)
