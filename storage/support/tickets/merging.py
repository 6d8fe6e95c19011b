"""Bring two tickets together, and take them apart again."""

from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from storage.errors import Conflict, Invalid
from storage.events import TicketSplit, emit
from storage.records import history
from storage.records.about import move_about
from storage.records.named import get, moment
from storage.records.schema.merging import carry
from storage.support import labels, messages
from storage.support.labels import LabelSource
from storage.support.messages import IncomingMessage
from storage.support.tickets.model import MERGED, SPLIT, Priority, Ticket, TicketStatus
from storage.support.tickets.work import add, changed, subject_of


def merge(session: Session, ticket: Ticket, into: Ticket, *, learn: bool = True) -> Ticket:
    """Make a ticket part of another, which gets its messages, notes and follow-ups and is returned.

    Its reference leads there from then on.
    The one that is left is closed and counts in no figure; the higher priority of both is kept. With `learn` what the
    other is about becomes a label of the first message that moves. Raises Invalid if both are the same.
    """
    if ticket.id == into.id:
        raise Invalid("{reference} cannot be merged into itself.", reference=ticket.reference, field="into")
    moved = _move(session, ticket, into)
    move_about(session, ticket, into)
    carry(session, ticket, into)
    if learn:
        # Whoever merges them has said that it is one matter.
        asked = (IncomingMessage.ticket_id == into.id, IncomingMessage.perhaps_ticket_id.in_([ticket.id, into.id]))
        session.execute(
            update(IncomingMessage)
            .where(*asked)
            .values(perhaps_ticket_id=None)
            .execution_options(synchronize_session="fetch")
        )
    if learn and moved and into.category is not None:
        first = messages.get(session, *moved[0])
        assert first is not None, "it was moved just now"
        labels.correct(
            session, first, into.category, actor_id=history.current_actor(session), source=LabelSource.MERGED
        )
    if ticket.first_response_at is not None:
        into.first_response_at = min(ticket.first_response_at, into.first_response_at or ticket.first_response_at)
    into.priority = max(ticket.priority, into.priority, key=tuple(map(str, Priority)).index)
    ticket.merged_into_id, ticket.status = into.id, TicketStatus.CLOSED
    ticket.resolved_at = ticket.resolved_at or moment()
    changed(session, ticket)
    _note(session, ticket, MERGED, moved, into)
    return changed(session, into)


def split(session: Session, message: IncomingMessage) -> Ticket:
    """Make a ticket of its own of a message and of what was answered under it, and return it.

    A ticket that began with it and was merged stands for itself again. Raises Invalid if the message
    belongs to no ticket, Conflict if it is the one its ticket began with.
    """
    if message.ticket_id is None:
        raise Invalid("That message belongs to no ticket.", field="message")
    ticket = get(session, Ticket, message.ticket_id)
    written = messages.of_ticket(session, ticket.id, limit=1)
    if written[0] is message or (ticket.channel_id, ticket.thread_ts) == (message.channel_id, message.ts):
        raise Conflict(
            "{reference} began with this message.", reference=ticket.reference, hint="Split off one that came later."
        )
    if (before := _begun_with(session, message)) is not None:
        return _apart(session, before, ticket, message)
    own = add(
        session,
        name=subject_of(message.text),
        customer_id=message.customer_id or ticket.customer_id,
        contact_id=message.contact_id,
        priority=message.urgency or ticket.priority,
        category=None if message.abstained else message.category,
        requester_id=message.author_id,
        channel_id=message.channel_id,
        thread_ts=message.ts,
    )
    own.language = message.language
    session.flush()
    moved = _move(session, ticket, own, only=message)
    _note(session, own, SPLIT, moved, ticket)
    emit(session, TicketSplit(own))
    changed(session, ticket)
    return own


def _begun_with(session: Session, message: IncomingMessage) -> Ticket | None:
    """Return the ticket that was merged and that began with a message, None if none did."""
    began = Ticket.channel_id == message.channel_id, Ticket.thread_ts == message.ts
    return session.scalars(select(Ticket).where(*began, Ticket.merged_into_id.is_not(None))).one_or_none()


def _apart(session: Session, own: Ticket, ticket: Ticket, message: IncomingMessage) -> Ticket:
    """Give a merged ticket the message that it began with again, and let it be open."""
    own.merged_into_id, own.status, own.resolved_at = None, TicketStatus.OPEN, None
    session.flush()
    moved = _move(session, ticket, own, only=message)
    _note(session, own, SPLIT, moved, ticket)
    changed(session, own)
    changed(session, ticket)
    return own


def _move(
    session: Session, ticket: Ticket, into: Ticket, *, only: IncomingMessage | None = None
) -> list[tuple[int, datetime]]:
    """Move a ticket's messages, or one with what is under it, and return their keys, oldest first."""
    which = [IncomingMessage.ticket_id == ticket.id]
    if only is not None:
        thread = (IncomingMessage.channel_id == only.channel_id) & (IncomingMessage.thread_ts == only.ts)
        which.append((IncomingMessage.id == only.id) | thread)
    moved = session.execute(
        update(IncomingMessage)
        .where(*which)
        .values(ticket_id=into.id)
        .returning(IncomingMessage.id, IncomingMessage.at)
        .execution_options(synchronize_session="fetch")
    )
    return sorted(((row.id, row.at) for row in moved), key=lambda key: (key[1], key[0]))


def _note(session: Session, ticket: Ticket, action: str, moved: list[tuple[int, datetime]], other: Ticket) -> None:
    """Keep in the history of both what was moved, without which an undo could not move it back."""
    keys: dict[str, Any] = {"messages": [[message_id, at.isoformat()] for message_id, at in moved]}
    history.record(session, ticket.__noun__, ticket.id, action, after={**keys, "with": other.reference, "id": other.id})
    history.record(session, other.__noun__, other.id, action, after={"with": ticket.reference, "id": ticket.id})
