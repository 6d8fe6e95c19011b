"""Keep the journal: bookings of two postings or more that come to nothing, and that nobody can change.

Of each currency, and of each instrument, what the postings of a booking give somewhere they take elsewhere. Postgres
refuses, when a transaction commits, a booking that does not balance, a posting to a booking of another transaction, and
a reversal that leaves something behind; the application has no right to change or delete either. What was wrong is
reversed, and booked anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, NoReturn

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.plugins.finance.books.instruments import QUANTITY, SCHEMA, Instrument
from bot.plugins.finance.books.portfolios import Portfolio, PortfolioAccount
from bot.plugins.finance.settings import OVERDRAFT
from storage.database.engine import Base, composite_key, current_workspace
from storage.errors import Conflict, Invalid, NotFound
from storage.money import BIGINT, Money
from storage.names import check_text
from storage.records import history, named
from storage.records.counters import next_id
from storage.records.history import Recorded
from storage.records.named import one_of

BUY, SELL, INCOME, FEE = "buy", "sell", "income", "fee"
DEPOSIT, DELIVERY, SPLIT = "deposit", "delivery", "split"
TRANSFER, EXCHANGE, REVERSAL = "transfer", "exchange", "reversal"
KINDS = (BUY, SELL, INCOME, FEE, DEPOSIT, DELIVERY, SPLIT, TRANSFER, EXCHANGE, REVERSAL)

ACCOUNT = "account"
MARKET, INCOMES, FEES, TAXES, OUTSIDE = "market", "incomes", "fees", "taxes", "outside"
BOOKS = (ACCOUNT, MARKET, INCOMES, FEES, TAXES, OUTSIDE)
"""Where postings stand: on a customer's account, or on one of the sides from which things come and to which they go."""


class Booking(Recorded, Base):
    """Hold what happened in a portfolio: when it was traded, when settled, when and by whom entered.

    `number` counts a workspace's bookings. One that reverses another stands at the days of that one, so that what was
    held on any day is right afterwards. What it was about is in its postings.
    """

    __noun__: ClassVar[str] = "booking"
    __tablename__ = "booking"
    __table_args__ = (
        composite_key("portfolio_id", "finance.portfolio"),
        composite_key("instrument_id", "finance.instrument"),
        composite_key("reverses_id", "finance.booking"),
        UniqueConstraint("workspace_id", "reverses_id"),
        Index(None, "workspace_id", "portfolio_id", "traded_on", "id"),
        one_of("kind", KINDS),
        CheckConstraint("settled_on >= traded_on", name="settled_on"),
        CheckConstraint("(kind = 'reversal') = (reverses_id IS NOT NULL)", name="reverses"),
        SCHEMA,
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    portfolio_id: Mapped[int]
    kind: Mapped[str]
    traded_on: Mapped[date]
    settled_on: Mapped[date]
    instrument_id: Mapped[int | None]
    words: Mapped[str | None] = mapped_column(info={"unrecorded": True})
    reverses_id: Mapped[int | None]
    booked_at: Mapped[datetime] = mapped_column(server_default=func.now(), info={"unrecorded": True})
    booked_by: Mapped[str | None] = mapped_column(info={"unrecorded": True})

    def history_subject(self) -> tuple[str, int | None]:
        """Return the portfolio: its timeline shows its bookings."""
        return "portfolio", self.portfolio_id

    def history_name(self) -> str:
        """Return what people call it."""
        return f"#{self.id}"

    def undoing(self, session: Session, action: str) -> NoReturn:
        """Raise Conflict: what is booked is reversed, never taken back."""
        raise Conflict(
            "Booking {number} stays in the journal, so it cannot be undone.",
            hint="Reverse it: `/crm trade reverse {number}`.",
            number=self.id,
        )


class Posting(Base):
    """Hold what a booking gives to an account or a book, or takes: money in minor units, or so many of an instrument.

    An instrument that comes to an account brings what it cost, in the currency that was paid, and since when it is
    the customer's.
    """

    __tablename__ = "posting"
    __table_args__ = (
        composite_key("booking_id", "finance.booking", ondelete="CASCADE"),
        composite_key("account_id", "finance.account"),
        composite_key("instrument_id", "finance.instrument"),
        Index(None, "workspace_id", "booking_id"),
        Index(None, "workspace_id", "account_id"),
        one_of("book", BOOKS),
        CheckConstraint("(book = 'account') = (account_id IS NOT NULL)", name="account"),
        CheckConstraint(
            "CASE WHEN instrument_id IS NULL"
            " THEN quantity IS NULL AND currency IS NOT NULL AND amount_minor <> 0 AND cost_minor IS NULL"
            " ELSE quantity <> 0 AND currency IS NULL AND amount_minor IS NULL END IS TRUE",
            name="of",
        ),
        CheckConstraint(
            "(cost_minor IS NULL) = (cost_currency IS NULL) AND (cost_minor IS NULL) = (since IS NULL)", name="cost"
        ),
        SCHEMA,
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    booking_id: Mapped[int]
    book: Mapped[str]
    account_id: Mapped[int | None]
    instrument_id: Mapped[int | None]
    quantity: Mapped[Decimal | None] = mapped_column(QUANTITY)
    currency: Mapped[str | None]
    amount_minor: Mapped[int | None]
    cost_minor: Mapped[int | None]
    cost_currency: Mapped[str | None]
    since: Mapped[date | None]


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
    SELECT account_id, instrument_id, currency, traded_on AS on_date,
        sum(sum(coalesce(quantity, amount_minor))) OVER (
            PARTITION BY account_id, instrument_id, currency ORDER BY traded_on
        ) AS there
    FROM finance.posting JOIN finance.booking
        ON booking.workspace_id = posting.workspace_id AND booking.id = posting.booking_id
    WHERE account_id = ANY(:accounts)
    GROUP BY account_id, instrument_id, currency, traded_on
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
