"""Keep the journal: enter what balances, and reverse what was wrong; nothing in it is ever changed.

Of each currency, and of each instrument, what the postings of a booking give somewhere they take elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from bot.plugins.finance.books.bookings import ACCOUNT, REVERSAL, Booking, Posting
from bot.plugins.finance.books.instruments import Instrument
from bot.plugins.finance.books.portfolios import Portfolio, PortfolioAccount
from bot.plugins.finance.settings import OVERDRAFT
from storage.database.engine import current_workspace
from storage.errors import Conflict, Invalid, NotFound
from storage.money import BIGINT, Money
from storage.names import check_text
from storage.records import history, named
from storage.records.counters import next_id


def given(account: PortfolioAccount, amount: Money) -> Posting:
    """Return the posting of money that an account gets, or of an amount below zero that it gives."""
    return Posting(book=ACCOUNT, account_id=account.id, currency=amount.currency, amount_minor=amount.minor)


def held(
    account: PortfolioAccount,
    instrument: int,
    quantity: Decimal,
    *,
    cost: Money | None = None,
    since: date | None = None,
) -> Posting:
    """Return the posting of an instrument that an account gets, with what it cost and since when it is the customer's.

    Of a quantity below zero it is one that the account gives.
    """
    return Posting(
        book=ACCOUNT,
        account_id=account.id,
        instrument_id=instrument,
        quantity=quantity,
        cost_minor=cost.minor if cost else None,
        cost_currency=cost.currency if cost else None,
        since=since if cost else None,
    )


def elsewhere(book: str, amount: Money) -> Posting:
    """Return the posting of money that a book gets, or of an amount below zero that it gives."""
    return Posting(book=book, currency=amount.currency, amount_minor=amount.minor)


def traded(book: str, instrument: int, quantity: Decimal) -> Posting:
    """Return the posting of an instrument that a book gets, or of a quantity below zero that it gives."""
    return Posting(book=book, instrument_id=instrument, quantity=quantity)


def locked(session: Session, *portfolios: int) -> None:
    """Let nobody else book in these portfolios until the transaction ends; all wait for each other in one order."""
    wanted = select(Portfolio).where(Portfolio.id.in_(portfolios)).order_by(Portfolio.id)
    session.scalars(wanted.with_for_update().execution_options(populate_existing=True)).all()


def book(
    session: Session,
    portfolio_id: int,
    kind: str,
    postings: Sequence[Posting],
    *,
    traded_on: date,
    settled_on: date | None = None,
    instrument_id: int | None = None,
    words: str | None = None,
    reverses_id: int | None = None,
) -> Booking:
    """Enter a booking in the journal and return it; postings of nothing are left out.

    Raises Invalid for one that settles before it is traded, Conflict where an account would hold less than nothing on
    any day. Raises ValueError for postings that do not balance: no input of people's can make them.
    """
    wanted = [one for one in postings if one.amount_minor or one.quantity]
    sums: dict[tuple[str | None, int | None], Decimal] = {}
    for one in wanted:
        key = one.currency, one.instrument_id
        sums[key] = sums.get(key, Decimal(0)) + (one.quantity or Decimal(one.amount_minor or 0))
    if len(wanted) < 2 or any(sums.values()):
        raise ValueError(f"the postings of a {kind} do not balance: {sums}")
    if settled_on is not None and settled_on < traded_on:
        raise Invalid("It cannot settle before it is traded.", field="settles")
    locked(session, portfolio_id)
    booking = Booking(
        workspace_id=current_workspace(session),
        id=next_id(session, "booking"),
        portfolio_id=portfolio_id,
        kind=kind,
        traded_on=traded_on,
        settled_on=settled_on or traded_on,
        instrument_id=instrument_id,
        words=None if words is None else check_text(words, field="words").strip() or None,
        reverses_id=reverses_id,
        booked_by=history.current_actor(session),
    )
    session.add(booking)
    session.flush()
    for one in wanted:
        one.workspace_id, one.booking_id = booking.workspace_id, booking.id
    session.add_all(wanted)
    session.flush()
    _check_holds(session, booking)
    return booking


def reverse(session: Session, booking: Booking, words: str | None = None) -> Booking:
    """Reverse a booking at its own days and return the reversal, after which all is as if it had not been.

    Raises Conflict for one that is reversed already, or a reversal itself, and where an account would hold less than
    nothing without it.
    """
    locked(session, booking.portfolio_id)
    if booking.kind == REVERSAL:
        raise Conflict("Booking {number} is a reversal itself. Book what is right anew.", number=booking.id)
    if (other := reversal_of(session, booking)) is not None:
        raise Conflict("Booking {number} is reversed already, by {other}.", number=booking.id, other=other.id)
    back = [
        Posting(
            book=one.book,
            account_id=one.account_id,
            instrument_id=one.instrument_id,
            quantity=None if one.quantity is None else -one.quantity,
            currency=one.currency,
            amount_minor=None if one.amount_minor is None else -one.amount_minor,
        )
        for one in postings_of(session, booking)
    ]
    return book(
        session,
        booking.portfolio_id,
        REVERSAL,
        back,
        traded_on=booking.traded_on,
        settled_on=booking.settled_on,
        instrument_id=booking.instrument_id,
        words=words,
        reverses_id=booking.id,
    )


def get(session: Session, number: int) -> Booking:
    """Return a booking by its number; raise NotFound where there is none."""
    found = session.get(Booking, (current_workspace(session), number)) if 0 < number <= BIGINT else None
    if found is None:
        raise NotFound("There is no booking {number}.", number=number, field="booking")
    return found


def reversal_of(session: Session, booking: Booking) -> Booking | None:
    """Return the booking that reverses one, None where none does."""
    return session.scalars(select(Booking).where(Booking.reverses_id == booking.id)).first()


def postings_of(session: Session, booking: Booking) -> Sequence[Posting]:
    """Return the postings of a booking as they were entered."""
    return session.scalars(select(Posting).where(Posting.booking_id == booking.id).order_by(Posting.id)).all()


def bookings_of(session: Session, portfolio_id: int, *, limit: int, offset: int = 0) -> Sequence[Booking]:
    """Return the bookings of a portfolio, the last one traded first."""
    theirs = select(Booking).where(Booking.portfolio_id == portfolio_id)
    ordered = theirs.order_by(Booking.traded_on.desc(), Booking.id.desc())
    return session.scalars(ordered.limit(limit).offset(offset)).all()


_LEAST = text("""
SELECT account_id, instrument_id, currency, on_date, there FROM (
    SELECT own.account_id, own.instrument_id, own.currency, of.traded_on AS on_date,
        sum(sum(coalesce(own.quantity, own.amount_minor))) OVER (
            PARTITION BY own.account_id, own.instrument_id, own.currency ORDER BY of.traded_on
        ) AS there
    FROM finance.posting AS own
    JOIN finance.booking AS of ON of.workspace_id = own.workspace_id AND of.id = own.booking_id
    WHERE own.account_id = ANY(:accounts)
    GROUP BY own.account_id, own.instrument_id, own.currency, of.traded_on
) AS days
WHERE there < 0 AND (instrument_id = ANY(:instruments) OR currency = ANY(:currencies))
ORDER BY on_date, account_id LIMIT 1
""")


def _check_holds(session: Session, booking: Booking) -> None:
    """Raise Conflict where an account that gives something in this booking would hold less than nothing on any day."""
    gives = [
        one for one in postings_of(session, booking) if one.account_id and (one.quantity or one.amount_minor or 0) < 0
    ]
    currencies = [] if OVERDRAFT.of(session) else [one.currency for one in gives if one.currency]
    found = session.execute(
        _LEAST,
        {
            "accounts": [one.account_id for one in gives],
            "instruments": [one.instrument_id for one in gives if one.instrument_id],
            "currencies": currencies,
        },
    ).first()
    if found is None:
        return
    account = named.get(session, PortfolioAccount, found.account_id)
    if found.instrument_id is not None:
        instrument = named.get(session, Instrument, found.instrument_id)
        gone = -sum(one.quantity or 0 for one in gives if one.instrument_id == instrument.id)
        raise Conflict(
            "{account} held only {there} of {symbol} on {day}.",
            account=account.name,
            there=f"{(found.there + gone).normalize():f}",
            symbol=instrument.symbol,
            day=found.on_date.isoformat(),
            field="quantity",
        )
    raise Conflict(
        "{account} would owe {amount} on {day}.",
        account=account.name,
        amount=f"{Money(int(-found.there), found.currency).major:f} {found.currency}",
        day=found.on_date.isoformat(),
        hint="Book first where the money came from, or let accounts owe: `/crm settings finance overdraft:yes`.",
        field="amount",
    )
