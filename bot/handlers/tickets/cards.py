"""Draw tickets: what was asked and answered, where one stands, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from slack_sdk.models.blocks.block_elements import InteractiveElement
from sqlalchemy.orm import Session

from bot.handlers.tickets.conversation import drawing as conversation
from bot.handlers.tickets.declaration import TICKET, plugin
from bot.handlers.tickets.wording import priority_words, status_words
from bot.kit import blocks as b
from bot.kit import cards, categories
from bot.kit.format import Reader, last_notes
from bot.kit.replies import Message
from bot.plugin import Member, Role, _
from storage.support.tickets import DONE, Priority, Ticket, TicketStatus

_LOUD = {Priority.HIGH: "🟠 ", Priority.URGENT: "🔴 "}


def card(session: Session, ticket: Any, reader: Reader, actor: Member, **how: Any) -> Message:
    """Draw a ticket with what `actor` can do with it; `how` is as in `bot.kit.cards.card`."""
    facts: dict[str, b.Text | None] = {
        _("Status"): status_words(ticket.status),
        _("Priority"): _priority(ticket),
        _("Category"): categories.name(session, ticket.category) if ticket.category else None,
        _("Assignee"): b.person(ticket.assignee_id) if ticket.assignee_id else _("nobody yet"),
        _("Opened"): reader.ago(ticket.created_at),
        _("Resolved"): reader.ago(ticket.resolved_at) if ticket.resolved_at else None,
    }
    parts = [*conversation.blocks(session, ticket, reader), *last_notes(session, ticket, reader)]
    steps = _steps(ticket, actor)
    if actor.has(Role.AGENT):
        parts.append(b.actions(*steps, *conversation.controls(session, ticket)))
        steps = []
    controls = [*steps, _statuses(ticket)]
    return cards.card(session, TICKET, ticket, reader, facts=facts, parts=parts, controls=controls, **how)


def line(session: Session, reader: Reader, *, assignee: bool = True) -> Callable[[Ticket], b.Markup]:
    """Return what tells of a ticket what matters in a list."""
    return partial(_line, reader=reader, called=categories.namer(session), assignee=assignee)


def _line(ticket: Ticket, *, reader: Reader, called: Callable[[str], str], assignee: bool) -> b.Markup:
    parts: list[b.Text | None] = [
        _priority(ticket),
        status_words(ticket.status),
        ticket.customer.name if ticket.customer is not None else None,
        called(ticket.category) if ticket.category else None,
        reader.ago(ticket.created_at),
        (b.person(ticket.assignee_id) if ticket.assignee_id else _("nobody's yet")) if assignee else None,
    ]
    return b.join([part for part in parts if part], " · ")


def _priority(ticket: Ticket) -> str:
    return _LOUD.get(Priority(ticket.priority), "") + priority_words(ticket.priority)


def _steps(ticket: Ticket, actor: Member) -> list[InteractiveElement]:
    if ticket.status in DONE:
        return []
    take = b.button(_("Take"), plugin.id("take"), cards.control(ticket), style="primary")
    resolve = b.button(_("Resolve"), plugin.id("resolve"), cards.control(ticket))
    return [resolve] if ticket.assignee_id == actor.id else [take, resolve]


def _statuses(ticket: Ticket) -> InteractiveElement:
    statuses = [
        b.Option(status_words(status), str(b.Control(ticket.reference, ticket.version, status)))
        for status in TicketStatus
        if status != ticket.status
    ]
    return b.menu(_("Status"), plugin.id("status"), statuses)


plugin.noun(TICKET, card=card, line=line)
