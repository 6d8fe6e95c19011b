"""Add, change, archive and merge the records of any noun that is declared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from inspect import signature as inspect_signature
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from storage.errors import Conflict, Doubtful, Invalid
from storage.records.counters import next_ids
from storage.records.declaration import Declaration, Values
from storage.records.fields import LinkField, with_value
from storage.records.named import CANDIDATES, PAGE, Named, Record, moment, namesakes
from storage.records.referring import references_to
from storage.records.schema.merging import carry

_before_merging: dict[type[Named], dict[str, Callable[..., Any]]] = {}


def before_merging(model: type[Named], function: Callable[..., Any]) -> None:
    """Call a function with some of `session`, `gone` and `kept` before records of this model are merged.

    It may remove or change rows that refer to the one that is gone and that the other could not have too.
    """
    names = inspect_signature(function).parameters
    named = {name for name in ("session", "gone", "kept") if name in names}

    def call(**given: Any) -> None:
        function(**{name: given[name] for name in named})

    _before_merging.setdefault(model, {})[f"{function.__module__}.{function.__qualname__}"] = call


def add(session: Session, declaration: Declaration, values: Values) -> Named:
    """Add a record; raise Invalid naming the field if a value is missing or cannot be stored."""
    record = begun(session, declaration, checked_new(session, declaration, values))
    declaration.told(session, record, True)
    return record


def checked_new(session: Session, declaration: Declaration, values: Values) -> Values:
    """Return the values of a new record as they are stored; raise Invalid or Conflict naming the field at fault."""
    declaration.ready(session)
    missing = {field.key: None for field in declaration.fields if field.required}
    checked = declaration.check(session, {**missing, **declaration.beginning(session), **values})
    _refuse_taken(session, declaration, checked)
    declaration.refuse(session, None, checked)
    return checked


def add_together(session: Session, declaration: Declaration, rows: Sequence[Values]) -> list[Named]:
    """Add records of a plain noun, of values that are checked, in as few statements as one takes.

    What only one record may have is held by the database alone: it refuses all where two of them have the same.
    """
    model = declaration.model
    numbers = next_ids(session, model.counter(), len(rows))
    given = [attributes(declaration, checked) for checked in rows]
    records: list[Named] = [
        model.unsaved(session, id=number, **values) for number, values in zip(numbers, given, strict=True)
    ]
    session.flush()
    for record in records:
        declaration.told(session, record, True)
    return records


def begun(session: Session, declaration: Declaration, checked: Values) -> Named:
    """Make a record of values that are checked, by the noun's rules for a new one where it has some."""
    given = attributes(declaration, checked)
    if declaration.add is None:
        return declaration.model.new(session, **given)
    # What a noun does with its own fields knows nothing of the workspace's.
    custom = given.pop("custom", None)
    record: Named = declaration.add(session, **given)
    if custom:
        record.custom = custom
        session.flush()
    return record


def change(session: Session, declaration: Declaration, record: Named, values: Values) -> list[Record]:
    """Change the values that are given, None taking one away, and return the follow-ups that are cancelled by it.

    A value that the record has already is not checked again: whoever has it may keep it. What is `told_with` another
    field goes to what changes that one. Raises Invalid naming the field.
    """
    told = {key: value for key, value in values.items() if declaration.field(key).told_with and value is not None}
    values = {
        key: value for key, value in values.items() if key not in told and declaration.field(key).of(record) != value
    }
    checked = declaration.check(session, values)
    _refuse_taken(session, declaration, checked)
    declaration.refuse(session, record, checked)
    fields = [(declaration.field(key), value) for key, value in checked.items()]
    for field, value in fields:
        if field.change is None:
            field.put(record, value)
    _saved(session, record)
    cancelled: list[Record] = []
    said = _told(session, declaration, told)
    fields += [(declaration.field(key), declaration.field(key).of(record)) for key in said if key not in checked]
    for field, value in fields:
        cancelled += field.change(session, record, value, **said.get(field.key, {})) if field.change else []
    declaration.told(session, record, False)
    return cancelled


def _told(session: Session, declaration: Declaration, told: Values) -> dict[str, dict[str, Any]]:
    """Return what is told with each field, by the keys of both."""
    found: dict[str, dict[str, Any]] = {}
    for key, value in told.items():
        field = declaration.field(key)
        found.setdefault(field.told_with, {})[key] = field.check(session, value)
    return found


def _saved(session: Session, record: Named) -> None:
    """Write a record, and forget what it was linked to before."""
    session.flush()
    session.expire(record, list(inspect(type(record)).relationships.keys()))


def twins(session: Session, declaration: Declaration, values: Values) -> Sequence[Named]:
    """Return up to five records that may be the same as one with these values: of its name, or by the noun's rule."""
    rule = declaration.twins or partial(_namesakes, declaration)
    return rule(session, values)[:CANDIDATES]


