"""Describe what the journal holds: bookings, each of two postings or more that come to nothing.

Postgres refuses, when a transaction commits, a booking that does not balance, a posting to a booking of another
transaction, and a reversal that leaves something behind; the application has no right to change or delete either.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, NoReturn

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.plugins.finance.books.instruments import QUANTITY, SCHEMA
from storage.database.engine import Base, composite_key
from storage.errors import Conflict
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
    # The history is read by more people than what is held is for.
    instrument_id: Mapped[int | None] = mapped_column(info={"unrecorded": True})
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
