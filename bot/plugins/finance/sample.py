"""Fill the demo with a year of an adviser: prices of each working day, portfolios, and what was booked in them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.plugins.finance import plugin
from bot.plugins.finance.books import holdings, journal, portfolios, prices, trades, transfers
from bot.plugins.finance.books.instruments import Instrument
from bot.plugins.finance.books.portfolios import PortfolioAccount
from bot.plugins.finance.books.trades import Trade
from bot.plugins.finance.risk.sample import add_clients
from storage.crm.customers import Customer
from storage.money import Money
from storage.records import history

YEAR = 370
# What each costs first, what a year brings, and how far a day goes, both in percent.
INSTRUMENTS = (
    ("Northwind Robotics", "NWR", "equity", "EUR", 42.0, 14, 1.8),
    ("Baltic Ferries", "BFE", "equity", "EUR", 18.5, -6, 1.4),
    ("Cedar Semiconductors", "CSC", "equity", "USD", 131.0, 22, 2.3),
    ("Alpine Water", "ALW", "equity", "CHF", 77.0, 5, 0.9),
    ("Treasury 2031", "TR31", "bond", "USD", 96.4, 2, 0.3),
    ("Harbour Bond Fund", "HBF", "fund", "EUR", 104.2, 3, 0.25),
    ("World Index Fund", "WIX", "fund", "EUR", 88.0, 9, 0.9),
    ("Gold, one ounce", "XAU", "commodity", "USD", 2380.0, 11, 0.9),
)
RATES = (("USD", 1.09, 0.4), ("CHF", 0.95, 0.25))
"""What a euro is worth first, and how far a day goes."""
PORTFOLIOS: Sequence[tuple[str, str, int, Sequence[tuple[str, int]]]] = (
    ("pension", "EUR", 180_000, (("WIX", 35), ("HBF", 35), ("NWR", 15))),
    ("reserve", "EUR", 90_000, (("HBF", 60), ("TR31", 25))),
    ("growth", "EUR", 60_000, (("NWR", 30), ("CSC", 30), ("BFE", 15), ("ALW", 10))),
    ("endowment", "USD", 250_000, (("TR31", 40), ("CSC", 25), ("XAU", 20))),
)


@dataclass(frozen=True)
class Market:
    """Hold the working days of a year, and what each instrument, and a euro, cost on each."""

    days: Sequence[date]
    instruments: Mapping[str, Instrument]
    prices: Mapping[str, Sequence[Decimal]]
    euros: Mapping[str, Sequence[Decimal]]

    def rate(self, currency: str, other: str, at: int) -> Decimal:
        """Return what one unit of a currency was worth in another on a day."""
        euro = {"EUR": Decimal(1)}
        both = (euro.get(one) or self.euros[one][at] for one in (other, currency))
        return next(both) / next(both)


@plugin.sample
def a_year(session: Session, now: datetime) -> None:
    """Store a year of prices, four portfolios, and what an adviser booked in them; one transfer waits."""
    chance = random.Random(11)
    market = _market(session, chance, now.date())
    found = session.scalars(select(Customer).order_by(Customer.id).limit(len(PORTFOLIOS)))
    accounts = []
    for customer, (name, currency, amount, wanted) in zip(found, PORTFOLIOS, strict=False):
        account = _opened(session, customer, f"{customer.name} {name}", currency, now.date())
        accounts.append(account)
        trades.deposit(session, account, Money(amount * 100, currency), market.days[0], words="First payment")
        for symbol, percent in wanted:
            _buy(session, account, market, symbol, amount * percent // 100, currency, 2)
        _go_on(session, account, market, currency, amount, wanted, chance)
    if len(accounts) > 1 and history.current_actor(session):
        first, second = accounts[:2]
        transfers.ask(session, first, Money(250_000, "EUR"), second, market.days[-1], words="As agreed in our review")
    add_clients(session, now.date())


def _market(session: Session, chance: random.Random, today: date) -> Market:
    days = [day for day in (today - timedelta(days=back) for back in range(YEAR, -1, -1)) if day.weekday() < 5]
    market = Market(
        days,
        {
            symbol: Instrument.new(session, name=name, symbol=symbol, asset_class=kind, currency=currency)
            for name, symbol, kind, currency, *_walk in INSTRUMENTS
        },
        {row[1]: list(_walked(chance, *row[4:], len(days), 2)) for row in INSTRUMENTS},
        {currency: list(_walked(chance, first, 0, by, len(days), 4)) for currency, first, by in RATES},
    )
    every = ((market.instruments[key].id, walk) for key, walk in market.prices.items())
    prices.take_prices(session, ((key, on, one) for key, walk in every for on, one in zip(days, walk, strict=True)))
    rates = ((code, on, one) for code, walk in market.euros.items() for on, one in zip(days, walk, strict=True))
    prices.take_rates(session, (("EUR", code, on, one) for code, on, one in rates))
    return market


def _walked(chance: random.Random, first: float, year: float, day: float, steps: int, places: int) -> Iterator[Decimal]:
    price = first
    for _step in range(steps):
        yield Decimal(str(round(price, places)))
        price *= 1 + year / 100 / 260 + chance.gauss(0, day / 100)


def _opened(session: Session, customer: Customer, name: str, currency: str, today: date) -> PortfolioAccount:
    review = today + timedelta(days=20 + 30 * customer.id)
    given = {"customer_id": customer.id, "currency": currency, "owner_id": customer.owner_id, "review_on": review}
    return portfolios.accounts(session, portfolios.add(session, name=name, **given))[0]


def _buy(
    session: Session, account: PortfolioAccount, market: Market, symbol: str, amount: int, currency: str, at: int
) -> None:
    """Buy as many as an amount of a currency pays for, and exchange what they cost where that is another."""
    instrument, price = market.instruments[symbol], market.prices[symbol][at]
    on, rate = market.days[at], market.rate(currency, instrument.currency, at)
    quantity = Decimal(int(amount * rate / price)) or Decimal(1)
    wanted = Trade(account, instrument, quantity, price, Money(990, instrument.currency), on, _settles(market, at))
    if instrument.currency != currency:
        cost = wanted.amount + wanted.fee
        out = Money(int(cost.minor / rate) + 1, currency)
        trades.exchange(session, account, out, cost, on)
    trades.trade(session, wanted)


def _go_on(
    session: Session,
    account: PortfolioAccount,
    market: Market,
    currency: str,
    amount: int,
    wanted: Sequence[tuple[str, int]],
    chance: random.Random,
) -> None:
    """Save every other month, take income and pay fees each quarter, and sell some of the first in the ninth month."""
    first = market.instruments[wanted[0][0]]
    bought = _held(session, account, first, market.days[5])
    for at in range(44, len(market.days) - 5, 44):
        trades.deposit(session, account, Money(amount * 2, currency), market.days[at], words="Savings")
        _buy(session, account, market, chance.choice(wanted)[0], amount // 80, currency, at)
    for at in range(63, len(market.days) - 5, 63):
        paid = Money(int(bought * market.prices[first.symbol][at]), first.currency)
        tax = Money(paid.minor // 4, first.currency)
        trades.income(session, account, paid, market.days[at], tax=tax, instrument=first, words="Dividend")
        trades.fee(session, account, Money(amount // 10, currency), market.days[at], words="Custody")
    at = len(market.days) * 3 // 4
    sold, price = -Decimal(int(bought / 5)), market.prices[first.symbol][at]
    fee = Money(990, first.currency)
    trades.trade(session, Trade(account, first, sold, price, fee, market.days[at], _settles(market, at)))
    typo = trades.fee(session, account, Money(4_900, currency), market.days[-9], words="Custody")
    journal.reverse(session, typo, "Charged twice by the bank, and paid back")


def _held(session: Session, account: PortfolioAccount, instrument: Instrument, on: date) -> Decimal:
    return holdings.of_account(session, account.id, instrument.id, on)


def _settles(market: Market, at: int) -> date:
    return market.days[min(at + 2, len(market.days) - 1)]
