"""Lists that are paged in place, in any order, forwards and back."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.crm import deals
from storage.crm.deals import DEAL, Deal
from storage.errors import Invalid
from storage.money import Money
from storage.records import listing, paging
from storage.records.listing import Listed
from storage.records.paging import Order
from storage.records.query import parse_query
from tests.support.filter_values import Said

SORTS = ["", "sort:amount", "sort:-amount", "sort:close,-amount", "sort:-close", "sort:status,-name", "sort:-created"]
SORTS += ["closed>2000-01-01", "status:open,won", "status:won sort:closed"]


@pytest.fixture
def pipeline(session: Session) -> Session:
    """Thirteen deals, of which many are alike and some lack what they are sorted by."""
    for number in range(13):
        amount = Money([100, 200, 300][number % 3] * 100, "EUR") if number % 4 else None
        close_on = date(2030, 1, 1) + timedelta(number % 5) if number % 3 else None
        deal = deals.add(session, name=f"Deal {number % 6}", amount=amount, close_on=close_on)
        if number % 5 == 4:
            deals.win(session, deal)
    return session


def turned(session: Session, line: str, limit: int, beyond: list[object] | None = None, back: bool = False) -> Listed:
    """Return a page, with what it is next to as a button carries it."""
    carried = json.loads(json.dumps(beyond))
    return listing.page(session, DEAL, parse_query(line), Said(), limit=limit, beyond=carried, back=back)


@given(line=st.sampled_from(SORTS), limit=st.integers(1, 7))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pages_put_together_are_the_list_from_either_end(pipeline: Session, line: str, limit: int) -> None:
    whole = turned(pipeline, line, 50)
    assert not whole.more
    pages = [turned(pipeline, line, limit)]
    while pages[-1].more:
        pages.append(turned(pipeline, line, limit, pages[-1].last))
    assert [one for page in pages for one in page.records] == whole.records
    assert all(len(page.records) == limit for page in pages[:-1])
    for before, behind in pairwise(pages):
        assert turned(pipeline, line, limit, behind.first, back=True).records == before.records


def test_a_page_begins_where_the_last_one_ended_though_that_record_has_moved(pipeline: Session) -> None:
    first = turned(pipeline, "sort:-amount", 3)
    behind = turned(pipeline, "sort:-amount", 3, first.last)
    first.records[-1].amount = Money(1, "EUR")
    deals.win(pipeline, first.records[0])
    deals.add(pipeline, name="Newest", amount=Money(10**9, "EUR"))
    assert turned(pipeline, "sort:-amount", 3, first.last).records == behind.records


def test_what_a_deal_is_linked_to_is_read_with_the_page(pipeline: Session) -> None:
    pipeline.expunge_all()
    found = turned(pipeline, "", 5)
    assert {one.name for one in found.linked} == {"Lead", "Sales"}
    assert found.plural == "Open deals"


@pytest.mark.parametrize(
    "forged",
    [[], [1], ["a", 1, 2], [None, None], ["x", 1], [True, 1], ["2030-01-01", 2**70], ["2030-01-01", "1"], [{}, 1]],
)
def test_what_no_page_ends_with_is_refused(pipeline: Session, forged: list[object]) -> None:
    with pytest.raises(Invalid, match="not where a page"):
        turned(pipeline, "", 5, forged)


def test_values_are_read_back_as_the_columns_have_them(pipeline: Session) -> None:
    orders = [
        Order(Deal.close_on),
        Order(Deal.created_at),
        Order(Deal.name_key),
        Order(Deal.amount_minor),
        Order(Deal.id),
    ]
    values = [date(2030, 1, 2), datetime(2030, 1, 1, 12, 30, tzinfo=UTC), "acmé “x”", None, 7]
    assert paging.from_json(orders, json.loads(json.dumps(paging.to_json(values)))) == values
    found = paging.rows(pipeline, select(Deal.name), orders[-1:], limit=2, beyond=[11])
    assert found == [("Deal 5", 12), ("Deal 0", 13)]
