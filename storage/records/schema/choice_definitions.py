"""Name the choices of fields that come with the product, add a workspace's own, order them, retire them.

A ticket's status, a priority, a customer's tier, why a deal was lost: rules know the kind of a choice alone, so that a
workspace calls them as it likes. A new name changes no record.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.database.engine import current_workspace, lock_until_end
from storage.errors import Conflict, Invalid, NotFound
from storage.names import check_name, choice_key, name_key, short
from storage.records.declaration import declared
from storage.records.fields import ChoiceField
from storage.records.history import current_actor
from storage.records.moves import Movable, Moving, movable
from storage.records.named import moment
from storage.records.schema.choice_rows import OWN, ChoiceRow, declared_choices, having
from storage.records.schema.field_definitions import MOST_CHOICES
from storage.records.schema.workspace_schema import extended

WHAT = "choice"
"""Under which name the records of a choice are moved."""
LIMIT = 40


def define(session: Session, noun: str, field: str, *, name: str, kind: str = "") -> ChoiceRow:
    """Add a choice that counts as a kind; the kind of a field that comes with no choices is the new name itself.

    Raises Invalid for a kind that there is not, Conflict for a name in use and for a choice too many.
    """
    _lock(session)
    known = _kinds(noun, field)
    label = _check(session, noun, field, name)
    standard = not known
    if standard:
        _take_up(session, noun, field)
        kind = _free_kind(session, noun, field, name_key(label))
    elif kind not in known:
        raise Invalid(
            "{kind} is no kind of this.", field="kind", hint="There are {kinds}.", kind=short(kind) or "-",
            kinds=", ".join(known),
        )  # fmt: skip
    live = live_rows(session, noun, field)
    if len(live) >= MOST_CHOICES:
        raise Conflict("There may be up to {most}.", most=MOST_CHOICES, hint="Retire one that nobody uses.")
    # Under any kind that a name stood for meanwhile, as when it was taken up from the records.
    taken = next((row for row in live if row.name_key == name_key(label)), None)
    if taken is not None:
        return taken
    return _add(session, noun, field, label, kind, standard=standard, place=_last(live, kind) + 1)


def rename(session: Session, noun: str, field: str, key: str, name: str) -> ChoiceRow:
    """Give a choice another name, which every record that has it shows from then on; raise as `define` does."""
    _lock(session)
    row = _row(session, noun, field, key)
    if row is not None and row.name == name.strip():
        return row
    same = row is not None and row.name_key == name_key(name)
    label = _within(name) if same else _check(session, noun, field, name, but=key)
    if row is None:
        return _add(session, noun, field, label, key, standard=True, place=0)
    row.name, row.name_key = label, name_key(label)
    session.flush()
    return row


def move(session: Session, row: ChoiceRow, *, up: bool) -> bool:
    """Change places with the one of the same kind before, or after; return whether there is one."""
    _lock(session)
    # Of a field that comes with no choices each is a kind of its own.
    together = [
        one
        for one in live_rows(session, row.noun, row.field)
        if not one.standard or not declared_choices(row.noun, row.field)
        if one.kind == row.kind or not _kinds(row.noun, row.field)
    ]
    at = next((at for at, one in enumerate(together) if one.id == row.id), None)
    if at is None or not 0 <= (other := at - 1 if up else at + 1) < len(together):
        return False
    together[at], together[other] = together[other], together[at]
    for place, one in enumerate(together, start=1):
        one.place = place
    session.flush()
    return True


def retire(session: Session, row: ChoiceRow) -> bool:
    """Take a choice that no record has out of use, and return whether it was in use.

    Raises Conflict where records have it, or where it comes with the product.
    """
    _lock(session)
    if row.retired_at is not None:
        return False
    check_retirable(row)
    # After whoever was about to give it to a record.
    _held(session, row.id, write=True)
    if session.scalar(having(row.noun, row.field, row.key).limit(1)) is not None:
        raise Conflict("Records have {name}.", name=row.name, hint="Say what they become.")
    row.retired_at = moment()
    session.flush()
    return True


def check_retirable(row: ChoiceRow) -> None:
    """Raise Conflict for a choice that comes with the product, as Rapport itself gives it to records."""
    if row.key in declared_choices(row.noun, row.field):
        raise Conflict("Rapport itself uses {name}, so it is only renamed.", name=row.name)


def restore(session: Session, row: ChoiceRow) -> bool:
    """Bring a retired choice back, and return whether it was retired; raise Conflict where its name is in use."""
    if row.retired_at is None:
        return False
    _lock(session)
    _check(session, row.noun, row.field, row.name, but=row.key)
    row.retired_at, row.merged_into = None, None
    session.flush()
    return True


def hold(session: Session, noun: str, field: str, key: str) -> str:
    """Return the choice to give to a record, as it is stored: this one, or what it became.

    It is held until the transaction ends. Raises Conflict for one that is retired.
    """
    while key not in declared_choices(noun, field):
        found = _found(session, noun, field, key)
        row = _held(session, found.id) if found is not None else None
        if row is None:
            if _kinds(noun, field):
                raise NotFound("This choice is gone.", field=field, hint="Choose another.")
            return key
        if row.merged_into is None:
            if row.retired_at is not None:
                raise Conflict("{name} is not in use any more.", field=field, name=row.name, hint="Choose another.")
            return key
        key = row.merged_into
    return key


def kind_of(session: Session, noun: str, field: str, key: str) -> str:
    """Return the kind that a choice counts as, given as it is stored; raise NotFound for none."""
    row = _row(session, noun, field, key)
    return key if row is None else row.kind


def all_rows(session: Session, noun: str, field: str) -> list[ChoiceRow]:
    """Return the choices of a field that a workspace named or added, in order, those that are retired last."""
    mine = select(ChoiceRow).where(ChoiceRow.noun == noun, ChoiceRow.field == field)
    rows = session.scalars(mine.order_by(ChoiceRow.place, ChoiceRow.id)).all()
    kinds = _kinds(noun, field)
    order = {kind: at for at, kind in enumerate(kinds)}
    return sorted(rows, key=lambda row: (not row.is_live, order.get(row.kind, 0)))


def live_rows(session: Session, noun: str, field: str) -> list[ChoiceRow]:
    """Return those of `all_rows` that are in use."""
    return [row for row in all_rows(session, noun, field) if row.is_live]


def get(session: Session, choice_id: int) -> ChoiceRow:
    """Return a choice by its number; raise NotFound if there is none."""
    row = session.get(ChoiceRow, (current_workspace(session), choice_id))
    if row is None:
        raise NotFound("There is no such choice any more.")
    return row


def count(session: Session, noun: str, field: str, key: str) -> int:
    """Return how many records have a choice, merged and archived ones too."""
    return session.scalar(select(func.count()).select_from(having(noun, field, key).subquery())) or 0


def _kinds(noun: str, field: str) -> Sequence[str]:
    declared_field = declared()[noun].field(field)
    return tuple(getattr(declared_field, "own", ())) or declared_choices(noun, field)


def _found(session: Session, noun: str, field: str, key: str) -> ChoiceRow | None:
    mine = select(ChoiceRow).where(ChoiceRow.noun == noun, ChoiceRow.field == field)
    if not key.startswith(OWN):
        return session.scalars(mine.where(ChoiceRow.kind == key, ChoiceRow.standard)).one_or_none()
    number = key.removeprefix(OWN)
    return session.scalars(mine.where(ChoiceRow.id == int(number))).one_or_none() if number.isdecimal() else None


def _row(session: Session, noun: str, field: str, key: str) -> ChoiceRow | None:
    found = _found(session, noun, field, key)
    if found is None and key not in declared_choices(noun, field):
        raise NotFound("There is no {name}.", name=short(key) or "-", hint="Look at what there is.")
    return found


def _held(session: Session, choice_id: int, *, write: bool = False) -> ChoiceRow | None:
    """Return a choice as it is now, which nobody retires until the transaction ends, or nobody gives to a record."""
    session.flush()
    how: Any = True if write else {"read": True, "key_share": True}
    key = (current_workspace(session), choice_id)
    return session.get(ChoiceRow, key, with_for_update=how, populate_existing=True)


def _add(session: Session, noun: str, field: str, label: str, kind: str, *, standard: bool, place: int) -> ChoiceRow:
    row = ChoiceRow(
        workspace_id=current_workspace(session),
        noun=noun,
        field=field,
        kind=kind,
        name=label,
        name_key=name_key(label),
        place=place,
        standard=standard,
        created_by=current_actor(session),
    )
    session.add(row)
    session.flush()
    return row


def _take_up(session: Session, noun: str, field: str) -> None:
    """Make choices of the words that records have, where a field came with any word until now."""
    if all_rows(session, noun, field):
        return
    column: Any = getattr(declared()[noun].model, declared()[noun].field(field).by)
    words = session.scalars(select(column).where(column.is_not(None)).distinct().order_by(column).limit(MOST_CHOICES))
    for place, word in enumerate(words.all(), start=1):
        _add(session, noun, field, word.capitalize(), word, standard=True, place=place)


def _free_kind(session: Session, noun: str, field: str, wanted: str) -> str:
    taken = {row.kind for row in all_rows(session, noun, field)}
    number = 2
    kind = wanted
    while kind in taken:
        kind, number = f"{wanted} {number}", number + 1
    return kind


def _last(live: Sequence[ChoiceRow], kind: str) -> int:
    return max((row.place for row in live), default=0)


def _check(session: Session, noun: str, field: str, typed: str, *, but: str = "") -> str:
    """Return a name that no other choice of the field has; raise Invalid or Conflict."""
    label = _within(typed)
    if label.startswith(OWN) or any(mark in label for mark in ",，、"):
        raise Invalid("A name has no comma and does not begin with {mark}.", field="name", typed=typed, mark=OWN)
    wanted = choice_key(label)
    rows = live_rows(session, noun, field)
    kinds = {*_kinds(noun, field)} - {but}
    if wanted in kinds or any(choice_key(row.name) == wanted and row.key != but for row in rows):
        raise Conflict("There is {name} already.", field="name", typed=typed, name=label)
    return label


def _within(typed: str) -> str:
    label = check_name(typed)
    if len(label) > LIMIT:
        raise Invalid(
            "The name may have up to {limit} characters; this one has {length}.",
            field="name",
            typed=typed,
            limit=LIMIT,
            length=len(label),
        )
    return label


def _lock(session: Session) -> None:
    lock_until_end(session, f"schema {current_workspace(session)}")


def _close(session: Session, key: str, into: str) -> None:
    row = _own(session, key)
    check_retirable(row)
    if not row.is_live:
        raise Conflict("{name} is out of use already.", name=row.name)
    _held(session, row.id, write=True)
    row.merged_into = into
    session.flush()


def _batch(session: Session, key: str, into: str, limit: int) -> int:
    row = _own(session, key)
    declaration = declared()[row.noun]
    model: Any = declaration.model
    field = declaration.field(row.field)
    column = getattr(model, field.by)
    found = select(model).where(column == row.key).order_by(model.id).limit(limit).with_for_update()
    records = session.scalars(found.execution_options(populate_existing=True)).all()
    for record in records:
        setattr(record, field.by, into)
    # Written at once, and told afterwards: whoever is told of one writes what is not written.
    session.flush()
    for record in records:
        declaration.told(session, record, False)
    session.flush()
    return len(records)


def _retire(session: Session, key: str) -> None:
    _own(session, key).retired_at = moment()


def _reopen(session: Session, key: str) -> None:
    row = _own(session, key)
    _check(session, row.noun, row.field, row.name, but=row.key)
    row.merged_into = None


def moving_key(row: ChoiceRow) -> str:
    """Return what names a choice to `storage.records.moves`: its number, also where records store a word."""
    return str(row.id)


def _own(session: Session, key: str) -> ChoiceRow:
    return get(session, int(key) if key.isdecimal() and len(key) < 19 else 0)


def _count(session: Session, key: str) -> int:
    row = _own(session, key)
    return count(session, row.noun, row.field, row.key)


def _look(session: Session, key: str) -> Moving:
    row = _own(session, key)
    check_retirable(row)
    field = extended(session, declared()[row.noun]).field(row.field)
    assert isinstance(field, ChoiceField)
    # Only of the same kind, as no rule is to see a difference.
    same = [one for one in field.choices if one != row.key and (row.standard or field.kind_of(one) == row.kind)]
    return Moving(row.name, row.noun, {one: field.name_of(one) for one in same})


movable(WHAT, Movable(look=_look, count=_count, close=_close, batch=_batch, retire=_retire, reopen=_reopen))
