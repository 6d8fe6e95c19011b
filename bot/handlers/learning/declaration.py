"""Hold the plugin that the parts of this folder declare on, and the noun, with the categories that come with it."""

from dataclasses import replace

from sqlalchemy.orm import Session

from bot.kit import categories as named
from bot.plugin import Plugin
from storage.events import TicketChanged, emit
from storage.support import categories, tickets
from storage.support.categories import Category

REDRAWN = 20
"""As many open cards get a changed menu at once; Slack takes about one edit a second."""

plugin = Plugin(
    "learning",
    contract=2,
    title="Learning",
    description="The model: its corrections, its versions, and the categories of messages.",
)


def redraw(session: Session) -> None:
    """Have the newest open cards show the categories as they are now."""
    for ticket in tickets.list_tickets(session, limit=REDRAWN, order_by=[tickets.Ticket.id.desc()]):
        emit(session, TicketChanged(ticket))


def _told(session: Session, _category: Category, _added: bool) -> None:
    redraw(session)


CATEGORY = replace(categories.CATEGORY, ready=named.begin, told=_told)
