"""Compare the value of a portfolio, its gains and its spread with what is computed by hand, on several days."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from bot.plugins.finance import pricing
from bot.plugins.finance.books import journal, portfolios, prices, trades
from bot.plugins.finance.books.instruments import Instrument
from bot.plugins.finance.books.portfolios import Portfolio, PortfolioAccount
from bot.plugins.finance.books.trades import Trade
from bot.plugins.finance.books.valuation import valued
from storage.crm import customers
from storage.errors import Invalid
from storage.money import Money

JANUARY, MARCH, JUNE, JULY = date(2026, 1, 5), date(2026, 3, 2), date(2026, 6, 1), date(2026, 7, 1)


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


@pytest.fixture
def invested(session: Session) -> tuple[Portfolio, PortfolioAccount, Instrument, Instrument]:
    """Keep 100 robots at 20.00 and 10 dollar bonds at 90.00, at a rate of 0.90, of 5,000.00 that were paid in."""
    customer = customers.add(session, name="Harbor Lines")
    portfolio = portfolios.add(session, name="Pension", customer_id=customer.id, currency="EUR")
    (account,) = portfolios.accounts(session, portfolio)
    robots = Instrument.new(session, name="Robots", symbol="NWR", asset_class="equity", currency="EUR")
    bonds = Instrument.new(session, name="Bonds", symbol="BND", asset_class="bond", currency="USD")
    for day, rate in ((JANUARY, "0.9"), (JUNE, "0.8")):
        prices.set_rate(session, "USD", "EUR", day, Decimal(rate))
    trades.deposit(session, account, eur(500_000), JANUARY)
    trades.exchange(session, account, eur(90_000), Money(100_000, "USD"), JANUARY)
    trades.trade(session, Trade(account, robots, Decimal(100), Decimal(20), eur(1_000), JANUARY))
    trades.trade(session, Trade(account, bonds, Decimal(10), Decimal(90), Money(0, "USD"), JANUARY))
    for instrument, day, price in ((robots, MARCH, "25"), (robots, JUNE, "30.5"), (bonds, MARCH, "95")):
        prices.set_price(session, instrument, day, Decimal(price))
    return portfolio, account, robots, bonds


Invested = tuple[Portfolio, PortfolioAccount, Instrument, Instrument]


def test_value_and_gain_at_the_prices_and_rates_of_a_day(session: Session, invested: Invested) -> None:
    portfolio = invested[0]
    march, june = valued(session, portfolio, MARCH), valued(session, portfolio, JUNE)
    # In March 100 x 25.00, 10 x 95.00 dollars at 0.90, 2,090.00 in euros and 100.00 in dollars.
    assert march.total == eur(250_000 + 85_500 + 209_000 + 9_000)
    # They had cost 2,010.00 and 900.00 dollars at 0.90.
    assert march.gain == eur(250_000 - 201_000 + 85_500 - 81_000)
    # In June 100 x 30.50, 950.00 and 100.00 dollars at 0.80.
    assert june.total == eur(305_000 + 76_000 + 209_000 + 8_000)
    assert june.gain == eur(305_000 - 201_000 + 76_000 - 81_000)
    assert (june.oldest, june.unknown) == (MARCH, [])
    (robots, bonds) = june.positions
    assert (robots.gain, bonds.gain, bonds.base_gain) == (eur(104_000), Money(5_000, "USD"), eur(-5_000))


def test_what_has_no_price_or_rate_yet_is_named_and_not_counted(session: Session, invested: Invested) -> None:
    january = valued(session, invested[0], JANUARY)
    assert january.unknown == ["BND", "NWR"]
    assert january.total == eur(209_000 + 9_000)
    assert (january.gain, january.oldest) == (eur(0), None)
    trades.exchange(session, invested[1], eur(1_000), Money(900, "GBP"), JUNE)
    assert valued(session, invested[0], JULY).unknown == ["GBP"]


def test_a_sale_is_a_gain_of_its_day_and_a_reversal_takes_it_back(session: Session, invested: Invested) -> None:
    portfolio, account, robots, _bonds = invested
    sale = trades.trade(session, Trade(account, robots, Decimal(-40), Decimal(30), eur(1_000), JUNE))
    after = valued(session, portfolio, JULY)
    # 40 x 30.00 less 10.00, of which 40 of 100 had cost 40 % of 2,010.00.
    assert after.realised(JANUARY) == after.realised(JUNE) == eur(119_000 - 80_400)
    assert after.realised(JULY) == eur(0)
    assert valued(session, portfolio, MARCH).realised(JANUARY) == eur(0)
    assert after.gain == eur(60 * 3_050 - 120_600 + 76_000 - 81_000)
    journal.reverse(session, sale)
    again = valued(session, portfolio, JULY)
    assert (again.realised(JANUARY), again.total) == (eur(0), valued(session, portfolio, JUNE).total)


def test_how_it_is_spread(session: Session, invested: Invested) -> None:
    june = valued(session, invested[0], JUNE)
    total = 305_000 + 76_000 + 209_000 + 8_000
    assert june.total == eur(total)
    assert june.by_class() == {"equity": eur(305_000), "cash": eur(total - 381_000), "bond": eur(76_000)}
    assert list(june.by_class()) == ["equity", "cash", "bond"]
    assert june.by_currency() == {"EUR": eur(total - 84_000), "USD": eur(84_000)}
    assert [one.instrument.symbol for one, _share in june.largest()] == ["NWR", "BND"]
    assert [share for _one, share in june.largest()] == pytest.approx([305_000 / total, 76_000 / total])
    assert june.as_if_equal() == pytest.approx(381**2 / (305**2 + 76**2))


def test_of_several_currencies_the_portfolio_may_be_valued_in_any(session: Session, invested: Invested) -> None:
    portfolio = invested[0]
    in_euro = valued(session, portfolio, JUNE).total
    portfolio.currency = "USD"
    assert valued(session, portfolio, JUNE).total == Money(in_euro.minor * 10 // 8, "USD")


def test_what_was_brought_along_keeps_what_it_had_cost(session: Session, invested: Invested) -> None:
    portfolio, account, robots, _bonds = invested
    trades.deliver(session, account, robots, Decimal(10), eur(10_000), MARCH, since=date(2020, 5, 4))
    trades.trade(session, Trade(account, robots, Decimal(-10), Decimal(30), eur(0), JUNE))
    assert valued(session, portfolio, JUNE).realised(JUNE) == eur(20_000), "the oldest are sold first"


def test_an_empty_portfolio_is_worth_nothing_and_is_not_spread(session: Session) -> None:
    empty = valued(session, portfolios.add(session, name="New", customer_id=None, currency="EUR"), JUNE)
    assert (empty.total, empty.gain, empty.largest(), empty.as_if_equal()) == (eur(0), eur(0), [], None)
    assert empty.share(eur(5)) is None


def test_the_newest_of_many_prices_of_a_day_counts(session: Session, invested: Invested) -> None:
    robots = invested[2]
    rows = [(robots.id, JULY, Decimal(n)) for n in (41, 42)] + [(robots.id, JUNE, Decimal(31))]
    assert prices.take_prices(session, rows) == 2
    assert [(one.on_date, one.price) for one in prices.prices_of(session, robots, 2)] == [
        (JULY, Decimal(42)),
        (JUNE, Decimal(31)),
    ]
    assert prices.take_rates(session, [("USD", "EUR", JULY, Decimal("0.7"))]) == 1
    assert [(one.currency, one.rate) for one in prices.rates_of(session, 9)] == [("USD", Decimal("0.7"))]


def test_programs_send_prices_all_or_none(session: Session, invested: Invested) -> None:
    robots, now = invested[2], datetime(2026, 8, 1, tzinfo=UTC)
    first: dict[str, Any] = {"symbol": "nwr", "price": 44, "on": "2026-07-31"}
    given = [first, {"pair": "eur/jpy", "price": "160.5"}]
    assert pricing.take({"prices": given}, session, now) == {"taken": 2}
    assert prices.prices_of(session, robots, 1)[0].price == 44
    for wrong, why in (
        ({"symbol": "NWR", "price": "dear"}, "Line 3: dear is not a number"),
        ({"symbol": "NWR", "price": "45", "on": "2026-08-02"}, "Line 3: This day is still to come"),
        ({"symbol": "NWR", "price": "45", "on": "today"}, "Line 3: today is no day"),
        ({"symbol": "NOSUCH", "price": "45"}, "Line 3: There is no instrument"),
        ({"price": "45"}, "Line 3: A symbol, a price"),
        ("NWR 45", "list of objects"),
    ):
        with pytest.raises(Invalid, match=why):
            pricing.take({"prices": [{**first, "price": 50}, given[1], wrong]}, session, now)
        assert prices.prices_of(session, robots, 1)[0].price == 44


def test_another_workspace_has_books_of_its_own(session: Session, invested: Invested) -> None:
    """See nothing of the first in a second, by whatever number."""
    portfolio, _account, robots, _bonds = invested
    session.flush()
    session.execute(text("SELECT set_config('rapport.workspace', 'TB', true)"))
    session.expunge_all()
    for table in ("instrument", "price", "exchange_rate", "portfolio", "account", "booking", "posting", "transfer"):
        assert session.scalar(text(f"SELECT count(*) FROM finance.{table}")) == 0, table
    assert prices.prices_on(session, [robots.id], JULY) == {}
    assert valued(session, portfolio, JULY).total == eur(0)
