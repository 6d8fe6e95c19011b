"""Show tickets to support, each on one card that is kept true whoever changes the ticket from wherever."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.handlers.triage.declaration import plugin
from storage.events import TicketChanged, TicketLate, TicketRemoved, TicketSplit
from storage.notifications import failures
from storage.queues import outbox
from storage.records import history
from storage.records.named import moment
from storage.support import channels, routes, tickets
from storage.support.routes import Route
from storage.support.tickets import Ticket

ALERT_PRIORITY = 5


def show(session: Session, ticket: Ticket) -> None:
    """Post a ticket's card where its route or support wants it, or bring the one that is there up to date."""
    lead = tickets.first_of_incident(session, ticket.incident_id) if ticket.incident_id is not None else None
    if ticket.card_delivery_id is not None or (lead is not None and lead.id != ticket.id):
        refresh(session, ticket)
        return
    show_in(session, ticket, cards_channel(session, ticket, route_of(session, ticket)))


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
    for card in failures.kept_from_others(session, plugin.id("card")):
        ticket = tickets.resolve(session, card.record or "")
        channel_id = cards_channel(session, ticket, route_of(session, ticket))
        if ticket.card_delivery_id == card.id and channel_id not in {None, card.target_channel}:
            failures.send_elsewhere(session, card.id, str(channel_id))
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
    route = route_of(session, ticket)
    give(session, ticket, route)
    show_in(session, ticket, cards_channel(session, ticket, route))


@plugin.on(TicketChanged)
def on_ticket_changed(fact: TicketChanged, session: Session) -> None:
    """Keep the card true, whoever changed the ticket from wherever."""
    refresh(session, fact.record)


@plugin.on(TicketLate)
def on_ticket_late(fact: TicketLate, session: Session) -> None:
    """Say on the card that what was promised is late, as nothing else changes it then."""
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


PLACED = "placed"
"""The name under which a ticket's history keeps that a route, and nobody by hand, gave it to somebody."""


def give(session: Session, ticket: Ticket, route: Route | None) -> None:
    """Give a ticket that is nobody's to the next person of its route, and keep that it was not by hand."""
    if route is None or ticket.assignee_id is not None:
        return
    member = routes.next_person(session, route, moment())
    if member is not None:
        tickets.assign(session, ticket, member.id)
        history.record(session, ticket.__noun__, ticket.id, PLACED, after={"route": route.history_name()})


def route_of(session: Session, ticket: Ticket) -> Route | None:
    """Return the route of a ticket as it is now, None if there is none for it."""
    tier = ticket.customer.tier if ticket.customer is not None else None
    return routes.match(session, category=ticket.category, tier=tier, language=ticket.language)


def cards_channel(session: Session, ticket: Ticket, route: Route | None) -> str | None:
    """Return where a ticket's card is shown: its route's channel, else that of where it came from, else support's."""
    if route is not None and route.channel_id is not None:
        return route.channel_id
    link = channels.link_of(session, ticket.channel_id) if ticket.channel_id is not None else None
    if link is not None and link.cards_channel_id is not None:
        return link.cards_channel_id
    return channels.triage(session)
