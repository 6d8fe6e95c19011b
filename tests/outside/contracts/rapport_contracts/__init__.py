"""Keep contracts: what a customer has signed, for how much, and until when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from slack_sdk.models.blocks import Block
from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, composite

from bot.kit import blocks as b
from bot.kit.cards import headline
from bot.kit.format import Reader, paragraphs
from bot.plugin import Declaration, Plugin, Role
from storage.crm import customers
from storage.crm.customers import Customer
from storage.database.engine import TENANT, Base, composite_key
from storage.money import Money
from storage.records.fields import DateField, LinkField, MoneyField, NumberField, TextField
from storage.records.named import Named, named_args


class Contract(Named, Base):
    """Describe what was signed."""

    __noun__, __letter__, __tablename__ = "contract", "K", "contract"
    __table_args__ = (
        *named_args("contracts.contract"),
        composite_key("customer_id", "customer", ondelete="CASCADE"),
        {"schema": "contracts", "info": TENANT},
    )
    worth_minor: Mapped[int | None]
    currency: Mapped[str | None]
    worth: Mapped[Money | None] = composite("worth_minor", "currency")
    until: Mapped[date | None]
    customer_id: Mapped[int | None]


plugin = Plugin("contracts", contract=2, title="Contracts", description="What customers have signed.")
plugin.tables(migrations=Path(__file__).parent / "migrations")
plugin.translations(Path(__file__).parent / "translations")
plugin.slash("contract", description="What customers have signed")
ahead = plugin.setting(NumberField(key="ahead", label="Days to look ahead", least=1, most=999), default=90)
plugin.noun(
    Declaration(
        model=Contract,
        label="Contract",
        plural="Contracts",
        change=Role.REP,
        fields=(
            TextField(key="name", label="Name", by="name_key", required=True, example="Hosting"),
            MoneyField(key="worth", label="Worth", by="worth_minor", example="12k"),
            DateField(key="until", label="Until", by="until", example="december"),
            LinkField(
                key="customer",
                label="Customer",
                at="customer_id",
                by="customer_id",
                to=Customer,
                resolve=customers.resolve,
            ),
        ),
    )
)


@plugin.home("Contracts that end", role=Role.REP)
def mine(session: Session, reader: Reader) -> list[Block]:
    """Show the contracts that end soon."""
    return _ending(session, reader)


@plugin.digest_section("Contracts that end")
def soon(session: Session, reader: Reader) -> list[Block]:
    """Show the contracts that end soon."""
    return _ending(session, reader)


@plugin.card("customer", "Contracts")
def signed(record: Customer, session: Session) -> list[Block]:
    """Show what a customer has signed."""
    return paragraphs(map(headline, _live(session, Contract.customer_id == record.id)))


def _ending(session: Session, reader: Reader) -> list[Block]:
    last = reader.today + timedelta(days=ahead.of(session))
    return paragraphs(
        b.join([headline(one), reader.day(one.until)], "  ")
        for one in _live(session, Contract.until.between(reader.today, last))
        if one.until
    )


def _live(session: Session, *where: object) -> Sequence[Contract]:
    lives = Contract.archived_at.is_(None), Contract.merged_into_id.is_(None)
    return session.scalars(select(Contract).where(*where, *lives).order_by(Contract.until, Contract.id)).all()  # type: ignore[arg-type]  # conditions of any column
