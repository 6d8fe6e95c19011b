"""Show that every type of field is written in tables, and read back as it was."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import CrmError, Invalid
from storage.money import Money, exponent
from storage.records import fields
from storage.records.fields import MoneyField, RecordField
from storage.transfer.cells import CELLS, CellReading, cell
from storage.transfer.exports.workbook import as_text
from storage.transfer.written import Notation

AMOUNT = MoneyField(key="amount", label="Amount")


def reading(decimal: str = ".", currency: str = "EUR") -> CellReading:
    return CellReading(
        Notation(decimal, day_first=True),
        currency,
        "Europe/Berlin",
        str,
        lambda _field, typed: int(typed),
        lambda _field, typed: int(typed),
    )


def types(of: type[RecordField] = RecordField) -> set[type[RecordField]]:
    own = {one for one in of.__subclasses__() if one.__module__.startswith(fields.__name__)}
    return own.union(*(types(one) for one in own))


def test_every_type_of_field_is_written_in_tables() -> None:
    assert types() <= set(CELLS)


@pytest.mark.parametrize(
    ("written", "minor", "currency"),
    [
        ("1,200.50", 120050, "EUR"),
        ("$1,200", 120000, "USD"),
        ("1200 USD", 120000, "USD"),
        ("£5", 500, "GBP"),
        ("JPY 1,200", 1200, "JPY"),
        ("5 zł", 500, "PLN"),
        ("₹ 1,00,000", 10000000, "INR"),
    ],
)
def test_an_amount_has_the_currency_beside_it_or_the_workspaces(written: str, minor: int, currency: str) -> None:
    assert cell(AMOUNT).read(AMOUNT, written, reading()) == Money(minor, currency)


def test_a_dollar_is_the_workspaces_dollar() -> None:
    assert cell(AMOUNT).read(AMOUNT, "$5", reading(currency="CAD")) == Money(500, "CAD")


def test_words_in_the_place_of_an_amount_are_called_no_number() -> None:
    with pytest.raises(Invalid, match="not yet known is not a number"):
        cell(AMOUNT).read(AMOUNT, "not yet known", reading())


@pytest.mark.parametrize("written", ["5 blubs", "0.001", "EUR 5 or 6", "1e30", "99999999999999999999"])
def test_what_is_no_amount_is_refused(written: str) -> None:
    with pytest.raises(CrmError):
        cell(AMOUNT).read(AMOUNT, written, reading())


@given(st.integers(-(10**15) + 1, 10**15 - 1), st.sampled_from(["EUR", "USD", "JPY", "KWD", "CLF", "PLN"]))
def test_an_amount_comes_back_as_it_was(minor: int, currency: str) -> None:
    written = as_text(cell(AMOUNT).write(AMOUNT, Money(minor, currency), lambda *_: ""))
    assert exponent(currency) in (0, 2, 3, 4)
    assert cell(AMOUNT).read(AMOUNT, written, reading(currency="CHF")) == Money(minor, currency)


VALUES: dict[type[RecordField], st.SearchStrategy[Any]] = {
    fields.NumberField: st.integers(-(2**63), 2**63 - 1),
    fields.DateField: st.dates(min_value=date(1000, 1, 1)),
    fields.MomentField: st.datetimes(min_value=datetime(1000, 1, 3), timezones=st.just(UTC)).map(
        lambda one: one.replace(microsecond=0)
    ),
    fields.YesNoField: st.booleans(),
}


@pytest.mark.parametrize("kind", VALUES)
@given(data=st.data())
def test_a_value_comes_back_as_it_was(kind: type[RecordField], data: st.DataObject) -> None:
    one = kind(key="x", label="X")
    value = data.draw(VALUES[kind])
    assert cell(one).read(one, as_text(cell(one).write(one, value, lambda *_: "")), reading(",")) == value


@pytest.mark.parametrize(
    ("written", "address"), [("Jane <j@x.de>", "j@x.de"), ("a@x.de; b@x.de", "a@x.de"), ("mailto:a@b.c", "a@b.c")]
)
def test_an_address_is_taken_out_of_what_is_around_it(written: str, address: str) -> None:
    email = fields.EmailField(key="email", label="E-mail")
    assert cell(email).read(email, written, reading()) == address


def test_half_a_number_is_no_whole_one() -> None:
    number = fields.NumberField(key="seats", label="Seats")
    with pytest.raises(Invalid, match="whole"):
        cell(number).read(number, "12.5", reading())
