"""Answer the buttons of customers' cards and lists, and the menus that look for a customer."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.handlers.customers import cards
from bot.handlers.customers.declaration import plugin
from bot.handlers.customers.wanted import WantedCustomer
from bot.kit import blocks as b
from bot.kit.format import Reader
from bot.kit.replies import Message, Options
from bot.plugin import Role, _
from storage.crm import customers

OFFERED = 20


@plugin.action("show", role=Role.VIEWER)
def show(control: b.Control, session: Session, reader: Reader) -> Message:
    """Show the customer of a list's line."""
    return cards.card(session, customers.resolve(session, control.record), reader)


@plugin.action("add_anyway", role=Role.REP)
def add_anyway(control: b.Control, session: Session, reader: Reader) -> Message:
    """Add a customer though others are like it."""
    customer = WantedCustomer.load(session, control.detail).add(session)
    return cards.card(session, customer, reader, notice=_("Added."), undo=True, replace=True)


@plugin.options("pick", role=Role.VIEWER)
def pick(query: str, session: Session) -> Options:
    """Offer customers by what was typed so far, and before that in their order."""
    found = (
        customers.find(session, query, OFFERED) if query.strip() else customers.list_customers(session, limit=OFFERED)
    )
    return Options([b.Option(f"{customer.name} ({customer.reference})", customer.reference) for customer in found])
