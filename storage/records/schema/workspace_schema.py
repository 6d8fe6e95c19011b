"""Read what a workspace has made its own, and give it to the nouns that are declared.

Every transaction learns the schema's version as it begins (`storage.database.engine`), so a schema that was read before
somebody changed it is never used again, on whichever replica. Versions are never used twice.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any, TypeVar

from sqlalchemy import event, inspect, select
from sqlalchemy.orm import Session, object_session

from storage.database.engine import SCHEMA_VERSION, current_workspace
from storage.records import named, values
from storage.records.declaration import Declaration, Values, declared
from storage.records.fields import LinkField, PersonField, RecordField, TextField
from storage.records.named import Named
from storage.records.rows import KEPT, read_kept
from storage.records.schema.choice_rows import ChoiceRow, with_choices
from storage.records.schema.definition_rows import FieldRow, LayoutRow, NounRow
from storage.records.schema.own import model_of
from storage.records.schema.typed import seen_by, typed
from storage.references import DECLARED, Letters, read_letters
from storage.workspace.members import Role

REMEMBERED = 5_000
"""So many schemas are kept in a process; beyond, all are read again."""
KNOWN = "rapport.schema"
"""Where a session keeps the schema that its transaction found."""
_READER = "rapport.reader"
CHANNEL: frozenset[Role] = frozenset()
"""The roles of what many read: it sees what all may see."""
R = TypeVar("R", FieldRow, NounRow, ChoiceRow, LayoutRow)
Told = Mapping[str, Any] | None


@dataclass(frozen=True)
class Schema:
    """Hold what a workspace has made its own, as of one version of it: fields and nouns, retired ones too.

    With `roles` it is as whoever acts in them sees it: what they may not see is nowhere. All that is shown, filtered,
    sorted, entered, told or sent of records follows from it, so that nothing else has to ask.
    """

    workspace_id: str
    version: int
    rows: tuple[FieldRow, ...] = ()
    noun_rows: tuple[NounRow, ...] = ()
    choice_rows: tuple[ChoiceRow, ...] = ()
    layout_rows: tuple[LayoutRow, ...] = ()
    roles: frozenset[Role] | None = None
    _extended: dict[str, Declaration] = field(default_factory=dict, compare=False, repr=False)
    _seen: dict[frozenset[Role], Schema] = field(default_factory=dict, compare=False, repr=False)

    def seen_in(self, roles: frozenset[Role]) -> Schema:
        """Return the same as whoever acts in these roles sees it, itself where nothing is kept from them."""
        if roles not in self._seen:
            kept = any(not one.is_seen(roles) for noun in declared().values() for one in noun.fields)
            hides = kept or any(row.seen_by and seen_by(row).isdisjoint(roles) for row in self.rows)
            self._seen[roles] = replace(self, roles=roles, _extended={}, _seen={}) if hides else self
        return self._seen[roles]

    def shows(self, field: RecordField) -> bool:
        """Tell whether a field is for whoever reads."""
        return self.roles is None or field.is_seen(self.roles)

    def extend(self, declaration: Declaration) -> Declaration:
        """Return a noun with the workspace's own fields after those that it is declared with, and its own choices."""
        own = self._live.get(declaration.key, ())
        hides = not all(self.shows(one) for one in declaration.fields)
        named = self._named.get(declaration.key, {})
        layout = self.layouts.get(declaration.key, {})
        if not own and not hides and not named and not layout:
            return declaration
        found = self._extended.get(declaration.key)
        if found is None:
            given = tuple(with_choices(one, named.get(one.key, ())) for one in declaration.fields if not one.custom_id)
            taken = {one.key for one in given}
            # A key that a later release or plugin declares is theirs from then on; the values stay where they are.
            fields = (*filter(self.shows, given), *(one for one in own if one.key not in taken))
            found = self._extended[declaration.key] = replace(declaration, fields=fields, layout=layout)
        return found

    def told(self, noun: str, before: Told, after: Told) -> tuple[Told, Told]:
        """Return the values of a change of a record, before and after, without what whoever reads may not see."""
        if self.roles is None:
            return before, after
        known = declared().get(noun)
        kept = {at for one in known.fields if not self.shows(one) for at in one.attributes} if known else set()
        before, after = self._open(before, kept), self._open(after, kept)
        if before and after and before.get("custom") == after.get("custom"):
            before, after = ({key: one for key, one in both.items() if key != "custom"} for both in (before, after))
        return before, after

    def _open(self, values: Told, kept: Collection[str]) -> Told:
        if values is None:
            return None
        rest = {key: value for key, value in values.items() if key not in kept}
        if isinstance(own := rest.get("custom"), dict):
            rest["custom"] = {number: value for number, value in own.items() if int(number) in self.by_id}
        return rest

    @cached_property
    def layouts(self) -> Mapping[str, Mapping[str, Sequence[str]]]:
        """Return what is shown where, and in which order, as far as the workspace has said so, by noun and place."""
        found: dict[str, dict[str, Sequence[str]]] = {}
        for row in self.layout_rows:
            found.setdefault(row.noun, {})[row.place] = tuple(row.shown)
        return found

    @cached_property
    def nouns(self) -> Mapping[str, Declaration]:
        """Return the nouns of the workspace's own that are in use, with their fields, by their keys."""
        return {row.key: self.extend(_declaration(row)) for row in self.noun_rows if row.retired_at is None}

    @cached_property
    def declared(self) -> Mapping[str, Declaration]:
        """Return every noun that the workspace has, with its own fields, by its key."""
        return {**self.nouns, **{key: self.extend(declaration) for key, declaration in declared().items()}}

    @cached_property
    def models(self) -> Mapping[str, Any]:
        """Return the models of all nouns that the workspace has, by their keys."""
        return {**{key: noun.model for key, noun in self.nouns.items()}, **KEPT}

    @cached_property
    def letters(self) -> Letters:
        """Return the letters of all nouns that the workspace has; those of its own go before a plugin's that came."""
        own = {row.key: row.letter for row in self.noun_rows if row.retired_at is None}
        return Letters({**own, **{noun: letter for noun, letter in DECLARED.items() if noun not in own}})

    @property
    def is_plain(self) -> bool:
        """Tell whether the workspace has made nothing its own."""
        return not (self.rows or self.noun_rows or self.layout_rows or self.choice_rows or self.roles is not None)

    @cached_property
    def _named(self) -> Mapping[str, Mapping[str, Sequence[ChoiceRow]]]:
        """Return the choices that the workspace named or added, by noun and field, in their order."""
        named: dict[str, dict[str, list[ChoiceRow]]] = {}
        for row in self.choice_rows:
            named.setdefault(row.noun, {}).setdefault(row.field, []).append(row)
        return named

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

    def linking(self, noun: str) -> Sequence[tuple[Declaration, RecordField]]:
        """Return the nouns of the workspace's own whose records link to those of a noun, with the field that does."""
        return [
            (own, one)
            for own in self.nouns.values()
            for one in own.fields
            if isinstance(one, LinkField) and one.custom_id and one.to.__noun__ == noun
        ]

    @cached_property
    def by_id(self) -> Mapping[int, RecordField]:
        """Return every field that can be used and seen by its number, retired ones too."""
        made = {row.id: self.typed(row) for row in self.rows}
        return {number: one for number, one in made.items() if one is not None and self.shows(one)}

    def typed(self, row: FieldRow) -> Any:
        """Return the field that a row defines, None for one of a type or a noun that is not here any more."""
        return typed(row, {one.key for one in self.noun_rows})


