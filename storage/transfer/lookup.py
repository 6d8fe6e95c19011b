"""Find, many at a time, what the cells of a batch of rows name: people, records, and the records that the rows are."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, any_, bindparam, or_, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session
from sqlalchemy.types import Text

from storage.database.engine import current_workspace
from storage.errors import CrmError, Invalid, NotFound
from storage.names import name_key, short
from storage.records import named
from storage.records.declaration import Declaration
from storage.records.fields import LinkField, RecordField
from storage.records.named import Named
from storage.records.rows import RecordRow
from storage.references import in_force, parse_reference
from storage.transfer import own
from storage.transfer.cells import cell
from storage.transfer.model import ExternalId
from storage.workspace.members import Member

MOST_KEPT = 100_000


class Colleagues:
    """Find our own people by what other programs call them."""

    def __init__(self, session: Session) -> None:
        self._by_text: dict[str, list[Member]] = defaultdict(list)
        for member in session.scalars(select(Member).order_by(Member.id)):
            for typed in (member.id, member.name, member.email or ""):
                if typed and member.active:
                    self._by_text[name_key(typed)].append(member)

    def find(self, typed: str) -> str:
        """Return the id of who is called so or has this address; raise NotFound for nobody or several."""
        wanted = name_key(typed.strip("<>@ "))
        found = self._by_text.get(wanted, ())
        if len(found) != 1:
            raise NotFound("Nobody here is called {name}.", typed=typed, name=short(typed, 80))
        return found[0].id


@dataclass
class Links:
    """Find records by what the rows of a table say of them, and remember what was found while an import runs."""

    source: str
    declarations: Mapping[str, Declaration]
    found: dict[tuple[str, str], int | CrmError] = field(default_factory=dict)
    ids: dict[tuple[str, str], int | CrmError | None] = field(default_factory=dict)

    def look_up(self, session: Session, link: LinkField, texts: Iterable[str]) -> None:
        """Find what these texts name, unless they are known."""
        noun = str(link.to.__noun__)
        if len(self.found) > MOST_KEPT:
            self.found.clear()
        wanted = {typed for typed in texts if typed and (noun, typed) not in self.found}
        if not wanted:
            return
        found = _by_external_id(session, noun, self.source, wanted)
        if not self.source.startswith(own.source("")):
            # The references of another workspace are not ours.
            found |= _by_reference(session, noun, wanted - found.keys())
        declaration = self.declarations.get(noun)
        # First what is found together; what else may be meant is asked one by one.
        found |= _by_name(session, noun, wanted - found.keys())
        for typed in wanted - found.keys():
            if declaration is not None and (conditions := declaration.exact(typed)):
                found |= {typed: one for one in _only(session, link.to, or_(*conditions), typed)}  # noqa: B035 - of one at most
        for typed in wanted:
            missing = NotFound("There is no {noun} called {name}.", noun=noun, typed=typed, name=short(typed, 80))
            self.found[noun, typed] = found.get(typed, missing)

    def look_up_ids(self, session: Session, link: LinkField, ids: Iterable[str]) -> None:
        """Find the records that have these numbers in the program that the file comes from, unless they are known."""
        noun = str(link.to.__noun__)
        wanted = {one for one in ids if one and (noun, one) not in self.ids}
        if wanted:
            found = _by_external_id(session, noun, self.source, wanted)
            self.ids |= {(noun, one): found.get(one) for one in wanted}

    def by_id(self, link: LinkField, external_id: str) -> int | None:
        """Return the number of what was looked up by its number in another program, None where it is not there."""
        found = self.ids.get((str(link.to.__noun__), external_id))
        return found if isinstance(found, int) else None

    def numbers(self, link: LinkField, texts: Iterable[str]) -> set[int]:
        """Return the numbers of what these texts name, of those that were looked up and found."""
        noun = str(link.to.__noun__)
        found = (known.get((noun, text)) for text in texts for known in (self.found, self.ids))
        return {one for one in found if isinstance(one, int)}

    def find(self, link: LinkField, typed: str) -> int:
        """Return the number of what was looked up; raise NotFound, or Invalid where several answer."""
        found = self.found[str(link.to.__noun__), typed]
        if isinstance(found, CrmError):
            raise found
        return found

    def forget(self, link: LinkField, typed: str) -> None:
        """Look for what was typed again the next time."""
        self.found.pop((str(link.to.__noun__), typed), None)

    def know(self, link: LinkField, typed: str, record_id: int) -> None:
        """Remember a record that was made meanwhile."""
        self.found[str(link.to.__noun__), typed] = record_id


def among(column: Any, values: Collection[Any]) -> ColumnElement[bool]:
    """Compare a column of text or of whole numbers with one array of values.

    With a placeholder for each value the statement takes longer to write than to run.
    """
    element = Text() if all(isinstance(one, str) for one in values) else BigInteger()
    compared: ColumnElement[bool] = column == any_(bindparam(None, list(values), type_=ARRAY(element)))
    return compared


def _only(session: Session, model: type[Named], condition: ColumnElement[bool], typed: str) -> list[int | CrmError]:
    lives = (model.merged_into_id.is_(None), model.archived_at.is_(None))
    ids = list(session.scalars(select(model.id).where(condition, *lives).limit(2)))
    return [_several(str(model.__noun__), typed) if len(ids) > 1 else ids[0]] if ids else []


def _several(noun: str, typed: str) -> Invalid:
    return Invalid("There is more than one {noun} called {name}.", noun=noun, typed=typed, name=short(typed, 80))


def _by_external_id(session: Session, noun: str, source: str, wanted: Collection[str]) -> dict[str, int | CrmError]:
    if source == own.source(current_workspace(session)):
        return _by_reference(session, noun, wanted)
    rows = session.execute(
        select(ExternalId.external_id, ExternalId.record_id).where(
            ExternalId.noun == noun, ExternalId.source == source, among(ExternalId.external_id, wanted)
        )
    )
    return {typed: value for typed, value in rows}  # noqa: C416 - dict() does not know what a row holds


def _by_reference(session: Session, noun: str, wanted: Collection[str]) -> dict[str, int | CrmError]:
    letters = in_force(session)
    parsed = {typed: found for typed in wanted if (found := parse_reference(typed, letters)) and str(found[0]) == noun}
    if not parsed:
        return {}
    numbers = {record_id for _, record_id in parsed.values()}
    there = set(session.scalars(select(RecordRow.id).where(RecordRow.noun == noun, among(RecordRow.id, numbers))))
    return {typed: record_id for typed, (_, record_id) in parsed.items() if record_id in there}


def _by_name(session: Session, noun: str, wanted: Collection[str]) -> dict[str, int | CrmError]:
    found: dict[str, int | CrmError] = {}
    for typed, ids in called(session, noun, folded(session, wanted)).items():
        found[typed] = ids[0] if len(ids) == 1 else _several(noun, typed)
    return found


_FOLD = text("""
SELECT given.name, parts.find_key FROM unnest(:names, :keys) AS given (name, key), name_parts(given.key) AS parts
""").bindparams(bindparam("names", type_=ARRAY(Text())), bindparam("keys", type_=ARRAY(Text())))


def folded(session: Session, names: Collection[str]) -> dict[str, str]:
    """Return the form of each name in which names are the same as far as people can tell, as the database folds it."""
    listed = sorted(name for name in names if name_key(name))
    if not listed:
        return {}
    rows = session.execute(_FOLD, {"names": listed, "keys": [name_key(name) for name in listed]})
    return {typed: value for typed, value in rows}  # noqa: C416 - dict() does not know what a row holds


def called(session: Session, noun: str, keys: Mapping[str, str]) -> dict[str, list[int]]:
    """Return the numbers of the records that are called so, as far as people can tell, by name; up to three each.

    `keys` has the names as they are compared, by name.
    """
    if not keys:
        return {}
    rows = session.execute(
        select(RecordRow.find_key, RecordRow.id)
        .where(RecordRow.noun == noun, among(RecordRow.find_key, set(keys.values())))
        .where(RecordRow.merged_into_id.is_(None), RecordRow.archived_at.is_(None))
        .order_by(RecordRow.id)
    )
    by_key: dict[str, list[int]] = defaultdict(list)
    for key, record_id in rows:
        if len(by_key[key]) < 3:
            by_key[key].append(record_id)
    return {name: by_key[key] for name, key in keys.items() if key in by_key}


@cache
def free_mail() -> frozenset[str]:
    """Return the domains of providers whose addresses say nothing about the company."""
    return frozenset(json.loads(files("storage.transfer").joinpath("free_mail.json").read_text("utf-8")))


@dataclass(frozen=True, slots=True)
class Wanted:
    """Hold what a row says of the record it is: its number elsewhere, its name, and the values it is known by.

    `makes` names records it is linked to that are not there yet, by the key of the field.
    """

    external_id: str
    name: str
    values: Mapping[str, Any]
    makes: Mapping[str, str] = field(default_factory=dict)


def identity(declaration: Declaration, values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return the keys and compared values by which a record is known for certain."""
    known = []
    for key in declaration.identity:
        value = values.get(key)
        if value is not None and not (isinstance(value, str) and value in free_mail()):
            known.append((key, cell(declaration.field(key)).key(declaration.field(key), value)))
    return known


