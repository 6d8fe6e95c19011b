"""Show tickets to support, each on one card that is kept true whoever changes the ticket from wherever."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.handlers.triage import placing
from bot.handlers.triage.plugin import plugin
from storage import outbox, tickets, undelivered
from storage.events import TicketChanged, TicketRemoved, TicketSplit
from storage.tickets import Ticket

ALERT_PRIORITY = 5


def show(session: Session, ticket: Ticket) -> None:
    """Post a ticket's card where its route or support wants it, or bring the one that is there up to date."""
    lead = tickets.first_of_incident(session, ticket.incident_id) if ticket.incident_id is not None else None
    if ticket.card_delivery_id is not None or (lead is not None and lead.id != ticket.id):
        refresh(session, ticket)
        return
    show_in(session, ticket, placing.cards_channel(session, ticket, placing.route_of(session, ticket)))


def show_in(session: Session, ticket: Ticket, channel_id: str | None) -> None:
    """Post the card of a ticket that stands for itself in a channel; not where none is known, or it has one."""
    if channel_id is not None and ticket.card_delivery_id is None:
        ticket.card_delivery_id = outbox.enqueue(
            session,
            target_channel=channel_id,
            renderer=plugin.id("card"),
            record=ticket.reference,
            dedupe_key=f"card:{ticket.reference}",
            priority=ALERT_PRIORITY,
            stays=True,
        )
        ticket.card_channel_id = channel_id
        session.flush()


def bring_refused(session: Session) -> int:
    """Show the cards in their channel of today that were refused as others read the one before; return how many."""
    brought = 0
    for card in undelivered.kept_from_others(session, plugin.id("card")):
        ticket = tickets.resolve(session, card.record or "")
        channel_id = placing.cards_channel(session, ticket, placing.route_of(session, ticket))
        if ticket.card_delivery_id == card.id and channel_id not in {None, card.target_channel}:
            undelivered.send_elsewhere(session, card.id, str(channel_id))
            ticket.card_channel_id = channel_id
            brought += 1
    return brought


def refresh(session: Session, ticket: Ticket) -> None:
    """Bring a ticket's card up to date where it has one; the card of one that was merged says where it went."""
    if ticket.card_delivery_id is not None:
        outbox.enqueue(
            session,
            kind="update",
            edits=ticket.card_delivery_id,
            renderer=plugin.id("card" if ticket.merged_into_id is None else "merged"),
            record=ticket.reference,
            priority=ALERT_PRIORITY,
        )
    elif ticket.incident_id is not None:
        lead = tickets.first_of_incident(session, ticket.incident_id)
        if lead is not None and lead.card_delivery_id is not None:
            refresh(session, lead)


@plugin.on(TicketSplit)
def on_ticket_split(fact: TicketSplit, session: Session) -> None:
    """Bring what was split off to its people, as if it had been written by itself."""
    ticket: Ticket = fact.record
    route = placing.route_of(session, ticket)
    placing.give(session, ticket, route)
    show_in(session, ticket, placing.cards_channel(session, ticket, route))


@plugin.on(TicketChanged)
def on_ticket_changed(fact: TicketChanged, session: Session) -> None:
    """Keep the card true, whoever changed the ticket from wherever."""
    refresh(session, fact.record)


@plugin.on(TicketRemoved)
def on_ticket_removed(fact: TicketRemoved, session: Session) -> None:
    """Take the card of a ticket away that is no longer there."""
    if fact.record.card_delivery_id is not None:
        outbox.enqueue(
            session,
            kind="delete",
            edits=fact.record.card_delivery_id,
            renderer=plugin.id("card"),
            record=fact.record.reference,
            priority=ALERT_PRIORITY,
        )
