"""Show on a ticket that asks for a parcel the order it is about."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from slack_sdk.models.blocks import Block
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from bot.kit import blocks as b
from bot.kit.cards import headline
from bot.kit.format import Reader, paragraphs
from bot.plugins.commerce import cards, plugin
from bot.plugins.commerce.sales import DELIVERED, OPEN, SalesOrder
from storage.references import parse_reference
from storage.support.messages import IncomingMessage
from storage.support.tickets import Ticket

ASKS_FOR = "order"
"""The category of messages that ask where something is."""
SHOWN, READ = 3, 20
_WORD = re.compile(r"#?[\w-]{2,40}")


@plugin.card("ticket", "Orders")
def of_ticket(record: Ticket, session: Session, reader: Reader) -> list[Block]:
    """Show on a ticket the orders that it names, or, where it asks for a parcel, those that are on their way."""
    found = _named(session, record) or (_on_their_way(session, record) if record.category == ASKS_FOR else [])
    return paragraphs(
        b.markup(
            "• {one}  {total}, {when}  ({states})",
            one=headline(one),
            total=reader.money(one.total),
            when=reader.day(one.placed_at.astimezone(reader.zone).date()),
            states=cards.states(one),
        )
        for one in found
    )


def _named(session: Session, ticket: Ticket) -> Sequence[SalesOrder]:
    """Return the customer's own orders whose reference, or number in the shop, stands in the ticket."""
    words = {word for text in _texts(session, ticket) for word in _WORD.findall(text)}
    parsed = (parse_reference(word) for word in words)
    numbers = {one[1] for one in parsed if one is not None and one[0] == SalesOrder.__noun__}
    shops = {word.lstrip("#") for word in words if word.lstrip("#").isdigit()}
    called = [SalesOrder.name_key.startswith(f"#{one} ") for one in sorted(shops)]
    named = SalesOrder.id.in_(numbers), SalesOrder.outside_id.in_(shops), *called
    return _theirs(session, ticket, or_(*named)) if numbers or shops else []


def _on_their_way(session: Session, ticket: Ticket) -> Sequence[SalesOrder]:
    return _theirs(session, ticket, SalesOrder.lifecycle == OPEN, SalesOrder.fulfilment != DELIVERED)


def _theirs(session: Session, ticket: Ticket, *where: ColumnElement[bool]) -> Sequence[SalesOrder]:
    """Return orders of the ticket's customer or contact alone, so that a number tells nobody of somebody else's."""
    whose = []
    if ticket.customer_id is not None:
        whose.append(SalesOrder.customer_id == ticket.customer_id)
    if ticket.contact_id is not None:
        whose.append(SalesOrder.contact_id == ticket.contact_id)
    if not whose:
        return []
    found = select(SalesOrder).where(or_(*whose), *where)
    return session.scalars(found.order_by(SalesOrder.placed_at.desc(), SalesOrder.id.desc()).limit(SHOWN)).all()


def _texts(session: Session, ticket: Ticket) -> Iterator[str]:
    yield ticket.name
    said = select(IncomingMessage.text).where(IncomingMessage.ticket_id == ticket.id).limit(READ)
    yield from (text for text in session.scalars(said) if text)