_known: dict[tuple[str, int], Schema] = {}
_lock = threading.Lock()


def see_as(session: Session, roles: Collection[Role] | None) -> None:
    """Say in which roles whoever will read what comes of a session acts; None is for who runs Rapport, and sees all.

    Where nobody has said it, it is a channel.
    """
    session.info[_READER] = None if roles is None else frozenset(roles)


def of(session: Session) -> Schema:
    """Return the schema of the session's workspace as whoever reads sees it: see `see_as`."""
    roles = session.info.get(_READER, CHANNEL)
    return whole(session) if roles is None else whole(session).seen_in(roles)


def whole(session: Session) -> Schema:
    """Return the schema of the session's workspace as its transaction found it, or has made it since."""
    schema: Schema | None = session.info.get(KNOWN)
    if schema is None:
        schema = session.info[KNOWN] = _find(session)
    return schema


def extended(session: Session, declaration: Declaration) -> Declaration:
    """Return a noun as whoever reads sees it, with the fields that the session's workspace gave to it."""
    return of(session).extend(declaration)


def label_of(session: Session, noun: str) -> str:
    """Return what people call a record of a noun, its key's word where it is not declared."""
    declaration = of(session).declared.get(noun)
    return declaration.label if declaration else noun.capitalize()


def _find(session: Session) -> Schema:
    workspace, version = current_workspace(session), session.info.get(SCHEMA_VERSION)
    known = _known.get((workspace, version)) if version is not None else None
    if known is not None:
        return known
    if version == 0:
        return _known.setdefault((workspace, 0), Schema(workspace, 0))
    rows = session.scalars(select(FieldRow).order_by(FieldRow.noun, FieldRow.place, FieldRow.id)).all()
    nouns = session.scalars(select(NounRow).order_by(NounRow.id)).all()
    choices = session.scalars(select(ChoiceRow).order_by(ChoiceRow.place, ChoiceRow.id)).all()
    layouts = session.scalars(select(LayoutRow).order_by(LayoutRow.id)).all()
    read = (tuple(map(_detached, rows)), tuple(map(_detached, nouns)), tuple(map(_detached, choices)))
    schema = Schema(workspace, version or -1, *read, tuple(map(_detached, layouts)))
    if version is not None:
        with _lock:
            if len(_known) >= REMEMBERED:
                _known.clear()
            _known[workspace, version] = schema
    return schema


