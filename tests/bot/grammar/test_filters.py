"""The values of filters mean what their writer means: my deals, my currency, my calendar."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.grammar import FilterValues
from storage.errors import Invalid
from storage.money import Money
from storage.records.comparisons import Values

NOW = datetime(2026, 11, 25, 11, 0, tzinfo=ZoneInfo("Europe/Berlin"))  # a Wednesday
VALUES: Values = FilterValues(me="UREP", currency="EUR", zone="Europe/Berlin", now=NOW, locale="en-GB")


def test_amounts_are_in_the_workspaces_currency_unless_they_say_another() -> None:
    assert VALUES.amounts("10k") == (Money(10_000_00, "EUR"),) * 2
    assert VALUES.amounts("$10k") == (Money(10_000_00, "USD"),) * 2


@pytest.mark.parametrize("text", ["$10k..50k", "10k..50k USD", "$10k .. $50k", "50k USD..10k"])
def test_of_a_range_of_amounts_either_end_names_the_currency(text: str) -> None:
    assert VALUES.amounts(text) == (Money(10_000_00, "USD"), Money(50_000_00, "USD"))


def test_days_are_read_by_the_writers_calendar() -> None:
    friday, last = date(2026, 11, 27), date(2026, 11, 20)
    assert VALUES.days("friday", past=False) == (friday, friday)
    assert VALUES.days("friday", past=True) == (last, last)
    assert VALUES.days("3/4/2027", past=False)[0] == date(2027, 4, 3)
    assert VALUES.days("next week", past=False) == (date(2026, 11, 30), date(2026, 12, 6))
    assert VALUES.days("december", past=False) == (date(2026, 12, 1), date(2026, 12, 31))
    assert VALUES.days("2026-12-01..2026-12-24", past=False) == (date(2026, 12, 1), date(2026, 12, 24))


def test_days_begin_and_end_where_the_writer_is() -> None:
    begins, ends = VALUES.span("friday", past=False)
    assert begins == datetime(2026, 11, 26, 23, 0, tzinfo=UTC)
    assert ends == datetime(2026, 11, 27, 23, 0, tzinfo=UTC)
    assert VALUES.span("now", past=True) == (NOW, NOW)


def test_people_are_mentioned_or_me() -> None:
    assert [VALUES.member(text) for text in ("me", "<@U7>")] == ["UREP", "U7"]


def test_what_cannot_be_read_leaves_the_field_to_who_knows_it() -> None:
    for text, read in (
        ("bob", VALUES.member), ("lots", VALUES.amounts), ("10k..", VALUES.amounts), ("..10k", VALUES.amounts),
        ("$10k..50k CHF", VALUES.amounts),
    ):  # fmt: skip
        with pytest.raises(Invalid) as caught:
            read(text)
        assert caught.value.on_field("owner").field == "owner"
    for text in ("someday", "..friday", "friday..someday"):
        with pytest.raises(Invalid) as caught:
            VALUES.days(text, past=False)
        assert caught.value.field is None
