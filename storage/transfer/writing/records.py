"""Give rows that were read their effect: records made, changed or left alone, in as few statements as rows allow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from storage.beside import insert_json
from storage.crm import notes
from storage.database.engine import current_workspace
from storage.database.recorded import Recorded
from storage.errors import CrmError, Invalid, translate
from storage.records import lifecycle
from storage.records.counters import next_ids
from storage.records.declaration import Declaration
from storage.records.fields import LinkField, MomentField
from storage.records.history.ownership import check_owner
from storage.records.named import Named
from storage.transfer import own
from storage.transfer.likeness import Likeness
from storage.transfer.lookup import Existing, Links, Wanted, folded
from storage.transfer.mapping import ColumnMapping, Matches, links_made
from storage.transfer.model import ExternalId
from storage.transfer.reading import ReadRow, said

ADDED, CHANGED, SAME, REFUSED = "added", "changed", "same", "refused"
assert isinstance(ExternalId.__table__, Table)
_NUMBERS = ExternalId.__table__
OUTCOMES = (ADDED, CHANGED, SAME, REFUSED)


@dataclass(slots=True)
class Effect:
    """Say what becomes of a row: which record it is, and what of it changes."""

    row: ReadRow
    outcome: str
    record: Named | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


def wanted(row: ReadRow) -> Wanted:
    """Return what a row says of the record it is."""
    return Wanted(row.external_id, str(row.values.get("name", "")), row.values, row.makes)


def names(session: Session, rows: Sequence[ReadRow]) -> dict[str, str]:
    """Return the names of rows as names are compared, by name."""
    return folded(session, {str(row.values["name"]) for row in rows if "name" in row.values})


def effects(
    session: Session,
    declaration: Declaration,
    mapping: ColumnMapping,
    rows: Sequence[ReadRow],
    folds: Mapping[str, str],
) -> list[Effect]:
    """Return what becomes of each row, given what the database holds now; nothing is changed."""
    readable = [row for row in rows if not row.refused]
    existing = Existing(session, declaration, mapping.source, [wanted(row) for row in readable], folds)
    found = []
    for row in rows:
        if row.refused:
            found.append(Effect(row, REFUSED))
            continue
        try:
            record = existing.of(wanted(row))
            found.append(_add(row) if record is None else _change(session, declaration, mapping, record, row))
        except CrmError as error:
            row.refused = said(error)
            found.append(Effect(row, REFUSED))
    return found


def _add(row: ReadRow) -> Effect:
    return Effect(row, ADDED, values=row.values)


def _change(session: Session, declaration: Declaration, mapping: ColumnMapping, record: Named, row: ReadRow) -> Effect:
    if mapping.matches == Matches.SKIP:
        return Effect(row, SAME, record)
    values = {}
    for key, value in declaration.returning(session, record, row.values, row.past).items():
        has = declaration.field(key).of(record)
        if has != value and (has is None or mapping.matches == Matches.CHANGE):
            values[key] = value
    makes = {key: name for key, name in row.makes.items() if declaration.field(key).of(record) is None}
    row.makes = makes
    return Effect(row, CHANGED if values or makes else SAME, record, values)


def rehearsed(
    session: Session, mapping: ColumnMapping, declaration: Declaration, rows: Sequence[ReadRow], actor_id: str | None
) -> Iterator[tuple[Effect, list[str], list[str]]]:
    """Yield what would become of each row, with the marks by which another row is the same: sought and left."""
    folds = names(session, rows)
    likeness = Likeness(declaration)
    for effect in effects(session, declaration, mapping, rows, folds):
        _hold_to_rights(session, effect, actor_id)
        if effect.outcome == REFUSED:
            yield effect, [], []
        else:
            one = wanted(effect.row)
            name = folds.get(one.name, "")
            yield effect, likeness.sought(one, name), likeness.left(one, name)


def _hold_to_rights(session: Session, effect: Effect, actor_id: str | None) -> None:
    """Refuse a change that this person may not make; who writes it is held to that by the history."""
    record = effect.record
    if effect.outcome != CHANGED or not isinstance(record, Recorded) or record.__owner__ is None:
        return
    try:
        check_owner(session, record, getattr(record, record.__owner__), actor_id, called=None)
    except CrmError as error:
        effect.outcome, effect.row.refused = REFUSED, said(error)


class RowWriter:
    """Write the effects of rows in one transaction, recorded in the history; `import_id` says by which import."""

    def __init__(
        self, session: Session, mapping: ColumnMapping, declaration: Declaration, links: Links, import_id: int
    ) -> None:
        self._session = session
        self._mapping = mapping
        self._declaration = declaration
        self._links = links
        self._import_id = import_id
        self._likeness = Likeness(declaration)
        self._folds: Mapping[str, str] = {}
        self.made = 0
        """How many records were made on the way, because a row is linked to them."""

    def write(self, rows: Sequence[ReadRow]) -> list[Effect]:
        """Give rows their effect and return it; a row that may be the same record as one before it comes after that."""
        done: list[Effect] = []
        waiting = list(rows)
        self._folds = names(self._session, rows)
        while waiting:
            taken: set[str] = set()
            wave: list[ReadRow] = []
            for row in waiting:
                if not row.refused:
                    self._link(row)
                    folded_name = self._folds.get(str(row.values.get("name", "")), "")
                    if not taken.isdisjoint(self._likeness.sought(wanted(row), folded_name)):
                        break
                    taken.update(self._likeness.left(wanted(row), folded_name))
                wave.append(row)
            waiting = waiting[len(wave) :]
            done += self._together(wave)
        return done

    def _link(self, row: ReadRow) -> None:
        """Link a row to records that were made since it was read."""
        for key, name in list(row.makes.items()):
            link = self._declaration.field(key)
            assert isinstance(link, LinkField)
            with suppress(CrmError):
                row.values[key] = self._links.find(link, name)
                del row.makes[key]

    def _together(self, rows: Sequence[ReadRow]) -> list[Effect]:
        found = effects(self._session, self._declaration, self._mapping, rows, self._folds)
        try:
            with self._session.begin_nested():
                self._apply(found)
        except (CrmError, DBAPIError) as error:
            if len(rows) > 1:
                # One of them is refused: each on its own says which.
                return [effect for row in rows for effect in self._together([row])]
            known = translate(error)
            if known is None:
                raise
            rows[0].refused = said(known)
            return [Effect(rows[0], REFUSED)]
        return found

    def _apply(self, found: Sequence[Effect]) -> None:
        self._make_links([effect for effect in found if effect.row.makes])
        added = [effect for effect in found if effect.outcome == ADDED]
        if added:
            self._add(added)
        for effect in found:
            if effect.outcome == CHANGED and effect.record is not None:
                self._change(effect.record, effect)
        self._note([effect for effect in found if effect.record is not None])
        self._keep_numbers([effect for effect in found if effect.record is not None and effect.row.external_id])

    def _change(self, record: Named, effect: Effect) -> None:
        past = [(self._declaration.field(key), value) for key, value in effect.row.past.items()]
        to_come = [(one, value) for one, value in past if isinstance(one, MomentField) and one.of(record) is None]
        lifecycle.change(self._session, self._declaration, record, effect.values)
        for one, value in to_come:
            # What has just come to be did so on the day that the row says.
            if one.of(record) is not None:
                one.put(record, value)

    def _make_links(self, found: Sequence[Effect]) -> None:
        makes = links_made(self._declaration, self._links.declarations)
        for effect in found:
            for key, name in effect.row.makes.items():
                link = self._declaration.field(key)
                assert isinstance(link, LinkField)
                effect.values = {**effect.values, key: self._linked(link, makes[key], name)}

    def _linked(self, link: LinkField, target: Declaration, name: str) -> int:
        try:
            return self._links.find(link, name)
        except CrmError:
            # Another spelling may have been made a moment ago.
            self._links.forget(link, name)
            self._links.look_up(self._session, link, [name])
        try:
            return self._links.find(link, name)
        except CrmError:
            record = lifecycle.add(self._session, target, {"name": name})
            self._links.know(link, name, record.id)
            self.made += 1
            return record.id

    def _add(self, added: Sequence[Effect]) -> None:
        beginning = self._declaration.beginning(self._session)
        if self._declaration.add is None or self._declaration.arriving is not None:
            self._add_together(added, beginning)
            self._session.flush()
            return
        # It has rules of its own, which each record goes through.
        for effect in added:
            effect.record = self._add_one({**beginning, **effect.values}, beginning)
            if effect.row.created_at is not None:
                effect.record.created_at = effect.row.created_at
            effect.record.archived_at = effect.row.archived_at
            for key, value in effect.row.past.items():
                one = self._declaration.field(key)
                # Only of what has come to be: an open ticket was not resolved on any day.
                if isinstance(one, LinkField) or one.of(effect.record) is not None:
                    one.put(effect.record, value)
        self._session.flush()

    def _add_together(self, added: Sequence[Effect], beginning: Mapping[str, Any]) -> None:
        model = self._declaration.model
        arrive = self._declaration.arriving(self._session) if self._declaration.arriving else None
        numbers = next_ids(self._session, model.counter(), len(added))
        for number, effect in zip(numbers, added, strict=True):
            row = effect.row
            values = lifecycle.attributes(self._declaration, {**beginning, **effect.values})
            if arrive is not None:
                values = arrive(values, row.past, row.created_at)
            moments = {"created_at": row.created_at} if row.created_at is not None else {}
            effect.record = model.unsaved(self._session, id=number, archived_at=row.archived_at, **values, **moments)

    def _add_one(self, values: Mapping[str, Any], beginning: Mapping[str, Any]) -> Named:
        """Add a record as its noun wants it; where it may not begin as it is, let it begin and then become so."""
        try:
            return lifecycle.begun(self._session, self._declaration, values)
        except Invalid:
            later = {key: values[key] for key in beginning if values[key] != beginning[key]}
            if not later:
                raise
            record = lifecycle.begun(self._session, self._declaration, {**values, **beginning})
            lifecycle.change(self._session, self._declaration, record, later)
            return record

    def _note(self, found: Sequence[Effect]) -> None:
        for effect in found:
            texts = [effect.row.note] if effect.row.note and effect.outcome == ADDED else []
            if effect.outcome == ADDED:
                texts += [f"{label}: {text}" for label, text in effect.row.unknown.items()]
            if texts:
                assert effect.record is not None
                at: datetime | None = effect.row.created_at
                notes.add(self._session, effect.record, "\n".join(texts), at=at)

    def _keep_numbers(self, found: Sequence[Effect]) -> None:
        ours = own.source(current_workspace(self._session))
        if not found or self._mapping.source == ours:
            return
        common = {
            "workspace_id": current_workspace(self._session),
            "noun": self._declaration.key,
            "source": self._mapping.source,
            "import_id": self._import_id,
        }
        rows = [
            common | {"external_id": effect.row.external_id, "record_id": effect.record.id}
            for effect in found
            if effect.record is not None
        ]
        insert_json(self._session.connection(), _NUMBERS, rows, but_known=True)
