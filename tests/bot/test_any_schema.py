"""Show, against a plain model, that whatever is defined, written, merged and undone, every surface of fields is right.

An admin and a rep work in two workspaces at once, whose fields of customers have names that the other's never have.
They add, rename, retire, bring back and retype fields, rename choices, give values, merge and undo. After each step
the fields there are, what is shown of each record, its card, filters and sorts are compared with the model.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from bot.kit import cards
from bot.kit.faces import face
from bot.kit.format import Reader
from storage.crm.customers import CUSTOMER, Customer
from storage.database.engine import Database
from storage.errors import Conflict, CrmError, Invalid
from storage.names import name_key
from storage.records import history, lifecycle, listing, named, schema
from storage.records.query import parse_filters
from storage.records.schema import checking, field_definitions
from storage.setup import retyping
from storage.workspace.workspaces import Workspace
from tests.support.expected_changes import ExpectedRows
from tests.support.filter_values import Said

READER = Reader("en-US", ZoneInfo("UTC"), datetime(2030, 1, 7, tzinfo=UTC))
ADMIN, REP = "UADMIN", "UREP"
NAMES = (("Anchor", "Atlas", "Awning"), ("Bollard", "Buoy", "Barge"))
"""What the fields of each workspace are called, so that one of the other's is seen at once."""
VALUES = ("7", "12", "gold")
TYPES = ("text", "number", "choice")
RECORDS = 3
numbers = itertools.count(1)


@dataclass(frozen=True)
class Held:
    """Hold what is known of a field: what its choices are called, by what records store."""

    name: str
    key: str
    type: str
    retired: bool = False
    choices: tuple[str, ...] = ()

    def told(self, value: Any) -> str:
        """Return what people read of a value: of a choice, whose place is stored, the name it has now."""
        return self.choices[value] if self.type == "choice" else str(value)


@dataclass(frozen=True)
class Record:
    """Hold the values of a record by the numbers of fields, and where it went."""

    values: tuple[tuple[int, Any], ...] = ()
    into: int | None = None

    @property
    def by_field(self) -> dict[int, Any]:
        """Return the values."""
        return dict(self.values)

    def given(self, number: int, value: Any) -> Record:
        """Return the record with a value, without it for None."""
        rest = {**self.by_field, number: value}
        return replace(self, values=tuple(sorted((n, v) for n, v in rest.items() if v is not None)))


@dataclass(kw_only=True)
class World(ExpectedRows):
    """Hold what a workspace should hold: fields and records by kind and number, and what was done."""

    id: str
    at: int

    def of(self, kind: str) -> dict[int, Any]:
        """Return the fields, or the records."""
        return {number: row for (of, number), row in self.rows.items() if of == kind}

    def live(self) -> dict[int, Held]:
        """Return the fields in use."""
        return {number: one for number, one in self.of("field").items() if not one.retired}

    def root(self, number: int) -> int:
        """Return the record that a record has become."""
        while (into := self.rows["record", number].into) is not None:
            number = into
        return number

    def needs(self, key: Any, row: Any) -> set[Any]:
        """Return the fields in which a record has a value."""
        return {("field", number) for number in row.by_field} if key[0] == "record" else set()


step = st.tuples(
    st.integers(0, 1),
    st.sampled_from(
        [
            "define",
            "value",
            "value",
            "value",
            "rename",
            "retire",
            "restore",
            "retype",
            "choice",
            "merge",
            "undo",
            "undo",
        ]
    ),
    st.integers(0, 2),
    st.integers(1, RECORDS),
    st.integers(0, 2),
    st.integers(0, 2),
    st.sampled_from((ADMIN, REP)),
)
BEGIN = [(at, "define", number, 1, number, 0, ADMIN) for at, number in ((0, 0), (0, 1), (1, 1), (1, 2))] + [
    (at, "value", number, record, record % 3, 0, REP) for at in (0, 1) for number in (0, 1) for record in (1, 2)
]


TWO_OF_ONE_NAME = [
    (0, "value", 1, 1, 0, 0, REP), (0, "retire", 1, 1, 0, 0, ADMIN), (0, "rename", 0, 1, 1, 0, ADMIN),
    (0, "restore", 0, 1, 0, 0, ADMIN),
]  # fmt: skip


