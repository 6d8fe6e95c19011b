"""Draw tickets: a card, a line of a list, and the twins of one that somebody wants to add."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from slack_sdk.models.blocks import Block
from slack_sdk.models.blocks.block_elements import InteractiveElement
from sqlalchemy.orm import Session

from bot.handlers.tickets.conversation import drawing as conversation
from bot.handlers.tickets.declaration import plugin
from bot.handlers.tickets.wanted import WantedTicket
from bot.handlers.tickets.wording import priority_words, status_words
from bot.kit import blocks as b
from bot.kit import categories
from bot.kit.format import Reader, last_notes, undo_hint
from bot.kit.replies import Message
from bot.plugin import Member, Role, _
from storage.support.tickets import DONE, Priority, Ticket, TicketStatus

_LOUD = {Priority.HIGH: "🟠 ", Priority.URGENT: "🔴 "}


def card(
    session: Session,
    ticket: Ticket,
    reader: Reader,
    *,
    actor: Member,
    notice: b.Text | None = None,
    undo: bool = False,
    replace: bool = False,
) -> Message:
    """Draw a ticket with what `actor` can do with it; `notice` is a line above it."""
    blocks = [
        *([b.context(notice)] if notice else []),
        b.section(headline(ticket), fields=_fields(session, ticket, reader)),
        *conversation.blocks(session, ticket, reader),
        *last_notes(session, ticket, reader),
        *_controls(session, ticket, actor),
        *([undo_hint()] if undo else []),
    ]
    return Message(b.join([notice, headline(ticket)], " ") if notice else headline(ticket), blocks, replace=replace)


def headline(ticket: Ticket) -> b.Markup:
    """Name a ticket with its reference."""
    return b.markup("*{name}*  {ref}", name=ticket.name, ref=ticket.reference)


def lines(
    session: Session, found: Sequence[Ticket], reader: Reader, *, action: str = "show", assignee: bool = True
) -> list[Block]:
    """Draw tickets as a list of one line each, with a button that shows it."""
    called = categories.namer(session)
    return [_line(ticket, reader, called, action=action, assignee=assignee) for ticket in found]


def _line(ticket: Ticket, reader: Reader, called: Callable[[str], str], *, action: str, assignee: bool) -> Block:
    show = b.button(_("Show"), plugin.id(action), b.Control(ticket.reference, ticket.version))
    parts: list[b.Text | None] = [
        _priority(ticket),
        status_words(ticket.status),
        ticket.customer.name if ticket.customer is not None else None,
        called(ticket.category) if ticket.category else None,
        reader.ago(ticket.created_at),
        (b.person(ticket.assignee_id) if ticket.assignee_id else _("nobody's yet")) if assignee else None,
    ]
    details = b.join([part for part in parts if part], " · ")
    return b.section(b.join([headline(ticket), details]), accessory=show)


def twins(session: Session, wanted: WantedTicket, alike: Sequence[Ticket], reader: Reader) -> Message:
    """Ask whether one of these is not the ticket that was meant; nothing is stored yet."""
    text = b.markup(_("There is an open ticket called *{name}*, so nothing has been added yet."), name=wanted.name)
    anyway = b.button(_("Add anyway"), plugin.id("add_anyway"), b.Control(detail=wanted.dump()), style="primary")
    return Message(text, [b.section(text), *lines(session, alike, reader), b.actions(anyway)])


def _priority(ticket: Ticket) -> str:
    return _LOUD.get(Priority(ticket.priority), "") + priority_words(ticket.priority)


def _fields(session: Session, ticket: Ticket, reader: Reader) -> list[b.Markup]:
    customer = ticket.customer
    known: dict[str, b.Text | None] = {
        _("Customer"): b.markup("{name}  {ref}", name=customer.name, ref=customer.reference) if customer else None,
        _("Status"): status_words(ticket.status),
        _("Priority"): _priority(ticket),
        _("Category"): categories.name(session, ticket.category) if ticket.category else None,
        _("Assignee"): b.person(ticket.assignee_id) if ticket.assignee_id else _("nobody yet"),
        _("Opened"): reader.ago(ticket.created_at),
        _("Resolved"): reader.ago(ticket.resolved_at) if ticket.resolved_at else None,
    }
    return [b.markup("*{label}*\n{value}", label=label, value=value) for label, value in known.items() if value]


def _controls(session: Session, ticket: Ticket, actor: Member) -> list[Block]:
    control = b.Control(ticket.reference, ticket.version)
    elements: list[InteractiveElement] = []
    if ticket.status not in DONE:
        if ticket.assignee_id != actor.id:
            elements.append(b.button(_("Take"), plugin.id("take"), control, style="primary"))
        elements.append(b.button(_("Resolve"), plugin.id("resolve"), control))
    statuses = [
        b.Option(status_words(status), str(b.Control(ticket.reference, ticket.version, status)))
        for status in TicketStatus
        if status != ticket.status
    ]
    status = b.menu(_("Status"), plugin.id("status"), statuses)
    rest = (
        b.button(_("Note"), plugin.id("note"), control),
        b.button(_("Follow up"), "followups.new", control),
        b.button(_("Edit"), plugin.id("edit"), control),
    )
    if not actor.has(Role.AGENT):
        return [b.actions(*elements, status, *rest)]
    return [b.actions(*elements, *conversation.controls(session, ticket)), b.actions(status, *rest)]
