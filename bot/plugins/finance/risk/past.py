"""Say what the holdings of today would have been worth on each day of the past."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from bot.plugins.finance.books import prices
from bot.plugins.finance.books.instruments import ExchangeRate, Price
from bot.plugins.finance.books.valuation import Valuation

PAST = timedelta(days=3 * 366)
"""So far back prices are read: two years of them and more, so that a year of days can be tested on a year each."""


@dataclass(frozen=True, slots=True)
class PastValues:
    """Hold what the holdings of today were worth on each day of the past, and how many prices each has.

    `days` and `values` are of one length, values in major units of the portfolio's currency as floats.
    """

    days: Sequence[date]
    values: Sequence[float]
    prices: Mapping[str, int]


def past_values(session: Session, known: Valuation, today: date) -> PastValues:
    """Return what the holdings of a valuation were worth on the days up to today on which all of it had a price.

    Money counts at what it is, in other currencies at the rate of the day; a day counts where each of these has a rate
    that was said that day.
    """
    base, first = known.currency, today - PAST
    quantities = {one.instrument.id: float(one.quantity) for one in known.positions}
    instruments = {one.instrument.id: one.instrument for one in known.positions}
    by_instrument = _prices(session, quantities, first, today)
    amounts = [cash.amount for cash, _base in known.cash]
    foreign = {one.currency for one in instruments.values()} | {one.currency for one in amounts}
    rates = prices.rates_until(session, {base, *foreign}, today)
    days = set.intersection(*map(set, by_instrument.values())) if by_instrument else set()
    for currency in foreign - {base}:
        days &= _days_of_rates(session, currency, first, today)
    counted = {instruments[number].symbol: len(found) for number, found in by_instrument.items()}
    ordered, values = sorted(days), []
    for day in ordered:
        rate = {one: float(rates.rate(one, base, day) or 0) for one in foreign}
        held = sum(
            quantity * by_instrument[number][day] * rate[instruments[number].currency]
            for number, quantity in quantities.items()
        )
        values.append(held + sum(float(one.major) * rate[one.currency] for one in amounts))
    return PastValues(ordered, values, counted)


def _prices(session: Session, numbers: Collection[int], first: date, last: date) -> Mapping[int, Mapping[date, float]]:
    """Return the prices of instruments by their numbers and days."""
    found: dict[int, dict[date, float]] = {number: {} for number in numbers}
    within = (Price.instrument_id.in_(numbers), Price.on_date >= first, Price.on_date <= last)
    rows = session.execute(select(Price.instrument_id, Price.on_date, Price.price).where(*within))
    for number, day, price in rows:
        found[number][day] = float(price)
    return found


def _days_of_rates(session: Session, currency: str, first: date, last: date) -> set[date]:
    own = or_(ExchangeRate.currency == currency, ExchangeRate.other == currency)
    within = (own, ExchangeRate.on_date >= first, ExchangeRate.on_date <= last)
    return set(session.scalars(select(ExchangeRate.on_date).where(*within).distinct()))
