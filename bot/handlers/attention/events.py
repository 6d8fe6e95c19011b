"""Let go what waits about a ticket once it is urgent."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.handlers.attention.declaration import plugin
from storage.events import TicketChanged
from storage.notifications import throttle


@plugin.on(TicketChanged)
def on_ticket_changed(fact: TicketChanged, session: Session) -> None:
    """Decide anew about what was held back of a ticket when that has become urgent."""
    throttle.hurry(session, fact.record)
