"""Point from one place in Slack to the card that a ticket has in another."""

from __future__ import annotations

from sqlalchemy.orm import Session

from storage.database import current_workspace
from storage.outbox import Delivery
from storage.tickets import Ticket


def card_address(session: Session, ticket: Ticket, url: str | None) -> str | None:
    """Return where a ticket's card is found, in a workspace at `url`; None as long as it is not posted."""
    card = card_of(session, ticket)
    if card is None or not url or card.ts is None:
        return None
    return f"{url}archives/{card.channel or card.target_channel}/p{card.ts.replace('.', '')}"


def card_of(session: Session, ticket: Ticket) -> Delivery | None:
    """Return the delivery of a ticket's card, None if it has none of its own."""
    if ticket.card_delivery_id is None:
        return None
    return session.get(Delivery, (current_workspace(session), ticket.card_delivery_id))
