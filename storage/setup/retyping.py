"""Give a field of a workspace's own another type: say what would be lost, then carry over what can be.

The new type is a field of its own that takes the old one's key and place. The old one is retired with its values, so
nothing is lost that is not written down in the other: what cannot be carried over stays with it, and an undo brings it
back as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.database.engine import current_workspace, lock_until_end
from storage.errors import Conflict, CrmError, Invalid
from storage.names import short
from storage.records.declaration import Declaration
from storage.records.fields import LinkField, PersonField, RecordField
from storage.records.history import current_actor
from storage.records.named import Named, moment
from storage.records.schema import TYPES, FieldRow, field_definitions, whole
from storage.transfer.cells import CellReading, cell
from storage.transfer.exports.workbook import as_text
from storage.transfer.lookup import Colleagues
from storage.transfer.written import Habits
from storage.workspace import workspaces
from storage.workspace.members import Member

MOST = 20_000
"""So many records with a value are carried over in one transaction."""
SHOWN = 5
PAGE = 500


@dataclass(frozen=True, slots=True)
class Carried:
    """Hold one value: of which record, how it is written, and what it becomes, None where it cannot be."""

    record: Named
    text: str
    value: Any


@dataclass
class Retyped:
    """Say what a change of type carries over and what it cannot, with a few of each."""

    kept: int = 0
    lost: int = 0
    becoming: list[Carried] = field(default_factory=list)
    losing: list[Carried] = field(default_factory=list)

    def count(self, one: Carried) -> None:
        """Add a value."""
        shown = self.losing if one.value is None else self.becoming
        self.lost, self.kept = (self.lost + 1, self.kept) if one.value is None else (self.lost, self.kept + 1)
        if len(shown) < SHOWN:
            shown.append(one)


def preview(
    session: Session, noun: Declaration, row: FieldRow, type: str, *, choices: Sequence[str] = (), links_to: str = ""
) -> Retyped:
    """Return what would become of the values of a field, and change nothing; raise as `retype` does."""
    made = _replacing(session, noun, row, type, choices, links_to)
    field = whole(session).typed(made)
    done = Retyped()
    for one in _carried(session, row, field):
        done.count(one)
    return done


def retype(
    session: Session, noun: Declaration, row: FieldRow, type: str, *, choices: Sequence[str] = (), links_to: str = ""
) -> Retyped:
    """Give a field another type, with the values that can be carried over; choices are the values where none is named.

    Raises Invalid for what is no type, the same one, or choices that cannot be, Conflict for too many records.
    """
    lock_until_end(session, f"schema {current_workspace(session)}")
    made = _replacing(session, noun, row, type, choices, links_to)
    values = list(_carried(session, row, whole(session).typed(made)))
    row.retired_at = moment()
    session.flush()
    session.add(made)
    session.flush()
    field, done = whole(session).by_id[made.id], Retyped()
    for number, one in enumerate(values, start=1):
        done.count(one)
        if one.value is not None:
            field.put(one.record, one.value)
        if number % PAGE == 0:
            session.flush()
    session.flush()
    return done


def _replacing(
    session: Session, noun: Declaration, row: FieldRow, type: str, choices: Sequence[str], links_to: str
) -> FieldRow:
    """Return a field of another type for the place of one, which is in no session yet."""
    if type not in TYPES:
        raise Invalid("{type} is no type of field.", field="type", type=short(type), typed=type)
    if type == row.type:
        raise Invalid("{name} is of this type already.", field="type", name=row.name)
    if type == "record" and not links_to:
        raise Invalid("Say which records it links to.", field="links_to")
    if (session.scalar(select(func.count()).where(_has(row))) or 0) > MOST:
        raise Conflict(
            "More than {most} {plural} have a value in {name}.",
            most=MOST,
            plural=noun.plural.casefold(),
            name=row.name,
            hint="Add a field of the other type instead, and bring the values in as a table.",
        )
    if type == "choice" and not choices:
        choices = list(dict.fromkeys(text for _record, text in _written(session, row)))
        if not choices:
            raise Invalid("Give it at least one choice.", field="choices")
    return FieldRow(
        workspace_id=row.workspace_id,
        noun=row.noun,
        key=row.key,
        name=row.name,
        type=type,
        required=row.required,
        place=row.place,
        hint=row.hint,
        choices=field_definitions.new_choices([], choices) if type == "choice" else [],
        links_to=links_to if type == "record" else None,
        seen_by=row.seen_by,
        decimals=field_definitions.MOST_DECIMALS if type == "number" else 0,
        created_by=current_actor(session),
    )


def _has(row: FieldRow) -> Any:
    return row.model.custom.has_key(str(row.id))


def _written(session: Session, row: FieldRow) -> Iterator[tuple[Named, str]]:
    """Yield every record that has a value in a field with what stands for it in a table."""
    field = whole(session).by_id[row.id]
    people = {one.id: one.name for one in session.scalars(select(Member))}

    def named(of: Any, value: Any) -> str:
        if isinstance(of, PersonField):
            return people.get(value, str(value))
        return (of.reference_of(session, value) if isinstance(of, LinkField) else None) or str(value)

    for record in session.scalars(select(row.model).where(_has(row)).order_by(row.model.id)):
        yield record, as_text(cell(field).write(field, field.of(record), named))


def _carried(session: Session, row: FieldRow, field: RecordField) -> Iterator[Carried]:
    """Yield what becomes of each value in a field of another type."""
    values = list(_written(session, row))
    habits, people = Habits(), Colleagues(session)
    for _record, text in values:
        habits.see(text)
    workspace = workspaces.get(session, current_workspace(session))
    assert workspace is not None

    def record(link: LinkField, typed: str) -> int:
        return link.resolve(session, typed).id

    def setting(_field: Any, typed: str) -> int:
        raise Invalid("{value} is no setting.", value=short(typed))

    reading = CellReading(habits.written, workspace.currency, workspace.zone, people.find, record, setting)
    for one, text in values:
        try:
            yield Carried(one, text, field.check(session, cell(field).read(field, text, reading)))
        except (CrmError, ValueError):
            yield Carried(one, text, None)
