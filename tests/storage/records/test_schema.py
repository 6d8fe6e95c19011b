"""Show that a workspace's own fields hold their values, filter, sort, undo and merge like those that are declared."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.crm import contacts, customers
from storage.crm.customers import CUSTOMER, Customer
from storage.database.engine import Database
from storage.errors import Conflict, CrmError, Invalid, NotFound
from storage.money import Money
from storage.records import lifecycle, listing, paging, schema
from storage.records.declaration import Declaration
from storage.records.fields import ChoiceField, LinkField
from storage.records.history import recording, undo
from storage.records.query import parse_filters
from storage.records.schema import field_definitions
from storage.records.values import FieldValue
from storage.support.tickets import TICKET
from storage.workspace import members
from tests.support.plain_values import PlainValues

ADMIN = "U1"


def define(session: Session, name: str, type: str, **more: Any) -> Declaration:
    field_definitions.define(session, CUSTOMER, name=name, type=type, **more)
    return schema.extended(session, CUSTOMER)


def names(session: Session, noun: Declaration, *filters: str) -> list[str]:
    found = listing.page(session, noun, parse_filters(filters), PlainValues(), limit=20)
    return [record.name for record in found.records]


def test_a_value_is_checked_kept_and_given_back_as_what_it_is(session: Session) -> None:
    noun = define(session, "Contract value", "money")
    noun = define(session, "Signed on", "date")
    noun = define(session, "Plan", "choice", choices=["Basic", "Premium"])
    given = {"contract_value": Money(500_00, "EUR"), "signed_on": date(2026, 3, 1), "plan": "premium"}
    made = lifecycle.add(session, noun, {"name": "Acme", **given})
    session.expire(made)
    kept = {field.key: field.of(made) for field in noun.fields if field.custom_id}
    assert kept == {**given, "plan": "~2"}
    assert made.custom.keys() == {str(field.custom_id) for field in noun.fields if field.custom_id}
    with pytest.raises(Invalid, match="Gold is not a plan"):
        lifecycle.change(session, noun, made, {"plan": "Gold"})
    lifecycle.change(session, noun, made, {"signed_on": None})
    assert noun.field("signed_on").of(made) is None


VALUES: Sequence[tuple[str, dict[str, Any], Any, Any, str, str, bool]] = [
    ("text", {}, "Straße 1", "zoo", "Rival:STRASSE", "Rival:none", True),
    ("number", {}, 5, 12, "rival<6", "rival!=5", True),
    ("money", {}, Money(5, "EUR"), Money(7, "EUR"), "rival<6 EUR", "rival!=5 EUR", True),
    ("date", {}, date(2026, 1, 1), date(2026, 2, 1), "rival<2026-01-31", "rival!=2026-01-01", True),
    ("time", {}, datetime(2026, 1, 1, 9, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC), "rival:2026-01-01",
     "rival!=2026-01-01", True),
    ("choice", {"choices": ["High", "Low"]}, "high", "low", "rival:HIGH", "rival!=high", True),
    ("person", {}, ADMIN, "U2", "rival:U1", "rival!=U1", False),
    ("yesno", {}, True, False, "rival:yes", "rival!=yes", True),
    ("email", {}, "a@x.example", "b@x.example", "rival:a@x", "rival:none", True),
    ("phone", {}, "+1 555", "+2 555", "rival:+1", "rival:none", True),
    ("link", {}, "https://a.example", "https://b.example", "rival:https://a", "rival:none", True),
    ("record", {"links_to": "contact"}, 1, 2, "rival:P-1", "rival!=P-1", False),
]  # fmt: skip


@pytest.mark.parametrize(("type", "more", "one", "other", "first", "rest", "sorts"), VALUES, ids=[v[0] for v in VALUES])
def test_each_type_is_filtered_and_sorted_by(
    session: Session, type: str, more: dict[str, Any], one: Any, other: Any, first: str, rest: str, sorts: bool
) -> None:
    for person in (ADMIN, "U2"):
        members.ensure(session, person, {"name": person})
        contacts.add(session, name=person)
    noun = define(session, "Rival", type, **more)
    for name, value in (("A", one), ("B", other), ("C", None)):
        lifecycle.add(session, noun, {"name": name, "rival": value})
    assert names(session, noun, first) == ["A"]
    assert "A" not in names(session, noun, rest) and "C" in names(session, noun, rest)
    assert names(session, noun, "rival:none") == ["C"]
    assert names(session, noun, "rival!=none") == ["A", "B"]
    if sorts:
        expected = ["B", "A", "C"] if type == "yesno" else ["A", "B", "C"]
        assert names(session, noun, "sort:rival") == expected
        assert names(session, noun, "sort:-rival") == [*expected[1::-1], "C"]
    else:
        with pytest.raises(Invalid, match="no order by rival"):
            names(session, noun, "sort:rival")


def test_long_texts_are_kept_and_are_no_filter(session: Session) -> None:
    noun = define(session, "Terms", "long")
    made = lifecycle.add(session, noun, {"name": "Acme", "terms": "x" * 9_000})
    assert noun.field("terms").of(made) == "x" * 9_000
    assert "terms" not in noun.filters.by_name


def test_an_undo_and_a_merge_keep_what_is_compared_right(database: Database, workspace: str) -> None:
    def do(what: Any) -> Any:
        with (
            database.transaction(workspace) as session,
            recording(session, actor_id=None, source="test") as _record,
        ):
            return what(session)

    do(lambda session: define(session, "Rival", "text"))
    do(lambda session: lifecycle.add(session, schema.extended(session, CUSTOMER), {"name": "A", "rival": "Globex"}))
    with database.transaction(workspace) as session, recording(session, actor_id=ADMIN, source="test"):
        lifecycle.change(session, schema.extended(session, CUSTOMER), customers.get(session, 1), {"rival": "Initech"})
    with database.transaction(workspace) as session, recording(session, actor_id=ADMIN, source="test"):
        noun = schema.extended(session, CUSTOMER)
        assert names(session, noun, "rival:initech") == ["A"]
        undo(session, ADMIN)
        assert names(session, noun, "rival:globex") == ["A"] and names(session, noun, "rival:initech") == []
        kept = lifecycle.add(session, noun, {"name": "B"})
        lifecycle.merge(session, noun, customers.get(session, 1), kept)
        assert names(session, noun, "rival:globex") == ["B"]


def test_a_retired_field_keeps_its_values_and_frees_its_key(session: Session) -> None:
    noun = define(session, "Rival", "text")
    made = lifecycle.add(session, noun, {"name": "A", "rival": "Globex"})
    row = field_definitions.called(session, noun, "Rival")
    assert field_definitions.retire(session, row) and not field_definitions.retire(session, row)
    plain = schema.extended(session, CUSTOMER)
    assert plain is CUSTOMER
    with pytest.raises(Invalid, match="no rival"):
        names(session, plain, "rival:globex")
    other = define(session, "Rival", "number")
    with pytest.raises(Conflict, match="rival already"):
        field_definitions.restore(session, row, CUSTOMER)
    field_definitions.change(
        session, field_definitions.called(session, other, "rival"), CUSTOMER, key="rivals", name="Rivals"
    )
    assert field_definitions.restore(session, row, CUSTOMER) and not field_definitions.restore(session, row, CUSTOMER)
    assert names(session, schema.extended(session, CUSTOMER), "rival:globex") == ["A"]
    assert made.custom == {str(row.id): "Globex"}


def test_a_choice_is_renamed_for_every_record_at_once(session: Session) -> None:
    noun = define(session, "Plan", "choice", choices=["Basic", "Premium"])
    lifecycle.add(session, noun, {"name": "A", "plan": "Basic"})
    row = field_definitions.called(session, noun, "plan")
    field_definitions.rename_choice(session, row, "basic", "Starter")
    noun = schema.extended(session, CUSTOMER)
    assert names(session, noun, "plan:starter") == ["A"]
    with pytest.raises(Invalid, match="Basic is not a plan"):
        names(session, noun, "plan:Basic")
    with pytest.raises(NotFound, match="no choice Gold"):
        field_definitions.rename_choice(session, row, "Gold", "Silver")
    with pytest.raises(Conflict, match="choice Premium already"):
        field_definitions.rename_choice(session, row, "Starter", "Premium")
    field_definitions.change(session, row, CUSTOMER, choices=["Premium", "Starter", "Trial"])
    assert row.choices == [["~2", "Premium"], ["~1", "Starter"], ["~3", "Trial"]]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": "", "type": "text"}, "visible character"),
        ({"name": "Rival", "type": "colour"}, "colour is no type"),
        ({"name": "Domain", "type": "text"}, "domain already"),
        ({"name": "Rival", "type": "text", "key": "two words"}, "cannot be typed"),
        ({"name": "42", "type": "text"}, "cannot be typed"),
        ({"name": "Sort", "type": "text", "reserved": {"sort"}}, "means something else"),
        ({"name": "Plan", "type": "choice"}, "at least one choice"),
        ({"name": "Plan", "type": "choice", "choices": ["A", "a"]}, "given twice"),
        ({"name": "Plan", "type": "choice", "choices": [f"c{n}" for n in range(201)]}, "up to 200 choices"),
        ({"name": "Parent", "type": "record"}, "which records"),
        ({"name": "Rival", "type": "text", "hint": "x" * 151}, "up to 150 characters"),
    ],
)
def test_what_cannot_be_a_field_is_refused_with_the_reason(session: Session, given: dict[str, Any], said: str) -> None:
    with pytest.raises(CrmError, match=said):
        field_definitions.define(session, CUSTOMER, **given)
    assert schema.extended(session, CUSTOMER) is CUSTOMER


def test_a_noun_takes_fifty_fields_and_no_more(session: Session) -> None:
    for number in range(50):
        define(session, f"Field {number}", "text")
    with pytest.raises(Conflict, match="up to 50 fields"):
        define(session, "One more", "text")


def test_keys_may_be_in_any_script(session: Session) -> None:
    noun = define(session, "竞争对手", "text")
    lifecycle.add(session, noun, {"name": "A", "竞争对手": "华为"})
    assert names(session, noun, "竞争对手:华为") == ["A"]


def test_fields_are_in_the_order_that_was_asked_for(session: Session) -> None:
    for name in ("One", "Two", "Three"):
        define(session, name, "text")
    row = field_definitions.called(session, schema.extended(session, CUSTOMER), "three")
    assert field_definitions.move(session, row, up=True) and field_definitions.move(session, row, up=True)
    assert not field_definitions.move(session, row, up=True)
    own = [field.label for field in schema.extended(session, CUSTOMER).fields if field.custom_id]
    assert own == ["Three", "One", "Two"]


def test_another_workspace_has_none_of_it(database: Database, make_workspace: Any) -> None:
    one, other = make_workspace("one"), make_workspace("other")
    with database.transaction(one) as session:
        define(session, "Rival", "text")
    with database.transaction(other) as session:
        assert schema.extended(session, CUSTOMER) is CUSTOMER
        assert session.scalars(select(schema.FieldRow)).all() == []


def test_every_transaction_knows_the_fields_of_the_moment_it_began(database: Database, workspace: str) -> None:
    with database.transaction(workspace) as session:
        define(session, "Rival", "text")
    with database.transaction(workspace) as session:
        noun = schema.extended(session, CUSTOMER)
        assert [field.key for field in noun.fields if field.custom_id] == ["rival"]
        first = schema.of(session)
        field_definitions.retire(session, field_definitions.called(session, noun, "rival"))
        assert schema.extended(session, CUSTOMER) is CUSTOMER
    with database.transaction(workspace) as session:
        assert schema.of(session).version > first.version
        assert schema.extended(session, CUSTOMER) is CUSTOMER
        # Read once, whoever asks.
        assert schema.of(session) is schema.of(session)
    with database.transaction(workspace) as again:
        assert schema.of(again) is schema.of(session)


@pytest.mark.parametrize("type", ["text", "long"])
def test_a_new_field_is_undone_until_records_have_values_in_it(database: Database, workspace: str, type: str) -> None:
    def as_admin(what: Any) -> Any:
        with database.transaction(workspace) as session, recording(session, actor_id=ADMIN, source="test"):
            return what(session)

    as_admin(lambda session: define(session, "Rival", type))
    as_admin(lambda session: undo(session, ADMIN))
    as_admin(lambda session: define(session, "Rival", type))
    with database.transaction(workspace) as session:
        lifecycle.add(session, schema.extended(session, CUSTOMER), {"name": "A", "rival": "Globex"})
    with pytest.raises(Conflict, match="have values in the field Rival"):
        as_admin(lambda session: undo(session, ADMIN))


def test_what_is_compared_goes_with_its_record(session: Session) -> None:
    noun = define(session, "Rival", "text")
    made = lifecycle.add(session, noun, {"name": "A", "rival": "Globex"})
    assert len(session.scalars(select(FieldValue)).all()) == 1
    session.delete(made)
    session.flush()
    assert session.scalars(select(FieldValue)).all() == []
    assert session.scalars(select(Customer)).all() == []


@pytest.mark.parametrize("sort", ["sort:rival", "sort:-rival"])
def test_pages_go_through_records_with_a_value_and_then_those_without(session: Session, sort: str) -> None:
    noun = define(session, "Rival", "number")
    for number, value in enumerate([3, None, 1, 3, None, 2, 1]):
        lifecycle.add(session, noun, {"name": f"R{number}", "rival": value})
    query = parse_filters([sort])
    orders = query.orders(noun.filters)
    statement = select(Customer)
    whole = [row[0].name for row in paging.rows(session, statement, orders, limit=20)]
    up = ["R2", "R6", "R5", "R0", "R3", "R1", "R4"]
    assert whole == (up if sort == "sort:rival" else ["R3", "R0", "R5", "R6", "R2", "R4", "R1"])
    turned: list[str] = []
    beyond = None
    while page := paging.rows(session, statement, orders, limit=2, beyond=beyond):
        turned += [row[0].name for row in page]
        beyond = list(page[-1][1:])
    assert turned == whole
    back: list[str] = []
    while page := paging.rows(session, statement, orders, limit=2, beyond=beyond, back=True):
        back = [row[0].name for row in page] + back
        beyond = list(page[0][1:])
    assert back == whole[:-1]


def test_a_choice_that_is_not_offered_any_more_stays_what_it_is(session: Session) -> None:
    noun = define(session, "Plan", "choice", choices=["Basic", "Premium"])
    made = lifecycle.add(session, noun, {"name": "A", "plan": "Premium"})
    row = field_definitions.called(session, noun, "plan")
    field_definitions.change(session, row, noun, choices=["Basic"])
    field_definitions.change(session, row, noun, choices=["Basic", "Trial"])
    noun = schema.extended(session, CUSTOMER)
    plan = noun.field("plan")
    assert isinstance(plan, ChoiceField)
    assert plan.name_of(plan.of(made)) == "Premium" and list(row.offered.values()) == ["Basic", "Trial"]
    assert names(session, noun, "plan:premium") == ["A"] and names(session, noun, "plan:trial") == []
    with pytest.raises(Invalid, match=r"There are Basic, Trial|Premium is not"):
        lifecycle.add(session, noun, {"name": "B", "plan": "Premium"})
    # As a form gives it back that was saved for another reason.
    lifecycle.change(session, noun, made, noun.check(session, {"name": "A2", "plan": plan.of(made)}))
    assert (made.name, plan.name_of(plan.of(made))) == ("A2", "Premium")
    field_definitions.change(session, row, noun, choices=["Premium"])
    assert row.offered == {plan.of(made): "Premium"}


def test_a_link_to_what_is_gone_is_no_link(session: Session) -> None:
    noun = define(session, "Champion", "record", links_to="contact")
    jane = contacts.add(session, name="Jane")
    made = lifecycle.add(session, noun, {"name": "A", "champion": jane.id})
    session.delete(jane)
    session.flush()
    champion = noun.field("champion")
    assert isinstance(champion, LinkField) and champion.linked(session, made) is None


def test_links_and_values_follow_a_merge_and_come_back_with_its_undo(database: Database, workspace: str) -> None:
    with database.transaction(workspace) as session:
        noun = define(session, "Champion", "record", links_to="contact")
        rank = field_definitions.define(session, contacts.CONTACT, name="Rank", type="number")
        person = schema.extended(session, contacts.CONTACT)
        lifecycle.add(session, person, {"name": "Jane", "rank": 7})
        lifecycle.add(session, person, {"name": "Jane Doe"})
        lifecycle.add(session, noun, {"name": "A", "champion": 1})
    with database.transaction(workspace) as session, recording(session, actor_id=ADMIN, source="test"):
        person = schema.extended(session, contacts.CONTACT)
        lifecycle.merge(session, person, contacts.resolve(session, "P-1"), contacts.resolve(session, "P-2"))
        assert contacts.resolve(session, "P-2").custom == {str(rank.id): 7}
        assert names(session, schema.extended(session, CUSTOMER), "champion:P-2") == ["A"]
        assert names(session, schema.extended(session, CUSTOMER), "champion:P-1") == ["A"]
    with database.transaction(workspace) as session, recording(session, actor_id=ADMIN, source="test"):
        undo(session, ADMIN)
        assert contacts.resolve(session, "P-2").custom == {}
        assert names(session, schema.extended(session, CUSTOMER), "champion:P-1") == ["A"]
        assert names(session, schema.extended(session, CUSTOMER), "champion:P-2") == []


def test_own_values_of_a_ticket_follow_its_merge(session: Session) -> None:
    with recording(session, actor_id=None, source="test"):
        field_definitions.define(session, TICKET, name="Build", type="text")
        noun = schema.extended(session, TICKET)
        one = lifecycle.add(session, noun, {"name": "Crash", "build": "7.1"})
        other = lifecycle.add(session, noun, {"name": "Crashes"})
        lifecycle.merge(session, noun, one, other)
    assert noun.field("build").of(other) == "7.1"


def test_the_name_of_a_choice_is_never_taken_for_what_is_stored_of_another(session: Session) -> None:
    levels = ["B2", "C1", "C2", "2"]
    noun = define(session, "Level", "choice", choices=levels)
    field = noun.field("level")
    assert isinstance(field, ChoiceField)
    assert [field.name_of(field.checked(session, said.casefold())) for said in levels] == levels
    with pytest.raises(Invalid, match="cannot begin with ~"):
        define(session, "Rank", "choice", choices=["~1"])
