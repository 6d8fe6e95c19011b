"""The values of filters mean what their writer means: my deals, my currency, my calendar."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.grammar import FilterValues, Usage
from storage.errors import Invalid
from storage.money import Money
from storage.records.query import Condition, Values, parse_filters
from tests.support.writing import parse

NOW = datetime(2026, 11, 25, 11, 0, tzinfo=ZoneInfo("Europe/Berlin"))  # a Wednesday
VALUES: Values = FilterValues(me="UREP", currency="EUR", zone="Europe/Berlin", now=NOW, locale="en-GB")


def test_amounts_are_in_the_workspaces_currency_unless_they_say_another() -> None:
    assert VALUES.amount("10k") == Money(10_000_00, "EUR")
    assert VALUES.amount("$10k") == Money(10_000_00, "USD")


def test_days_are_read_by_the_writers_calendar() -> None:
    assert VALUES.date("friday", past=False) == date(2026, 11, 27)
    assert VALUES.date("friday", past=True) == date(2026, 11, 20)
    assert VALUES.date("3/4/2027", past=False) == date(2027, 4, 3)
    assert VALUES.midnight(date(2026, 11, 27)) == datetime(2026, 11, 26, 23, 0, tzinfo=UTC)


def test_people_are_mentioned_or_me() -> None:
    words = parse("owner:me owner:<@U7|ann>", Usage.parse("[filters]")).filters
    conditions = parse_filters(words).conditions
    assert conditions == (Condition("owner", ":", "me"), Condition("owner", ":", "<@U7>"))
    assert [VALUES.member(condition.value) for condition in conditions] == ["UREP", "U7"]


def test_what_cannot_be_read_leaves_the_field_to_who_knows_it() -> None:
    for text, read in (("bob", VALUES.member), ("lots", VALUES.amount)):
        with pytest.raises(Invalid) as caught:
            read(text)
        assert caught.value.on_field("owner").field == "owner"
    with pytest.raises(Invalid) as caught:
        VALUES.date("someday", past=False)
    assert caught.value.field is None
