"""Show that numbers and days are read as their whole column means them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import Invalid
from storage.transfer.written import Habits, Notation, read_day, read_moment, read_number

NOON = datetime(2026, 1, 5, 11, tzinfo=UTC)
AT_THREE = datetime(2026, 1, 5, 14, 4, tzinfo=UTC)


def habits(*cells: str) -> Habits:
    found = Habits()
    for cell in cells:
        found.see(cell)
    return found


@pytest.mark.parametrize(
    ("cells", "decimal"),
    [
        (["1,234", "1,234.50"], "."),
        (["1.234", "1.234,50 €"], ","),
        (["1.234", "0,5"], ","),
        (["1.234.567"], ","),
        (["$1,234,567"], "."),
        (["1 234,5"], ","),
        (["5", "12.5", "1,000"], "."),
        (["0.123"], "."),
        (["7", "8"], None),
    ],
)
def test_a_cell_that_can_be_read_one_way_decides_for_its_column(cells: list[str], decimal: str | None) -> None:
    assert habits(*cells).written.decimal == decimal
    assert not habits(*cells).asks_decimal


@pytest.mark.parametrize("cells", [["1,234"], ["1.234", "22.000"], ["1,234", "5"]])
def test_a_column_of_which_every_number_can_be_read_two_ways_is_asked_about(cells: list[str]) -> None:
    assert habits(*cells).asks_decimal


@pytest.mark.parametrize(
    ("cells", "day_first"),
    [
        (["03/04/2026", "13/04/2026"], True),
        (["03/04/2026", "04/13/2026"], False),
        (["3.4.2026"], True),
        (["2026-04-03"], None),
        (["Apr 3, 2026"], None),
    ],
)
def test_a_day_beyond_the_twelfth_decides_for_its_column(cells: list[str], day_first: bool | None) -> None:
    assert habits(*cells).written.day_first is day_first
    assert not habits(*cells).asks_order


def test_a_column_of_which_every_day_can_be_read_two_ways_is_asked_about() -> None:
    assert habits("03/04/2026", "", "01-02-26").asks_order


@pytest.mark.parametrize(
    ("cell", "decimal", "number"),
    [
        ("1,234.50", ".", "1234.50"),
        ("1.234,50", ",", "1234.50"),
        ("12,34,567.5", ".", "1234567.5"),
        ("1 234,5", ",", "1234.5"),
        ("1'234.5", ".", "1234.5"),
        ("(5.5)", ".", "-5.5"),
        ("5.5-", ".", "-5.5"),
        ("-$5", ".", "-5"),
        ("USD -1,000.00", ".", "-1000"),
        (".5", ".", "0.5"),
        ("１２", ".", "12"),
    ],
)
def test_a_number_is_read_by_the_mark_of_its_column(cell: str, decimal: str, number: str) -> None:
    assert read_number(cell, Notation(decimal)) == Decimal(number)


@pytest.mark.parametrize(
    ("cell", "decimal"), [("1.234,50", "."), ("1,5", "."), ("5 or 6", "."), ("n/a", "."), ("", ".")]
)
def test_what_is_not_written_as_its_column_is_refused(cell: str, decimal: str) -> None:
    with pytest.raises(Invalid):
        read_number(cell, Notation(decimal))


@given(
    st.decimals(min_value=-(10**12), max_value=10**12, places=2), st.sampled_from(["en_US", "de_DE", "fr_FR", "de_CH"])
)
def test_what_a_language_writes_is_read_back(number: Decimal, locale: str) -> None:
    cell = format_decimal(number, "#,##0.00", locale)
    assert read_number(cell, Notation("," if locale in ("de_DE", "fr_FR") else ".")) == number


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("2026-01-05", NOON),
        ("2026/1/5", NOON),
        ("20260105", NOON),
        ("5 Jan 2026", NOON),
        ("05-Jan-26", NOON),
        ("Jan 5, 2026", NOON),
        ("January 5th, 2026", NOON),
        ("5. Januar 2026", NOON),
        ("5 de enero de 2026", NOON),
        ("5 févr. 2026", datetime(2026, 2, 5, 11, tzinfo=UTC)),
        ("2026年1月5日", NOON),
        ("2026-01-05 15:04", AT_THREE),
        ("2026-01-05T14:04:00Z", AT_THREE),
        ("2026-01-05T16:04:00.000+02:00", AT_THREE),
        ("2026-01-05 09:04:00 -0500", AT_THREE),
        ("1/5/2026 3:04 PM", AT_THREE),
        ("Jan 5, 2026 at 3:04 p.m.", AT_THREE),
        ("1/5/26 12:30 AM", datetime(2026, 1, 4, 23, 30, tzinfo=UTC)),
    ],
)
def test_a_moment_is_read_where_the_workspace_is(cell: str, moment: datetime) -> None:
    assert read_moment(cell, Notation(day_first=False), "Europe/Berlin") == moment


@pytest.mark.parametrize(
    "cell", ["13/13/2026", "2026-02-30", "soon", "5 Blub 2026", "2026-01-05 later", "1/5/2026 25:00"]
)
def test_what_is_no_day_is_refused(cell: str) -> None:
    with pytest.raises(Invalid):
        read_moment(cell, Notation(day_first=False), "UTC")


@given(st.dates(min_value=date(1970, 1, 1), max_value=date(2069, 12, 31)), st.booleans())
def test_a_day_of_two_digits_a_year_is_the_day_it_was(day: date, day_first: bool) -> None:
    cell = f"{day:%d/%m/%y}" if day_first else f"{day:%m/%d/%y}"
    assert read_day(cell, Notation(day_first=day_first)) == day
