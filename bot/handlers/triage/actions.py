"""Handle a ticket from its card: take, say what it is about, dismiss, resolve, reopen."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot import blocks as b
from bot.handlers.triage import card as _card  # noqa: F401 - its renderer is declared on import
from bot.handlers.triage.intake import refresh
from bot.handlers.triage.plugin import plugin
from bot.plugin import Member, Role, _
from bot.replies import Message
from ml.starter import CHATTER
from storage import history, tickets
from storage.references import Noun
from storage.tickets import Status, Ticket


def _ticket(session: Session, control: b.Control) -> Ticket:
    return tickets.resolve(session, control.record)


def _stale(session: Session, ticket: Ticket, control: b.Control) -> Message | None:
    """Say who was quicker where the card was drawn from an older version, and have it drawn again."""
    if ticket.version == control.version:
        return None
    refresh(session, ticket)
    who = history.last_actor(session, Noun.TICKET, ticket.id)
    text = _("Nothing was done: {who} has changed {ref} meanwhile, and it is {status} now. The card is being redrawn.")
    return Message(b.markup(text, who=who, ref=ticket.reference, status=_(ticket.status)))


@plugin.action("take", role=Role.AGENT)
def take(control: b.Control, actor: Member, session: Session) -> Message | None:
    """Take a ticket."""
    ticket = _ticket(session, control)
    if stale := _stale(session, ticket, control):
        return stale
    tickets.take(session, ticket, actor.id)
    return None


@plugin.action("category", role=Role.AGENT)
def category(control: b.Control, actor: Member, session: Session) -> Message | None:
    """Say what a message is about; the model learns from it."""
    ticket = _ticket(session, control)
    if stale := _stale(session, ticket, control):
        return stale
    tickets.set_category(session, ticket, control.detail, actor_id=actor.id)
    return None


@plugin.action("dismiss", role=Role.AGENT)
def dismiss(control: b.Control, actor: Member, session: Session) -> Message | None:
    """Say that a message is no request; it leaves the figures, and the model learns from it."""
    ticket = _ticket(session, control)
    if stale := _stale(session, ticket, control):
        return stale
    tickets.dismiss(session, ticket, category=CHATTER, actor_id=actor.id)
    return None


@plugin.action("resolve", role=Role.AGENT)
def resolve(control: b.Control, actor: Member, session: Session) -> Message | None:
    """Resolve a ticket; whoever resolves one that is nobody's has taken it."""
    ticket = _ticket(session, control)
    if stale := _stale(session, ticket, control):
        return stale
    if ticket.assignee_id is None:
        tickets.assign(session, ticket, actor.id)
    tickets.set_status(session, ticket, Status.RESOLVED)
    return None


@plugin.action("reopen", role=Role.AGENT)
def reopen(control: b.Control, session: Session) -> Message | None:
    """Open a resolved ticket again."""
    ticket = _ticket(session, control)
    if stale := _stale(session, ticket, control):
        return stale
    tickets.set_status(session, ticket, Status.OPEN)
    return None
