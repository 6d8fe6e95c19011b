"""Answer the buttons of customers' cards and lists, and the menus that look for a customer."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot import blocks as b
from bot import shown
from bot.handlers.customers import cards
from bot.handlers.customers.declaration import plugin
from bot.handlers.customers.wanted import Wanted
from bot.plugin import Member, Role, _
from bot.replies import Message, Options
from storage import customers
from storage.workspaces import Workspace

OFFERED = 20


@plugin.action("show", role=Role.VIEWER)
def show(control: b.Control, session: Session, actor: Member, workspace: Workspace, now: datetime) -> Message:
    """Show the customer of a list's line."""
    return cards.card(session, customers.resolve(session, control.record), shown.reader(actor, workspace, now))


@plugin.action("add_anyway", role=Role.REP)
def add_anyway(control: b.Control, session: Session, actor: Member, workspace: Workspace, now: datetime) -> Message:
    """Add a customer though others are like it."""
    customer = Wanted.load(session, control.detail).add(session)
    reader = shown.reader(actor, workspace, now)
    return cards.card(session, customer, reader, notice=_("Added."), undo=True, replace=True)


@plugin.options("pick", role=Role.VIEWER)
def pick(query: str, session: Session) -> Options:
    """Offer customers by what was typed so far, and before that in their order."""
    found = (
        customers.find(session, query, OFFERED) if query.strip() else customers.list_customers(session, limit=OFFERED)
    )
    return Options([b.Option(f"{customer.name} ({customer.reference})", customer.reference) for customer in found])
