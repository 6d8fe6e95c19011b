"""Answer the buttons and the menu of tickets' cards and lists."""

from __future__ import annotations

import json

from sqlalchemy.orm import Session

from bot.handlers.tickets import notices
from bot.handlers.tickets.cards import card
from bot.handlers.tickets.declaration import TICKET, plugin
from bot.handlers.tickets.wording import status_words
from bot.kit import blocks as b
from bot.kit import categories, format
from bot.kit.format import Reader
from bot.kit.replies import Message
from bot.plugin import Member, Role, _
from storage.errors import Invalid
from storage.records import lifecycle
from storage.support import tickets
from storage.support.tickets import TicketStatus


@plugin.action("add_anyway", role=Role.AGENT)
def add_anyway(control: b.Control, session: Session, actor: Member, reader: Reader) -> Message:
    """Open a ticket though another is called the same, as cards asked before they asked for every noun."""
    try:
        name, customer, priority, assignee = json.loads(control.detail)
    except (ValueError, TypeError):
        raise Invalid("This button no longer works.", hint="Please repeat the command.") from None
    values = {"name": name, "customer": customer or None, "priority": priority, "assignee": assignee or None}
    ticket = lifecycle.add(session, TICKET, values)
    return card(session, ticket, reader, actor, notice=_("Added."), undo=True, replace=True)


@plugin.action("take", role=Role.AGENT)
def take(control: b.Control, session: Session, actor: Member, reader: Reader) -> Message:
    """Give the card's ticket to whoever pressed the button, even if somebody else had it."""
    ticket = tickets.resolve(session, control.record)
    if overtaken := format.overtaken(session, ticket, control):
        return card(session, ticket, reader, actor, notice=overtaken, replace=True)
    tickets.assign(session, ticket, actor.id)
    return card(session, ticket, reader, actor, notice=_("It is now yours."), undo=True, replace=True)


@plugin.action("resolve", role=Role.AGENT)
def resolve(control: b.Control, session: Session, actor: Member, reader: Reader) -> Message:
    """Mark the card's ticket as resolved."""
    return _set(control, TicketStatus.RESOLVED, session, actor, reader)


@plugin.action("status", role=Role.AGENT)
def status(control: b.Control, session: Session, actor: Member, reader: Reader) -> Message:
    """Give the card's ticket the status that was chosen."""
    return _set(control, control.detail, session, actor, reader)


@plugin.action("category", role=Role.AGENT)
def category(control: b.Control, session: Session, actor: Member, reader: Reader) -> Message:
    """Say what the card's ticket is about; the model learns from it."""
    ticket = tickets.resolve(session, control.record)
    if overtaken := format.overtaken(session, ticket, control):
        return card(session, ticket, reader, actor, notice=overtaken, replace=True)
    if control.detail not in categories.names(session):
        raise Invalid("That category no longer exists.", hint="Choose another one.")
    tickets.set_category(session, ticket, control.detail, actor_id=actor.id)
    notice = b.markup(_("Now about {category}."), category=categories.name(session, control.detail))
    return card(session, ticket, reader, actor, notice=notice, undo=True, replace=True)


@plugin.action("pictures", role=Role.VIEWER)
def pictures(control: b.Control, session: Session, actor: Member) -> Message:
    """Send the pictures that came with the card's ticket to whoever pressed the button."""
    ticket = tickets.resolve(session, control.record)
    notices.send(session, ticket, actor.id)
    said = _("The pictures of {ref} are on their way to you, as a direct message.")
    return Message(b.markup(said, ref=ticket.reference))


def _set(control: b.Control, wanted: str, session: Session, actor: Member, reader: format.Reader) -> Message:
    ticket = tickets.resolve(session, control.record)
    if overtaken := format.overtaken(session, ticket, control):
        return card(session, ticket, reader, actor, notice=overtaken, replace=True)
    tickets.stand(session, ticket, wanted)
    notice = b.markup(_("Now {status}."), status=status_words(session, ticket))
    return card(session, ticket, reader, actor, notice=notice, undo=True, replace=True)
