"""Declare instruments, portfolios and accounts, with the tables of the books."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from bot.plugin import Declaration, Role
from bot.plugins.finance import plugin, reminders
from bot.plugins.finance.books import portfolios
from bot.plugins.finance.books.instruments import CLASSES, Instrument, is_used, symbol_key
from bot.plugins.finance.books.portfolios import Portfolio, PortfolioAccount
from storage.crm import customers
from storage.crm.customers import Customer
from storage.database.engine import current_workspace
from storage.errors import Conflict
from storage.money import check_currency
from storage.records import named, schema
from storage.records.declaration import Values
from storage.records.fields import ChoiceField, DateField, LinkField, PersonField, TextField
from storage.workspace import workspaces

ADVISER = Role.REP
"""Whoever may see balances, and book; managers and admins may, too."""

plugin.tables(migrations=Path(__file__).parent / "migrations")


@dataclass(frozen=True, kw_only=True)
class CurrencyField(TextField):
    """Hold a currency by its three letters."""

    def checked(self, session: Session, value: Any) -> str:
        """Return the code in capitals; raise Invalid for what is no currency."""
        return check_currency(str(value), field=self.key)


@dataclass(frozen=True, kw_only=True)
class SymbolField(TextField):
    """Hold the symbol of an instrument, in capitals, so that it is one however it is written."""

    def checked(self, session: Session, value: Any) -> str:
        """Return the symbol; raise Invalid for one that is empty or too long."""
        return super().checked(session, value).upper()


NUMBER = TextField(
    key="number",
    label="Number",
    most=40,
    example="DE02 1203 0000 0000 2020 51",
    hint="The bank's number of the account.",
    seen_by=frozenset({ADVISER}),
)
"""Who may see the number of an account may see balances and holdings: advisers, and never a channel."""


def may_see(session: Session) -> bool:
    """Tell whether whoever will read what comes of a session may see balances and holdings."""
    return schema.of(session).shows(NUMBER)


def _currency(session: Session) -> str:
    workspace = workspaces.get(session, current_workspace(session))
    return workspace.currency if workspace else "USD"


def _keep_currency(session: Session, record: Instrument | None, values: Values) -> None:
    """Raise Conflict for another currency of an instrument whose prices and costs are in the one it has."""
    if record is not None and values.get("currency", record.currency) != record.currency and is_used(session, record):
        raise Conflict("Its prices are in {currency}.", currency=record.currency, field="currency")


def _keep_portfolio(session: Session, record: PortfolioAccount | None, values: Values) -> None:
    """Raise Conflict for another portfolio of an account that the journal names."""
    moved = record is not None and values.get("portfolio", record.portfolio_id) != record.portfolio_id
    if moved and record is not None and portfolios.is_booked(session, record):
        raise Conflict("The journal names it in this portfolio.", field="portfolio")


INSTRUMENT = Declaration(
    model=Instrument,
    label="Instrument",
    plural="Instruments",
    change=ADVISER,
    fields=(
        TextField(key="name", label="Name", by="name_key", required=True, example="Northwind Robotics"),
        SymbolField(key="symbol", label="Symbol", by="symbol_key", required=True, unique=True, most=40, example="NWR"),
        ChoiceField(
            key="class",
            label="Class",
            at="asset_class",
            by="asset_class",
            required=True,
            choices=CLASSES,
            named=True,
            example="equity",
        ),
        CurrencyField(key="currency", label="Currency", by="currency", required=True, begins=_currency, example="EUR"),
    ),
    identity=("symbol",),
    exact=lambda typed: [Instrument.symbol_key == symbol_key(typed)],
    refuse=_keep_currency,
)
PORTFOLIO = Declaration(
    model=Portfolio,
    label="Portfolio",
    plural="Portfolios",
    change=ADVISER,
    add=portfolios.add,
    told=reminders.keep_review,
    fields=(
        TextField(key="name", label="Name", by="name_key", required=True, example="Harbor pension"),
        LinkField(
            key="customer",
            label="Customer",
            at="customer_id",
            by="customer_id",
            to=Customer,
            whose=True,
            resolve=customers.resolve,
            required=True,
            example="harbor",
        ),
        CurrencyField(key="currency", label="Currency", by="currency", required=True, begins=_currency, example="EUR"),
        PersonField(key="owner", label="Owner", at="owner_id", by="owner_id", role=ADVISER, mine=True),
        DateField(key="review", label="Review", at="review_on", by="review_on", example="2027-03-01"),
    ),
)
ACCOUNT = Declaration(
    model=PortfolioAccount,
    label="Account",
    plural="Accounts",
    change=ADVISER,
    fields=(
        TextField(key="name", label="Name", by="name_key", required=True, example="Custody at the bank"),
        LinkField(
            key="portfolio",
            label="Portfolio",
            at="portfolio_id",
            by="portfolio_id",
            to=Portfolio,
            resolve=lambda session, typed: named.resolve(session, Portfolio, typed),
            required=True,
            example="PF-1",
        ),
        NUMBER,
    ),
    refuse=_keep_portfolio,
)
plugin.noun(INSTRUMENT)
plugin.noun(ACCOUNT)
