"""Show a person's tickets in the App Home."""

from __future__ import annotations

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.handlers.tickets.cards import line
from bot.handlers.tickets.declaration import plugin
from bot.kit import blocks as b
from bot.kit import cards
from bot.kit.format import Reader
from bot.plugin import Member, Role, _, ngettext
from storage.support import tickets
from storage.support.tickets import Priority, Ticket, TicketStatus

LINES = 5
LOOKED_AT = 100


@plugin.home("My tickets", role=Role.AGENT, order=30)
def mine(session: Session, actor: Member, reader: Reader) -> list[Block]:
    """Show the tickets the person has, the most urgent at the top, those that wait for the customer below."""
    found = tickets.list_tickets(session, Ticket.status != TicketStatus.WAITING, assignee_id=actor.id, limit=LOOKED_AT)
    active = len(found)
    if active < LOOKED_AT:
        waits = Ticket.status == TicketStatus.WAITING
        found += tickets.list_tickets(session, waits, assignee_id=actor.id, limit=LOOKED_AT - active)
    if not found:
        return [] if actor.has(Role.MANAGER) else [b.section(_("You have no tickets.")), *_nobodys(session)]
    tell = line(session, reader, assignee=False)
    lines = [cards.line(ticket, tell(ticket), action=cards.OPEN) for ticket in found[:LINES]]
    more = [b.context(_("More: `/ticket list assignee:me`"))] if len(found) > LINES else []
    urgent = sum(1 for ticket in found[:active] if ticket.priority in {Priority.HIGH, Priority.URGENT})
    total = f"{active}+" if active == LOOKED_AT else active
    head = _("*{total}* to do, *{urgent}* of them high or urgent · *{waiting}* wait for the customer")
    said = b.markup(head, total=total, urgent=urgent, waiting=len(found) - active)
    return [b.context(said), *lines, *more, *_nobodys(session)]


def _nobodys(session: Session) -> list[Block]:
    """Say how many tickets nobody has taken yet, as whoever has time takes one."""
    count = len(tickets.list_tickets(session, unassigned=True, limit=LOOKED_AT))
    words = ngettext(
        "*{count}* ticket is nobody's yet: `/ticket list unassigned`",
        "*{count}* tickets are nobody's yet: `/ticket list unassigned`",
        count,
    )
    total = f"{count}+" if count == LOOKED_AT else count
    return [b.context(b.markup(words, count=total))] if count else []
