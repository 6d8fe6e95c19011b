"""Answer the buttons and the menu of tickets' cards and lists."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot import blocks as b
from bot import shown
from bot.handlers.tickets import cards
from bot.handlers.tickets.declaration import plugin
from bot.handlers.tickets.wanted import Wanted
from bot.handlers.tickets.wording import status_words
from bot.plugin import Member, Role, _
from bot.replies import Message
from storage import tickets
from storage.tickets import Status
from storage.workspaces import Workspace


@plugin.action("show", role=Role.VIEWER)
def show(control: b.Control, session: Session, actor: Member, workspace: Workspace, now: datetime) -> Message:
    """Show the ticket of a list's line."""
    ticket = tickets.resolve(session, control.record)
    return cards.card(session, ticket, shown.reader(actor, workspace, now), actor=actor)


@plugin.action("add_anyway", role=Role.AGENT)
def add_anyway(control: b.Control, session: Session, actor: Member, workspace: Workspace, now: datetime) -> Message:
    """Open a ticket though another is called the same."""
    ticket = Wanted.load(session, control.detail).add(session)
    reader = shown.reader(actor, workspace, now)
    return cards.card(session, ticket, reader, actor=actor, notice=_("Added."), undo=True, replace=True)


@plugin.action("take", role=Role.AGENT)
def take(control: b.Control, session: Session, actor: Member, workspace: Workspace, now: datetime) -> Message:
    """Give the card's ticket to whoever pressed the button, even if somebody else had it."""
    ticket = tickets.resolve(session, control.record)
    reader = shown.reader(actor, workspace, now)
    if overtaken := shown.overtaken(session, ticket, control):
        return cards.card(session, ticket, reader, actor=actor, notice=overtaken, replace=True)
    tickets.assign(session, ticket, actor.id)
    return cards.card(session, ticket, reader, actor=actor, notice=_("It is yours."), undo=True, replace=True)


@plugin.action("resolve", role=Role.AGENT)
def resolve(control: b.Control, session: Session, actor: Member, workspace: Workspace, now: datetime) -> Message:
    """Mark the card's ticket as resolved."""
    return _set(control, Status.RESOLVED, session, actor, shown.reader(actor, workspace, now))


@plugin.action("status", role=Role.AGENT)
def status(control: b.Control, session: Session, actor: Member, workspace: Workspace, now: datetime) -> Message:
    """Give the card's ticket the status that was chosen."""
    wanted = tickets.check_status(control.detail)
    return _set(control, wanted, session, actor, shown.reader(actor, workspace, now))


def _set(control: b.Control, wanted: Status, session: Session, actor: Member, reader: shown.Reader) -> Message:
    ticket = tickets.resolve(session, control.record)
    if overtaken := shown.overtaken(session, ticket, control):
        return cards.card(session, ticket, reader, actor=actor, notice=overtaken, replace=True)
    tickets.set_status(session, ticket, wanted)
    notice = b.markup(_("Now {status}."), status=status_words(wanted))
    return cards.card(session, ticket, reader, actor=actor, notice=notice, undo=True, replace=True)
