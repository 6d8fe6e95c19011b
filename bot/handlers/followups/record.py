"""Show what a follow-up is about, with what a person needs to keep it without looking anything up."""

from __future__ import annotations

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.kit import blocks as b
from bot.kit import fields, records
from bot.kit.format import Reader, quoted
from bot.plugin import _
from storage.crm.customer_overview import OpenDeal, glance
from storage.crm.customers import Customer
from storage.crm.followups import Followup
from storage.records import schema
from storage.records.named import Named
from storage.subjects import subject_of
from storage.support import messages
from storage.support.tickets import Ticket

DEALS_SHOWN = 3
QUOTED = 300


def blocks(session: Session, followup: Followup, reader: Reader) -> list[Block]:
    """Draw the record of a follow-up with its facts and a button that shows all of it; nothing if it has none."""
    record = subject_of(session, followup)
    if record is None:
        return []
    name = b.markup("{ref} {name}", ref=record.reference, name=record.name)
    show = records.show_button(record.__noun__, record.reference)
    return [b.section(name, fields=_facts(session, record, reader), accessory=show), *_asked(session, record)]


def _facts(session: Session, record: Named, reader: Reader) -> list[b.Markup]:
    noun = schema.of(session).declared.get(record.__noun__)
    how = {_("Status"): _(record.status)} if isinstance(record, Ticket) else {}
    found = fields.facts(noun, record, reader, session, how) if noun else []
    deals = _open_deals(session, record, reader) if isinstance(record, Customer) else None
    return [*found, b.markup("*{label}*\n{value}", label=_("Open deals"), value=deals)] if deals else found


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
