"""Offer customers something for a price: a noun as a plugin brings it, all of it."""

from datetime import date
from pathlib import Path

from sqlalchemy.orm import Mapped, composite

from bot.plugin import Declaration, Plugin, Role
from storage.crm.customers import Customer, resolve
from storage.database.engine import TENANT, Base, composite_key
from storage.money import Money
from storage.records.fields import DateField, LinkField, MoneyField, TextField
from storage.records.named import Named, named_args


class Quote(Named, Base):
    """Describe an offer, and until when it stands."""

    __noun__, __letter__, __tablename__ = "quote", "Q", "quote"
    __table_args__ = (
        *named_args("quotes.quote"),
        composite_key("customer_id", "customer", ondelete="SET NULL"),
        {"schema": "quotes", "info": TENANT},
    )
    amount_minor: Mapped[int | None]
    currency: Mapped[str | None]
    amount: Mapped[Money | None] = composite("amount_minor", "currency")
    until: Mapped[date | None]
    customer_id: Mapped[int | None]


fields = (
    TextField(key="name", label="Name", by="name_key", required=True, example="Pumps for the dam"),
    MoneyField(key="amount", label="Amount", by="amount_minor", example="12k"),
    DateField(key="until", label="Until", by="until", example="friday"),
    LinkField(key="customer", label="Customer", at="customer_id", by="customer_id", to=Customer, resolve=resolve),
)
plugin = Plugin("quotes", contract=2, title="Quotes", description="What you have offered to whom.")
plugin.tables(migrations=Path(__file__).parent / "migrations")
plugin.noun(Declaration(model=Quote, label="Quote", plural="Quotes", change=Role.REP, fields=fields))
