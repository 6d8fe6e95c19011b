"""Follow a correction: a ticket that turns out to be about something else goes by the route of that.

A card stays the one message it is, where it was posted: a second one would have to be kept true as well, and people
would answer on both. The channel of the new route is told once, with a link to the card.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.handlers.triage import events
from bot.handlers.triage.declaration import plugin
from bot.kit import blocks as b
from bot.kit.categories import name as category_name
from bot.kit.links import card_address
from bot.kit.replies import Message
from bot.plugin import Notice, _
from storage.errors import NotFound
from storage.events import TicketChanged
from storage.queues import outbox
from storage.queues.outbox import Delivery
from storage.records import history
from storage.records.history import UPDATED
from storage.support import tickets
from storage.support.cards import card_of
from storage.support.routes import Route
from storage.support.tickets import DONE, Ticket
from storage.workspace.workspaces import Workspace

LOOKED_AT = 50


@plugin.on(TicketChanged)
def on_ticket_changed(fact: TicketChanged, session: Session) -> None:
    """Give a ticket that nobody has taken to the people of its new category, and tell their channel."""
    ticket: Ticket = fact.record
    if ticket.status in DONE or _is_folded(session, ticket) or not _is_about_something_else(session, ticket):
        return
    if ticket.assignee_id is not None and not _was_placed(session, ticket):
        return
    before = ticket.assignee_id
    route = events.route_of(session, ticket)
    if route is None:
        return
    if before is not None and before not in route.people and route.people:
        tickets.assign(session, ticket, None)
    events.give(session, ticket, route)
    _point(session, ticket, route)


def _is_folded(session: Session, ticket: Ticket) -> bool:
    """Tell whether a ticket is under another's card, and with whoever that is with."""
    return ticket.incident_id is not None and tickets.first_of_incident(session, ticket.incident_id) is not ticket


def _is_about_something_else(session: Session, ticket: Ticket) -> bool:
    """Tell whether this request changed what a ticket is about; what an undo sets back is left as it was."""
    change = history.current_change(session)
    if change is None or change.undoes_id is not None:
        return False
    session.refresh(change, ["activities"])
    return any(
        row.entity == Ticket.__tablename__ and row.row_key == str(ticket.id) and "category" in (row.after or {})
        for row in change.activities
        if row.action == UPDATED
    )


def _was_placed(session: Session, ticket: Ticket) -> bool:
    """Tell whether a route gave the ticket to whom it is with, and nobody by hand."""
    for row in history.timeline(session, ticket.__noun__, ticket.id, limit=LOOKED_AT):
        if row.action == events.PLACED:
            return True
        if "assignee_id" in (row.after or {}):
            return False
    return False


def _point(session: Session, ticket: Ticket, route: Route) -> None:
    card, channel_id = card_of(session, ticket), events.cards_channel(session, ticket, route)
    if card is not None and channel_id is not None and card.target_channel != channel_id:
        outbox.enqueue(
            session,
            target_channel=channel_id,
            renderer=plugin.id("pointer"),
            record=ticket.reference,
            dedupe_key=f"pointer:{ticket.reference}:{channel_id}",
        )


@plugin.renderer("pointer", kind=Notice.NEWS)
def pointer(delivery: Delivery, session: Session, workspace: Workspace) -> Message | None:
    """Say in the channel of a ticket's new route what it is about now, and where its card is."""
    try:
        ticket = tickets.resolve(session, delivery.record or "")
    except NotFound:
        return None
    card = card_of(session, ticket)
    if card is None:
        return None
    who = b.person(ticket.assignee_id) if ticket.assignee_id else b.esc(_("nobody yet"))
    about = category_name(session, ticket.category) if ticket.category else _("something else")
    text = b.markup(
        _("*{ref}* {name} is about *{about}* and with {who}. Its card is in {channel}."),
        ref=ticket.reference,
        name=ticket.name,
        about=about,
        who=who,
        channel=b.channel(card.channel or card.target_channel or ""),
    )
    address = card_address(session, ticket, workspace.url)
    return Message(text, [b.section(text), *([b.context(b.link(address, _("Open the card")))] if address else [])])
