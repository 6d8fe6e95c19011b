"""The two faces of every type of field: checked and stored, written and read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from bot.grammar.entities import decode
from bot.kit import fields
from bot.kit.faces import FACES, face
from storage.crm import customers
from storage.crm.contacts import CONTACT
from storage.crm.customers import CUSTOMER, Customer
from storage.crm.deals import DEAL
from storage.errors import CrmError, Invalid
from storage.money import Money
from storage.records.fields import (
    AddressField,
    ChoiceField,
    DateField,
    EmailField,
    LinkField,
    LongTextField,
    MomentField,
    MoneyField,
    NumberField,
    PersonField,
    PhoneField,
    RecordField,
    TextField,
    YesNoField,
)

NOON = datetime(2026, 12, 24, 12, tzinfo=UTC)
GOOD: dict[RecordField, list[tuple[Any, Any]]] = {
    TextField(key="x", label="X"): [(" Jane ", "Jane")],
    LongTextField(key="x", label="X"): [(" one\ntwo ", "one\ntwo"), ("  ", None)],
    NumberField(key="x", label="X"): [(" 12 ", 12), ("-3", -3)],
    MoneyField(key="x", label="X"): [(Money(1200, "EUR"), Money(1200, "EUR"))],
    DateField(key="x", label="X"): [("2026-12-24", date(2026, 12, 24))],
    MomentField(key="x", label="X"): [(NOON, NOON)],
    ChoiceField(key="x", label="X", choices=("low", "High")): [("HIGH", "High")],
    YesNoField(key="x", label="X"): [(True, True), (False, False)],
    EmailField(key="x", label="X"): [("jane@acme.com", "jane@acme.com")],
    PhoneField(key="x", label="X"): [(" +49 89 1 ", "+49 89 1")],
    AddressField(key="x", label="X"): [("acme.com/a", "https://acme.com/a"), ("http://acme.com", "http://acme.com")],
}
BAD: dict[RecordField, list[Any]] = {
    TextField(key="x", label="X", most=3): ["long", "\u200b", 7, "a\x00"],
    LongTextField(key="x", label="X", most=3): ["long", 7],
    NumberField(key="x", label="X"): ["1.5", "many", 2**63, 10**30],
    MoneyField(key="x", label="X"): ["12", 12],
    DateField(key="x", label="X"): ["2026-02-30", "soon"],
    MomentField(key="x", label="X"): [datetime(2026, 1, 1), "soon"],
    ChoiceField(key="x", label="X", choices=("low", "high")): ["medium"],
    YesNoField(key="x", label="X"): ["yes", 1],
    EmailField(key="x", label="X"): ["jane", "a@b@c", 3],
    PhoneField(key="x", label="X"): ["none", "1" * 41],
    AddressField(key="x", label="X"): ["ftp://acme.com", "acme", "http://[", "acme.com/a b", "javascript:alert(1)"],
    LinkField(key="x", label="X", to=Customer, resolve=customers.resolve): [999],
    DEAL.fields[3]: [999, True, "Lead", 2**70],
    PersonField(key="x", label="X"): ["UNOBODY"],
}


def types() -> Iterator[type[RecordField]]:
    waiting = [RecordField]
    while waiting:
        for kind in waiting.pop().__subclasses__():
            waiting.append(kind)
            yield kind


def test_every_type_has_both_faces_and_is_tried_here() -> None:
    own = {kind for kind in types() if kind.__module__.startswith("storage.records.fields.")}
    assert own == set(FACES)
    assert own == {next(kind for kind in type(field).__mro__ if kind in own) for field in BAD}
    assert all(any(kind in FACES for kind in found.__mro__) for found in types())


@pytest.mark.parametrize("field", GOOD, ids=lambda field: type(field).__name__)
def test_a_value_is_stored_and_read_back(field: RecordField, session: Session) -> None:
    for given_, stored in GOOD[field]:
        assert field.check(session, given_) == stored
        assert field.from_json(field.to_json(stored)) == stored
    assert field.check(session, None) is None
    assert field.from_json(field.to_json(None)) is None


@pytest.mark.parametrize("field", BAD, ids=lambda field: type(field).__name__)
def test_what_is_no_value_is_refused_naming_the_field(field: RecordField, session: Session) -> None:
    for wrong in BAD[field]:
        with pytest.raises(CrmError) as refused:
            field.check(session, wrong)
        assert refused.value.field == field.key, wrong


def test_a_field_that_is_required_cannot_be_left_out(session: Session) -> None:
    for nothing in (None, ""):
        with pytest.raises(Invalid, match="X is missing"):
            TextField(key="x", label="X", required=True).check(session, nothing)


@pytest.mark.parametrize("declaration", [CONTACT, CUSTOMER], ids=lambda one: one.key)
def test_a_usage_line_names_every_field(declaration: Any) -> None:
    line = fields.keys(declaration)
    assert all(f"[{field.key}:" in line for field in declaration.fields[1:])
    assert {*fields.key_types(declaration)} == {field.key for field in declaration.fields[1:]}
    assert all(face(field) for field in declaration.fields)


@pytest.mark.parametrize(
    ("typed", "name", "values"),
    [
        ("Jane Doe jane@acme.com", "Jane Doe", {"email": "jane@acme.com"}),
        ("Jane <mailto:jane@acme.com|jane@acme.com> Doe", "Jane Doe", {"email": "jane@acme.com"}),
        ("Jane, +49 (89) 123-456; jane@acme.com.", "Jane", {"email": "jane@acme.com", "phone": "+49 (89) 123-456"}),
        ("<@UJANE|jane>", "jane", {"slack": "UJANE"}),
        ("Jane Doe <@UJANE|jane>", "Jane Doe", {"slack": "UJANE"}),
        ("李雷 li@acme.com", "李雷", {"email": "li@acme.com"}),
        ("Agent 007", "Agent 007", {}),
        ("(Jane)", "(Jane)", {}),
    ],
)
def test_values_are_told_from_the_words_of_a_name(typed: str, name: str, values: dict[str, str]) -> None:
    found = fields.gather(CONTACT, decode(typed), {})
    assert (found.name, found.values) == (name, values)


def test_what_a_key_gives_is_not_looked_for_among_the_words() -> None:
    found = fields.gather(CONTACT, decode("jane@acme.com"), {"email": "other@acme.com"})
    assert (found.name, found.values) == ("jane@acme.com", {})


@given(st.text(max_size=60).filter(lambda text: "@" not in text and "+" not in text and "<" not in text))
def test_words_without_values_are_a_name_as_they_were_typed(typed: str) -> None:
    decoded = decode(typed)
    assert fields.gather(CONTACT, decoded, {}).name == decoded.text
