"""Show, against a plain model, that whatever becomes of nouns of a workspace's own, every surface of them is right.

Two admins work in two workspaces at once, whose nouns have names that the other's never have. They make nouns, rename,
retire and bring them back, give them fields, add records and values, merge and undo. After each step the nouns there
are, their letters and fields, their lists, filters, cards and references are compared with the model.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.kit import cards
from bot.kit.format import Reader
from storage.database.engine import Database
from storage.errors import Conflict, CrmError
from storage.records import history, lifecycle, listing, named, schema
from storage.records.declaration import Declaration
from storage.records.query import parse_filters
from storage.records.schema import checking, field_definitions, noun_definitions
from storage.records.schema.own import OwnRecord
from storage.workspace.workspaces import Workspace
from tests.support.expected_changes import ExpectedRows
from tests.support.filter_values import Said

READER = Reader("en-US", ZoneInfo("UTC"), datetime(2030, 1, 7, tzinfo=UTC))
PEOPLE = ("UONE", "UTWO")
NAMES = (("Dinghy", "Yacht", "Skiff"), ("Tractor", "Plough", "Harrow"))
"""What the nouns of each workspace are called, so that one of the other's is seen at once."""
FIELDS = ("Plan", "Crew")
VALUES = ("amber", "cobalt", "umber")
numbers = itertools.count(1)


@dataclass(frozen=True)
class Kind:
    """Hold what is known of a noun."""

    key: str
    letter: str
    name: str
    retired: bool = False


@dataclass(frozen=True)
class Own:
    """Hold what is known of a field: of which noun it is, and what it is called."""

    of: int
    name: str


@dataclass(frozen=True)
class Row:
    """Hold what is known of a record: of which noun it is, its values by the numbers of fields, and where it went."""

    of: int
    name: str
    values: tuple[tuple[int, str], ...] = ()
    into: int | None = None


@dataclass(kw_only=True)
class World(ExpectedRows):
    """Hold what a workspace should hold: nouns, fields and records by kind and number, and what was done."""

    id: str
    at: int

    def all(self, kind: str, of: int | None = None) -> dict[int, Any]:
        """Return the nouns, or the fields or records of one of them or of all."""
        rows = {number: row for (was, number), row in self.rows.items() if was == kind}
        return rows if of is None else {number: row for number, row in rows.items() if row.of == of}

    def live(self) -> dict[int, Kind]:
        """Return the nouns in use."""
        return {number: one for number, one in self.all("noun").items() if not one.retired}

    def there(self, of: int) -> list[int]:
        """Return the records of a noun that are no part of another."""
        return sorted(number for number, one in self.all("record", of).items() if one.into is None)

    def needs(self, key: Any, row: Any) -> set[Any]:
        """Return what a row cannot be without."""
        if key[0] == "noun":
            return set()
        values = {("field", number) for number, _value in row.values} if key[0] == "record" else set()
        return {("noun", row.of), *values, *({("record", row.into)} if key[0] == "record" and row.into else ())}


WHAT = ("define", "rename", "retire", "restore", "give_field", "add", "add", "value", "value", "merge", "undo", "undo")
step = st.tuples(
    st.integers(0, 1), st.sampled_from(WHAT), st.integers(0, 2), st.integers(0, 2), st.integers(0, 2),
    st.sampled_from(PEOPLE),
)  # fmt: skip
BEGIN = [
    (at, what, pick, value, 0, who)
    for at in (0, 1)
    for what, pick, value, who in (
        ("define", 0, 0, "UONE"), ("define", 0, 1, "UTWO"), ("give_field", 0, 0, "UTWO"), ("add", 0, 0, "UONE"),
        ("add", 0, 1, "UTWO"), ("add", 1, 0, "UONE"), ("value", 0, 1, "UONE"),
    )
]  # fmt: skip


