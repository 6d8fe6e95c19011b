"""Turn rows of a table into the values of records, each cell read by the type of its field."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.errors import CrmError, Invalid, NotFound
from storage.names import name_key
from storage.records.declaration import Declaration
from storage.records.fields import (
    LinkField,
    LongTextField,
    MoneyField,
    PersonField,
    RecordField,
    SettingField,
    TextField,
    YesNoField,
)
from storage.transfer.activities.declaration import ABOUT, is_activity, subjects
from storage.transfer.cells import NOBODY, NOTHING, CellReading, cell, currency_of, plain
from storage.transfer.lookup import Colleagues, Links, among
from storage.transfer.mapping import (
    ARCHIVED,
    CREATED,
    CURRENCY,
    FIRST,
    ID,
    LAST,
    LINKED_ID,
    NOTE,
    SPECIAL,
    ColumnMapping,
    field_of,
    links_made,
)
from storage.transfer.tables import UNSTORABLE, Row, open_quote
from storage.transfer.written import read_moment, refuse_cut

_OVER = re.compile(r"closed[\s_:/–—-]*(won|lost)(?:\b.*)?", re.IGNORECASE)
"""What most programs call the stages in which a deal is over: `Closed Lost to Competition`."""

ID_LIMIT = 300

_ADDRESS = re.compile(r"\s+\((?:https?://[^\s()]+|[^\s()]+\.md)\)(?:,.*)?$", re.DOTALL)
"""What is written behind a name that links to a page, with the next such names:
`Acme (https://www.notion.so/Acme-1f2e), Globex (…)`."""
_USUAL = frozenset(
    ("default", "default pipeline", "sales pipeline", "deal pipeline", "pipeline", "standard", "standard (standard)")
)
"""What programs call the pipeline that everybody has who made none: it is the one that deals begin in here."""


@dataclass(slots=True)
class ReadRow:
    """Hold what a row says: the values of its record, or why it cannot be one.

    `past` are days and moments that follow from what people do, and were when they did. `makes` are names of records
    that it is linked to and that are not there, by the key of the field. `unknown` are people nobody here is called by,
    by the label of the field. `missing` are settings that can be added before. `lost` are records that a
    row which is no record itself says it is about, and that are not there.
    """

    line: int
    values: dict[str, Any] = field(default_factory=dict)
    external_id: str = ""
    created_at: datetime | None = None
    archived_at: datetime | None = None
    note: str = ""
    past: dict[str, Any] = field(default_factory=dict)
    makes: dict[str, str] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    refused: str = ""


class RowReader:
    """Read the rows of one table in one transaction; `links` lives longer than that."""

    def __init__(
        self,
        session: Session,
        mapping: ColumnMapping,
        declaration: Declaration,
        links: Links,
        *,
        currency: str,
        zone: str,
        rehearses: bool = False,
    ) -> None:
        self._session = session
        self._mapping = mapping
        self._declaration = declaration
        self._links = links
        self._currency = currency
        self._zone = zone
        self._rehearses = rehearses
        self._people = Colleagues(session)
        self._settings: dict[tuple[str, str], int] = {}
        self._held: list[Any] = []
        self._makes: Mapping[str, Declaration] = links_made(declaration, links.declarations) if mapping.makes else {}
        fields = [(at, field_of(declaration, column.to)) for at, column in enumerate(mapping.columns)]
        self._fields: list[tuple[int, RecordField]] = [(at, one) for at, one in fields if one is not None]
        by_id = ((at, column.to) for at, column in enumerate(mapping.columns) if column.to not in SPECIAL)
        linked = ((at, field_of(declaration, to.removesuffix(LINKED_ID))) for at, to in by_id if to.endswith(LINKED_ID))
        self._by_id = [(at, one) for at, one in linked if isinstance(one, LinkField)]
        self._mapped = [at for at, column in enumerate(mapping.columns) if column.to]
        self._special = {key: mapping.to(key) for key in SPECIAL}
        self._about = subjects(declaration) if is_activity(declaration) else []
        about = self._special[ABOUT]
        self._named = [(at, one) for at, one in self._fields if isinstance(one, LinkField)]
        self._named += [(about, one) for one in self._about] if about is not None else []

    def read(self, rows: Sequence[Row]) -> list[ReadRow]:
        """Return what each row says; what cannot be read is a reason in its place, and raises nothing."""
        whole = [row for row in rows if UNSTORABLE.search("\n".join(row.cells[at] for at in self._mapped)) is None]
        for at, one in self._named:
            self._links.look_up(self._session, one, (_first(row.cells[at]) for row in whole))
        for at, one in self._by_id:
            self._links.look_up_ids(self._session, one, (_first(row.cells[at]) for row in whole))
        self._hold(whole)
        readable = {row.line for row in whole}
        return [self._read(row) if row.line in readable else _broken(row) for row in rows]

    def _hold(self, rows: Sequence[Row]) -> None:
        """Read together, and keep while the rows are read, what they are linked to: each is looked at by its number."""
        self._held = [linked for one in self._declaration.fields for linked in _begun_with(self._session, one)]
        for at, link in (*self._named, *self._by_id):
            texts = {_first(row.cells[at]) for row in rows}
            model, numbers = link.to, self._links.numbers(link, texts)
            self._held += self._session.scalars(select(model).where(among(model.id, numbers))) if numbers else []

    def _read(self, row: Row) -> ReadRow:
        read = ReadRow(row.line)
        if row.opens:
            read.refused = said(open_quote(row.opens))
            return read
        if row.beyond:
            read.refused = said(Invalid("The row has more cells than there are columns."))
            return read
        try:
            self._fill(read, row)
        except CrmError as error:
            name = error.field or ""
            at = next((at for at, one in self._fields if one.key == name), None)
            column = self._mapping.columns[at].name if at is not None else ""
            read.refused = f"{column}: {said(error)}" if column else said(error)
        return read

    def _fill(self, read: ReadRow, row: Row) -> None:
        read.external_id = self._special_cell(ID, row)
        if len(read.external_id) > ID_LIMIT:
            raise Invalid(
                "An id of another program may have up to {limit} characters; this one has {length}.",
                limit=ID_LIMIT,
                length=len(read.external_id),
            )
        for number in (read.external_id, *(plain(row.cells[at]) for at, _link in self._by_id)):
            # Two of these would be one record.
            refuse_cut(number)
        read.note = self._special_cell(NOTE, row)
        currency = self._special_cell(CURRENCY, row)
        read.created_at, read.archived_at = self._moment(CREATED, row), self._moment(ARCHIVED, row)
        for at, one in self._fields:
            text = _first(row.cells[at]) if isinstance(one, LinkField) else plain(row.cells[at])
            if not text or one.key in read.values or _is_nothing(one, text):
                continue
            reading = CellReading(
                self._mapping.columns[at].written,
                currency_of(currency, self._currency) if currency and isinstance(one, MoneyField) else self._currency,
                self._zone,
                self._people.find,
                self._links.find,
                self._setting,
            )
            try:
                value = one.check(self._session, cell(one).read(one, text, reading))
                (read.values if one.entered else read.past)[one.key] = value
            except CrmError as error:
                if not self._excused(read, one, text, error):
                    raise error.on_field(one.key) from None
        for at, link in self._by_id:
            if (linked := self._links.by_id(link, _first(row.cells[at]))) is not None:
                # It may have been merged into another since.
                (read.values if link.entered else read.past)[link.key] = link.check(self._session, linked)
                read.makes.pop(link.key, None)
            elif self._about and (number := _first(row.cells[at])):
                read.lost.append(number)
        if self._about:
            self._say_about(read, _first(self._special_cell(ABOUT, row)))
        elif "name" not in read.values:
            name = " ".join(filter(None, (self._special_cell(FIRST, row), self._special_cell(LAST, row))))
            named = self._declaration.field("name")
            # A person without a name is called by the address.
            read.values["name"] = named.check(self._session, name or next(self._otherwise(read), None))
        for required in self._declaration.fields:
            if required.required and not required.begins and required.key not in read.values:
                required.check(self._session, None)

    def _say_about(self, read: ReadRow, typed: str) -> None:
        for link in self._about if typed else ():
            with suppress(CrmError):
                read.values.setdefault(link.key, link.check(self._session, self._links.find(link, typed)))
        if typed and not any(link.key in read.values for link in self._about):
            read.lost.append(typed)

    def _setting(self, one: SettingField, text: str) -> int:
        if (one.key, text) not in self._settings:
            try:
                found = one.resolve(self._session, text)
            except NotFound:
                over = _OVER.fullmatch(text)
                if over is None:
                    raise
                found = one.resolve(self._session, over[1])
            self._settings[one.key, text] = found.id
        return self._settings[one.key, text]

    def _otherwise(self, read: ReadRow) -> Iterator[Any]:
        return (read.values[key] for key in self._declaration.identity if key in read.values)

    def _moment(self, key: str, row: Row) -> datetime | None:
        at, text = self._special[key], self._special_cell(key, row)
        return read_moment(text, self._mapping.columns[at].written, self._zone) if at is not None and text else None

    def _special_cell(self, key: str, row: Row) -> str:
        at = self._special[key]
        return "" if at is None else plain(row.cells[at])

    def _excused(self, read: ReadRow, one: RecordField, text: str, error: CrmError) -> bool:
        """Tell whether the row stands without this value: somebody who left, or a record that is made on the way."""
        if isinstance(one, PersonField) and not one.required:
            read.unknown[one.label] = text
            return True
        if self._about and isinstance(one, LinkField):
            read.lost.append(text)
            return True
        if isinstance(one, LinkField) and not one.entered:
            read.note = "\n".join(filter(None, (read.note, f"{one.label}: {text}")))
            return True
        if isinstance(one, SettingField) and not one.required and name_key(text) in _USUAL:
            return True
        if isinstance(one, SettingField) and self._rehearses and error.kind == "not_found":
            read.missing[one.key] = text
            return self._mapping.adds
        if one.key in self._makes and error.kind == "not_found":
            target = self._makes[one.key]
            target.field("name").check(self._session, text)
            read.makes[one.key] = text
            return True
        return False


def _is_nothing(one: RecordField, text: str) -> bool:
    """Tell whether a cell says that there is no value; a text may be what it says."""
    if type(one) in (TextField, LongTextField):
        return False
    key = name_key(text)
    return (key in NOTHING and not isinstance(one, YesNoField)) or (key in NOBODY and isinstance(one, PersonField))


def _broken(row: Row) -> ReadRow:
    return ReadRow(row.line, refused=said(Invalid("The row has a character that cannot be stored.")))


def _begun_with(session: Session, one: RecordField) -> Sequence[Any]:
    return one.among(session) if isinstance(one, SettingField) else ()


def _first(cell: str) -> str:
    """Return the first of what a cell says a row is linked to, without its address; the others are not kept."""
    return _ADDRESS.sub("", plain(cell).split(";")[0].strip())


def said(error: CrmError) -> str:
    """Return what an error says to whoever corrects the file."""
    return f"{error} {error.hint.format(**error.params)}" if error.hint else str(error)
