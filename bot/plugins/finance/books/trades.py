"""Book what happens in a portfolio: what is bought, sold, paid in, earned, charged, exchanged, delivered or split."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.plugins.finance.books import bookings, journal
from bot.plugins.finance.books.amounts import worth
from bot.plugins.finance.books.bookings import FEES, INCOMES, MARKET, OUTSIDE, TAXES, Booking, Posting
from bot.plugins.finance.books.instruments import Instrument
from bot.plugins.finance.books.journal import elsewhere, given, held
from bot.plugins.finance.books.portfolios import PortfolioAccount
from storage.errors import Invalid
from storage.money import Money

SMALLEST = Decimal("0.00000001")


@dataclass(frozen=True)
class Trade:
    """Hold what somebody wants to buy or sell, before it is booked: a quantity below zero is sold."""

    account: PortfolioAccount
    instrument: Instrument
    quantity: Decimal
    price: Decimal
    fee: Money
    traded_on: date
    settled_on: date | None = None
    words: str | None = None

    @property
    def amount(self) -> Money:
        """Return what it comes to without the fee, never below zero."""
        return worth(abs(self.quantity), self.price, self.instrument.currency)


before_booking: list[Callable[[Session, Trade], None]] = []
"""What looks at a trade before it is booked, and raises a CrmError where it may not be."""


def trade(session: Session, wanted: Trade) -> Booking:
    """Buy or sell at a price in the instrument's currency; raise what those who look at it before raise.

    Raises Invalid for a fee in another currency or below zero, Conflict where there is too little to pay or to sell.
    """
    instrument, account, fee = wanted.instrument, wanted.account, wanted.fee
    if fee.currency != instrument.currency or fee.minor < 0:
        raise Invalid("The fee is in {currency}, and not below zero.", currency=instrument.currency, field="fee")
    for look in before_booking:
        look(session, wanted)
    amount, quantity = wanted.amount, wanted.quantity
    cost = amount + fee
    if quantity > 0:
        postings = [
            held(account, instrument.id, quantity, cost=cost, since=wanted.traded_on),
            given(account, minus(cost)),
            elsewhere(MARKET, amount),
        ]
    else:
        postings = [
            held(account, instrument.id, quantity),
            given(account, amount - fee),
            elsewhere(MARKET, minus(amount)),
        ]
    return journal.book(
        session,
        account.portfolio_id,
        bookings.BUY if quantity > 0 else bookings.SELL,
        [*postings, journal.traded(MARKET, instrument.id, -quantity), elsewhere(FEES, fee)],
        traded_on=wanted.traded_on,
        settled_on=wanted.settled_on,
        instrument_id=instrument.id,
        words=wanted.words,
    )


def deposit(
    session: Session, account: PortfolioAccount, amount: Money, on: date, *, words: str | None = None
) -> Booking:
    """Book money that the customer paid in; raise Invalid for none."""
    _above_zero(amount)
    postings = [given(account, amount), elsewhere(OUTSIDE, minus(amount))]
    return journal.book(session, account.portfolio_id, bookings.DEPOSIT, postings, traded_on=on, words=words)


def income(
    session: Session,
    account: PortfolioAccount,
    amount: Money,
    on: date,
    *,
    tax: Money | None = None,
    instrument: Instrument | None = None,
    words: str | None = None,
) -> Booking:
    """Book a dividend or interest before tax, and the tax that was kept of it; raise Invalid for more tax than that."""
    _above_zero(amount)
    kept = tax or Money(0, amount.currency)
    if kept.currency != amount.currency or not 0 <= kept.minor <= amount.minor:
        raise Invalid("The tax is from nothing to all of it, in {currency}.", currency=amount.currency, field="tax")
    postings = [given(account, amount - kept), elsewhere(TAXES, kept), elsewhere(INCOMES, minus(amount))]
    return journal.book(
        session,
        account.portfolio_id,
        bookings.INCOME,
        postings,
        traded_on=on,
        instrument_id=instrument.id if instrument else None,
        words=words,
    )


def fee(session: Session, account: PortfolioAccount, amount: Money, on: date, *, words: str | None = None) -> Booking:
    """Book a fee that belongs to no trade; raise Invalid for none."""
    _above_zero(amount)
    postings = [given(account, minus(amount)), elsewhere(FEES, amount)]
    return journal.book(session, account.portfolio_id, bookings.FEE, postings, traded_on=on, words=words)


def exchange(
    session: Session, account: PortfolioAccount, out: Money, into: Money, on: date, *, words: str | None = None
) -> Booking:
    """Book money of one currency that became money of another; raise Invalid for none, or for one currency."""
    _above_zero(out)
    _above_zero(into)
    if out.currency == into.currency:
        raise Invalid("Name two currencies.", field="into")
    postings = [
        given(account, minus(out)),
        elsewhere(MARKET, out),
        given(account, into),
        elsewhere(MARKET, minus(into)),
    ]
    return journal.book(session, account.portfolio_id, bookings.EXCHANGE, postings, traded_on=on, words=words)


def deliver(
    session: Session,
    account: PortfolioAccount,
    instrument: Instrument,
    quantity: Decimal,
    cost: Money,
    on: date,
    *,
    since: date | None = None,
    words: str | None = None,
) -> Booking:
    """Book what a customer brought along from elsewhere, with what it had cost and since when it is theirs.

    Raises Invalid for a cost in another currency than the instrument's, below zero, or a day after that of the booking.
    """
    if cost.currency != instrument.currency or cost.minor < 0:
        raise Invalid("What it cost is in {currency}.", currency=instrument.currency, field="cost")
    if since is not None and since > on:
        raise Invalid("It was bought before it came.", field="since")
    postings = [
        held(account, instrument.id, quantity, cost=cost, since=since or on),
        journal.traded(OUTSIDE, instrument.id, -quantity),
    ]
    return journal.book(
        session,
        account.portfolio_id,
        bookings.DELIVERY,
        postings,
        traded_on=on,
        instrument_id=instrument.id,
        words=words,
    )


def split(session: Session, instrument: Instrument, new: int, old: int, on: date) -> list[Booking]:
    """Make `new` of each `old` of an instrument, in every account that holds it that day; the last places are cut off.

    Raises Invalid for a ratio of one, or of less than one to nothing.
    """
    if new < 1 or old < 1 or new == old:
        raise Invalid("A split is such as 2:1 or 1:10.", field="ratio")
    whole = func.sum(Posting.quantity)
    found = session.execute(
        select(PortfolioAccount, whole)
        .join(Posting, Posting.account_id == PortfolioAccount.id)
        .join(Booking, Booking.id == Posting.booking_id)
        .where(Posting.instrument_id == instrument.id, Booking.traded_on <= on)
        .group_by(PortfolioAccount.workspace_id, PortfolioAccount.id)
        .having(whole > 0)
        .order_by(PortfolioAccount.portfolio_id, PortfolioAccount.id)
    ).all()
    journal.locked(session, *{account.portfolio_id for account, _ in found})
    booked = []
    for account, there in found:
        quantity = Decimal(there or 0)
        more = (quantity * new / old).quantize(SMALLEST, rounding="ROUND_DOWN") - quantity
        if more:
            postings = [held(account, instrument.id, more), journal.traded(MARKET, instrument.id, -more)]
            booked.append(
                journal.book(
                    session,
                    account.portfolio_id,
                    bookings.SPLIT,
                    postings,
                    traded_on=on,
                    instrument_id=instrument.id,
                    words=f"{new}:{old}",
                )
            )
    return booked


def minus(amount: Money) -> Money:
    """Return an amount with the other sign."""
    return Money(-amount.minor, amount.currency)


def _above_zero(amount: Money) -> None:
    if amount.minor <= 0:
        raise Invalid("An amount above zero, please.", field="amount")
