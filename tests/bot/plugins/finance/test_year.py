"""Show the demo's year of an adviser: it is stored as it is, and everything in it can be looked at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from bot.kit import format
from bot.plugin import Role
from bot.plugins.finance import findings, plugin
from bot.plugins.finance.books import assets
from bot.plugins.finance.books.portfolios import Access, Portfolio
from bot.plugins.finance.books.valuation import valued
from bot.plugins.finance.sections import in_all
from storage.crm import customers
from storage.database.engine import current_workspace
from storage.digests.metrics import Period
from storage.records import history, schema
from storage.workspace import workspaces

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.fixture
def year(session: Session) -> Session:
    """Store the year for four customers."""
    with history.recording(session, actor_id="UAREP", source="demo"):
        for name in ("Harbor Lines", "Globex", "Acme", "Lantern"):
            customers.add(session, name=name)
        for fill in plugin.samples:
            fill(session=session, now=NOW)
    return session


def test_a_year_of_an_adviser_is_whole_and_adds_up(year: Session) -> None:
    year.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    found = year.scalars(select(Portfolio).order_by(Portfolio.id)).all()
    today = NOW.date()
    values = [valued(year, one, today) for one in found]
    assert len(found) == 4 and [one.unknown for one in values] == [[]] * 4
    assert all(one.positions and one.sales and one.total.minor > 0 and one.largest() for one in values)
    assert findings.unpriced(year, NOW) is None and findings.unbalanced(year) is None
    # What is added up for a digest is what the portfolios say one by one.
    numbers = [one.id for one in found]
    for day in (today, today - timedelta(days=100)):
        sums = assets.worth_of(year, numbers, day)
        by_code: dict[str, int] = {}
        for one in found:
            total = valued(year, one, day).total
            by_code[total.currency] = by_code.get(total.currency, 0) + total.minor
        assert {code: one.minor for code, one in sums.amounts.items()} == pytest.approx(by_code, abs=20)
        assert sums.unknown == set()
    begun = today - timedelta(days=400)
    paid = assets.paid_in(year, numbers, begun, today).amounts["USD"].minor
    assert paid == 250_000 * 100 + 5 * 250_000 * 2


def test_doctor_names_what_is_held_without_a_price(year: Session) -> None:
    year.execute(text("DELETE FROM finance.price WHERE on_date > '2026-11-01'"))
    assert findings.unpriced(year, NOW) == "no price for two weeks: ALW, BFE, CSC, HBF, NWR, TR31, WIX, XAU"


def test_a_digest_tells_advisers_what_all_come_to_and_a_channel_only_how_much_was_done(year: Session) -> None:
    workspace = workspaces.get(year, current_workspace(year))
    assert workspace is not None
    reader = format.reader(None, workspace, NOW)
    period = Period(NOW - timedelta(days=90), NOW)
    seen = {}
    for name, roles in (("adviser", Role.REP.implied), ("agent", Role.AGENT.implied), ("channel", schema.CHANNEL)):
        schema.see_as(year, roles)
        seen[name] = str([one.to_dict() for one in in_all(year, period, reader, None)])
    assert "Assets: *" in seen["adviser"] and "$" in seen["adviser"] and "Paid in: +" in seen["adviser"]
    assert seen["agent"] == seen["channel"] and "$" not in seen["channel"] and "Booked: *" in seen["channel"]
    looks = select(func.count()).select_from(Access).where(Access.what == "digest")
    assert year.scalar(looks) == 4, "once for each portfolio, and not for who saw none of it"
    nobodys = Period(period.since, period.until, owners=["U0NOBODY"])
    assert in_all(year, nobodys, reader, None) == []
