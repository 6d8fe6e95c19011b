"""Make a field of the row by which a workspace defines it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from storage.records import named
from storage.records.fields import (
    AddressField,
    ChoiceField,
    DateField,
    EmailField,
    LinkField,
    LongTextField,
    MomentField,
    MoneyField,
    NumberField,
    PersonField,
    PhoneField,
    RecordField,
    TextField,
    YesNoField,
)
from storage.records.named import Named
from storage.records.rows import KEPT
from storage.records.schema.definition_rows import FieldRow
from storage.records.schema.own import model_of
from storage.workspace.members import Role

TYPES: Mapping[str, type[RecordField]] = {
    "text": TextField,
    "long": LongTextField,
    "number": NumberField,
    "money": MoneyField,
    "date": DateField,
    "time": MomentField,
    "choice": ChoiceField,
    "person": PersonField,
    "yesno": YesNoField,
    "email": EmailField,
    "phone": PhoneField,
    "link": AddressField,
    "record": LinkField,
}
"""The types a workspace's own field may have, by the words people choose them by."""


def seen_by(row: FieldRow) -> frozenset[Role]:
    """Return the roles that may see a field, none where all may."""
    return frozenset(map(Role, row.seen_by))


def typed(row: FieldRow, own: Collection[str]) -> RecordField | None:
    """Return the field that a row defines, None for one of a type or a noun that is not here any more."""
    kind = TYPES.get(row.type)
    given: dict[str, Any] = {"key": row.key, "label": row.name, "required": row.required, "custom_id": row.id}
    if row.seen_by:
        given["seen_by"] = seen_by(row)
    if row.hint:
        given["hint"] = row.hint
    if kind is NumberField:
        given["decimals"] = row.decimals
    if kind is ChoiceField:
        given |= {"choices": tuple(row.offered), "names": {key: name for key, name, *_dropped in row.choices}}
    if kind is LinkField:
        noun = row.links_to or ""
        model = KEPT.get(noun) or (model_of(noun) if noun in own else None)
        if model is None:
            return None
        given |= {"to": model, "resolve": partial(_resolve, model)}
    field = kind(**given) if kind else None
    return _beginning(field, row.begins) if field is not None and row.begins is not None else field


def _beginning(field: RecordField, kept: Any) -> RecordField:
    """Return a field with what records begin with, where that is still a value of it."""
    if isinstance(field, ChoiceField) and kept not in field.choices:
        return field
    try:
        value = field.from_json(kept)
    except (ValueError, TypeError):
        return field
    return replace(field, begins=lambda _session: value)


def _resolve(model: type[Named], session: Session, typed: str) -> Named:
    return named.resolve(session, model, typed)
