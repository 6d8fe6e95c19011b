"""Show that a field of another type carries over what it can, loses nothing, and is undone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.orm import Session

from storage.crm import customers
from storage.crm.customers import CUSTOMER
from storage.database.engine import Database
from storage.errors import Conflict, Invalid
from storage.records import lifecycle, listing, schema
from storage.records.declaration import Declaration
from storage.records.history import recording, undo
from storage.records.query import parse_filters
from storage.records.schema import field_definitions
from storage.setup import retyping
from storage.workspace import members
from tests.support.plain_values import PlainValues

ADMIN = "U1"


def names(session: Session, *filters: str) -> list[str]:
    noun = schema.extended(session, CUSTOMER)
    found = listing.page(session, noun, parse_filters(filters), PlainValues(), limit=20)
    return [record.name for record in found.records]


def begin(session: Session, type: str, values: Sequence[Any], **more: Any) -> Declaration:
    profile = {"id": ADMIN, "name": "jane", "real_name": "Jane Doe", "profile": {"real_name": "Jane Doe"}}
    members.ensure(session, ADMIN, profile)
    field_definitions.define(session, CUSTOMER, name="Size", type=type, **more)
    noun = schema.extended(session, CUSTOMER)
    for number, value in enumerate(values, start=1):
        lifecycle.add(session, noun, {"name": f"R{number}", "size": value})
    return noun


TURNS: Sequence[tuple[str, dict[str, Any], Sequence[Any], str, dict[str, Any], Sequence[Any]]] = [
    ("text", {}, ["12", "3,5", "big"], "number", {}, [Decimal(12), Decimal("3.5"), None]),
    ("number", {}, [12, 3], "text", {}, ["12", "3"]),
    ("text", {}, ["2026-03-01", "soon"], "date", {}, [date(2026, 3, 1), None]),
    ("text", {}, ["Gold", "gold", "Silver"], "choice", {"choices": ["Gold"]}, ["~1", "~1", None]),
    ("text", {}, ["Gold", "Silver", "Gold"], "choice", {}, ["~1", "~2", "~1"]),
    ("choice", {"choices": ["High", "Low"]}, ["high", "low"], "text", {}, ["High", "Low"]),
    ("text", {}, ["yes", "maybe"], "yesno", {}, [True, None]),
    ("person", {}, [ADMIN], "text", {}, ["Jane Doe"]),
    ("text", {}, ["Jane Doe", "nobody"], "person", {}, [ADMIN, None]),
    ("text", {}, ["R1", "R9"], "record", {"links_to": "customer"}, [1, None]),
    ("record", {"links_to": "customer"}, [None, 1], "text", {}, [None, "C-1"]),
    ("text", {}, ["a line"], "long", {}, ["a line"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("type", "more", "values", "to", "given", "become"),
    TURNS,
    ids=[f"{turn[0]} to {turn[3]} {turn[4]}" for turn in TURNS],
)
def test_what_can_be_carried_over_is_and_the_rest_stays_with_the_old_field(
    database: Database,
    workspace: str,
    type: str,
    more: dict[str, Any],
    values: Sequence[Any],
    to: str,
    given: dict[str, Any],
    become: Sequence[Any],
) -> None:
    with database.transaction(workspace) as session:
        noun = begin(session, type, values, **more)
        row = field_definitions.called(session, noun, "size")
        before = {one.id: dict(one.custom) for one in customers.list_customers(session)}
        seen = retyping.preview(session, noun, row, to, **given)
        assert {one.id: dict(one.custom) for one in customers.list_customers(session)} == before
        assert schema.of(session).by_id.keys() == {row.id}
    with database.transaction(workspace) as session, recording(session, actor_id=ADMIN, source="test"):
        noun = schema.extended(session, CUSTOMER)
        done = retyping.retype(session, noun, field_definitions.called(session, noun, "size"), to, **given)
        assert (done.kept, done.lost) == (seen.kept, seen.lost)
        had = [value for value in values if value is not None]
        assert done.kept + done.lost == len(had)
        field = schema.extended(session, CUSTOMER).field("size")
        assert [field.of(customers.get(session, at)) for at in range(1, len(values) + 1)] == list(become)
        assert all(str(row.id) in one.custom for one in customers.list_customers(session) if before[one.id])
    with database.transaction(workspace) as session, recording(session, actor_id=ADMIN, source="test"):
        undo(session, ADMIN)
        assert {one.id: dict(one.custom) for one in customers.list_customers(session)} == before
        assert schema.extended(session, CUSTOMER).field("size").custom_id == row.id


def test_a_value_of_the_new_type_that_somebody_wrote_since_is_not_undone(database: Database, workspace: str) -> None:
    with database.transaction(workspace) as session, recording(session, actor_id="U2", source="test"):
        begin(session, "text", ["12"])
    with database.transaction(workspace) as session, recording(session, actor_id=ADMIN, source="test"):
        noun = schema.extended(session, CUSTOMER)
        retyping.retype(session, noun, field_definitions.called(session, noun, "size"), "number")
    with database.transaction(workspace) as session, recording(session, actor_id="U2", source="test"):
        noun = schema.extended(session, CUSTOMER)
        lifecycle.change(session, noun, customers.get(session, 1), {"size": 13})
    with (
        pytest.raises(Conflict, match="was changed by"),
        database.transaction(workspace) as session,
        recording(session, actor_id=ADMIN, source="test"),
    ):
        undo(session, ADMIN)


@pytest.mark.parametrize(
    ("to", "said"), [("colour", "no type of field"), ("text", "of this type already"), ("record", "which records")]
)
def test_what_cannot_be_is_refused(session: Session, to: str, said: str) -> None:
    noun = begin(session, "text", ["x"])
    with pytest.raises(Invalid, match=said):
        retyping.preview(session, noun, field_definitions.called(session, noun, "size"), to)


def test_too_many_are_not_begun(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    noun = begin(session, "text", ["1", "2"])
    monkeypatch.setattr(retyping, "MOST", 1)
    with pytest.raises(Conflict, match="More than 1 customers have a value in Size"):
        retyping.preview(session, noun, field_definitions.called(session, noun, "size"), "number")


def test_decimals_are_kept_compared_and_sorted_exactly(database: Database, workspace: str) -> None:
    with database.transaction(workspace) as session:
        noun = begin(session, "number", ["2.5", "2,05", 10, "-0.0001", "900000000000000.25"])
        size = noun.field("size")
        found = [size.of(customers.get(session, at)) for at in range(1, 6)]
        assert found == [Decimal(one) for one in ("2.5", "2.05", "10", "-0.0001", "900000000000000.25")]
        assert names(session, "size>2.05", "sort:size") == ["R1", "R3", "R5"]
        assert names(session, "size:2.50") == ["R1"]
        assert names(session, "size<0") == ["R4"]
        for refused in ("1.23456", "1,234", "many", "1e5", "9" * 16):
            with pytest.raises(Invalid):
                lifecycle.add(session, noun, {"name": "X", "size": refused})


def test_decimals_of_a_field_are_changed_and_undone_with_what_is_compared(database: Database, workspace: str) -> None:
    with database.transaction(workspace) as session:
        begin(session, "number", [12, 3], decimals=0)
        with pytest.raises(Invalid, match="not a whole number"):
            lifecycle.add(session, schema.extended(session, CUSTOMER), {"name": "X", "size": "2.5"})
    with database.transaction(workspace) as session, recording(session, actor_id=ADMIN, source="test"):
        noun = schema.extended(session, CUSTOMER)
        field_definitions.change(session, field_definitions.called(session, noun, "size"), noun, decimals=2)
        assert names(session, "size>3.5") == ["R1"]
        assert names(session, "size:3") == ["R2"]
    with database.transaction(workspace) as session, recording(session, actor_id=ADMIN, source="test"):
        undo(session, ADMIN)
        assert names(session, "size>3") == ["R1"]
        noun = schema.extended(session, CUSTOMER)
        row = field_definitions.called(session, noun, "size")
        field_definitions.change(session, row, noun, decimals=1)
        lifecycle.change(session, schema.extended(session, CUSTOMER), customers.get(session, 2), {"size": "3.5"})
        with pytest.raises(Conflict, match=r"C-2 has a number that does not fit: 3\.5"):
            field_definitions.change(session, row, schema.extended(session, CUSTOMER), decimals=0)
