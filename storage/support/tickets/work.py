"""Open tickets, work on them and close them."""

import re
from datetime import datetime

from sqlalchemy.orm import Session

from storage.errors import Conflict
from storage.events import TicketChanged, TicketOpened, emit
from storage.names import check_name, name_key
from storage.records.named import moment
from storage.records.schema import choice_definitions
from storage.support import labels, messages
from storage.support.labels import LabelSource
from storage.support.tickets.model import (
    DONE,
    Priority,
    Ticket,
    TicketStatus,
    check_category,
    check_priority,
    check_status,
)

SUBJECT_LIMIT = 80
"""As much as a list shows in one line."""
# Bold, italic, struck or code, as Slack reads it: a mark that does not stand inside a word.
_FORMATTED = re.compile(r"(?<!\w)([*_~`])(?!\s|\1)(.+?)(?<!\s)\1(?!\w)")


def add(
    session: Session,
    *,
    name: str,
    customer_id: int | None = None,
    contact_id: int | None = None,
    priority: Priority | str = Priority.NORMAL,
    category: str | None = None,
    language: str | None = None,
    assignee_id: str | None = None,
    requester_id: str | None = None,
    channel_id: str | None = None,
    thread_ts: str | None = None,
) -> Ticket:
    """Open a ticket; raise Invalid if a value cannot be stored."""
    ticket = Ticket.new(
        session,
        name=check_name(name),
        customer_id=customer_id,
        contact_id=contact_id,
        priority=check_priority(priority),
        category=None if category is None else check_category(category),
        language=language,
        assignee_id=assignee_id,
        requester_id=requester_id,
        channel_id=channel_id,
        thread_ts=thread_ts,
    )
    emit(session, TicketOpened(ticket))
    return ticket


def subject_of(message_text: str) -> str:
    """Return a ticket's subject for a message: its first line with anything in it, cut to 80 characters at a space.

    A title is plain: the marks of bold, italic and the like are left out.
    """
    for line in message_text.splitlines():
        if name_key(line):
            subject = _FORMATTED.sub(r"\2", _FORMATTED.sub(r"\2", " ".join(line.split())))
            if len(subject) <= SUBJECT_LIMIT:
                return subject
            head = subject[: SUBJECT_LIMIT - 1]
            words, _, _ = head.rpartition(" ")
            return (words if len(words) > SUBJECT_LIMIT // 2 else head).rstrip(" ,;:.") + "…"
    return "(no text)"


def set_status(session: Session, ticket: Ticket, status: TicketStatus | str, *, by: str | None = None) -> Ticket:
    """Say where a ticket stands; resolved and closed ones leave the backlog, others (re)enter it.

    A ticket that is nobody's is of the member from then on who has worked on it (`by`). One that was dismissed and is
    anything but closed is a request again. Raises Invalid naming the statuses.
    """
    if by is not None and ticket.assignee_id is None:
        assign(session, ticket, by)
    wanted = check_status(status)
    if wanted in DONE:
        ticket.resolved_at = ticket.resolved_at or moment()
    else:
        ticket.resolved_at = ticket.archived_at = None
    was_none = not ticket.is_request and wanted != TicketStatus.CLOSED
    ticket.is_request = ticket.is_request or was_none
    ticket.status = wanted
    if was_none:
        _take_dismissal_back(session, ticket)
    return changed(session, ticket)


def stand(session: Session, ticket: Ticket, standing: str, *, by: str | None = None) -> Ticket:
    """Give a ticket a status as it is stored, one of the workspace's own or a kind; as `set_status` in all else.

    Raises Conflict for one that is retired, NotFound for none.
    """
    own = choice_definitions.hold(session, Ticket.__noun__, "status", standing)
    kind = choice_definitions.kind_of(session, Ticket.__noun__, "status", own)
    set_status(session, ticket, kind, by=by)
    if ticket.standing == own:
        return ticket
    ticket.standing = own
    return changed(session, ticket)


def _take_dismissal_back(session: Session, ticket: Ticket) -> None:
    """Forget that somebody said that the message asked for nothing: the same words are heard again."""
    for message in messages.of_ticket(session, ticket.id, limit=1):
        said = labels.of_message(session, message)
        if said and said[-1].source == LabelSource.DISMISSED:
            labels.take_back(session, message)
            ticket.category = None if message.abstained else message.category


def assign(session: Session, ticket: Ticket, assignee_id: str | None) -> Ticket:
    """Give a ticket to a member, or to nobody; a new one is open from then on."""
    ticket.assignee_id = assignee_id
    if assignee_id is not None and ticket.status == TicketStatus.NEW:
        ticket.status = TicketStatus.OPEN
    return changed(session, ticket)


def take(session: Session, ticket: Ticket, member_id: str) -> Ticket:
    """Give a ticket that is nobody's to who takes it; raise Conflict if somebody else has it."""
    if ticket.assignee_id not in {None, member_id}:
        holder = ticket.assignee.name if ticket.assignee is not None else ticket.assignee_id
        raise Conflict("{reference} is already with {who}.", reference=ticket.reference, who=holder)
    return assign(session, ticket, member_id)


def set_priority(session: Session, ticket: Ticket, priority: Priority | str) -> Ticket:
    """Say how much hurry there is; raise Invalid naming the priorities."""
    ticket.priority = check_priority(priority)
    return changed(session, ticket)


def set_category(
    session: Session,
    ticket: Ticket,
    category: str,
    *,
    actor_id: str | None,
    source: LabelSource = LabelSource.CORRECTED,
) -> Ticket:
    """Say what a ticket is about and by which act, and label the message it came from, if it came from one."""
    ticket.category = check_category(category)
    for message in messages.of_ticket(session, ticket.id, limit=1):
        labels.correct(session, message, ticket.category, actor_id=actor_id, source=source)
    return changed(session, ticket)


def dismiss(session: Session, ticket: Ticket, *, category: str, actor_id: str | None) -> Ticket:
    """Close a ticket that was no request, so that it counts in no figure, and label its message with the category."""
    set_category(session, ticket, category, actor_id=actor_id, source=LabelSource.DISMISSED)
    ticket.is_request, ticket.status = False, TicketStatus.CLOSED
    ticket.resolved_at = ticket.resolved_at or moment()
    return changed(session, ticket)


def responded(session: Session, ticket: Ticket, at: datetime | None = None) -> Ticket:
    """Note that somebody of ours answered the customer: the earliest counts, a new ticket is open from then on."""
    at = at or moment()
    if ticket.first_response_at is None or at < ticket.first_response_at:
        ticket.first_response_at = at
    if ticket.status == TicketStatus.NEW:
        ticket.status = TicketStatus.OPEN
    return changed(session, ticket)


def changed(session: Session, ticket: Ticket) -> Ticket:
    """Write a ticket's changes and tell those who show it."""
    session.flush()
    session.expire(ticket, ["customer", "contact", "assignee"])
    emit(session, TicketChanged(ticket))
    return ticket
