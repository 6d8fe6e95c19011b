"""Bring a new ticket to the people its route names, and its card to the channel they watch."""

from __future__ import annotations

from sqlalchemy.orm import Session

from storage import channels, history, routes, tickets
from storage.records import moment
from storage.references import Noun
from storage.routes import Route
from storage.tickets import Ticket

PLACED = "placed"
"""The name under which a ticket's history keeps that a route, and nobody by hand, gave it to somebody."""


def give(session: Session, ticket: Ticket, route: Route | None) -> None:
    """Give a ticket that is nobody's to the next person of its route, and keep that it was not by hand."""
    if route is None or ticket.assignee_id is not None:
        return
    member = routes.next_person(session, route, moment())
    if member is not None:
        tickets.assign(session, ticket, member.id)
        history.record(session, Noun.TICKET, ticket.id, PLACED, after={"route": route.history_name()})


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
