"""Know what a workspace has made its own: the fields that it gave to nouns.

Every transaction learns the schema's version as it begins (`storage.database.engine`), so a schema that was read before
somebody changed it is never used again, on whichever replica. Versions are never used twice.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, partial
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, event, func, inspect, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session

from storage.database.engine import SCHEMA_VERSION, TENANT, Base, current_workspace
from storage.errors import Conflict
from storage.records import named, values
from storage.records.declaration import Declaration
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
from storage.records.history import CREATED, Recorded
from storage.records.named import Key, Named

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
REMEMBERED = 5_000
"""So many schemas are kept in a process; beyond, all are read again."""
_SCHEMA = "rapport.schema"


class FieldRow(Recorded, Base):
    """Define a field that a workspace gave to a noun; `key` is what people type, `name` what they read.

    `choices` are pairs of what is stored and what people call it; `place` orders the fields of a noun.
    """

    __noun__ = "field"
    __tablename__ = "field"
    __table_args__ = (
        Index("field_key_key", "workspace_id", "noun", "key", unique=True, postgresql_where=text("retired_at IS NULL")),
        {"info": TENANT},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    noun: Mapped[str]
    key: Mapped[Key]
    name: Mapped[str]
    type: Mapped[str]
    required: Mapped[bool]
    place: Mapped[int]
    hint: Mapped[str | None]
    choices: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"), default=list)
    links_to: Mapped[str | None]
    retired_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[str | None]

    __mapper_args__ = {"eager_defaults": True}

    def undoing(self, session: Session, action: str) -> None:
        """Refuse to take a field away that records have values in; raise Conflict."""
        if action != CREATED:
            return
        used = select(values.FieldValue.record_id).where(values.FieldValue.field_id == self.id).limit(1)
        if session.scalar(used) is not None:
            raise Conflict(
                "Records have values in the field {name} by now.",
                name=self.name,
                hint="Retire it instead: its values are kept, and it can be brought back.",
            )


@dataclass(frozen=True)
class Schema:
    """Hold what a workspace has made its own, as of one version of it; `rows` are its fields, retired ones too."""

    workspace_id: str
    version: int
    rows: tuple[FieldRow, ...] = ()
    _extended: dict[str, Declaration] = field(default_factory=dict, compare=False, repr=False)

    def extend(self, declaration: Declaration) -> Declaration:
        """Return a noun with the workspace's own fields after those that it is declared with."""
        own = self._live.get(declaration.key, ())
        if not own:
            return declaration
        found = self._extended.get(declaration.key)
        if found is None:
            declared = tuple(one for one in declaration.fields if not one.custom_id)
            taken = {one.key for one in declared}
            # A key that a later release or plugin declares is theirs from then on; the values stay where they are.
            fields = (*declared, *(one for one in own if one.key not in taken))
            found = self._extended[declaration.key] = replace(declaration, fields=fields)
        return found

    @cached_property
    def _live(self) -> Mapping[str, tuple[RecordField, ...]]:
        nouns = {row.noun for row in self.rows}
        return {
            noun: tuple(
                self.by_id[row.id]
                for row in self.rows
                if row.noun == noun and row.retired_at is None and row.id in self.by_id
            )
            for noun in nouns
        }

    @cached_property
    def by_id(self) -> Mapping[int, RecordField]:
        """Return every field that can be used by its number, retired ones too."""
        made = {row.id: typed(row) for row in self.rows}
        return {number: one for number, one in made.items() if one is not None}


_known: dict[tuple[str, int], Schema] = {}
_lock = threading.Lock()


def of(session: Session) -> Schema:
    """Return the schema of the session's workspace as its transaction found it, or has made it since."""
    schema: Schema | None = session.info.get(_SCHEMA)
    if schema is None:
        schema = session.info[_SCHEMA] = _find(session)
    return schema


def extended(session: Session, declaration: Declaration) -> Declaration:
    """Return a noun with the fields that the session's workspace gave to it."""
    return of(session).extend(declaration)


def typed(row: FieldRow) -> RecordField | None:
    """Return the field that a row defines, None for one of a type or a noun that is not here any more."""
    kind = TYPES.get(row.type)
    given: dict[str, Any] = {"key": row.key, "label": row.name, "required": row.required, "custom_id": row.id}
    if row.hint:
        given["hint"] = row.hint
    if kind is ChoiceField:
        given |= {"choices": tuple(key for key, _name in row.choices), "names": dict(row.choices)}
    if kind is LinkField:
        model = _model(row.links_to or "")
        if model is None:
            return None
        given |= {"to": model, "resolve": partial(_resolve, model)}
    return kind(**given) if kind else None


def _find(session: Session) -> Schema:
    workspace, version = current_workspace(session), session.info.get(SCHEMA_VERSION)
    if version == 0:
        return Schema(workspace, 0)
    known = _known.get((workspace, version)) if version is not None else None
    if known is not None:
        return known
    rows = session.scalars(select(FieldRow).order_by(FieldRow.noun, FieldRow.place, FieldRow.id)).all()
    schema = Schema(workspace, version or -1, tuple(_detached(row) for row in rows))
    if version is not None:
        with _lock:
            if len(_known) >= REMEMBERED:
                _known.clear()
            _known[workspace, version] = schema
    return schema


def _detached(row: FieldRow) -> FieldRow:
    """Return a copy of a row that no session changes."""
    return FieldRow(**{column.key: getattr(row, column.key) for column in inspect(FieldRow).column_attrs})


def _model(noun: str) -> type[Named] | None:
    models = (mapper.class_ for mapper in Base.registry.mappers)
    return next((one for one in models if issubclass(one, Named) and str(one.__noun__) == noun), None)


def _resolve(model: type[Named], session: Session, typed: str) -> Named:
    return named.resolve(session, model, typed)


@event.listens_for(FieldRow, "after_insert")
@event.listens_for(FieldRow, "after_update")
@event.listens_for(FieldRow, "after_delete")
def _forget(_mapper: Any, _connection: Any, row: FieldRow) -> None:
    # The version is another one now; which, the next transaction learns.
    session = object_session(row)
    assert session is not None
    session.info[SCHEMA_VERSION] = None
    session.info.pop(_SCHEMA, None)


@event.listens_for(Named, "after_insert", propagate=True)
@event.listens_for(Named, "after_update", propagate=True)
def _keep_values(_mapper: Any, connection: Any, record: Named) -> None:
    # On the write itself, so that an undo and a merge keep them right like any other.
    history = inspect(record).attrs.custom.history
    if not history.added or not (record.custom or any(history.deleted)):
        return
    session = object_session(record)
    assert session is not None
    fields = of(session).by_id
    before = history.deleted[0] if history.deleted else {}
    values.keep(connection, record, fields, before or {})
