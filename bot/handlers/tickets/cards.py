"""Draw tickets: what was asked and answered, where one stands, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from slack_sdk.models.blocks.block_elements import InteractiveElement
from sqlalchemy.orm import Session

from bot.handlers.tickets.conversation import drawing as conversation
from bot.handlers.tickets.declaration import TICKET, plugin
from bot.handlers.tickets.wording import priority_words, status_words, statuses
from bot.kit import blocks as b
from bot.kit import cards, categories
from bot.kit.format import Reader, last_notes
from bot.kit.replies import Message
from bot.kit.tickets import rated
from bot.plugin import Member, Role, _
from storage.support.tickets import DONE, Priority, Ticket

_LOUD = {Priority.HIGH: "🟠 ", Priority.URGENT: "🔴 "}


def card(session: Session, ticket: Any, reader: Reader, actor: Member, **how: Any) -> Message:
    """Draw a ticket with what `actor` can do with it; `how` is as in `bot.kit.cards.card`."""
    facts: dict[str, b.Text | None] = {
        _("Status"): status_words(session, ticket),
        _("Priority"): _priority(session, ticket),
        _("Category"): categories.name(session, ticket.category) if ticket.category else None,
        _("Assignee"): b.person(ticket.assignee_id) if ticket.assignee_id else _("nobody yet"),
        _("Opened"): reader.ago(ticket.created_at),
        _("Resolved"): reader.ago(ticket.resolved_at) if ticket.resolved_at else None,
    }
    parts = [*conversation.blocks(session, ticket, reader), *rated(session, ticket)]
    parts += last_notes(session, ticket, reader)
    steps = _steps(ticket, actor)
    if actor.has(Role.AGENT):
        parts.append(b.actions(*steps, *conversation.controls(session, ticket)))
        steps = []
    controls = [*steps, *conversation.pictures(session, ticket), _statuses(session, ticket)]
    return cards.card(session, TICKET, ticket, reader, facts=facts, parts=parts, controls=controls, **how)


def line(session: Session, reader: Reader, *, assignee: bool = True) -> Callable[[Ticket], b.Markup]:
    """Return what tells of a ticket what matters in a list."""
    return partial(_line, session=session, reader=reader, called=categories.namer(session), assignee=assignee)


def _line(
    ticket: Ticket, *, session: Session, reader: Reader, called: Callable[[str], str], assignee: bool
) -> b.Markup:
    parts: list[b.Text | None] = [
        _priority(session, ticket),
        status_words(session, ticket),
        ticket.customer.name if ticket.customer is not None else None,
        called(ticket.category) if ticket.category else None,
        reader.ago(ticket.created_at),
        (b.person(ticket.assignee_id) if ticket.assignee_id else _("nobody's yet")) if assignee else None,
    ]
    return b.join([part for part in parts if part], " · ")


def _priority(session: Session, ticket: Ticket) -> str:
    return _LOUD.get(Priority(ticket.priority), "") + priority_words(session, ticket.priority)


def _steps(ticket: Ticket, actor: Member) -> list[InteractiveElement]:
    if ticket.status in DONE:
        return []
    take = b.button(_("Take"), plugin.id("take"), cards.control(ticket), style="primary")
    resolve = b.button(_("Resolve"), plugin.id("resolve"), cards.control(ticket))
    return [resolve] if ticket.assignee_id == actor.id else [take, resolve]


def _statuses(session: Session, ticket: Ticket) -> InteractiveElement:
    others = [
        b.Option(name, str(b.Control(ticket.reference, ticket.version, key)))
        for key, name in statuses(session).items()
        if key != ticket.standing
    ]
    return b.menu(_("Status"), plugin.id("status"), others)


plugin.noun(TICKET, card=card, line=line)
