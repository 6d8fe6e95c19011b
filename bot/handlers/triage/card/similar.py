"""Show beside a ticket how the like ended before, who usually handles them, and what is at stake."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.handlers.triage.incidents.vectors import MessageVector
from bot.kit import blocks as b
from bot.kit import categories
from bot.kit.format import day, duration, money
from bot.plugin import _, ngettext
from storage.crm import deals
from storage.database.engine import current_workspace
from storage.records.named import moment
from storage.references import reference
from storage.support import experience, incident_reports
from storage.support.experience import TicketEnding
from storage.support.messages import IncomingMessage
from storage.support.tickets import Ticket

if TYPE_CHECKING:
    from ml.classify.classifier import MessageClassifier

SHOWN = 3
NAME_LIMIT = 80
READ_AT_ONCE = 50
"""How many old tickets one card may have to read: the first cards of a process compare with fewer."""


def blocks(
    session: Session,
    ticket: Ticket,
    message: IncomingMessage,
    model: MessageClassifier | None,
    locale: str,
    own: categories.Own,
) -> list[Block]:
    """Draw similar past tickets with how they ended, who usually handles these, and the customer's open deals."""
    lines = [
        *_past(session, ticket, message, model, locale, own),
        *_usual(session, ticket),
        *_deals(session, ticket, locale),
    ]
    return [b.context(*lines)] if lines else []


def _past(
    session: Session,
    ticket: Ticket,
    message: IncomingMessage,
    model: MessageClassifier | None,
    locale: str,
    own: categories.Own,
) -> list[b.Text]:
    from ml.text.similar import tells

    category = ticket.category or message.category
    if category is None or model is None:
        return []
    reading = MessageVector(current_workspace(session), model)
    if not tells(reading.features, message.text):
        return []
    past = experience.resolved(session, category, without=ticket.id)
    best = _ranked(session, reading, message, past) if past else []
    if not best:
        return []
    template = ngettext(
        "Reads like {count} {category} ticket of yours, {ref}:",
        "Reads like {count} {category} tickets of yours, such as {ref}:",
        len(best),
    )
    name = categories.called(own, category)
    said = b.markup(template, count=len(best), category=name, ref=reference("ticket", best[0].ticket_id))
    return [b.join([said, *(_ended(one, locale) for one in best[:SHOWN])])]


def _ranked(
    session: Session, reading: MessageVector, message: IncomingMessage, past: Sequence[TicketEnding]
) -> list[TicketEnding]:
    """Return what says or means enough the same as a message, the most first.

    What was read before is not read again.
    """
    from ml.text.similar import LIKE_WHAT_HAPPENS, MEANT_WHAT_HAPPENS, similarities

    meant = reading.alike(session, message.text, [(one.ticket_id, one.created_at) for one in past])
    known = {one.ticket_id: reading.known(one) for one in past}
    unread = [ticket_id for ticket_id, vector in known.items() if vector is None][:READ_AT_ONCE]
    texts = incident_reports.first_texts(session, unread) if unread else {}
    readable = [i for i, one in enumerate(past) if known[one.ticket_id] is not None or one.ticket_id in unread]
    others = [
        known[one.ticket_id] or reading.remember(one, texts.get(one.ticket_id, one.name))
        for one in (past[i] for i in readable)
    ]
    above = meant - MEANT_WHAT_HAPPENS
    said = similarities(reading.features, reading.read(message.text), others) - LIKE_WHAT_HAPPENS
    for i, one in zip(readable, said.tolist(), strict=True):
        above[i] = max(above[i], one)
    return [past[i] for i in sorted(range(len(past)), key=lambda i: (-above[i], i)) if above[i] >= 0]


def _ended(one: TicketEnding, locale: str) -> b.Markup:
    took = duration(max(one.resolved_at - one.created_at, timedelta(minutes=1)), locale)
    template = _("• {ref} {name}: resolved by {who} in {time}") if one.assignee_id else _("• {ref} {name}: {time}")
    return b.markup(
        template,
        ref=reference("ticket", one.ticket_id),
        name=b.cut(one.name, NAME_LIMIT),
        who=b.person(one.assignee_id or ""),
        time=took,
    )


def _usual(session: Session, ticket: Ticket) -> list[b.Text]:
    if ticket.category is None:
        return []
    usual = experience.usual(session, ticket.category, moment())
    if not usual:
        return []
    people = [b.markup("{who} ({number})", who=b.person(member_id), number=number) for member_id, number in usual]
    return [b.markup(_("Usually handled by {people}"), people=b.join(people, ", "))]


def _deals(session: Session, ticket: Ticket, locale: str) -> list[b.Text]:
    if ticket.customer_id is None:
        return []
    found = deals.list_deals(session, customer_id=ticket.customer_id, limit=SHOWN + 1)
    if not found:
        return []
    lines = [
        b.join(
            [
                b.markup("{ref} {name}", ref=deal.reference, name=b.cut(deal.name, NAME_LIMIT)),
                *([money(deal.amount, locale)] if deal.amount is not None else []),
                *([b.markup(_("closes {day}"), day=day(deal.close_on, locale))] if deal.close_on else []),
            ],
            ", ",
        )
        for deal in found[:SHOWN]
    ]
    more = [_("and more")] if len(found) > SHOWN else []
    return [b.markup(_("Open deals: {deals}"), deals=b.join([*lines, *more], "; "))]
