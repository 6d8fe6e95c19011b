"""Lists turn page by page, and say by which filters they are made."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.kit import pages
from bot.kit.blocks import Control
from bot.kit.format import Reader
from sandbox.blocks_check import message_problems
from storage.errors import Invalid

READER = Reader("en-US", ZoneInfo("UTC"), datetime(2026, 12, 1, tzinfo=UTC))


def labels(blocks: list[Any]) -> list[str]:
    return [element["text"]["text"] for block in blocks for element in block.to_dict()["elements"]]


def test_a_list_of_one_page_has_no_buttons() -> None:
    assert pages.Page().turns("deals.page", size=10, more=False) == []


def test_pages_turn_both_ways_and_keep_their_filters() -> None:
    page = pages.Page(("amount>10k", "owner:<@U1>"), 10)
    turns = page.turns("deals.page", size=10, more=True)
    assert labels(turns) == ["Back", "More"]
    assert message_problems([turn.to_dict() for turn in turns]) == ("", [])
    back, more = (Control.parse(turn.to_dict()["elements"][0]["value"]) for turn in turns)
    assert pages.Page.load(back.detail) == pages.Page(page.filters, 0)
    assert pages.Page.load(more.detail) == pages.Page(page.filters, 20)


def test_filters_are_shown_with_names_and_without_anything_else_that_slack_would_follow() -> None:
    page = pages.Page(("owner:<@U1>", "name:<!channel>", "amount><!here>"))
    assert page.said(READER) == "owner:<@U1>, name:&lt;!channel&gt;, amount over &lt;!here&gt;"
    assert pages.written("amount>10k owner:<@U1>") == "amount&gt;10k owner:<@U1>"


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        (("promised<now",), "overdue"),
        (("assignee:<@U1>", "promised<now"), "assignee:<@U1>, overdue"),
        (("close<today", "status:open"), "late"),
        (("close<today",), "close before today"),
        (("close>=2026-12-04", "amount<=10k"), "close from Dec 4, 2026, amount at most 10k"),
        (("close<=2026-12-04", "amount<10k"), "close by Dec 4, 2026, amount under 10k"),
        (("close>2026-12-04", "amount>=10k"), "close after Dec 4, 2026, amount at least 10k"),
        (("close:2026-12-01..2026-12-31",), "close:December 2026"),
        (("close:2026-10-01..2026-12-31",), "close:Q4 2026"),
        (("close:2026-01-01..2026-12-31",), "close:2026"),
        (("close:2026-11-01..2027-01-31",), "close:Nov 1, 2026 – Jan 31, 2027"),
        (("close:2026-11-30..2026-12-06",), "close:Nov 30 – Dec 6, 2026"),
        (("close:2026-13-41",), "close:2026-13-41"),
        (("owner!=none", "sort:-amount,name"), "owner not none, by amount ↓, name ↑"),
        (("status:new,open", "name:a<b"), "status:new,open, name:a&lt;b"),
    ],
)
def test_filters_are_said_in_words(filters: tuple[str, ...], said: str) -> None:
    words = {"overdue": "promised<now", "late": "close<today status:open", "open": "status:open", "all": ""}
    assert pages.Page(filters).said(READER, words) == said


def test_a_list_ends_where_a_filter_serves_better() -> None:
    assert labels(pages.Page((), pages.MOST_LINES).turns("deals.page", size=10, more=True)) == ["Back"]


def test_filters_that_fit_no_button_have_none() -> None:
    assert pages.Page(("name:" + "x" * 2_000,)).turns("deals.page", size=10, more=True) == []


@pytest.mark.parametrize("forged", ["", "{}", "[]", '["x"]', "null", '[null, "a"]'])
def test_a_button_that_is_not_ours_is_refused(forged: str) -> None:
    with pytest.raises(Invalid):
        pages.Page.load(forged)
