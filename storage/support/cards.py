"""Find the card that a ticket has in Slack."""

from __future__ import annotations

from sqlalchemy.orm import Session

from storage.database.engine import current_workspace
from storage.queues.outbox import Delivery
from storage.support.tickets import Ticket


def card_of(session: Session, ticket: Ticket) -> Delivery | None:
    """Return the delivery of a ticket's card, None if it has none of its own."""
    if ticket.card_delivery_id is None:
        return None
    return session.get(Delivery, (current_workspace(session), ticket.card_delivery_id))