@given(steps=st.lists(step, min_size=8, max_size=24))
@example(TWO_OF_ONE_NAME)
@settings(
    max_examples=8,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_whatever_is_defined_and_written_every_surface_is_right(database: Database, steps: list[Any]) -> None:
    both = [_begun(database, at) for at in (0, 1)]
    for at, what, *how in [*BEGIN, *steps]:
        world, other = both[at], both[1 - at]
        who = ADMIN if what not in {"value", "merge", "undo"} else how[-1]
        was = dict(world.rows)
        try:
            with database.transaction(world.id) as session, history.recording(session, actor_id=who, source=what):
                schema.see_as(session, None)
                expected = _step(session, world, what, who, *how[:-1])
            raised = None
        except Expected as said:
            expected, raised = said.expected, type(said.error)
            world.rows = was
        assert raised is expected, (what, how)
        if what != "undo":
            world.done(who, was)
        for seen, foreign in ((world, other), (other, world)):
            with database.transaction(seen.id) as session:
                schema.see_as(session, None)
                _compare(session, seen, NAMES[foreign.at])


class Expected(Exception):
    """Carry an error out of its transaction, with the one that the model says."""

    def __init__(self, expected: type[CrmError] | None, error: CrmError) -> None:
        super().__init__(str(error))
        self.expected, self.error = expected, error


def _begun(database: Database, at: int) -> World:
    world = World(id=f"TSCHEMA{next(numbers)}", at=at)
    with database.transaction(world.id) as session:
        session.add(Workspace(id=world.id, name="Any"))
        session.flush()
        for number in range(1, RECORDS + 1):
            lifecycle.add(session, CUSTOMER, {"name": f"Customer {'xyz'[number - 1]}"})
            world.rows["record", number] = Record()
    return world


def _step(session: Session, world: World, what: str, who: str, pick: int, record: int, value: int, other: int) -> Any:
    """Do a step in the model and in the database; return the error that it is, raise Expected with the one it was."""
    expected: type[CrmError] | None = None
    noun = schema.extended(session, CUSTOMER)
    fields = world.live() if what != "restore" else {n: f for n, f in world.of("field").items() if f.retired}
    number = sorted(fields)[pick % len(fields)] if fields else 0
    held = fields.get(number)
    name = NAMES[world.at][value]
    try:
        match what:
            case "define":
                taken = any(name_key(name) in {one.key, name_key(one.name)} for one in world.live().values())
                expected = Conflict if taken else None
                choices = VALUES[: other + 1] if TYPES[other] == "choice" else ()
                row = field_definitions.define(session, noun, name=name, type=TYPES[other], choices=choices)
                world.rows["field", row.id] = Held(name, row.key, row.type, choices=tuple(choices))
            case "undo":
                expected = world.undo(who)
                history.undo(session, who)
            case "merge":
                gone, kept = world.root(record), world.root(other + 1)
                expected = Invalid if gone == kept else None
                found = [named.get(session, Customer, one) for one in (gone, kept)]
                lifecycle.merge(session, noun, *found)
                lost, won = world.rows["record", gone], world.rows["record", kept]
                world.rows["record", gone] = replace(lost, into=kept)
                both = {**lost.by_field, **won.by_field}
                world.rows["record", kept] = replace(won, values=tuple(sorted(both.items())))
            case _ if held is None:
                return None
            case "value":
                expected = _give(session, world, number, held, world.root(record), value)
            case "rename":
                others = [one for n, one in world.live().items() if n != number]
                if name_key(name) == name_key(held.name):
                    return None
                expected = Conflict if any(name_key(one.name) == name_key(name) for one in others) else None
                field_definitions.change(session, field_definitions.get(session, number), noun, name=name)
                world.rows["field", number] = replace(held, name=name)
            case "retire":
                field_definitions.retire(session, field_definitions.get(session, number))
                world.rows["field", number] = replace(held, retired=True)
            case "restore":
                expected = Conflict if held.key in {one.key for one in world.live().values()} else None
                field_definitions.restore(session, field_definitions.get(session, number), noun)
                world.rows["field", number] = replace(held, retired=False)
            case "choice":
                expected = _rename_choice(session, world, number, held, pick, VALUES[value])
            case "retype":
                expected = _retype(session, world, number, held, TYPES[other])
    except CrmError as error:
        raise Expected(expected, error) from error
    return expected


def _give(session: Session, world: World, number: int, held: Held, at: int, value: int) -> type[CrmError] | None:
    typed: Any = VALUES[value]
    record = named.get(session, Customer, at)
    noun = schema.extended(session, CUSTOMER)
    known = held.type == "text" or typed.isdecimal() if held.type != "choice" else typed in held.choices
    if held.type == "number" and not known:
        # What is no number is no value at all before it gets here.
        return None
    stored: Any = int(typed) if held.type == "number" else typed
    world.rows["record", at] = world.rows["record", at].given(
        number, held.choices.index(typed) if held.type == "choice" and known else typed
    )
    try:
        lifecycle.change(session, noun, record, {held.key: stored})
    except CrmError as error:
        raise Expected(None if known else Invalid, error) from error
    return None if known else Invalid


def _rename_choice(
    session: Session, world: World, number: int, held: Held, pick: int, name: str
) -> type[CrmError] | None:
    if held.type != "choice" or held.choices[pick % len(held.choices)] == name:
        return None
    at = pick % len(held.choices)
    expected = Conflict if name in held.choices else None
    row = field_definitions.get(session, number)
    world.rows["field", number] = replace(held, choices=(*held.choices[:at], name, *held.choices[at + 1 :]))
    try:
        field_definitions.rename_choice(session, row, held.choices[at], name)
    except CrmError as error:
        raise Expected(expected, error) from error
    return expected


def _retype(session: Session, world: World, number: int, held: Held, type: str) -> type[CrmError] | None:
    written = {at: held.told(one.by_field[number]) for at, one in world.of("record").items() if number in one.by_field}
    names = tuple(dict.fromkeys(written[at] for at in sorted(written))) if type == "choice" else ()
    expected = Invalid if type == held.type or (type == "choice" and not names) else None
    row = field_definitions.get(session, number)
    try:
        retyping.retype(session, schema.extended(session, CUSTOMER), row, type)
    except CrmError as error:
        raise Expected(expected, error) from error
    made = field_definitions.called(session, CUSTOMER, held.key)
    world.rows["field", number] = replace(held, retired=True)
    world.rows["field", made.id] = Held(held.name, held.key, type, choices=names)
    for at, text in written.items():
        value = names.index(text) if type == "choice" else text if type == "text" or text.isdecimal() else None
        world.rows["record", at] = world.rows["record", at].given(made.id, value)
    return expected


def _compare(session: Session, world: World, foreign: tuple[str, ...]) -> None:
    noun = schema.extended(session, CUSTOMER)
    own = {one.custom_id: one for one in noun.fields if one.custom_id}
    assert {number: (one.label, one.key) for number, one in own.items()} == {
        number: (one.name, one.key) for number, one in world.live().items()
    }
    assert list(checking.differing(session)) == []
    records = world.of("record")
    live = sorted(number for number, one in records.items() if one.into is None)
    for number in live:
        record = named.get(session, Customer, number)
        told = {n: world.live()[n].told(value) for n, value in records[number].by_field.items() if n in own}
        shown = {n: face(one).shown(one, record, READER, session) for n, one in own.items()}
        assert {n: str(one) for n, one in shown.items() if one} == told
        card = str(cards.card(session, noun, record, READER))
        assert all(world.live()[n].name in card and text in card for n, text in told.items())
        assert not any(name in card for name in foreign)
    assert _listed(session) == live
    for number, held in world.live().items():
        has = {at: records[at].by_field[number] for at in live if number in records[at].by_field}
        for value in set(has.values()):
            sign = "=" if held.type == "text" else ":"
            found = [at for at, one in has.items() if one == value]
            assert _listed(session, f"{held.key}{sign}{held.told(value)}") == found
        if held.type != "choice":
            order = _listed(session, f"sort:{held.key}")
            by = int if held.type == "number" else str
            assert [by(has[at]) for at in order if at in has] == sorted(by(one) for one in has.values())
            assert {*order[: len(has)]} == {*has} and sorted(order) == live
    known = {held.key for held in world.live().values()}
    for key in map(str.casefold, foreign):
        assert key not in known
        try:
            _listed(session, f"{key}:7")
        except Invalid:
            continue
        raise AssertionError(f"{key} is the other workspace's")


def _listed(session: Session, *filters: str) -> list[int]:
    found = listing.page(session, schema.extended(session, CUSTOMER), parse_filters(filters), Said(), limit=100)
    return [one.id for one in found.records]
