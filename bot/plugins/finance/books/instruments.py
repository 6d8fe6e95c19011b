"""Keep what can be held, what it cost on which day, and what one currency was worth in another."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, Numeric, UniqueConstraint, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database.engine import TENANT, Base, composite_key
from storage.errors import Conflict
from storage.records.history import Recorded
from storage.records.named import Key, Named, named_args, one_of

SCHEMA = {"schema": "finance", "info": TENANT}
CLASSES = ("equity", "bond", "fund", "property", "commodity", "crypto", "other")
CASH = "cash"
"""The class of money, in allocations; no instrument is of it."""
QUANTITY = Numeric(20, 8)
"""How many of an instrument: up to eight places, exactly."""
PRICE = Numeric(20, 8)
RATE = Numeric(20, 10)


class Instrument(Named, Base):
    """Describe what can be held: its symbol is one in whatever case, its prices are in its currency."""

    __noun__, __letter__, __tablename__ = "instrument", "IN", "instrument"
    __table_args__ = (
        *named_args("finance.instrument"),
        Index(None, "workspace_id", "symbol_key", unique=True, postgresql_where="merged_into_id IS NULL"),
        one_of("asset_class", CLASSES),
        SCHEMA,
    )

    symbol: Mapped[str]
    symbol_key: Mapped[Key]
    asset_class: Mapped[str]
    currency: Mapped[str]

    def derive_keys(self) -> None:
        """Set the key of the symbol too."""
        super().derive_keys()
        self.symbol_key = symbol_key(self.symbol)

    def found_by(self) -> tuple[str, ...]:
        """Return the texts that a search looks at: the name and the symbol."""
        return (self.name, self.symbol)

    def check_merge(self, kept: Instrument) -> None:
        """Raise Conflict: the journal names the one that is gone."""
        raise Conflict("Instruments cannot be merged.", hint="Archive {reference} instead.", reference=self.reference)


class Price(Recorded, Base):
    """Hold what one of an instrument cost at the end of a day, in the instrument's currency, with up to eight places.

    Many come at once from elsewhere; those are no changes of people and are not in the history.
    """

    __noun__, __tablename__ = "price", "price"
    __table_args__ = (
        composite_key("instrument_id", "finance.instrument", ondelete="CASCADE"),
        UniqueConstraint("workspace_id", "instrument_id", "on_date"),
        CheckConstraint("price >= 0", name="price"),
        SCHEMA,
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    instrument_id: Mapped[int]
    on_date: Mapped[date]
    price: Mapped[Decimal] = mapped_column(PRICE)

    def history_subject(self) -> tuple[str, int | None]:
        """Return the instrument: its timeline shows its prices."""
        return "instrument", self.instrument_id


class ExchangeRate(Recorded, Base):
    """Hold how much of the currency `other` one unit of `currency` was worth at the end of a day."""

    __noun__, __tablename__ = "exchange_rate", "exchange_rate"
    __table_args__ = (
        UniqueConstraint("workspace_id", "currency", "other", "on_date"),
        CheckConstraint("rate > 0 AND currency <> other", name="rate"),
        SCHEMA,
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    currency: Mapped[str]
    other: Mapped[str]
    on_date: Mapped[date]
    rate: Mapped[Decimal] = mapped_column(RATE)


def symbol_key(symbol: str) -> str:
    """Return by what a symbol is compared: without the spaces around it, in whatever case."""
    return symbol.strip().casefold()


def by_symbol(session: Session, symbols: Collection[str]) -> dict[str, Instrument]:
    """Return the instruments of these symbols that are not archived, by the keys of their symbols."""
    wanted = (Instrument.symbol_key.in_({symbol_key(one) for one in symbols}), Instrument.archived_at.is_(None))
    return {one.symbol_key: one for one in session.scalars(select(Instrument).where(*wanted))}


def is_used(session: Session, instrument: Instrument) -> bool:
    """Tell whether an instrument has a price, or the journal names it."""
    return bool(session.scalar(_USED, {"instrument": instrument.id}))


_USED = text("""
SELECT EXISTS (SELECT FROM finance.price WHERE instrument_id = :instrument)
    OR EXISTS (SELECT FROM finance.booking WHERE instrument_id = :instrument)
""")