class Existing:
    """Find the records that the rows of a batch are: by number elsewhere, then by what identifies them, then by name.

    A record of the same name is another one where both have something that identifies them, or a link, and it differs;
    and where the row has another number in the same program. Of a noun that nothing identifies, only a record that has
    all values of the row is the same. `folds` has the names as names are compared.
    """

    def __init__(
        self,
        session: Session,
        declaration: Declaration,
        source: str,
        rows: Sequence[Wanted],
        folds: Mapping[str, str],
    ) -> None:
        self._declaration = declaration
        noun = declaration.key
        ids = {row.external_id for row in rows if row.external_id}
        self._by_external = _by_external_id(session, noun, source, ids) if ids else {}
        self._by_value: dict[tuple[str, Any], list[int]] = defaultdict(list)
        for key in declaration.identity:
            self._look_for(session, declaration.field(key), rows)
        own = {row.name for row in rows if declaration.identity or not row.external_id}
        self._by_name = called(session, noun, {name: folds[name] for name in own if name in folds})
        numbers = {one for one in self._by_external.values() if isinstance(one, int)}
        numbers |= {one for found in (*self._by_value.values(), *self._by_name.values()) for one in found}
        self._session, self._model = session, declaration.model
        self._records: dict[int, Named] = {}
        self._external_of: dict[int, set[str]] = defaultdict(set)
        if numbers:
            self._know(noun, source, numbers)

    def _know(self, noun: str, source: str, numbers: Collection[int]) -> None:
        model = self._model
        self._records = {one.id: one for one in self._session.scalars(select(model).where(among(model.id, numbers)))}
        taken = select(ExternalId.record_id, ExternalId.external_id).where(
            ExternalId.noun == noun, ExternalId.source == source, among(ExternalId.record_id, numbers)
        )
        for record_id, external_id in self._session.execute(taken):
            self._external_of[record_id].add(external_id)

    def _look_for(self, session: Session, known_by: RecordField, rows: Sequence[Wanted]) -> None:
        model = self._declaration.model
        known = (one for row in rows for one in identity(self._declaration, row.values))
        wanted = {value for key, value in known if key == known_by.key}
        if not wanted or not known_by.by:
            return
        compared = getattr(model, known_by.by)
        lives = (model.merged_into_id.is_(None), model.archived_at.is_(None))
        for value, number in session.execute(select(compared, model.id).where(among(compared, wanted), *lives)):
            self._by_value[known_by.key, value].append(number)

    def of(self, row: Wanted) -> Named | None:
        """Return the record that a row is, None for a new one; raise Invalid where several answer."""
        by_external = self._by_external.get(row.external_id) if row.external_id else None
        if isinstance(by_external, int):
            return named.get(self._session, self._model, by_external)
        known = identity(self._declaration, row.values)
        certain = [number for one in known for number in self._by_value.get(one, ())]
        alike = certain or self._by_name.get(row.name, [])
        records = [record for record in map(self._records.get, dict.fromkeys(alike)) if record is not None]
        found = [record for record in records if self._may_be(record, row, certain=bool(certain))]
        if len(found) > 1:
            raise Invalid(
                "This may be {references}.",
                references=" or ".join(record.reference for record in found[:3]),
                hint="Merge them, or give the row the number or address of the one that is meant.",
            )
        return found[0] if found else None

    def _may_be(self, record: Named, row: Wanted, *, certain: bool) -> bool:
        if row.external_id and self._external_of.get(record.id, set()) - {row.external_id}:
            return False
        if certain:
            return True
        known = self._declaration.identity
        if not known:
            return not row.makes and all(
                self._declaration.field(key).of(record) == value for key, value in row.values.items() if key != "name"
            )
        telling = [one for one in self._declaration.fields if one.key in known or isinstance(one, LinkField)]
        # What is not there yet is another one than what the record has.
        return all(
            one.of(record) is None if one.key in row.makes else _agree(one, one.of(record), row.values.get(one.key))
            for one in telling
        )


def _agree(known_by: RecordField, ours: Any, theirs: Any) -> bool:
    if ours is None or theirs is None:
        return True
    return bool(cell(known_by).key(known_by, ours) == cell(known_by).key(known_by, theirs))