def _detached(row: R) -> R:
    """Return a copy of a row that no session changes."""
    return type(row)(**{column.key: getattr(row, column.key) for column in inspect(type(row)).column_attrs})


def _declaration(row: NounRow) -> Declaration:
    fields = (
        TextField(key="name", label="Name", by="name_key", required=True, example=row.name),
        PersonField(key="owner", label="Owner", at="owner_id", by="owner_id", role=Role(row.role), mine=True),
    )
    return Declaration(model_of(row.key), row.name, row.plural, Role(row.role), fields, twins=partial(_namesakes, row))


def _namesakes(row: NounRow, session: Session, values: Values) -> Sequence[Named]:
    return named.namesakes(session, model_of(row.key), values["name"])


def _letters(session: Session) -> Letters:
    return of(session).letters


def _models(session: Session) -> Mapping[str, Any]:
    return of(session).models


read_letters(_letters)
read_kept(_models)


def _forget(_mapper: Any, _connection: Any, row: FieldRow | NounRow | ChoiceRow | LayoutRow) -> None:
    # The version is another one now; which, the next transaction learns.
    session = object_session(row)
    assert session is not None
    session.info[SCHEMA_VERSION] = None
    session.info.pop(KNOWN, None)


for _model, _when in itertools.product((FieldRow, NounRow, ChoiceRow, LayoutRow), ("insert", "update", "delete")):
    event.listen(_model, f"after_{_when}", _forget)


@event.listens_for(Named, "after_insert", propagate=True)
@event.listens_for(Named, "after_update", propagate=True)
def _keep_values(_mapper: Any, connection: Any, record: Named) -> None:
    # On the write itself, so that an undo and a merge keep them right like any other.
    history = inspect(record).attrs.custom.history
    if not history.added or not (record.custom or any(history.deleted)):
        return
    session = object_session(record)
    assert session is not None
    fields = whole(session).by_id
    before = history.deleted[0] if history.deleted else {}
    values.keep(session, connection, record, fields, before or {})
