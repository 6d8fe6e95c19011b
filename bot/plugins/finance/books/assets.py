"""Add up many portfolios on a day, in as many statements as for one: what is in them, and what was paid in and out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from bot.plugins.finance.books import holdings, prices
from bot.plugins.finance.books.amounts import worth
from bot.plugins.finance.books.bookings import OUTSIDE, Booking, Posting
from bot.plugins.finance.books.portfolios import Portfolio, PortfolioAccount
from storage.money import Money


@dataclass
class Sums:
    """Hold what portfolios come to, a sum for each of their currencies, and what is not counted in them."""

    amounts: dict[str, Money] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)

    def add(self, amount: Money | None, what: str) -> None:
        """Count an amount, or name what it would have been of."""
        if amount is None:
            self.unknown.add(what)
        else:
            self.amounts[amount.currency] = self.amounts.get(amount.currency, Money(0, amount.currency)) + amount


def numbers(session: Session, *where: ColumnElement[bool]) -> Sequence[int]:
    """Return the numbers of the portfolios that are not archived and of which the conditions hold."""
    return session.scalars(select(Portfolio.id).where(Portfolio.archived_at.is_(None), *where)).all()


def worth_of(session: Session, portfolios: Sequence[int], on: date) -> Sums:
    """Return what portfolios were worth at the end of a day, as traded, at the last prices and rates known then."""
    sums = Sums()
    found = session.execute(
        select(
            Portfolio.currency,
            Posting.instrument_id,
            Posting.currency,
            func.sum(Posting.quantity),
            func.sum(Posting.amount_minor),
        )
        .join(PortfolioAccount, PortfolioAccount.id == Posting.account_id)
        .join(Portfolio, Portfolio.id == PortfolioAccount.portfolio_id)
        .join(Booking, Booking.id == Posting.booking_id)
        .where(Portfolio.id.in_(portfolios), Booking.traded_on <= on)
        .group_by(Portfolio.currency, Posting.instrument_id, Posting.currency)
    ).all()
    instruments = holdings.instruments(session, {number for _base, number, *_rest in found if number is not None})
    currencies = {base for base, *_rest in found} | {one.currency for one in instruments.values()}
    rates = prices.rates_until(session, currencies | {code for _base, _number, code, *_rest in found if code}, on)
    last = prices.prices_on(session, instruments, on)
    for base, number, code, quantity, minor in found:
        if code is not None:
            sums.add(rates.convert(Money(int(minor or 0), code), base, on), code)
        elif quantity and number is not None:
            price, instrument = last.get(number), instruments[number]
            value = worth(Decimal(quantity), price.price, instrument.currency) if price else None
            sums.add(rates.convert(value, base, on) if value else None, instrument.symbol)
    return sums


def paid_in(session: Session, portfolios: Sequence[int], after: date, until: date) -> Sums:
    """Return what money was paid into portfolios from outside after a day and until another, less what went out."""
    sums = Sums()
    found = session.execute(
        select(Portfolio.currency, Posting.currency, func.sum(Posting.amount_minor))
        .join(Booking, Booking.id == Posting.booking_id)
        .join(Portfolio, Portfolio.id == Booking.portfolio_id)
        .where(Portfolio.id.in_(portfolios), Posting.book == OUTSIDE, Posting.currency.is_not(None))
        .where(Booking.traded_on > after, Booking.traded_on <= until)
        .group_by(Portfolio.currency, Posting.currency)
    ).all()
    rates = prices.rates_until(session, {code for pair in found for code in pair[:2] if code}, until)
    for base, code, minor in found:
        if code is not None:
            sums.add(rates.convert(Money(-int(minor or 0), code), base, until), code)
    return sums


def booked(session: Session, portfolios: Sequence[int], after: date, until: date) -> int:
    """Count what was booked in portfolios for days after one and until another."""
    here = (Booking.portfolio_id.in_(portfolios), *days_between(after, until))
    return session.scalar(select(func.count()).select_from(Booking).where(*here)) or 0


def days_between(after: date, until: date) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that something was booked for a day after one and until another."""
    return Booking.traded_on > after, Booking.traded_on <= until
