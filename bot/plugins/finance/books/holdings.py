"""Read from the journal what a portfolio held on a day, and how it came to that."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from bot.plugins.finance.books.bookings import SELL, SPLIT, Booking, Posting
from bot.plugins.finance.books.gains import Move
from bot.plugins.finance.books.instruments import Instrument
from bot.plugins.finance.books.portfolios import Portfolio, PortfolioAccount
from storage.money import Money

_OF_BOOKING = Booking.id == Posting.booking_id


@dataclass(frozen=True)
class Cash:
    """Hold what a portfolio has of one currency, and how much of it is not settled yet."""

    amount: Money
    unsettled: Money


def quantities(session: Session, portfolio: Portfolio, on: date) -> dict[int, Decimal]:
    """Return how many of each instrument, by its number, a portfolio held at the end of a day, as traded."""
    whole = func.sum(Posting.quantity)
    found = session.execute(
        select(Posting.instrument_id, whole)
        .join(Booking, _OF_BOOKING)
        .where(Posting.account_id.in_(_accounts(portfolio)), Booking.traded_on <= on)
        .where(Posting.instrument_id.is_not(None))
        .group_by(Posting.instrument_id)
        .having(whole != 0)
    )
    return {number: Decimal(there or 0) for number, there in found if number is not None}


def cash(session: Session, portfolio: Portfolio, on: date) -> list[Cash]:
    """Return what a portfolio has of each currency at the end of a day, as traded, by the codes of the currencies."""
    later = func.coalesce(func.sum(Posting.amount_minor).filter(Booking.settled_on > on), 0)
    whole = func.sum(Posting.amount_minor)
    found = session.execute(
        select(Posting.currency, whole, later)
        .join(Booking, _OF_BOOKING)
        .where(Posting.account_id.in_(_accounts(portfolio)), Booking.traded_on <= on)
        .where(Posting.currency.is_not(None))
        .group_by(Posting.currency)
        .having((whole != 0) | (later != 0))
        .order_by(Posting.currency)
    )
    return [Cash(Money(int(all_ or 0), code), Money(int(late or 0), code)) for code, all_, late in found if code]


def of_account(session: Session, account_id: int, instrument_id: int, on: date) -> Decimal:
    """Return how many of an instrument an account held at the end of a day, as traded."""
    whole = select(func.coalesce(func.sum(Posting.quantity), 0)).join(Booking, _OF_BOOKING)
    own = (Posting.account_id == account_id, Posting.instrument_id == instrument_id, Booking.traded_on <= on)
    return Decimal(session.scalar(whole.where(*own)) or 0)


def money_of_account(session: Session, account_id: int, currency: str, on: date) -> Money:
    """Return how much of a currency an account held at the end of a day, as traded."""
    whole = select(func.coalesce(func.sum(Posting.amount_minor), 0)).join(Booking, _OF_BOOKING)
    own = (Posting.account_id == account_id, Posting.currency == currency, Booking.traded_on <= on)
    return Money(int(session.scalar(whole.where(*own)) or 0), currency)


def moves(session: Session, accounts: Collection[int], on: date) -> list[Move]:
    """Return what happened to instruments in some accounts up to a day, as it happened, without what was reversed."""
    back = aliased(Booking)
    stands = select(back.id).where(back.reverses_id == Booking.id).exists()
    paid = aliased(Posting)
    # What a sale pays goes to the one account that sells.
    proceeds = (
        select(func.sum(paid.amount_minor))
        .where(paid.booking_id == Booking.id, paid.account_id == Posting.account_id)
        .where(paid.currency == Instrument.currency)
        .correlate(Booking, Posting, Instrument)
        .scalar_subquery()
    )
    found = session.execute(
        select(Posting, Booking.kind, Booking.traded_on, Instrument.currency, proceeds)
        .join(Booking, _OF_BOOKING)
        .join(Instrument, Instrument.id == Posting.instrument_id)
        .where(Posting.account_id.in_(accounts), Booking.traded_on <= on)
        .where(Booking.reverses_id.is_(None), ~stands)
        .order_by(Booking.traded_on, Booking.id, Posting.id)
    )
    return [
        Move(
            traded_on,
            posting.account_id,
            posting.instrument_id,
            posting.quantity,
            None if posting.cost_currency is None else Money(posting.cost_minor, posting.cost_currency),
            posting.since,
            Money(int(minor or 0), currency) if kind == SELL else None,
            kind == SPLIT,
        )
        for posting, kind, traded_on, currency, minor in found
    ]


def instruments(session: Session, numbers: Collection[int]) -> dict[int, Instrument]:
    """Return instruments by their numbers."""
    return {one.id: one for one in session.scalars(select(Instrument).where(Instrument.id.in_(numbers)))}


def account_numbers(session: Session, portfolio: Portfolio) -> Sequence[int]:
    """Return the numbers of all accounts of a portfolio, also of those that are archived."""
    return session.scalars(_accounts(portfolio)).all()


def _accounts(portfolio: Portfolio) -> Select[int]:
    return select(PortfolioAccount.id).where(PortfolioAccount.portfolio_id == portfolio.id)
