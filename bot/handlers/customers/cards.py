"""Draw customers: what is going on at one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from slack_sdk.models.blocks import Block
from slack_sdk.models.blocks.block_elements import InteractiveElement
from sqlalchemy.orm import Session

from bot.handlers.customers.declaration import plugin
from bot.kit import blocks as b
from bot.kit import cards, fields
from bot.kit.format import NOTES_SHOWN, Reader, note_lines
from bot.kit.replies import Message
from bot.plugin import Member, _
from storage.crm.customer_overview import KnownPerson, OpenDeal, OpenTicket, glance
from storage.crm.customers import CUSTOMER, Customer
from storage.support.tickets import TICKET

DEALS_SHOWN = 5
TICKETS_SHOWN = 3
PEOPLE_SHOWN = 5


def card(session: Session, customer: Any, reader: Reader, _actor: Member, **how: Any) -> Message:
    """Draw a customer with what is going on there; `how` is as in `bot.kit.cards.card`."""
    # One more than is shown, to know whether there are more.
    most = {"deals": DEALS_SHOWN, "tickets": TICKETS_SHOWN, "people": PEOPLE_SHOWN}
    seen = glance(session, customer.id, notes=NOTES_SHOWN, **{kind: number + 1 for kind, number in most.items()})
    parts = [
        *_people(customer, seen.people),
        *_open_deals(customer, seen.deals, reader),
        *_open_tickets(session, customer, seen.tickets),
        *note_lines(session, seen.notes, reader),
    ]
    return cards.card(session, CUSTOMER, customer, reader, parts=parts, controls=_controls(customer), **how)


def _people(customer: Customer, known: Sequence[KnownPerson]) -> list[Block]:
    if not known:
        return []
    lines = [_person(one) for one in known[:PEOPLE_SHOWN]]
    if len(known) > PEOPLE_SHOWN:
        lines.append(b.markup(_("… and more: `/crm contact list customer:{ref}`"), ref=customer.reference))
    return [b.section(b.join([b.markup("*{title}*", title=_("People")), *lines]))]


def _person(one: KnownPerson) -> b.Markup:
    named = b.markup("• {ref} {name}", ref=one.reference, name=one.name)
    return b.join([named, one.role], " · ") if one.role else named


def _open_deals(customer: Customer, open_ones: Sequence[OpenDeal], reader: Reader) -> list[Block]:
    if not open_ones:
        return []
    lines = [_deal(deal, reader) for deal in open_ones[:DEALS_SHOWN]]
    if len(open_ones) > DEALS_SHOWN:
        lines.append(b.markup(_("… and more: `/deal list customer:{ref}`"), ref=customer.reference))
    return [b.section(b.join([b.markup("*{title}*", title=_("Open deals")), *lines]))]


def _deal(deal: OpenDeal, reader: Reader) -> b.Markup:
    parts: list[b.Text] = [b.markup("• {ref} {name}", ref=deal.reference, name=deal.name)]
    if deal.amount is not None:
        parts.append(reader.money(deal.amount))
    parts.append(deal.stage)
    if deal.close_on is not None:
        parts.append(b.markup(_("closes {day}"), day=reader.day(deal.close_on)))
    return b.join(parts, " · ")


def _open_tickets(session: Session, customer: Customer, open_ones: Sequence[OpenTicket]) -> list[Block]:
    if not open_ones:
        return []
    lines = [_ticket(session, ticket) for ticket in open_ones[:TICKETS_SHOWN]]
    if len(open_ones) > TICKETS_SHOWN:
        lines.append(b.markup(_("… and more: `/ticket list customer:{ref}`"), ref=customer.reference))
    return [b.section(b.join([b.markup("*{title}*", title=_("Open tickets")), *lines]))]


def _ticket(session: Session, ticket: OpenTicket) -> b.Markup:
    named = b.markup("• {ref} {name}", ref=ticket.reference, name=ticket.name)
    return b.join(
        [
            named,
            fields.called(session, TICKET, "priority", ticket.priority),
            fields.called(session, TICKET, "status", ticket.standing),
        ],
        " · ",
    )


def _controls(customer: Customer) -> Sequence[InteractiveElement]:
    return [
        cards.new("deal", _("New deal"), customer),
        cards.new("ticket", _("New ticket"), customer),
        cards.new("contact", _("New contact"), customer),
    ]


plugin.noun(CUSTOMER, card=card)
