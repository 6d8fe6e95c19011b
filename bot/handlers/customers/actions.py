"""Answer the menus that look for a customer, and a button that older cards have."""

from __future__ import annotations

import json

from sqlalchemy.orm import Session

from bot.handlers.customers import cards
from bot.handlers.customers.declaration import plugin
from bot.kit import blocks as b
from bot.kit.format import Reader
from bot.kit.replies import Message, Options
from bot.plugin import Member, Role, _
from storage.crm import customers
from storage.crm.customers import CUSTOMER
from storage.errors import Invalid
from storage.records import lifecycle

OFFERED = 20


@plugin.action("add_anyway", role=Role.REP)
def add_anyway(control: b.Control, session: Session, actor: Member, reader: Reader) -> Message:
    """Add a customer though others are like it, as cards asked before they asked for every noun."""
    try:
        known = json.loads(control.detail)
        values = {key.removesuffix("_id"): value for key, value in known.items()}
    except (ValueError, AttributeError):
        raise Invalid("This button no longer works.", hint="Please repeat the command.") from None
    customer = lifecycle.add(session, CUSTOMER, CUSTOMER.from_json(values))
    return cards.card(session, customer, reader, actor, notice=_("Added."), undo=True, replace=True)


@plugin.options("pick", role=Role.VIEWER)
def pick(query: str, session: Session) -> Options:
    """Offer customers by what was typed so far, and before that in their order."""
    found = (
        customers.find(session, query, OFFERED) if query.strip() else customers.list_customers(session, limit=OFFERED)
    )
    return Options([b.record_option(customer.name, customer.reference) for customer in found])