def _namesakes(declaration: Declaration, session: Session, values: Values) -> Sequence[Named]:
    return namesakes(session, declaration.model, values["name"])


def archive(session: Session, record: Named) -> bool:
    """Take a record out of lists and searches, and return whether it was in them; its reference still finds it.

    Raises Conflict where it may not be archived yet.
    """
    if record.archived_at is not None:
        return False
    record.check_archive()
    record.archived_at = moment()
    session.flush()
    return True


def restore(session: Session, record: Named) -> bool:
    """Take a record back into lists and searches, and return whether it was not in them."""
    if record.archived_at is None:
        return False
    record.archived_at = None
    session.flush()
    return True


def merge(session: Session, declaration: Declaration, gone: Named, kept: Named, *, meant: bool = False) -> Named:
    """Make a record part of another, which gets what refers to it and the values it lacks, and is returned.

    The reference of the one that is gone leads there from then on. Raises Invalid if both are the same, Conflict where
    one is archived, Doubtful where they are not one customer's and nobody says that this is `meant`.
    """
    if gone.id == kept.id:
        raise Invalid("{reference} cannot be merged into itself.", reference=gone.reference, field="into")
    for record in (gone, kept):
        if record.archived_at is not None:
            raise Conflict(
                "{reference} is archived.",
                reference=record.reference,
                hint="Bring it back first: `/crm {noun} restore {reference}`.",
                noun=declaration.key,
            )
    gone.check_merge(kept)
    if not meant:
        _doubt(session, declaration, gone, kept)
    for put_in_order in _before_merging.get(type(gone), {}).values():
        put_in_order(session=session, gone=gone, kept=kept)
    session.flush()
    if declaration.merge:
        return declaration.merge(session, gone, kept)
    lacking = [
        (field, field.of(gone))
        for field in declaration.entered
        if not field.custom_id and field.of(kept) is None and field.of(gone) is not None
    ]
    gone.merged_into_id = kept.id
    # First, so that what only one record may have is free for the one that is kept.
    session.flush()
    for field, value in lacking:
        field.put(kept, value)
    _move_references(session, gone, kept)
    carry(session, gone, kept)
    _saved(session, kept)
    declaration.told(session, kept, False)
    return kept


def _doubt(session: Session, declaration: Declaration, gone: Named, kept: Named) -> None:
    for field in declaration.fields:
        if not isinstance(field, LinkField) or not field.whose:
            continue
        theirs, others = field.linked(session, gone), field.linked(session, kept)
        if theirs is not None and others is not None and theirs.id != others.id:
            raise Doubtful(
                "{gone} is of {theirs}, {kept} is of {others}.",
                gone=gone.reference,
                theirs=theirs.name,
                kept=kept.reference,
                others=others.name,
            )


def list_of(
    session: Session,
    model: type[Named],
    *where: Any,
    order_by: Sequence[Any] = (),
    limit: int = PAGE,
    offset: int = 0,
) -> list[Named]:
    """Return records that are neither merged nor archived, by name, at most `limit`.

    `where` and `order_by` are conditions and columns as `storage.records.query` makes them.
    """
    statement = select(model).where(model.merged_into_id.is_(None), model.archived_at.is_(None), *where)
    ordered = statement.order_by(*(order_by or (model.name_key, model.id)))
    return list(session.scalars(ordered.limit(limit).offset(offset)))


def attributes(declaration: Declaration, checked: Values) -> dict[str, Any]:
    """Return what a new record's attributes are, those of the workspace's own fields in one."""
    attributes: dict[str, Any] = {}
    custom: dict[str, Any] = {}
    for field in declaration.fields:
        if field.key in checked and field.custom_id:
            custom = with_value(custom, field, checked[field.key])
        elif field.key in checked:
            attributes[field.at or field.key] = checked[field.key]
    return {**attributes, "custom": custom} if custom else attributes


def _refuse_taken(session: Session, declaration: Declaration, checked: Values) -> None:
    """Raise Conflict, naming the record, where another has a value already that only one may have."""
    model = declaration.model
    for field in declaration.fields:
        value = checked.get(field.key)
        if not field.unique or value is None:
            continue
        same = select(model).where(getattr(model, field.at or field.key) == value, model.merged_into_id.is_(None))
        if (other := session.scalars(same.limit(1)).first()) is not None:
            raise Conflict(
                "{reference} {name} has this already.",
                field=field.key,
                reference=other.reference,
                name=other.name,
                hint="Change that one, or merge the two.",
            )


def _move_references(session: Session, gone: Named, kept: Named) -> None:
    """Let what refers to one record refer to another: all that people record; what else refers to it finds its way."""
    for reference in references_to(type(gone)):
        attribute = reference.attributes.get("id")
        if attribute is None or attribute.key == "merged_into_id":
            continue
        for row in session.scalars(select(reference.model).where(reference.to(gone))):
            setattr(row, attribute.key, kept.id)