@given(steps=st.lists(step, min_size=8, max_size=24))
@settings(
    max_examples=8,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_whatever_becomes_of_nouns_every_surface_is_right(database: Database, steps: list[Any]) -> None:
    both = [_begun(database, at) for at in (0, 1)]
    for at, what, *how, who in [*BEGIN, *steps]:
        world, was = both[at], dict(both[at].rows)
        expected: type[CrmError] | None = None
        raised: type[CrmError] | None = None
        doing = Doing(world, who, *how)
        try:
            with database.transaction(world.id) as session, history.recording(session, actor_id=who, source=what):
                schema.see_as(session, None)
                getattr(doing, what)(session)
        except CrmError as error:
            raised = type(error)
            world.rows = was
        expected = doing.expected
        assert raised is expected, (what, how, who)
        if what != "undo":
            world.done(who, was)
        for seen, foreign in (both, both[::-1]):
            with database.transaction(seen.id) as session:
                schema.see_as(session, None)
                _compare(session, seen, foreign)


def _begun(database: Database, at: int) -> World:
    world = World(id=f"TNOUNS{next(numbers)}", at=at)
    with database.transaction(world.id) as session:
        session.add(Workspace(id=world.id, name="Any"))
    return world


@dataclass
class Doing:
    """Do one step in the model and in the database; the model says first which error it is to be."""

    world: World
    who: str
    first: int
    second: int
    third: int
    expected: type[CrmError] | None = None

    @property
    def name(self) -> str:
        """Return the name that is meant."""
        return NAMES[self.world.at][self.second]

    def _of(self, nouns: dict[int, Kind]) -> tuple[int, Kind] | None:
        known = sorted(nouns.items())
        return known[self.first % len(known)] if known else None

    def define(self, session: Session) -> None:
        """Make a noun."""
        taken = {one.key for one in self.world.all("noun").values()}
        self.expected = Conflict if self.name.casefold() in taken else None
        row = noun_definitions.define(session, name=self.name)
        self.world.rows["noun", row.id] = Kind(row.key, row.letter, row.name)

    def rename(self, session: Session) -> None:
        """Call a noun otherwise, as another may be called too."""
        if found := self._of(self.world.live()):
            number, one = found
            row = noun_definitions.get(session, number)
            noun_definitions.change(session, row, name=self.name, plural=f"{self.name}s")
            self.world.rows["noun", number] = replace(one, name=self.name)

    def retire(self, session: Session) -> None:
        """Take a noun out of use."""
        if found := self._of(self.world.live()):
            noun_definitions.retire(session, noun_definitions.get(session, found[0]))
            self.world.rows["noun", found[0]] = replace(found[1], retired=True)

    def restore(self, session: Session) -> None:
        """Bring a noun back."""
        gone = {number: one for number, one in self.world.all("noun").items() if one.retired}
        if found := self._of(gone):
            noun_definitions.restore(session, noun_definitions.get(session, found[0]))
            self.world.rows["noun", found[0]] = replace(found[1], retired=False)

    def give_field(self, session: Session) -> None:
        """Give a noun a field."""
        if found := self._of(self.world.live()):
            name = FIELDS[self.second % len(FIELDS)]
            taken = {one.name for one in self.world.all("field", found[0]).values()}
            self.expected = Conflict if name in taken else None
            row = field_definitions.define(session, _declared(session, found[1]), name=name, type="text")
            self.world.rows["field", row.id] = Own(found[0], name)

    def add(self, session: Session) -> None:
        """Add a record."""
        if found := self._of(self.world.live()):
            name = f"Number {next(numbers)}"
            made = lifecycle.add(session, _declared(session, found[1]), {"name": name})
            self.world.rows["record", made.id] = Row(found[0], name)

    def value(self, session: Session) -> None:
        """Give a record a value."""
        if not (found := self._of(self.world.live())):
            return
        fields, records = sorted(self.world.all("field", found[0]).items()), self.world.there(found[0])
        if fields and records:
            noun = _declared(session, found[1])
            number, own = fields[self.third % len(fields)]
            at = records[self.second % len(records)]
            given = VALUES[self.third]
            lifecycle.change(session, noun, named.get(session, noun.model, at), {own.name.casefold(): given})
            was = self.world.rows["record", at]
            values = {**dict(was.values), number: given}
            self.world.rows["record", at] = replace(was, values=tuple(sorted(values.items())))

    def merge(self, session: Session) -> None:
        """Make a record part of another."""
        if not (found := self._of(self.world.live())) or len(records := self.world.there(found[0])) < 2:
            return
        gone, kept = records[0], records[1 + self.second % (len(records) - 1)]
        noun = _declared(session, found[1])
        lifecycle.merge(session, noun, *(named.get(session, noun.model, one) for one in (gone, kept)))
        lost, won = self.world.rows["record", gone], self.world.rows["record", kept]
        self.world.rows["record", gone] = replace(lost, into=kept)
        values = {**dict(lost.values), **dict(won.values)}
        self.world.rows["record", kept] = replace(won, values=tuple(sorted(values.items())))

    def undo(self, session: Session) -> None:
        """Take back what this admin did last."""
        self.expected = self.world.undo(self.who)
        history.undo(session, self.who)


def _declared(session: Session, kind: Kind) -> Declaration:
    return schema.of(session).nouns[kind.key]


def _compare(session: Session, world: World, other: World) -> None:
    known = schema.of(session)
    assert {key: (one.label, one.plural, known.letters[key]) for key, one in known.nouns.items()} == {
        one.key: (one.name, f"{one.name}s", one.letter) for one in world.live().values()
    }
    assert not {one.key for one in other.all("noun").values()} & {*known.declared, *known.letters}
    assert list(checking.differing(session)) == []
    # Of a retired noun too, nothing is lost.
    kept = {row.id: row.name for row in session.scalars(select(OwnRecord))}
    assert kept == {number: one.name for number, one in world.all("record").items()}
    letters = [one.letter for one in world.all("noun").values()]
    assert len(set(letters)) == len(letters)
    for number, kind in world.live().items():
        noun = _declared(session, kind)
        fields = world.all("field", number)
        assert {one.custom_id: one.label for one in noun.fields if one.custom_id} == {
            at: one.name for at, one in fields.items()
        }
        there = world.there(number)
        assert sorted(_listed(session, noun)) == there
        for at, row in world.all("record", number).items():
            found = named.by_reference(session, noun.model, f"{kind.letter}-{at}")
            assert found is not None and found.id == _root(world, at)
            if row.into is None:
                card = str(cards.card(session, noun, found, READER))
                assert row.name in card
                assert all(fields[one].name in card and value in card for one, value in row.values)
                assert not any(name in card for name in NAMES[1 - world.at])
        for one, own in fields.items():
            for value in VALUES:
                has = [at for at in there if dict(world.rows["record", at].values).get(one) == value]
                assert sorted(_listed(session, noun, f"{own.name.casefold()}={value}")) == has


def _root(world: World, number: int) -> int:
    while (into := world.rows["record", number].into) is not None:
        number = into
    return number


def _listed(session: Session, noun: Declaration, *filters: str) -> list[int]:
    found = listing.page(session, noun, parse_filters(filters), Said(), limit=100)
    return [one.id for one in found.records]
