"""Decide which ticket a message belongs to, whatever the order in which messages arrive.

Which messages are one ticket depends on what was written when, by whom and where, never on which came first to us: a
late message may bring two tickets together that nobody has worked on, and may become the first of one. What somebody
has worked on is left as it is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.database.engine import current_workspace, lock_until_end
from storage.records.history import Activity, ChangeSet
from storage.records.named import get, moment
from storage.support import answers, messages
from storage.support.channels import Grouping
from storage.support.messages import CHATTER, IncomingMessage
from storage.support.tickets.finding import by_thread
from storage.support.tickets.merging import merge
from storage.support.tickets.model import DONE, Priority, Ticket, TicketStatus
from storage.support.tickets.work import add, changed, responded, set_status, subject_of

BY_ITSELF = ("message",)
"""The sources of change sets that are the customer's writing, and no work of ours."""
ENOUGH = 500
"""How many messages of one ticket are looked at."""


@dataclass
class _Found:
    tickets: list[Ticket] = field(default_factory=list)
    loose: list[IncomingMessage] = field(default_factory=list)

    def add(self, ticket: Ticket | None) -> None:
        if ticket is not None and ticket not in self.tickets:
            self.tickets.append(ticket)


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
    priority: Priority | str = Priority.NORMAL,
    name: str | None = None,
) -> tuple[Ticket | None, bool]:
    """Return the ticket of a message and whether it is a new one: it was opened, or the message joined it.

    `asks` is False for a word of thanks or a greeting: it opens nothing, reopens nothing, and belongs to what was asked
    before it only. A ticket that waited for the customer, was resolved or was dismissed is open again. `within` is how
    far apart an author's messages may be under `Grouping.WINDOW`. The first line is the subject unless a `name` is
    given. The caller holds the channel's `lock`, from before it looked for the message.
    """
    found = _found(session, message, Grouping(grouping), within)
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
        and (ticket.is_request or _handled(session, ticket))
    ):
        if not ticket.is_request:
            # It was said that the first message asked for nothing; this one does.
            ticket.is_request, ticket.category = True, None if message.abstained else message.category
        set_status(session, ticket, TicketStatus.OPEN)
    joined = [message] if grouping == Grouping.MESSAGE else [message, *found.loose, *_replies(session, message, found)]
    for one in joined:
        one.ticket_id = ticket.id
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


def of_thread(session: Session, channel_id: str, thread_ts: str) -> Ticket | None:
    """Return the ticket that a thread belongs to: that of the message it is under, or the one that came from it."""
    root = messages.by_ts(session, channel_id, thread_ts)
    if root is not None and root.ticket_id is not None:
        return get(session, Ticket, root.ticket_id)
    return by_thread(session, channel_id, thread_ts)


def answered(session: Session, channel_id: str, thread_ts: str, at: datetime) -> list[Ticket]:
    """Note that one of us wrote in a thread, and return the tickets it answers: those asked there before."""
    answers.note(session, channel_id, thread_ts, at)
    found = _Found()
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
        _reopen(ticket)
    return True


def settle(session: Session, ticket: Ticket, written: Sequence[IncomingMessage] | None = None) -> Ticket:
    """Bring what a ticket took over from its first message up to date, unless somebody has handled it.

    One that the customer took back, by deleting all that asked for something, is closed as no request unless it was
    answered, and comes back when something is asked again. `written` are its messages, oldest first, if they are known.
    """
    written = messages.of_ticket(session, ticket.id, limit=ENOUGH) if written is None else written
    if not written:
        return ticket
    standing = [message for message in written if message.deleted_at is None]
    first = (standing or written)[0]
    wanted = _taken_over(first)
    some_deleted = len(standing) < len(written)
    may_close = some_deleted and ticket.first_response_at is None
    is_request = any(_asks(message) for message in standing) if may_close else ticket.is_request
    different = {name: value for name, value in wanted.items() if getattr(ticket, name) != value}
    if (not different and ticket.is_request == is_request) or _handled(session, ticket):
        return ticket
    for name, value in different.items():
        setattr(ticket, name, value)
    if ticket.is_request and not is_request:
        ticket.is_request, ticket.status = False, TicketStatus.CLOSED
        ticket.resolved_at = ticket.resolved_at or moment()
    elif is_request and not ticket.is_request:
        _reopen(ticket)
    return changed(session, ticket)


def worked_on(session: Session, ticket: Ticket) -> bool:
    """Tell whether anybody of ours has done anything about a ticket, beside what happens when a customer writes."""
    return ticket.first_response_at is not None or _handled(session, ticket)


def _handled(session: Session, ticket: Ticket) -> bool:
    """Tell whether anybody of ours has changed a ticket; an answer in its thread does not."""
    done = (
        select(Activity.id)
        .join(Activity.change_set)
        .where(Activity.noun == ticket.__noun__, Activity.record_id == ticket.id, ChangeSet.source.not_in(BY_ITSELF))
    )
    return session.scalars(done.limit(1)).first() is not None


def _found(session: Session, message: IncomingMessage, grouping: Grouping, within: timedelta) -> _Found:
    """Return the tickets a message may belong to, the likeliest first, and what follows it and has none yet."""
    found = _Found()
    if message.ticket_id is not None:
        found.add(get(session, Ticket, message.ticket_id))
    if grouping is Grouping.MESSAGE:
        found.add(by_thread(session, message.channel_id, message.ts))
        return found
    found.add(of_thread(session, message.channel_id, message.thread))
    if grouping is Grouping.WINDOW and message.thread_ts is None:
        before = messages.beside(session, message, within)
        found.add(_still_open(session, before))
        _follow(session, message, within, found)
    return found


def _follow(session: Session, message: IncomingMessage, within: timedelta, found: _Found) -> None:
    """Walk over what came before its turn: the author's next messages, up to one that has a ticket."""
    following = messages.beside(session, message, within, later=True)
    while following is not None and following.ticket_id is None:
        found.loose.append(following)
        found.add(by_thread(session, following.channel_id, following.ts))
        following = messages.beside(session, following, within, later=True)
    found.add(_still_open(session, following))


def _still_open(session: Session, message: IncomingMessage | None) -> Ticket | None:
    if message is None or message.ticket_id is None:
        return None
    ticket = get(session, Ticket, message.ticket_id)
    taken_back = not ticket.is_request and not worked_on(session, ticket)
    return ticket if ticket.status not in DONE or taken_back else None


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


def _taken_over(message: IncomingMessage) -> dict[str, str | None]:
    taken = {
        "name": subject_of(message.text),
        "category": None if message.abstained else message.category,
        "requester_id": message.author_id,
    }
    return taken | ({"priority": message.urgency} if message.urgency else {})


def _asks(message: IncomingMessage) -> bool:
    return message.category != CHATTER or bool(message.abstained)


def _replies(session: Session, message: IncomingMessage, found: _Found) -> list[IncomingMessage]:
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


def _reopen(ticket: Ticket) -> None:
    ticket.is_request, ticket.resolved_at = True, None
    ticket.status = TicketStatus.OPEN if ticket.assignee_id else TicketStatus.NEW
