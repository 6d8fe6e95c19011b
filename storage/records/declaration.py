"""Declare a noun: what its records are called, which fields they have, who may change them.

All that people can do with its records follows from the declaration: see `bot.handlers.records`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute, Session

from storage.errors import Invalid
from storage.records import named
from storage.records.comparisons import Field, Fields
from storage.records.fields import PersonField, RecordField
from storage.records.named import Named
from storage.records.query import Query
from storage.records.rows import KEPT
from storage.records.values import comparison
from storage.workspace.members import Role

_declared: dict[str, Declaration] = {}
_beside: dict[str, dict[str, Field]] = {}
_words_beside: dict[str, dict[str, str]] = {}
Values = Mapping[str, Any]
"""The values of a record by the keys of its fields, as they are stored; a key that is left out is not spoken of."""

Refuse = Callable[[Session, Any, Values], None]
Arrive = Callable[[Values, Values, datetime | None], dict[str, Any]]


def refuse_nothing(_session: Session, _record: Any, _values: Values) -> None:
    """Let a record have all values that its fields allow."""


@dataclass(frozen=True)
class Over:
    """Say when records are over: `at` is when they ended, `asked` which ones filters are about.

    `asked` returns False for those that are still open, True for those that are over, None for both; `open` and `ended`
    are what people call the one and the other.
    """

    at: InstrumentedAttribute[Any]
    asked: Callable[[Session, Query], bool | None]
    open: str
    ended: str


@dataclass(frozen=True)
class Declaration:
    """Hold what there is to know of a noun.

    The first field is the name. `exact` gives further conditions under which a record is meant by a text, `twins` the
    records that may be the same as one with these values; two with one value of a field of `identity` are the same,
    whatever they are called. `add` makes a record of attributes, `arriving` gives what turns the attributes of records
    that come from elsewhere, their values that nobody enters and when they were made there into those of a record as it
    is there, `returning` the values that one which comes again changes; `merge` makes one of two; `refuse` raises
    Invalid or Conflict for values that a record, or a new one where it is None, may not be given; `ready` makes what a
    workspace begins with; `told` hears of changes. Lists are ordered by `order`, or else by name, the latest first by
    `newest_first`, and leave out what is `over`; `words` are everyday words for filters, `day` is the field that a bare
    day is about, `day_over` that where only what is closed is asked for, `aliases` are further words for fields,
    `layout` says what is shown where. Raises ValueError where two fields have one key, the first is not the name, or
    one that tells records apart is not for everybody.
    """

    model: type[Named]
    label: str
    plural: str
    change: Role
    fields: tuple[RecordField, ...]
    identity: tuple[str, ...] = ()
    exact: Callable[[str], Sequence[ColumnElement[bool]]] = lambda _typed: ()
    twins: Callable[[Session, Values], Sequence[Named]] | None = None
    add: Callable[..., Named] | None = None
    arriving: Callable[[Session], Arrive] | None = None
    returning: Callable[[Session, Any, Values, Values], Values] = lambda _session, _record, given, _past: given
    merge: Callable[[Session, Any, Any], Named] | None = None
    refuse: Refuse = refuse_nothing
    ready: Callable[[Session], object] = lambda _session: None
    told: Callable[[Session, Any, bool], None] = lambda _session, _record, _added: None
    words: Mapping[str, str] = field(default_factory=lambda: {"all": ""})
    day: str = "created"
    day_over: str = ""
    order: InstrumentedAttribute[Any] | None = None
    newest_first: bool = False
    over: Over | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)
    layout: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        keys = [one.key for one in self.fields]
        if len(set(keys)) < len(keys) or keys[:1] != ["name"]:
            raise ValueError(f"the fields of a {self.key} need keys of their own, the first the name")
        if any(one.seen_by and (one.unique or one.key in {"name", self.day, *self.identity}) for one in self.fields):
            raise ValueError(f"what tells the records of a {self.key} apart is for everybody")
        if KEPT.get(self.key) is self.model:
            _declared.setdefault(self.key, self)

    @property
    def key(self) -> str:
        """Return the word that commands begin with, under which the database knows the noun."""
        return self.model.__noun__

    @property
    def is_setting(self) -> bool:
        """Tell whether the records set up the workspace, and are not what people work with."""
        return self.model.__setting__

    @property
    def is_plain(self) -> bool:
        """Tell whether no rule but those of its fields decides what a new record is, so that many are made at once."""
        return self.add is None and self.refuse is refuse_nothing and not self.is_setting

    @property
    def letter(self) -> str:
        """Return the letter that begins the references of the noun's records."""
        return self.model.__letter__

    @cached_property
    def filters(self) -> Fields:
        """Return what records can be filtered and sorted by."""
        compared = {
            one.key: comparison(one, self.model) if one.custom_id else one.comparison(self.model) for one in self.fields
        }
        known = {key: compared_by for key, compared_by in compared.items() if compared_by is not None}
        times = {"created": self.model.created_at, "updated": self.model.updated_at}
        known |= {key: Field(column, "moment", past=True) for key, column in times.items()}
        owner = next((one.key for one in self.fields if isinstance(one, PersonField) and one.mine), None)
        owned = {"mine": f"{owner}:me", "unassigned": f"{owner}:none"} if owner else {}
        known |= {alias: known[key] for alias, key in self.aliases.items() if key in known}
        words = {**owned, **self.words, **_words_beside.get(self.key, {})}
        return Fields(
            {**_beside.get(self.key, {}), **known},
            tie=self.model.id,
            words=words,
            day=self.day,
            day_over=self.day_over,
            over=frozenset(words.get("closed", "").removeprefix("status:").split(",")),
        )

    def laid_out(self, place: str) -> tuple[RecordField, ...]:
        """Return the fields that are shown at a place (`card`, `line`, `form`) in their order, but for the name.

        Without a layout they are all that people enter. A required field is never missing in a form.
        """
        entered = self.entered[1:]
        keys = self.layout.get(place)
        if keys is None:
            return entered
        by_key = {one.key: one for one in entered}
        shown = [by_key[key] for key in keys if key in by_key]
        needed = [one for one in entered if place == "form" and one.required and one not in shown]
        return (*shown, *needed)

    @property
    def entered(self) -> tuple[RecordField, ...]:
        """Return the fields whose values people enter, the name first."""
        return tuple(one for one in self.fields if one.entered)

    def beginning(self, session: Session) -> dict[str, Any]:
        """Return what a record begins with where nobody says anything else."""
        return {one.key: one.begins(session) for one in self.fields if one.begins}

    def field(self, key: str) -> RecordField:
        """Return a field by its key; raise Invalid where there is none."""
        for one in self.fields:
            if one.key == key:
                return one
        raise Invalid("There is no field {name}.", field=key, name=key)

    def check(self, session: Session, values: Values) -> dict[str, Any]:
        """Return values as they are stored, by key, in the order of the fields; raise Invalid naming the field."""
        for key in values:
            if not self.field(key).entered:
                raise Invalid("The {name} follows from what is done, so it cannot be entered.", field=key, name=key)
        return {one.key: one.check(session, values[one.key]) for one in self.fields if one.key in values}

    def to_json(self, values: Values) -> dict[str, Any]:
        """Return values as JSON holds them."""
        return {key: self.field(key).to_json(value) for key, value in values.items()}

    def from_json(self, values: Any) -> dict[str, Any]:
        """Return what `to_json` was given; raise Invalid for anything else."""
        try:
            return {key: self.field(key).from_json(value) for key, value in values.items()}
        except (ValueError, TypeError, AttributeError):
            raise Invalid("This button no longer works.", hint="Please repeat the command.") from None

    def resolve(self, session: Session, typed: str) -> Named:
        """Return the record a person means; raise Ambiguous or NotFound with candidates."""
        self.ready(session)
        return named.resolve(session, self.model, typed, also=self.exact(typed))


def filter_beside(noun: str, name: str, on: Field, words: Mapping[str, str]) -> None:
    """Let a noun be filtered by what another module keeps beside its records, also by everyday words.

    To be called while that module is imported.
    """
    _beside.setdefault(noun, {})[name] = on
    _words_beside.setdefault(noun, {}).update(words)


def declared() -> Mapping[str, Declaration]:
    """Return every noun that is declared, by its key."""
    return _declared
