"""Find the tickets that a message may belong to: by its thread, by when it was written, or by what it says."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.records.named import get
from storage.support import messages
from storage.support.channels import Grouping
from storage.support.messages import IncomingMessage
from storage.support.tickets.finding import by_thread
from storage.support.tickets.model import DONE, Ticket
from storage.support.tickets.settling import worked_on

REACH = timedelta(days=3)
"""For how long a writer may come back to what they wrote."""
LOOKED_AT = 60
"""How many messages of a writer are looked at to tell what a message belongs to."""


class Placement(Protocol):
    """Say where a message belongs: the number of one of the writer's matters, None for a new one.

    `nearest` is the likeliest matter, whether it is or not, and `sure` is False where a person should be asked.
    """

    @property
    def into(self) -> int | None:
        """Return the number of the matter that the message belongs to, None for a new one."""

    @property
    def nearest(self) -> int | None:
        """Return the number of the likeliest matter, None where there is none."""

    @property
    def sure(self) -> bool:
        """Tell whether nobody need be asked."""


Placer = Callable[[IncomingMessage, Sequence[Sequence[IncomingMessage]]], Placement]
"""Places a message among a writer's matters, each the messages of it so far, oldest first."""
_Raised = list[tuple[Ticket, list[IncomingMessage]]]


@dataclass
class Candidates:
    """Hold the tickets that a message may belong to, the likeliest first, and what follows it and has none yet.

    `perhaps` is the ticket about which a person should be asked whether the message belongs to it.
    """

    tickets: list[Ticket] = field(default_factory=list)
    loose: list[IncomingMessage] = field(default_factory=list)
    perhaps: Ticket | None = None

    def add(self, ticket: Ticket | None) -> None:
        """Add a ticket, if there is one and it is not there yet."""
        if ticket is not None and ticket not in self.tickets:
            self.tickets.append(ticket)


def of_thread(session: Session, channel_id: str, thread_ts: str) -> Ticket | None:
    """Return the ticket that a thread belongs to: that of the message it is under, or the one that came from it."""
    root = messages.by_ts(session, channel_id, thread_ts)
    if root is not None and root.ticket_id is not None:
        return get(session, Ticket, root.ticket_id)
    return by_thread(session, channel_id, thread_ts)


def find(
    session: Session, message: IncomingMessage, grouping: Grouping, within: timedelta, place: Placer | None
) -> Candidates:
    """Return what a message may belong to; by matter only with a `place`, else by time."""
    found = Candidates()
    if message.ticket_id is not None:
        found.add(get(session, Ticket, message.ticket_id))
    if grouping is Grouping.MESSAGE:
        found.add(by_thread(session, message.channel_id, message.ts))
        return found
    found.add(of_thread(session, message.channel_id, message.thread))
    if message.thread_ts is not None or grouping not in {Grouping.WINDOW, Grouping.MATTER}:
        return found
    if grouping is Grouping.MATTER and place is not None:
        _by_matter(session, message, within, place, found)
    else:
        found.add(_still_open(session, _beside(session, message, within)))
        found.add(_still_open(session, _follow(session, message, within, found)))
    return found


def _by_matter(session: Session, message: IncomingMessage, within: timedelta, place: Placer, found: Candidates) -> None:
    raised = _raised(session, message)
    placed = place(message, [written for _, written in raised])
    if placed.into is not None:
        found.add(raised[placed.into][0])
    if not placed.sure and placed.nearest is not None:
        found.perhaps = raised[placed.nearest][0]
    following = _follow(session, message, within, found)
    after = _still_open(session, following)
    if following is None or after is None or worked_on(session, after):
        return
    if messages.of_ticket(session, after.id, limit=1)[0] is not following:
        return
    # What came before its turn opened a ticket, and may belong to this message's.
    now = [written for _, written in raised]
    mine = len(now) if placed.into is None else placed.into
    now[mine : mine + 1] = [[*(now[mine] if mine < len(now) else ()), message]]
    if place(following, now).into == mine:
        found.add(after)


def _raised(session: Session, message: IncomingMessage) -> _Raised:
    """Return the open tickets of a message's writer in its channel, with what they wrote in each outside threads."""
    at = IncomingMessage.at
    statement = select(IncomingMessage).where(
        IncomingMessage.channel_id == message.channel_id,
        IncomingMessage.author_id == message.author_id,
        IncomingMessage.thread_ts.is_(None),
        IncomingMessage.ticket_id.is_not(None),
        at < message.at,
        at >= message.at - REACH,
    )
    raised: dict[int, tuple[Ticket, list[IncomingMessage]]] = {}
    for one in reversed(session.scalars(statement.order_by(at.desc()).limit(LOOKED_AT)).all()):
        ticket = _still_open(session, one)
        if ticket is not None:
            raised.setdefault(ticket.id, (ticket, []))[1].append(one)
    return list(raised.values())


def _follow(session: Session, message: IncomingMessage, within: timedelta, found: Candidates) -> IncomingMessage | None:
    """Walk over what came before its turn: the author's next messages, up to one that has a ticket; return that one."""
    following = _beside(session, message, within, later=True)
    while following is not None and following.ticket_id is None:
        found.loose.append(following)
        found.add(by_thread(session, following.channel_id, following.ts))
        following = _beside(session, following, within, later=True)
    return following


def _beside(
    session: Session, message: IncomingMessage, within: timedelta, *, later: bool = False
) -> IncomingMessage | None:
    """Return the last message outside threads that its author wrote in the channel before this one, None if none.

    Only what is at most `within` away counts. `later` asks for the next one after it instead.
    """
    at, near = IncomingMessage.at, message.at + within if later else message.at - within
    statement = select(IncomingMessage).where(
        IncomingMessage.channel_id == message.channel_id,
        IncomingMessage.author_id == message.author_id,
        IncomingMessage.thread_ts.is_(None),
        *((at > message.at, at <= near) if later else (at < message.at, at >= near)),
    )
    return session.scalars(statement.order_by(at if later else at.desc()).limit(1)).first()


def _still_open(session: Session, message: IncomingMessage | None) -> Ticket | None:
    if message is None or message.ticket_id is None:
        return None
    ticket = get(session, Ticket, message.ticket_id)
    taken_back = not ticket.is_request and not worked_on(session, ticket)
    return ticket if ticket.status not in DONE or taken_back else None
