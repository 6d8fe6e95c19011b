"""Set the clocks of tickets by what happens to them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot.handlers.sla.declaration import plugin
from storage.errors import NotFound
from storage.events import CustomerChanged, TicketChanged, TicketLate, TicketOpened, TicketRemoved, emit
from storage.queues.due import Due
from storage.support import sla, tickets


@plugin.on(TicketOpened)
def opened(fact: TicketOpened, session: Session, now: datetime) -> None:
    """Start the clocks of a new ticket."""
    sla.opened(session, fact.record, now)


@plugin.on(TicketChanged)
def changed(fact: TicketChanged, session: Session, now: datetime) -> None:
    """Stop, go on or set anew, as the ticket's status, priority, customer and assignee have it."""
    sla.changed(session, fact.record, now)


@plugin.on(TicketRemoved)
def removed(fact: TicketRemoved, session: Session) -> None:
    """Say nothing more of a ticket that was never opened."""
    sla.removed(session, fact)


@plugin.on(CustomerChanged)
def customer_changed(fact: CustomerChanged, session: Session, now: datetime) -> None:
    """Set the clocks of a customer's open tickets by the tier it has now."""
    sla.changed_customer(session, fact.record.id, now)


@plugin.job("late")
def late(due: Due, session: Session, now: datetime) -> None:
    """Tell whoever shows a ticket that it is late, at the moment when it is."""
    reference, kind = sla.parse_subject(due.subject)
    try:
        ticket = tickets.resolve(session, reference)
    except NotFound:
        return
    clock = sla.get(session, ticket.id, kind)
    if clock is not None and clock.due_at is not None and clock.due_at <= now:
        emit(session, TicketLate(ticket))


# After each change of what is promised too, which does not wait for the night.
@plugin.job("recount", every="FREQ=DAILY", at="03:30")
def recount(due: Due, session: Session, now: datetime) -> None:
    """Set the clocks of open tickets anew by what is promised now, some hundred at a time."""
    urgency, number = due.payload.get("after") or (0, 0)
    last = sla.recount(session, now, after=(urgency, number))
    if last is not None:
        sla.recount_soon(session, after=last)
    else:
        sla.recounted(session)
