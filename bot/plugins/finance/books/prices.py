"""Say what an instrument cost, and a currency was worth, on a day: by the last price or rate that was known then."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.orm import Session

from bot.plugins.finance.books.amounts import converted
from bot.plugins.finance.books.instruments import ExchangeRate, Instrument, Price
from storage.database.engine import current_workspace
from storage.errors import Invalid
from storage.money import Money

BATCH = 1_000


def set_price(session: Session, instrument: Instrument, on: date, price: Decimal) -> Price:
    """Say what one of an instrument cost at the end of a day, in its currency; raise Invalid for less than nothing."""
    if price < 0:
        raise Invalid("A price is not below zero.", field="price")
    here = (Price.instrument_id == instrument.id, Price.on_date == on)
    found = session.scalars(select(Price).where(*here).with_for_update()).first()
    if found is None:
        found = Price(workspace_id=current_workspace(session), instrument_id=instrument.id, on_date=on, price=price)
        session.add(found)
    found.price = price
    session.flush()
    return found


def set_rate(session: Session, currency: str, other: str, on: date, rate: Decimal) -> ExchangeRate:
    """Say how much of another currency one unit of a currency was worth at the end of a day; raise Invalid for one."""
    if currency == other or rate <= 0:
        raise Invalid("A rate is above zero, and of two currencies.", field="rate")
    here = (ExchangeRate.currency == currency, ExchangeRate.other == other, ExchangeRate.on_date == on)
    found = session.scalars(select(ExchangeRate).where(*here).with_for_update()).first()
    if found is None:
        found = ExchangeRate(
            workspace_id=current_workspace(session), currency=currency, other=other, on_date=on, rate=rate
        )
        session.add(found)
    found.rate = rate
    session.flush()
    return found


def take_prices(session: Session, prices: Iterable[tuple[int, date, Decimal]]) -> int:
    """Take in many prices, each an instrument's number, a day and a price, and return how many; the newest count.

    They come from a source of prices and are nobody's change, so they are not in the history.
    """
    latest = {(number, on): price for number, on, price in prices}
    rows = [{"instrument_id": number, "on_date": on, "price": price} for (number, on), price in latest.items()]
    return _take(session, Price, rows, ("instrument_id", "on_date"), "price")


def take_rates(session: Session, rates: Iterable[tuple[str, str, date, Decimal]]) -> int:
    """Take in many rates: how much of a second currency one unit of the first was worth on a day."""
    latest = {(currency, other, on): rate for currency, other, on, rate in rates}
    rows = [
        {"currency": currency, "other": other, "on_date": on, "rate": rate}
        for (currency, other, on), rate in latest.items()
    ]
    return _take(session, ExchangeRate, rows, ("currency", "other", "on_date"), "rate")


def _take(session: Session, model: Any, rows: Sequence[Mapping[str, Any]], key: Sequence[str], value: str) -> int:
    workspace = {"workspace_id": current_workspace(session)}
    for begin in range(0, len(rows), BATCH):
        given = insert(model).values([workspace | dict(row) for row in rows[begin : begin + BATCH]])
        same = ["workspace_id", *key]
        session.execute(given.on_conflict_do_update(index_elements=same, set_={value: given.excluded[value]}))
    return len(rows)


def prices_on(session: Session, instruments: Collection[int], on: date) -> dict[int, Price]:
    """Return the last price of each instrument up to a day, by their numbers; one that has none is left out."""
    known = (Price.instrument_id.in_(instruments), Price.on_date <= on)
    last = select(Price).where(*known).ext(distinct_on(Price.instrument_id))
    found = session.scalars(last.order_by(Price.instrument_id, Price.on_date.desc()))
    return {one.instrument_id: one for one in found}


def prices_of(session: Session, instrument: Instrument, limit: int) -> Sequence[Price]:
    """Return the prices of an instrument, the newest first, at most `limit`."""
    theirs = select(Price).where(Price.instrument_id == instrument.id)
    return session.scalars(theirs.order_by(Price.on_date.desc()).limit(limit)).all()


def rates_of(session: Session, limit: int) -> Sequence[ExchangeRate]:
    """Return the last rate of each pair of currencies, at most `limit`."""
    pair = (ExchangeRate.currency, ExchangeRate.other)
    last = select(ExchangeRate).ext(distinct_on(*pair)).order_by(*pair, ExchangeRate.on_date.desc())
    return session.scalars(last.limit(limit)).all()


class Rates:
    """Hold rates of exchange, and convert by the last one up to a day.

    A rate between two currencies is taken as it stands, or else turned around; else both are taken by way of the first
    third currency, in the order of the alphabet, that has rates with both.
    """

    def __init__(self, rows: Iterable[tuple[str, str, date, Decimal]]) -> None:
        self._days: dict[tuple[str, str], list[date]] = {}
        self._rates: dict[tuple[str, str], list[Fraction]] = {}
        for currency, other, on, rate in sorted(rows):
            self._days.setdefault((currency, other), []).append(on)
            self._rates.setdefault((currency, other), []).append(Fraction(rate))
        self._currencies = sorted({one for pair in self._days for one in pair})

    def rate(self, currency: str, other: str, on: date) -> Fraction | None:
        """Return how much of another currency one unit of a currency was worth on a day, None where nobody said."""
        direct = self._between(currency, other, on)
        if direct is not None:
            return direct
        for third in self._currencies:
            first, second = self._between(currency, third, on), self._between(third, other, on)
            if first is not None and second is not None:
                return first * second
        return None

    def convert(self, amount: Money, currency: str, on: date) -> Money | None:
        """Return an amount in another currency by the rate of a day, None where nobody said it."""
        rate = self.rate(amount.currency, currency, on)
        return None if rate is None else converted(amount, currency, rate)

    def _between(self, currency: str, other: str, on: date) -> Fraction | None:
        if currency == other:
            return Fraction(1)
        direct = self._last(currency, other, on)
        if direct is not None:
            return direct
        around = self._last(other, currency, on)
        return None if around is None else 1 / around

    def _last(self, currency: str, other: str, on: date) -> Fraction | None:
        at = bisect_right(self._days.get((currency, other), ()), on)
        return self._rates[currency, other][at - 1] if at else None


def rates_until(session: Session, currencies: Collection[str], on: date) -> Rates:
    """Return the rates up to a day that have to do with some currencies; none are read where there is one currency."""
    if len(currencies) < 2:
        return Rates(())
    theirs = or_(ExchangeRate.currency.in_(currencies), ExchangeRate.other.in_(currencies))
    columns = (ExchangeRate.currency, ExchangeRate.other, ExchangeRate.on_date, ExchangeRate.rate)
    found = session.execute(select(*columns).where(theirs, ExchangeRate.on_date <= on))
    return Rates((currency, other, day, rate) for currency, other, day, rate in found)
