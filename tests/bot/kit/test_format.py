"""Amounts, days and moments read as their reader writes them."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.kit import format
from bot.kit.blocks import Control
from sandbox.blocks_check import message_problems
from storage.errors import Invalid
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


def labels(blocks: list[Any]) -> list[str]:
    return [element["text"]["text"] for block in blocks for element in block.to_dict()["elements"]]


def test_a_list_of_one_page_has_no_buttons() -> None:
    assert format.Page().turns("deals.page", size=10, more=False) == []


def test_pages_turn_both_ways_and_keep_their_filters() -> None:
    page = format.Page(("amount>10k", "owner:<@U1>"), 10)
    turns = page.turns("deals.page", size=10, more=True)
    assert labels(turns) == ["Back", "More"]
    assert message_problems([turn.to_dict() for turn in turns]) == ("", [])
    back, more = (Control.parse(turn.to_dict()["elements"][0]["value"]) for turn in turns)
    assert format.Page.load(back.detail) == format.Page(page.filters, 0)
    assert format.Page.load(more.detail) == format.Page(page.filters, 20)


def test_filters_are_shown_with_names_and_without_anything_else_that_slack_would_follow() -> None:
    page = format.Page(("amount>10k", "owner:<@U1>", "name:<!channel>"))
    assert page.written == "amount&gt;10k owner:<@U1> name:&lt;!channel&gt;"


def test_a_list_ends_where_a_filter_serves_better() -> None:
    assert labels(format.Page((), format.MOST_LINES).turns("deals.page", size=10, more=True)) == ["Back"]


def test_filters_that_fit_no_button_have_none() -> None:
    assert format.Page(("name:" + "x" * 2_000,)).turns("deals.page", size=10, more=True) == []


@pytest.mark.parametrize("forged", ["", "{}", "[]", '["x"]', "null", '[null, "a"]'])
def test_a_button_that_is_not_ours_is_refused(forged: str) -> None:
    with pytest.raises(Invalid):
        format.Page.load(forged)


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
