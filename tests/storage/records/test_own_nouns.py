"""Show that a noun that a workspace makes has records like those of the nouns that are declared."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.crm import customers, notes
from storage.database.engine import Database
from storage.errors import Ambiguous, Conflict, CrmError, NotFound
from storage.records import lifecycle, listing, schema, search
from storage.records.declaration import Declaration, declared
from storage.records.history import recording, undo
from storage.records.named import get
from storage.records.query import parse_filters
from storage.records.rows import RecordRow, kept
from storage.records.schema import field_definitions, noun_definitions
from storage.references import DECLARED, in_force, parse_reference
from storage.subjects import called, subject_of
from tests.support.plain_values import PlainValues

ADMIN = "U1"


def names(session: Session, noun: Declaration) -> list[str]:
    found = listing.page(session, noun, parse_filters([]), PlainValues(), limit=20)
    return [record.name for record in found.records]


def make(session: Session, name: str = "Contract", **more: Any) -> Declaration:
    row = noun_definitions.define(session, name=name, **more)
    return schema.of(session).nouns[row.key]


def test_its_records_are_added_found_changed_and_listed(session: Session) -> None:
    noun = make(session, letter="k")
    field_definitions.define(session, noun, name="Value", type="number")
    noun = schema.of(session).nouns["contract"]
    first = lifecycle.add(session, noun, {"name": "Frame agreement", "value": 5})
    second = lifecycle.add(session, noun, {"name": "Support 2027", "value": 9})
    assert (first.reference, second.reference) == ("K-1", "K-2")
    assert noun.resolve(session, "k-2") is second
    assert noun.resolve(session, "frame") is first
    assert [hit.reference for hit in search.find(session, "suport")] == ["K-2"]
    lifecycle.change(session, noun, first, {"name": "Frame contract", "value": 12})
    query = parse_filters(["value>9", "sort:-value"])
    found = listing.page(session, noun, query, PlainValues(), limit=20).records
    assert [record.name for record in found] == ["Frame contract"]
    lifecycle.archive(session, second)
    assert [
        record.name for record in listing.page(session, noun, parse_filters([]), PlainValues(), limit=20).records
    ] == ["Frame contract"]
    lifecycle.restore(session, second)
    lifecycle.merge(session, noun, second, first)
    assert noun.resolve(session, "K-2") is first


def test_two_nouns_keep_their_records_apart(session: Session) -> None:
    contract, site = make(session), make(session, "Site")
    frame = lifecycle.add(session, contract, {"name": "Frame"})
    berlin = lifecycle.add(session, site, {"name": "Berlin"})
    assert (frame.reference, berlin.reference) == ("O-1", "S-2")
    assert [
        one.name for one in listing.page(session, contract, parse_filters([]), PlainValues(), limit=20).records
    ] == ["Frame"]
    assert names(session, site) == ["Berlin"]
    with pytest.raises(NotFound, match="O-2"):
        get(session, contract.model, berlin.id)
    with pytest.raises(NotFound, match="S-2 is a site, not a contract"):
        contract.resolve(session, "S-2")
    assert lifecycle.twins(session, contract, {"name": "Berlin"}) == []
    assert lifecycle.twins(session, site, {"name": "BERLIN"}) == [berlin]


def test_notes_and_links_are_about_its_records(session: Session) -> None:
    noun = make(session)
    frame = lifecycle.add(session, noun, {"name": "Frame"})
    note = notes.add(session, frame, "signed")
    assert subject_of(session, note) is frame
    assert called(session, "o-1") is frame and called(session, "frame") is frame
    field_definitions.define(session, customers.CUSTOMER, name="Main contract", type="record", links_to="contract")
    customer = schema.extended(session, customers.CUSTOMER)
    acme = lifecycle.add(session, customer, {"name": "Acme", "main_contract": frame.id})
    assert customer.field("main_contract").of(acme) == frame.id


def test_it_is_undone_like_any_other(database: Database, workspace: str) -> None:
    def as_admin(what: Any) -> Any:
        with database.transaction(workspace) as session, recording(session, actor_id=ADMIN, source="test"):
            return what(session)

    def contract(session: Session) -> Declaration:
        return schema.of(session).nouns["contract"]

    as_admin(make)
    as_admin(lambda session: lifecycle.add(session, contract(session), {"name": "Frame"}))
    as_admin(lambda s: lifecycle.change(s, contract(s), contract(s).resolve(s, "frame"), {"name": "Other"}))
    as_admin(lambda session: undo(session, ADMIN))
    with database.transaction(workspace) as session:
        assert contract(session).resolve(session, "O-1").name == "Frame"
    as_admin(lambda session: undo(session, ADMIN))
    as_admin(lambda session: undo(session, ADMIN))
    with database.transaction(workspace) as session:
        assert schema.of(session).is_plain
        assert session.scalars(select(RecordRow)).all() == []


def test_a_noun_with_records_is_retired_and_not_undone(database: Database, workspace: str) -> None:
    with database.transaction(workspace) as session, recording(session, actor_id=ADMIN, source="test"):
        make(session)
    with database.transaction(workspace) as session:
        lifecycle.add(session, schema.of(session).nouns["contract"], {"name": "Frame"})
    with (
        database.transaction(workspace) as session,
        recording(session, actor_id=ADMIN, source="test"),
        pytest.raises(Conflict, match="There are Contracts by now"),
    ):
        undo(session, ADMIN)
    with database.transaction(workspace) as session:
        row = noun_definitions.called(session, "contracts")
        assert noun_definitions.retire(session, row) and not noun_definitions.retire(session, row)
        assert schema.of(session).nouns == {} and "contract" not in kept(session)
        assert parse_reference("O-1", in_force(session)) is None
        assert search.find(session, "frame") == []
        with pytest.raises(Conflict, match="or did"):
            make(session)
        assert noun_definitions.restore(session, row) and not noun_definitions.restore(session, row)
        assert schema.of(session).nouns["contract"].resolve(session, "O-1").name == "Frame"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": " "}, "visible character"),
        ({"name": "x" * 41}, "up to 40 characters"),
        ({"name": "42"}, "cannot begin a command"),
        ({"name": "Contract", "key": "two words"}, "cannot begin a command"),
        ({"name": "Deal", "reserved": {"deal"}}, "means something else"),
        ({"name": "Contract", "letter": "D"}, "D is in use"),
        ({"name": "Contract", "letter": "É"}, "from A to Z"),
        ({"name": "Contract", "letter": "KK"}, "from A to Z"),
    ],
)
def test_what_cannot_be_a_noun_is_refused_with_the_reason(session: Session, given: dict[str, Any], said: str) -> None:
    with pytest.raises(CrmError, match=said):
        make(session, **given)
    assert schema.of(session).is_plain


def test_letters_run_out_in_a_sentence(session: Session) -> None:
    free = 26 - len([letter for letter in DECLARED.values() if len(letter) == 1])
    for number in range(min(free, noun_definitions.MOST_NOUNS)):
        make(session, f"Kind {chr(65 + number)}")
    with pytest.raises(Conflict, match=r"All letters are in use|up to 20 kinds"):
        make(session, "One more")


def test_another_workspace_has_none_of_it(database: Database, make_workspace: Any) -> None:
    one, other = make_workspace("one"), make_workspace("other")
    with database.transaction(one) as session:
        lifecycle.add(session, make(session, letter="K"), {"name": "Frame"})
    with database.transaction(other) as session:
        assert schema.of(session).is_plain and parse_reference("K-1", in_force(session)) is None
        mine = lifecycle.add(session, make(session, letter="Z"), {"name": "Frame"})
        assert mine.reference == "Z-1"
    assert "contract" not in declared() and "contract" not in DECLARED


def test_a_name_of_several_is_asked_about(session: Session) -> None:
    noun = make(session)
    for _time in range(2):
        lifecycle.add(session, noun, {"name": "Frame"})
    with pytest.raises(Ambiguous, match="more than one contract"):
        noun.resolve(session, "frame")
