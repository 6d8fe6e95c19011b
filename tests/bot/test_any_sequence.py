"""Show, against a plain model, that whatever two people do in whatever order, all that shows records is right.

They add, change, note on, archive, restore, merge and undo, in two workspaces at once. After each step the card, the
list, a filter, a sort, the search, the notes and the timeline of every noun are compared with the model.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from bot.kit import cards
from bot.kit.format import Reader
from storage.crm import notes
from storage.crm.contacts import CONTACT
from storage.crm.customers import CUSTOMER
from storage.database.engine import Database
from storage.errors import Conflict, CrmError, Invalid, NotFound
from storage.records import history, lifecycle, listing, named, search
from storage.records.declaration import Declaration
from storage.records.query import parse_filters
from storage.records.search import How
from storage.workspace.workspaces import Workspace
from tests.support.expected_changes import ExpectedRows
from tests.support.filter_values import Said

READER = Reader("en-US", ZoneInfo("UTC"), datetime(2030, 1, 7, tzinfo=UTC))
NAMES = ("Harbor Lines", "Wharf Works", "Quay Foods")
NOUNS: tuple[tuple[Declaration, str, tuple[str, ...]], ...] = (
    (CUSTOMER, "tier", ("gold", "tin")),
    (CONTACT, "email", ("h@dam.example", "w@dam.example")),
)
"""The nouns, each with a field that is filtered by, and values of it."""
PEOPLE = ("UONE", "UTWO")
numbers = itertools.count(1)


@dataclass
class Record:
    """Hold what is known of a record."""

    name: str
    value: str | None
    archived: bool = False
    into: int | None = None


@dataclass(kw_only=True)
class World(ExpectedRows):
    """Hold what a workspace should hold: records, notes by what they say, and what was done."""

    id: str
    last: dict[str, int] = field(default_factory=dict)

    def live(self, noun: str) -> list[tuple[int, Record]]:
        """Return the records that lists show, by name."""
        of = ((key[1], row) for key, row in self.rows.items() if key[0] == noun)
        return sorted(
            ((number, row) for number, row in of if row.into is None and not row.archived),
            key=lambda one: (one[1].name.casefold(), one[0]),
        )

    def needs(self, key: Any, row: Any) -> set[Any]:
        """Return what a row refers to: a note to what it is about, a record to what it was merged into."""
        return {row if isinstance(row, tuple) else (key[0], row.into)}


step = st.tuples(
    st.integers(0, 1),
    st.integers(0, len(NOUNS) - 1),
    st.sampled_from(["add", "name", "value", "note", "archive", "restore", "merge", "undo"]),
    st.sampled_from(PEOPLE),
    st.sampled_from((1, 2, 3, 9)),
    st.sampled_from((1, 2)),
    st.sampled_from(NAMES),
    st.integers(-1, 1),
)


@pytest.fixture
def worlds(database: Database) -> Iterator[Any]:
    """Make two new workspaces for each example."""

    def make() -> tuple[World, World]:
        made = World(id=f"TANY{next(numbers)}"), World(id=f"TANY{next(numbers)}")
        for world in made:
            with database.transaction(world.id) as session:
                session.add(Workspace(id=world.id, name="Any"))
        return made

    yield make


# Something to work on in each workspace: two records of each noun, one of each person, with a note on the first.
BEGIN = [
    (at, noun, *how)
    for at, noun in itertools.product((0, 1), range(len(NOUNS)))
    for how in (
        ("add", PEOPLE[0], 1, 1, NAMES[0], 0),
        ("add", PEOPLE[1], 1, 1, NAMES[1], -1),
        ("note", PEOPLE[1], 1, 1, NAMES[0], 0),
    )
]


@given(steps=st.lists(step, min_size=8, max_size=24))
# Nothing is made smaller once it fails: each try takes seconds, and the sequences are short.
@settings(
    max_examples=12,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_sequence_keeps_everything_right(database: Database, worlds: Any, steps: list[Any]) -> None:
    both = worlds()
    for position, (at, noun, what, who, one, other, name, value) in enumerate([*BEGIN, *steps], 1):
        world, (declaration, key, values) = both[at], NOUNS[noun]
        given = None if value < 0 else values[value]
        expected = _expect(world, declaration, what, who, one, other, name, given)
        try:
            with (
                database.transaction(world.id) as session,
                history.recording(session, actor_id=who, source=what),
            ):
                _do(session, declaration, key, what, who, one, other, name, given)
            raised = None
        except CrmError as error:
            raised = type(error)
        assert raised is expected, (what, one, other)
        for seen in both if position >= len(BEGIN) else ():
            with database.transaction(seen.id) as session:
                _compare(session, seen)


def _expect(
    world: World, declaration: Declaration, what: str, who: str, one: int, other: int, name: str, value: str | None
) -> type[CrmError] | None:
    """Do a step in the model, and return the error that it is."""
    if what == "undo":
        return world.undo(who)
    was, noun = deepcopy(world.rows), declaration.key
    if what == "add":
        world.last[noun] = world.last.get(noun, 0) + 1
        world.rows[noun, world.last[noun]] = Record(name, value)
        world.done(who, was)
        return None
    at = _root(world, noun, one)
    if at is None:
        return NotFound
    record = world.rows[noun, at]
    match what:
        case "name":
            record.name = name
        case "value":
            record.value = value
        case "note":
            world.rows["note", next(numbers)] = (noun, at)
        case "archive" | "restore":
            record.archived = what == "archive"
        case "merge":
            kept = _root(world, noun, other)
            if kept is None:
                return NotFound
            if kept == at:
                return Invalid
            if record.archived or world.rows[noun, kept].archived:
                return Conflict
            record.into = kept
            world.rows[noun, kept].value = world.rows[noun, kept].value or record.value
            for key, row in world.rows.items():
                if row == (noun, at):
                    world.rows[key] = (noun, kept)
    world.done(who, was)
    return None


def _root(world: World, noun: str, number: int) -> int | None:
    while (row := world.rows.get((noun, number))) is not None and row.into is not None:
        number = row.into
    return number if row is not None else None


def _do(
    session: Session,
    declaration: Declaration,
    key: str,
    what: str,
    who: str,
    one: int,
    other: int,
    name: str,
    value: str | None,
) -> None:
    if what == "undo":
        history.undo(session, who)
    elif what == "add":
        lifecycle.add(session, declaration, {"name": name, key: value})
    else:
        record = named.get(session, declaration.model, one)
        match what:
            case "name":
                lifecycle.change(session, declaration, record, {"name": name})
            case "value":
                lifecycle.change(session, declaration, record, {key: value})
            case "note":
                notes.add(session, record, "noted")
            case "archive":
                lifecycle.archive(session, record)
            case "restore":
                lifecycle.restore(session, record)
            case "merge":
                lifecycle.merge(session, declaration, record, named.get(session, declaration.model, other))


def _compare(session: Session, world: World) -> None:
    for declaration, key, _values in NOUNS:
        live = world.live(declaration.key)
        assert _listed(session, declaration) == [number for number, _ in live]
        by_name = sorted(((row.name.casefold(), number) for number, row in live), reverse=True)
        assert _listed(session, declaration, "sort:-name") == [number for _, number in by_name]
        for value in {row.value for (noun, _), row in world.rows.items() if noun == declaration.key and row.value}:
            found = [number for number, row in live if row.value == value]
            assert _listed(session, declaration, f"{key}:{value}") == found
        for name in NAMES:
            hits = search.find(session, name, nouns=[declaration.key], limit=50)
            same = {hit.id for hit in hits if hit.how is How.SAME}
            assert same == {number for number, row in live if row.name == name}
        for (noun, number), row in world.rows.items():
            if noun == declaration.key:
                _compare_record(session, world, declaration, number, row)


def _listed(session: Session, declaration: Declaration, *filters: str) -> list[int]:
    found = listing.page(session, declaration, parse_filters(filters), Said(), limit=100, whole=True)
    return [one.id for one in found.records]


def _compare_record(session: Session, world: World, declaration: Declaration, number: int, row: Record) -> None:
    record = session.get_one(declaration.model, (world.id, number))
    assert (record.name, record.merged_into_id, record.archived_at is not None) == (row.name, row.into, row.archived)
    noted = sum(1 for one in world.rows.values() if one == (declaration.key, number))
    assert len(notes.about(session, record, limit=100)) == noted
    card = str(cards.card(session, declaration, record, READER))
    assert row.name in card and (row.value is None or row.value in card) and ("noted" in card) == bool(noted)
    timeline = history.timeline(session, declaration.key, number, limit=500)
    happened = sum((declaration.key, number) in change.after for change in world.changes)
    assert len({one.change_set_id for one in timeline if one.entity == declaration.key}) == happened
