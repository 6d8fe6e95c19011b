"""Ask on a card whether a message belongs to a ticket, where that is not sure, and do what is answered."""

from __future__ import annotations

from collections.abc import Sequence

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.handlers.triage.actions import stale
from bot.handlers.triage.declaration import plugin
from bot.handlers.triage.events import refresh
from bot.kit import blocks as b
from bot.kit.records import merge_question
from bot.kit.replies import Message
from bot.plugin import Role, _
from storage.errors import Doubtful, Invalid, NotFound
from storage.records import lifecycle
from storage.support import messages, tickets
from storage.support.messages import IncomingMessage
from storage.support.tickets import DONE, TICKET, Ticket

SHOWN = 200


def blocks(session: Session, ticket: Ticket, written: Sequence[IncomingMessage]) -> list[Block]:
    """Draw the question about the last message of which it is not sure, with both answers; nothing where all is."""
    for message in reversed(written):
        other = _perhaps(session, message)
        if other is not None and message.deleted_at is None:
            return _question(ticket, message, other)
    return []


def _question(ticket: Ticket, message: IncomingMessage, other: Ticket) -> list[Block]:
    said = b.cut(" ".join(message.text.split()), SHOWN)
    if other.id == ticket.id:
        text = b.markup(_("🧩 *Perhaps another matter:* {text}"), text=said)
    else:
        text = b.markup(
            _("🧩 *Perhaps the same matter as* {ref} {name}: {text}"), ref=other.reference, name=other.name, text=said
        )
    control = b.Control(ticket.reference, ticket.version, message.ts)
    same = b.button(_("Same as {ref}").format(ref=other.reference), plugin.id("same"), control)
    return [b.section(text), b.actions(same, b.button(_("New ticket"), plugin.id("apart"), control))]


def _perhaps(session: Session, message: IncomingMessage) -> Ticket | None:
    """Return the ticket about which to ask, None where there is nothing to ask, or that ticket is done or gone."""
    if message.perhaps_ticket_id is None:
        return None
    try:
        other = tickets.get(session, message.perhaps_ticket_id)
    except NotFound:
        return None
    return None if other.status in DONE else other


@plugin.action("same", role=Role.AGENT)
def same(control: b.Control, session: Session) -> Message | None:
    """Say that a message is about the same matter as another ticket, and make them one."""
    ticket = tickets.resolve(session, control.record)
    if overtaken := stale(session, ticket, control):
        return overtaken
    message, other = _asked(session, ticket, control)
    if other.id != ticket.id:
        try:
            lifecycle.merge(session, TICKET, ticket, other)
        except Doubtful as doubt:
            return merge_question(ticket, other, doubt)
    message.perhaps_ticket_id = None
    refresh(session, other)
    return None


@plugin.action("apart", role=Role.AGENT)
def apart(control: b.Control, session: Session) -> Message | None:
    """Say that a message is about a matter of its own, and make a ticket of it if it is part of another."""
    ticket = tickets.resolve(session, control.record)
    if overtaken := stale(session, ticket, control):
        return overtaken
    message, other = _asked(session, ticket, control)
    message.perhaps_ticket_id = None
    if other.id == ticket.id:
        tickets.split(session, message)
    else:
        refresh(session, ticket)
    return None


def _asked(session: Session, ticket: Ticket, control: b.Control) -> tuple[IncomingMessage, Ticket]:
    """Return the message that was asked about and the ticket it may belong to; raise Invalid where that is known."""
    message = messages.by_ts(session, ticket.channel_id or "", control.detail)
    other = None if message is None or message.ticket_id != ticket.id else _perhaps(session, message)
    if message is None or other is None:
        raise Invalid("That has been answered already.", hint="Merge or split it by the card's menu.")
    return message, other
