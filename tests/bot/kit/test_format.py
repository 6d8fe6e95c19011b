"""Amounts, days and moments read as their reader writes them."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.kit import format
from storage.money import Money
from storage.workspace.members import Member
from storage.workspace.workspaces import Workspace

NOW = datetime(2025, 11, 24, 23, 30, tzinfo=UTC)
WORKSPACE = Workspace(id="T1", name="Acme", zone="Asia/Shanghai", locale="de-DE")


def member(**values: str | None) -> Member:
    return Member(workspace_id="T1", id="U1", name="Rosa", kind="staff", **values)


@pytest.mark.parametrize(
    ("minor", "currency", "locale", "text"),
    [
        (1_200_000, "EUR", "en-US", "€12,000"),
        (1_200_050, "EUR", "en-US", "€12,000.50"),
        (1_200_050, "EUR", "de-DE", "12.000,50\u00a0€"),
        (1_200_000, "EUR", "de-DE", "12.000\u00a0€"),
        (1_200_000, "JPY", "en-US", "¥1,200,000"),
        (1_500, "KWD", "en-US", "KWD1.500"),
        (0, "USD", "zh-CN", "US$0"),
        (1_200_000, "USD", None, "$12,000"),
        (1_200_000, "USD", "no such locale", "$12,000"),
    ],
)
def test_money_is_shown_in_its_currency_as_the_reader_writes_it(
    minor: int, currency: str, locale: str | None, text: str
) -> None:
    assert format.money(Money(minor, currency), locale) == text


def test_amounts_of_different_currencies_are_never_added() -> None:
    amounts = [Money(100, "USD"), Money(500, "EUR"), None, Money(250, "USD")]
    assert format.totals(amounts, "en-US") == ["€5", "$3.50"]
    assert format.totals([None], "en-US") == []


def test_a_near_day_is_named_by_its_weekday_and_a_far_one_by_its_year() -> None:
    today = date(2025, 11, 24)
    assert format.day(date(2025, 11, 28), "en-US", today=today) == "Fri, Nov 28"
    assert format.day(date(2025, 11, 28), "zh-CN", today=today) == "11月28日周五"
    assert format.day(date(2027, 1, 5), "en-US", today=today) == "Jan 5, 2027"
    assert format.day(date(2025, 11, 28), "en-US") == "Nov 28, 2025"


def test_a_moment_is_shown_in_the_place_of_its_reader() -> None:
    assert format.moment(NOW, ZoneInfo("Europe/Berlin"), "en-US", now=NOW) == "Tue, Nov 25, 12:30 AM"
    assert format.moment(NOW, ZoneInfo("UTC"), "de-DE") == "24.11.2025, 23:30"


def test_time_passed_and_time_ahead() -> None:
    assert format.ago(NOW - timedelta(days=3), NOW, "en-US") == "3 days ago"
    assert format.ago(NOW + timedelta(hours=2), NOW, "de-DE") == "in 2 Stunden"
    assert format.ago(NOW - timedelta(seconds=20), NOW, "en-US") == "just now"


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (-timedelta(days=5.5), "5 days ago"),
        (-timedelta(days=6.99), "6 days ago"),
        (-timedelta(days=7), "1 week ago"),
        (-timedelta(hours=23.9), "23 hours ago"),
        (-timedelta(minutes=119), "1 hour ago"),
        (-timedelta(days=364), "12 months ago"),
        (timedelta(hours=2, seconds=-3), "in 2 hours"),
        (timedelta(hours=1.4), "in 1 hour"),
        (timedelta(days=5.5), "in 6 days"),
    ],
)
def test_what_has_passed_is_told_in_whole_units_and_what_is_ahead_by_the_nearest(ahead: timedelta, said: str) -> None:
    assert format.ago(NOW + ahead, NOW, "en-US") == said
    assert ahead > timedelta(0) or format.duration(-ahead, "en-US") == said.removesuffix(" ago")


def test_a_share_is_a_whole_percentage() -> None:
    assert format.percent(0.754, "en-US") == "75%"


def test_a_reader_without_zone_or_locale_reads_as_the_workspace_does() -> None:
    assert format.locale_of(member(locale="en-GB"), WORKSPACE) == "en-GB"
    assert format.locale_of(member(locale=None), WORKSPACE) == "de-DE"
    assert format.locale_of(None, WORKSPACE) == "de-DE"
    assert format.zone_of(member(zone="Europe/Berlin"), WORKSPACE) == ZoneInfo("Europe/Berlin")
    assert format.zone_of(None, WORKSPACE) == ZoneInfo("Asia/Shanghai")
    assert format.zone_of(member(zone="Mars/Olympus"), WORKSPACE) == ZoneInfo("UTC")


def test_the_day_is_that_of_the_reader() -> None:
    berlin = format.reader(member(zone="Europe/Berlin", locale="en-US"), WORKSPACE, NOW)
    assert berlin.today == date(2025, 11, 25)
    assert format.today(member(zone="America/New_York"), WORKSPACE, NOW) == date(2025, 11, 24)


def test_a_reader_is_shown_everything_alike() -> None:
    reader = format.reader(member(zone="Europe/Berlin", locale="en-US"), WORKSPACE, NOW)
    assert reader.money(Money(150, "EUR")) == "€1.50"
    assert reader.totals([Money(150, "EUR"), Money(50, "EUR")]) == ["€2"]
    assert reader.day(date(2025, 11, 28)) == "Fri, Nov 28"
    assert reader.moment(NOW) == "Tue, Nov 25, 12:30 AM"
    assert reader.ago(NOW - timedelta(hours=1)) == "1 hour ago"


def test_lengths_times_of_day_and_weekdays_are_in_the_readers_language() -> None:
    assert format.duration(timedelta(hours=3), "en-US") == "3 hours"
    assert format.duration(timedelta(hours=3), "de-DE") == "3 Stunden"
    assert format.clock(time(9, 30), "en-US") == "9:30 AM"
    assert format.clock(time(9, 30), "de-DE") == "09:30"
    assert format.weekdays("de-DE")[0] == "Montag"
    assert format.weekdays("no such locale")[6] == "Sunday"


def test_many_lines_become_as_few_paragraphs_as_fit() -> None:
    assert format.paragraphs([]) == []
    drawn = [block.to_dict()["text"]["text"] for block in format.paragraphs(["<a>" + "x" * 1_000] * 5)]
    assert [text.count("&lt;a&gt;") for text in drawn] == [2, 2, 1]
    assert all(len(text) <= 3_000 for text in drawn)
    assert len(format.paragraphs(["x" * 9_000])) == 1
