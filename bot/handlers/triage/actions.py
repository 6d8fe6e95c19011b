"""Handle a ticket from its card: take, say what it is about and how urgent, dismiss, resolve, reopen."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.handlers.triage.declaration import plugin
from bot.handlers.triage.events import refresh
from bot.kit import blocks as b
from bot.kit import categories, fields
from bot.kit.replies import Message
from bot.plugin import Member, Role, _
from ml.starter import CHATTER
from storage.errors import Invalid
from storage.records import history, named
from storage.support import labels, messages, tickets
from storage.support.labels import LabelSource
from storage.support.tickets import TICKET, Ticket, TicketStatus


def stale(session: Session, ticket: Ticket, control: b.Control) -> Message | None:
    """Say who was quicker where somebody else has changed the ticket since its card was drawn, and redraw it."""
    if named.is_current(session, ticket, control.version):
        return None
    refresh(session, ticket)
    who = history.last_actor(session, ticket.__noun__, ticket.id)
    text = _("Nothing was done: {who} has changed {ref} meanwhile, and it is {status} now. The card is being redrawn.")
    return Message(
        b.markup(text, who=who, ref=ticket.reference, status=fields.called(session, TICKET, "status", ticket.standing))
    )


@plugin.action("take", role=Role.AGENT)
def take(control: b.Control, session: Session, actor: Member) -> Message | None:
    """Take a ticket."""
    ticket = tickets.resolve(session, control.record)
    if overtaken := stale(session, ticket, control):
        return overtaken
    tickets.take(session, ticket, actor.id)
    return None


@plugin.action("category", role=Role.AGENT)
def category(control: b.Control, session: Session, actor: Member) -> Message | None:
    """Say what a message is about; the model learns from it."""
    return _say(control, actor, session)


@plugin.action("guess", role=Role.AGENT)
def guess(control: b.Control, session: Session, actor: Member) -> Message | None:
    """Confirm what the model guessed first; it learns from that too."""
    return _say(control, actor, session)


@plugin.action("second_guess", role=Role.AGENT)
def second_guess(control: b.Control, session: Session, actor: Member) -> Message | None:
    """Confirm what the model guessed second; it learns from that too."""
    return _say(control, actor, session)


def _say(control: b.Control, actor: Member, session: Session) -> Message | None:
    ticket = tickets.resolve(session, control.record)
    if overtaken := stale(session, ticket, control):
        return overtaken
    if control.detail not in categories.names(session):
        raise Invalid("That category no longer exists.", hint="Choose another one.")
    source = LabelSource.CONFIRMED if _was_guessed(session, ticket, control.detail) else LabelSource.CORRECTED
    tickets.set_category(session, ticket, control.detail, actor_id=actor.id, source=source)
    return None


def _was_guessed(session: Session, ticket: Ticket, key: str) -> bool:
    """Tell whether the model said so, or held it possible when it was not sure; what people said since stands above."""
    for message in messages.of_ticket(session, ticket.id, limit=1):
        guesses = {message.category, message.second if message.abstained else None}
        return key in guesses and not labels.of_message(session, message)
    return False


@plugin.action("priority", role=Role.AGENT)
def priority(control: b.Control, session: Session) -> Message | None:
    """Say how much hurry there is."""
    ticket = tickets.resolve(session, control.record)
    if overtaken := stale(session, ticket, control):
        return overtaken
    tickets.set_priority(session, ticket, control.detail)
    return None


@plugin.action("dismiss", role=Role.AGENT)
def dismiss(control: b.Control, session: Session, actor: Member) -> Message | None:
    """Say that a message is no request; it leaves the figures, and the model learns from it."""
    ticket = tickets.resolve(session, control.record)
    if overtaken := stale(session, ticket, control):
        return overtaken
    tickets.dismiss(session, ticket, category=CHATTER, actor_id=actor.id)
    return None


@plugin.action("resolve", role=Role.AGENT)
def resolve(control: b.Control, session: Session, actor: Member) -> Message | None:
    """Resolve a ticket; whoever resolves one that is nobody's has taken it."""
    ticket = tickets.resolve(session, control.record)
    if overtaken := stale(session, ticket, control):
        return overtaken
    tickets.set_status(session, ticket, TicketStatus.RESOLVED, by=actor.id)
    return None


@plugin.action("reopen", role=Role.AGENT)
def reopen(control: b.Control, session: Session) -> Message | None:
    """Open a resolved ticket again."""
    ticket = tickets.resolve(session, control.record)
    if overtaken := stale(session, ticket, control):
        return overtaken
    tickets.set_status(session, ticket, TicketStatus.OPEN)
    return None
