"""Decide which ticket a message belongs to, whatever the order in which messages arrive.

Which messages are one ticket depends on what was written when, by whom and where, never on which came first to us: a
late message may bring two tickets together that nobody has worked on, and may become the first of one. What somebody
has worked on is left as it is.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from storage.database.engine import current_workspace, lock_until_end
from storage.records.named import get
from storage.support import answers, messages
from storage.support.channels import Grouping
from storage.support.messages import IncomingMessage
from storage.support.tickets.belonging import Candidates, Placer, find, of_thread
from storage.support.tickets.merging import merge
from storage.support.tickets.model import Priority, Ticket, TicketStatus
from storage.support.tickets.settling import handled, reopen, settle, worked_on
from storage.support.tickets.work import add, responded, set_status, subject_of


def lock(session: Session, channel_id: str) -> None:
    """Let nobody else decide about messages of a channel until this transaction ends, so that each sees the others."""
    key = f"{current_workspace(session)} {channel_id}"
    lock_until_end(session, key)


def group(
    session: Session,
    message: IncomingMessage,
    *,
    asks: bool = True,
    grouping: Grouping | str = Grouping.THREAD,
    within: timedelta = timedelta(),
    place: Placer | None = None,
    priority: Priority | str = Priority.NORMAL,
    name: str | None = None,
) -> tuple[Ticket | None, bool]:
    """Return the ticket of a message and whether it is a new one: it was opened, or the message joined it.

    `asks` is False for a word of thanks or a greeting: it opens nothing, reopens nothing, and belongs to what was asked
    before it only. A ticket that waited for the customer, was resolved or was dismissed is open again. `within` is how
    far apart an author's messages may be under `Grouping.WINDOW`; `place` decides under `Grouping.MATTER`, and where it
    is not sure the message says about which ticket to ask. The first line is the subject unless a `name` is given. The
    caller holds the channel's `lock`, from before it looked for the message.
    """
    found = find(session, message, Grouping(grouping), within, place)
    ticket = _united(session, found.tickets)
    opened = ticket is None
    if ticket is None:
        if not asks:
            return None, False
        ticket = _open(session, message, Grouping(grouping), priority, name)
    elif not asks and _asked_at(session, ticket) > message.at:
        return None, False
    elif (
        asks
        and ticket.status not in {TicketStatus.NEW, TicketStatus.OPEN}
        and (ticket.is_request or handled(session, ticket) is not None)
    ):
        if not ticket.is_request:
            # It was said that the first message asked for nothing; this one does.
            ticket.is_request, ticket.category = True, None if message.abstained else message.category
        set_status(session, ticket, TicketStatus.OPEN)
    joined = [message] if grouping == Grouping.MESSAGE else [message, *found.loose, *_replies(session, message, found)]
    for one in joined:
        one.ticket_id = ticket.id
    if asks and found.perhaps is not None and (opened or found.perhaps is ticket):
        message.perhaps_ticket_id = found.perhaps.id
    session.flush()
    if opened:
        joined.sort(key=lambda one: (one.at, one.id))
        _answered_before(session, ticket, joined, joined[0].at)
        if name is None:
            settle(session, ticket, joined)
    else:
        settle(session, ticket)
        _answered_before(session, ticket, joined, _asked_at(session, ticket))
    return ticket, opened


def open_from_message(
    session: Session, message: IncomingMessage, *, priority: Priority | str = Priority.NORMAL, name: str | None = None
) -> tuple[Ticket, bool]:
    """Return the ticket of a message's thread, opening it if need be, and whether it is a new one."""
    lock(session, message.channel_id)
    ticket, opened = group(session, message, priority=priority, name=name)
    assert ticket is not None, "what asks is always part of a ticket"
    return ticket, opened


def answered(session: Session, channel_id: str, thread_ts: str, at: datetime) -> list[Ticket]:
    """Note that one of us wrote in a thread, and return the tickets it answers: those asked there before."""
    answers.note(session, channel_id, thread_ts, at)
    found = Candidates()
    found.add(of_thread(session, channel_id, thread_ts))
    for ticket_id in messages.tickets_of_thread(session, channel_id, thread_ts):
        found.add(get(session, Ticket, ticket_id))
    return [responded(session, ticket, at) for ticket in found.tickets if _is_answered(session, ticket, at)]


def _is_answered(session: Session, ticket: Ticket, at: datetime) -> bool:
    if at < _asked_at(session, ticket):
        return False
    if not ticket.is_request:
        if worked_on(session, ticket):
            return False
        reopen(ticket)
    return True


def _united(session: Session, found: Sequence[Ticket]) -> Ticket | None:
    """Return the ticket that those found are; of several nobody has worked on the one that was asked first."""
    if len(found) < 2:
        return found[0] if found else None
    begun = [ticket for ticket in found if worked_on(session, ticket)]
    kept = begun[0] if begun else min(found, key=lambda ticket: (_asked_at(session, ticket), ticket.id))
    for ticket in found:
        if ticket is not kept and ticket not in begun:
            merge(session, ticket, kept, learn=False)
    return kept


def _asked_at(session: Session, ticket: Ticket) -> datetime:
    written = messages.of_ticket(session, ticket.id, limit=1)
    return written[0].at if written else ticket.created_at


def _open(
    session: Session, message: IncomingMessage, grouping: Grouping, priority: Priority | str, name: str | None
) -> Ticket:
    return add(
        session,
        name=name or subject_of(message.text),
        customer_id=message.customer_id,
        contact_id=message.contact_id,
        priority=message.urgency or priority,
        category=None if message.abstained else message.category,
        language=message.language,
        requester_id=message.author_id,
        channel_id=message.channel_id,
        thread_ts=message.ts if grouping is Grouping.MESSAGE else message.thread,
    )


def _replies(session: Session, message: IncomingMessage, found: Candidates) -> list[IncomingMessage]:
    """Return what was written later in the same threads and belongs to no ticket yet."""
    return [
        reply
        for one in (message, *found.loose)
        for reply in messages.without_ticket(session, one.channel_id, one.thread, one.at)
        if reply is not message
    ]


def _answered_before(session: Session, ticket: Ticket, joined: Iterable[IncomingMessage], asked: datetime) -> None:
    """Count answers that were known before the messages they answer."""
    threads = {message.thread for message in joined}
    found = [at for ts in threads if (at := answers.first(session, str(ticket.channel_id), ts, asked)) is not None]
    if found and (ticket.first_response_at is None or min(found) < ticket.first_response_at):
        responded(session, ticket, min(found))
