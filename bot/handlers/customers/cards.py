"""Draw customers: a card, a list, and the twins of one that somebody wants to add."""

from __future__ import annotations

from collections.abc import Sequence

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.handlers.customers.declaration import plugin
from bot.handlers.customers.wanted import WantedCustomer
from bot.kit import blocks as b
from bot.kit.cards import NEW
from bot.kit.format import NOTES_SHOWN, Reader, note_lines, undo_hint
from bot.kit.replies import Message
from bot.plugin import _
from storage.crm.customer_overview import KnownPerson, OpenDeal, OpenTicket, glance
from storage.crm.customers import Customer

DEALS_SHOWN = 5
TICKETS_SHOWN = 3
PEOPLE_SHOWN = 5


def card(
    session: Session,
    customer: Customer,
    reader: Reader,
    *,
    notice: b.Text | None = None,
    undo: bool = False,
    replace: bool = False,
) -> Message:
    """Draw a customer with what is going on there; `notice` is a line above it."""
    # One more than is shown, to know whether there are more.
    most = {"deals": DEALS_SHOWN, "tickets": TICKETS_SHOWN, "people": PEOPLE_SHOWN}
    seen = glance(session, customer.id, notes=NOTES_SHOWN, **{kind: number + 1 for kind, number in most.items()})
    blocks = [
        *([b.context(notice)] if notice else []),
        b.section(headline(customer), fields=_fields(customer)),
        *_people(customer, seen.people),
        *_open_deals(customer, seen.deals, reader),
        *_open_tickets(customer, seen.tickets),
        *note_lines(session, seen.notes, reader),
        _controls(customer),
        *([undo_hint()] if undo else []),
    ]
    said = b.join([notice, headline(customer)], " ") if notice else headline(customer)
    return Message(said, blocks, replace=replace)


def headline(customer: Customer) -> b.Markup:
    """Name a customer with its reference."""
    return b.markup("*{name}*  {ref}", name=customer.name, ref=customer.reference)


def found(typed: str, customers: Sequence[Customer]) -> Message:
    """List what a search found, each with a button that shows it."""
    if not customers:
        text = b.markup(
            _("No customer is like “{typed}”. Add it: `/customer add {command}`"),
            typed=typed,
            command=typed.replace("`", "'"),
        )
        return Message(text)
    title = b.markup(_("Customers like “{typed}”"), typed=typed)
    return Message(title, [b.section(title), *map(line, customers)])


def twins(wanted: WantedCustomer, alike: Sequence[Customer]) -> Message:
    """Ask whether one of these is not the customer that was meant; nothing is stored yet."""
    text = b.markup(_("*{name}* may be here already, so nothing has been added yet."), name=wanted.name)
    anyway = b.button(_("Add anyway"), plugin.id("add_anyway"), b.Control(detail=wanted.dump()), style="primary")
    return Message(text, [b.section(text), *map(line, alike), b.actions(anyway)])


def line(customer: Customer) -> Block:
    """Draw a customer of a list with a button that shows it."""
    show = b.button(_("Show"), plugin.id("show"), b.Control(customer.reference, customer.version))
    owner = b.person(customer.owner_id) if customer.owner_id else None
    details = [part for part in (customer.domain, customer.tier, owner) if part]
    return b.section(
        b.join([headline(customer), b.join(details, " · ")] if details else [headline(customer)]), accessory=show
    )


def _fields(customer: Customer) -> list[b.Markup]:
    known: dict[str, b.Text | None] = {
        _("Domain"): customer.domain,
        _("Tier"): customer.tier,
        _("Owner"): b.person(customer.owner_id) if customer.owner_id else None,
    }
    return [b.markup("*{label}*\n{value}", label=label, value=value) for label, value in known.items() if value]


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


def _open_tickets(customer: Customer, open_ones: Sequence[OpenTicket]) -> list[Block]:
    if not open_ones:
        return []
    lines = [_ticket(ticket) for ticket in open_ones[:TICKETS_SHOWN]]
    if len(open_ones) > TICKETS_SHOWN:
        lines.append(b.markup(_("… and more: `/ticket list customer:{ref}`"), ref=customer.reference))
    return [b.section(b.join([b.markup("*{title}*", title=_("Open tickets")), *lines]))]


def _ticket(ticket: OpenTicket) -> b.Markup:
    named = b.markup("• {ref} {name}", ref=ticket.reference, name=ticket.name)
    return b.join([named, _(ticket.priority), _(ticket.status)], " · ")


def _controls(customer: Customer) -> Block:
    control = b.Control(customer.reference, customer.version)
    return b.actions(
        b.button(_("Note"), plugin.id("note"), control),
        b.button(_("New deal"), "deals.new", control),
        b.button(_("New ticket"), "tickets.new", control),
        b.button(_("New contact"), NEW, b.Control(customer.reference, customer.version, "contact")),
        b.button(_("Follow up"), "followups.new", control),
        b.button(_("Edit"), plugin.id("edit"), control),
    )
