"""Bring what a ticket says of its customer's messages up to date, and leave alone what people of ours decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.records.history import Activity, ChangeSet
from storage.records.named import moment
from storage.support import messages
from storage.support.messages import CHATTER, IncomingMessage
from storage.support.tickets.model import DONE, Ticket, TicketStatus
from storage.support.tickets.work import changed, subject_of

BY_ITSELF = ("message",)
"""The sources of change sets that are the customer's writing, and no work of ours."""
ENOUGH = 500
"""How many messages of one ticket are looked at."""
SAYS_ENOUGH = 24
"""From so many bytes on, about five words or eight Chinese characters, a later message may say what it is about now."""
LATER = ("category", "priority")
"""What follows from later messages too, even once somebody works on the ticket, as long as nobody has set it."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Say what a customer's messages come to by now; `message` is the one that says what it is about.

    `urgency` and `sentiment` are those of the last message with any, as in `storage.support.messages`.
    """

    message: IncomingMessage
    urgency: str | None
    sentiment: str | None
    wants_to_cancel: bool

    @property
    def category(self) -> str | None:
        """Return what it is about, None where no model was sure."""
        return None if self.message.abstained else self.message.category


def judgement(written: Sequence[IncomingMessage]) -> Judgement:
    """Return what messages come to, at least one of them and the oldest first, from what a model made of each."""
    asking = [message for message in written if asks(message)] or [written[0]]
    about = next((message for message in reversed(asking[1:]) if _is_telling(message)), asking[0])
    urgencies = [message.urgency for message in asking if message.urgency]
    moods = [message.sentiment for message in asking if message.sentiment]
    return Judgement(
        about,
        urgency=next((one for one in reversed(urgencies) if one != "normal"), urgencies[-1] if urgencies else None),
        sentiment=next((one for one in reversed(moods) if one != "neutral"), moods[-1] if moods else None),
        wants_to_cancel=any(message.wants_to_cancel for message in asking),
    )


def _is_telling(message: IncomingMessage) -> bool:
    is_sure = message.category is not None and message.abstained is False
    return is_sure and len(message.text.encode()) >= SAYS_ENOUGH


def settle(session: Session, ticket: Ticket, written: Sequence[IncomingMessage] | None = None) -> Ticket:
    """Bring what a ticket took over from its messages up to date; what somebody has set or handled stays.

    Its title and requester are those of the first message, category and priority those of now (see `judgement`).
    One that the customer took back, by deleting all that asked for something, is closed as no request unless it was
    answered, and comes back when something is asked again. `written` are its messages, oldest first, if they are known.
    """
    written = messages.of_ticket(session, ticket.id, limit=ENOUGH) if written is None else written
    if not written:
        return ticket
    standing = [message for message in written if message.deleted_at is None]
    wanted = _taken_over(standing or written)
    some_deleted = len(standing) < len(written)
    may_close = some_deleted and ticket.first_response_at is None
    is_request = any(asks(message) for message in standing) if may_close else ticket.is_request
    different = {name: value for name, value in wanted.items() if getattr(ticket, name) != value}
    if not different and ticket.is_request == is_request:
        return ticket
    by_us = handled(session, ticket)
    if by_us is not None:
        is_request = ticket.is_request
        is_open = ticket.status not in DONE
        different = {name: different[name] for name in LATER if name in different and name not in by_us and is_open}
    if not different and ticket.is_request == is_request:
        return ticket
    for name, value in different.items():
        setattr(ticket, name, value)
    if ticket.is_request and not is_request:
        ticket.is_request, ticket.status = False, TicketStatus.CLOSED
        ticket.resolved_at = ticket.resolved_at or moment()
    elif is_request and not ticket.is_request:
        reopen(ticket)
    return changed(session, ticket)


def worked_on(session: Session, ticket: Ticket) -> bool:
    """Tell whether anybody of ours has done anything about a ticket, beside what happens when a customer writes."""
    return ticket.first_response_at is not None or handled(session, ticket) is not None


def handled(session: Session, ticket: Ticket) -> set[str] | None:
    """Return which fields of a ticket people of ours have changed, None if they did nothing; an answer is nothing."""
    done = (
        select(Activity.after)
        .join(Activity.change_set)
        .where(Activity.noun == ticket.__noun__, Activity.record_id == ticket.id, ChangeSet.source.not_in(BY_ITSELF))
    )
    found = session.scalars(done.limit(ENOUGH)).all()
    return {name for after in found for name in after or ()} if found else None


def asks(message: IncomingMessage) -> bool:
    """Tell whether a message asks for something, by what a model made of it."""
    return message.category != CHATTER or bool(message.abstained)


def reopen(ticket: Ticket) -> None:
    """Make a request again of a ticket that was taken for none."""
    ticket.is_request, ticket.resolved_at, ticket.archived_at = True, None, None
    ticket.status = TicketStatus.OPEN if ticket.assignee_id else TicketStatus.NEW


def _taken_over(written: Sequence[IncomingMessage]) -> dict[str, Any]:
    first, now = written[0], judgement(written)
    taken = {"name": subject_of(first.text), "category": now.category, "requester_id": first.author_id}
    return taken | ({"priority": now.urgency} if now.urgency else {})
