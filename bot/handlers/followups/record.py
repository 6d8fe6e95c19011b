"""Show what a follow-up is about, with what a person needs to keep it without looking anything up."""

from __future__ import annotations

from collections.abc import Mapping

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.kit import blocks as b
from bot.kit.format import Reader, quoted
from bot.plugin import _
from storage.crm.contacts import Contact
from storage.crm.customer_overview import OpenDeal, glance
from storage.crm.customers import Customer
from storage.crm.deals import Deal
from storage.crm.followups import Followup
from storage.records.named import Named
from storage.subjects import subject_of
from storage.support import messages
from storage.support.tickets import Ticket

SHOW = {
    "customer": "records.show",
    "contact": "records.show",
    "deal": "deals.show",
    "ticket": "tickets.show",
}
"""The buttons by which other plugins show their records."""
DEALS_SHOWN = 3
QUOTED = 300
Facts = Mapping[str, b.Text | None]


def blocks(session: Session, followup: Followup, reader: Reader) -> list[Block]:
    """Draw the record of a follow-up with its facts and a button that shows all of it; nothing if it has none."""
    record = subject_of(session, followup)
    if record is None:
        return []
    noun = record.__noun__
    show = b.button(_("Show"), SHOW[noun], b.Control(record.reference)) if noun in SHOW else None
    fields = [
        b.markup("*{label}*\n{value}", label=label, value=value)
        for label, value in _facts(session, record, reader).items()
        if value
    ]
    name = b.markup("{ref} {name}", ref=record.reference, name=record.name)
    return [b.section(name, fields=fields, accessory=show), *_asked(session, record)]


def _facts(session: Session, record: Named, reader: Reader) -> Facts:
    match record:
        case Deal():
            return {
                _("Stage"): record.stage.name,
                _("Amount"): reader.money(record.amount) if record.amount is not None else None,
                _("Close"): reader.day(record.close_on) if record.close_on is not None else None,
                _("Owner"): b.person(record.owner_id) if record.owner_id else None,
                _("Customer"): _named(record.customer),
            }
        case Ticket():
            words = {_("Status"): _(record.status), _("Priority"): _(record.priority)}
            return {**words, _("Customer"): _named(record.customer)}
        case Customer():
            owner = b.person(record.owner_id) if record.owner_id else None
            return {_("Tier"): record.tier, _("Owner"): owner, _("Open deals"): _open_deals(session, record, reader)}
        case Contact():
            return {_("Phone"): record.phone, _("E-mail"): record.email, _("Customer"): _named(record.customer)}
        case _:
            return {}


def _named(customer: Customer | None) -> b.Text | None:
    return b.markup("{name}  {ref}", name=customer.name, ref=customer.reference) if customer else None


def _open_deals(session: Session, customer: Customer, reader: Reader) -> b.Text | None:
    found = glance(session, customer.id, deals=DEALS_SHOWN + 1).deals
    lines = [_line(deal, reader) for deal in found[:DEALS_SHOWN]]
    return b.join([*lines, "…"] if len(found) > DEALS_SHOWN else lines)


def _line(deal: OpenDeal, reader: Reader) -> b.Text:
    amount = [reader.money(deal.amount)] if deal.amount is not None else []
    return b.join([b.markup("{ref} {name}", ref=deal.reference, name=deal.name), deal.stage, *amount], " · ")


def _asked(session: Session, record: Named) -> list[Block]:
    """Quote how a customer's ticket begins; nothing for a record of another origin."""
    first = messages.of_ticket(session, record.id, limit=1) if isinstance(record, Ticket) else []
    return [b.section(quoted(one, QUOTED)) for one in first]
