"""Keep what customers ask for until it is answered."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, Index, SmallInteger, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship, selectinload

from storage import labels, messages, records
from storage.contacts import Contact
from storage.customers import Customer
from storage.database import TENANT, Base, composite_key, current_workspace
from storage.errors import Conflict, Invalid
from storage.events import TicketChanged, TicketOpened, emit
from storage.members import Member
from storage.messages import IncomingMessage
from storage.names import NAME_LIMIT, check_name, name_key
from storage.records import PAGE, Named, moment, named_args, namesakes, one_of
from storage.references import Noun


class Status(StrEnum):
    """Say where a ticket stands; `waiting` is for the customer."""

    NEW = "new"
    OPEN = "open"
    WAITING = "waiting"
    RESOLVED = "resolved"
    CLOSED = "closed"


class Priority(StrEnum):
    """Say how much hurry there is, least first."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


DONE = (Status.RESOLVED, Status.CLOSED)
_RANKS = " ".join(f"WHEN '{priority}'::text THEN {rank}" for rank, priority in enumerate(reversed(Priority), start=1))
# As Postgres writes it back, so that the migrations' check sees no difference.
_URGENCY = f"CASE priority {_RANKS} ELSE NULL::integer END"


class Ticket(Named, Base):
    """Describe a request; `name` is its subject. It is in the backlog exactly while `resolved_at` is empty.

    `channel_id` and `thread_ts` are the Slack thread it came from, `card_delivery_id` the outbox row of its card in the
    triage channel. A ticket that was no request is closed and counts in no figure.
    """

    __noun__ = Noun.TICKET
    __tablename__ = "ticket"
    __table_args__ = (
        *named_args("ticket"),
        composite_key("customer_id", "customer", ondelete="SET NULL"),
        composite_key("contact_id", "contact", ondelete="SET NULL"),
        composite_key("assignee_id", "member", ondelete="SET NULL"),
        one_of("status", tuple(Status)),
        one_of("priority", tuple(Priority)),
        CheckConstraint("(status IN ('resolved', 'closed')) = (resolved_at IS NOT NULL)", name="resolved"),
        CheckConstraint("is_request OR status = 'closed'", name="is_request"),
        CheckConstraint("(channel_id IS NULL) = (thread_ts IS NULL)", name="thread"),
        *(
            Index(
                f"ticket_open{name}_idx",
                "workspace_id",
                *by,
                "urgency",
                "id",
                postgresql_where=text("resolved_at IS NULL"),
            )
            for name, by in (
                ("", ()),
                ("_assignee", ("assignee_id",)),
                ("_status", ("status",)),
                ("_category", ("category",)),
            )
        ),
        Index(None, "workspace_id", "customer_id", "id"),
        Index(None, "workspace_id", "contact_id"),
        Index(None, "workspace_id", "assignee_id", "resolved_at"),
        Index(None, "workspace_id", "resolved_at"),
        Index(None, "workspace_id", "first_response_at"),
        Index(None, "workspace_id", "created_at"),
        Index(
            "ticket_thread_key",
            "workspace_id",
            "channel_id",
            "thread_ts",
            unique=True,
            postgresql_where=text("thread_ts IS NOT NULL"),
        ),
        {"info": TENANT},
    )

    customer_id: Mapped[int | None]
    contact_id: Mapped[int | None]
    status: Mapped[str] = mapped_column(server_default=Status.NEW.value)
    priority: Mapped[str] = mapped_column(server_default=Priority.NORMAL.value)
    urgency: Mapped[int] = mapped_column(SmallInteger, Computed(_URGENCY, persisted=True))
    category: Mapped[str | None]
    assignee_id: Mapped[str | None]
    requester_id: Mapped[str | None]
    is_request: Mapped[bool] = mapped_column(server_default=text("true"))
    channel_id: Mapped[str | None]
    thread_ts: Mapped[str | None]
    card_delivery_id: Mapped[UUID | None]
    first_response_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]

    customer: Mapped[Customer | None] = relationship(viewonly=True)
    contact: Mapped[Contact | None] = relationship(viewonly=True)
    assignee: Mapped[Member | None] = relationship(viewonly=True)


_SHOWN = (selectinload(Ticket.customer), selectinload(Ticket.assignee))


def add(
    session: Session,
    *,
    name: str,
    customer_id: int | None = None,
    contact_id: int | None = None,
    priority: Priority | str = Priority.NORMAL,
    category: str | None = None,
    assignee_id: str | None = None,
    requester_id: str | None = None,
    channel_id: str | None = None,
    thread_ts: str | None = None,
) -> Ticket:
    """Open a ticket; raise Invalid if a value can not be stored."""
    ticket = Ticket.new(
        session,
        name=check_name(name),
        customer_id=customer_id,
        contact_id=contact_id,
        priority=check_priority(priority),
        category=None if category is None else _check_category(category),
        assignee_id=assignee_id,
        requester_id=requester_id,
        channel_id=channel_id,
        thread_ts=thread_ts,
    )
    emit(session, TicketOpened(ticket))
    return ticket


def open_from_message(
    session: Session, message: IncomingMessage, *, priority: Priority | str = Priority.NORMAL, name: str | None = None
) -> tuple[Ticket, bool]:
    """Return the ticket of a message's thread and whether it is a new one: it was opened, or the message joined it.

    The first line of the message is the subject unless one is given. A ticket that waited for the customer, or was
    resolved, is open again. Two messages of a thread that arrive at once wait for each other.
    """
    workspace_id = current_workspace(session)
    thread = f"{workspace_id} {message.channel_id} {message.thread}"
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(thread, 0))))
    ticket = by_thread(session, message.channel_id, message.thread)
    opened = ticket is None
    if ticket is None:
        ticket = add(
            session,
            name=name or subject_of(message.text),
            customer_id=message.customer_id,
            contact_id=message.contact_id,
            priority=priority,
            category=None if message.abstained else message.category,
            requester_id=message.author_id,
            channel_id=message.channel_id,
            thread_ts=message.thread,
        )
    elif ticket.is_request and ticket.status not in {Status.NEW, Status.OPEN}:
        set_status(session, ticket, Status.OPEN)
    message.ticket_id = ticket.id
    session.flush()
    return ticket, opened


def by_thread(session: Session, channel_id: str, thread_ts: str) -> Ticket | None:
    """Return the ticket that came from a Slack thread, None if none did."""
    statement = select(Ticket).where(Ticket.channel_id == channel_id, Ticket.thread_ts == thread_ts)
    return session.scalars(statement).one_or_none()


def subject_of(message_text: str) -> str:
    """Return a ticket's subject for a message: its first line with anything in it, cut to 200 characters."""
    for line in message_text.splitlines():
        if name_key(line):
            subject = " ".join(line.split())
            return subject if len(subject) <= NAME_LIMIT else subject[: NAME_LIMIT - 1] + "…"
    return "(no text)"


def get(session: Session, ticket_id: int) -> Ticket:
    """Return the ticket with this number, or the one it was merged into; raise NotFound if there is none."""
    return records.get(session, Ticket, ticket_id)


def resolve(session: Session, text: str) -> Ticket:
    """Return the ticket a person means: by reference, subject, or beginning of the subject.

    (To mark a ticket as resolved, see `set_status`.) Raises Ambiguous with the candidates, or NotFound with up to three
    near subjects.
    """
    return records.resolve(session, Ticket, text)


def find(session: Session, text: str, limit: int = 10) -> list[Ticket]:
    """Return the tickets whose subject is like the text, best first."""
    return records.near(session, Ticket, text, limit)


def likely_duplicates(session: Session, name: str, customer_id: int | None = None) -> list[Ticket]:
    """Return up to five open tickets with the same subject, of the same customer if one is given."""
    whose = [] if customer_id is None else [Ticket.customer_id == customer_id]
    return namesakes(session, Ticket, name, Ticket.resolved_at.is_(None), *whose)


def set_status(session: Session, ticket: Ticket, status: Status | str) -> Ticket:
    """Say where a ticket stands; resolved and closed ones leave the backlog, others (re)enter it.

    Raises Invalid naming the statuses.
    """
    wanted = check_status(status)
    if wanted in DONE:
        ticket.resolved_at = ticket.resolved_at or moment()
    else:
        ticket.resolved_at, ticket.is_request = None, True
    ticket.status = wanted
    return _changed(session, ticket)


def assign(session: Session, ticket: Ticket, assignee_id: str | None) -> Ticket:
    """Give a ticket to a member, or to nobody; a new one is open from then on."""
    ticket.assignee_id = assignee_id
    if assignee_id is not None and ticket.status == Status.NEW:
        ticket.status = Status.OPEN
    return _changed(session, ticket)


def take(session: Session, ticket: Ticket, member_id: str) -> Ticket:
    """Give a ticket that is nobody's to who takes it; raise Conflict if somebody else has it."""
    if ticket.assignee_id not in {None, member_id}:
        holder = ticket.assignee.name if ticket.assignee is not None else ticket.assignee_id
        raise Conflict("{reference} is with {who} already.", reference=ticket.reference, who=holder)
    return assign(session, ticket, member_id)


def set_priority(session: Session, ticket: Ticket, priority: Priority | str) -> Ticket:
    """Say how much hurry there is; raise Invalid naming the priorities."""
    ticket.priority = check_priority(priority)
    return _changed(session, ticket)


def set_category(session: Session, ticket: Ticket, category: str, *, actor_id: str | None) -> Ticket:
    """Say what a ticket is about, and label the message it came from, if it came from one."""
    ticket.category = _check_category(category)
    for message in messages.of_ticket(session, ticket.id, limit=1):
        labels.correct(session, message, ticket.category, actor_id=actor_id)
    return _changed(session, ticket)


def dismiss(session: Session, ticket: Ticket, *, category: str, actor_id: str | None) -> Ticket:
    """Close a ticket that was no request, so that it counts in no figure, and label its message with the category."""
    set_category(session, ticket, category, actor_id=actor_id)
    ticket.is_request, ticket.status = False, Status.CLOSED
    ticket.resolved_at = ticket.resolved_at or moment()
    return _changed(session, ticket)


def responded(session: Session, ticket: Ticket, at: datetime | None = None) -> Ticket:
    """Note that somebody of ours answered the customer: the first time counts, a new ticket is open from then on."""
    if ticket.first_response_at is None:
        ticket.first_response_at = at or moment()
    if ticket.status == Status.NEW:
        ticket.status = Status.OPEN
    return _changed(session, ticket)


def update_ticket(
    session: Session,
    ticket: Ticket,
    *,
    name: str | None = None,
    customer_id: int | None = None,
    contact_id: int | None = None,
    priority: Priority | str | None = None,
) -> Ticket:
    """Change what is given; raise Invalid if a value can not be stored, Conflict if someone else was quicker."""
    if name is not None:
        ticket.name = check_name(name)
    if customer_id is not None:
        ticket.customer_id = customer_id
    if contact_id is not None:
        ticket.contact_id = contact_id
    if priority is not None:
        ticket.priority = check_priority(priority)
    return _changed(session, ticket)


def list_tickets(
    session: Session,
    *where: Any,
    assignee_id: str | None = None,
    customer_id: int | None = None,
    status: Status | str | None = None,
    category: str | None = None,
    unassigned: bool = False,
    done: bool | None = False,
    order_by: Sequence[Any] = (),
    limit: int = PAGE,
    offset: int = 0,
) -> list[Ticket]:
    """Return tickets with customer and assignee loaded, at most `limit`: the backlog, most urgent and oldest first.

    `done=True` gives those resolved or closed, the last one first, None both. `where` and `order_by` are conditions and
    columns as `storage.query` makes them.
    """
    statement = select(Ticket).where(Ticket.merged_into_id.is_(None), *where).options(*_SHOWN)
    if status is not None:
        wanted = check_status(status)
        done = wanted in DONE
        statement = statement.where(Ticket.status == wanted)
    for column, value in (
        (Ticket.assignee_id, assignee_id),
        (Ticket.customer_id, customer_id),
        (Ticket.category, category),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if unassigned:
        statement = statement.where(Ticket.assignee_id.is_(None))
    if done is not None:
        statement = statement.where(Ticket.resolved_at.is_not(None) if done else Ticket.resolved_at.is_(None))
    usual = (Ticket.resolved_at.desc(), Ticket.id) if done else (Ticket.urgency, Ticket.id)
    return list(session.scalars(statement.order_by(*(order_by or usual)).limit(limit).offset(offset)))


def check_status(status: Status | str, *, field: str = "status") -> Status:
    """Return the status of this name; raise Invalid naming all."""
    try:
        return Status(name_key(status))
    except ValueError:
        raise Invalid(
            "A ticket can not be {status}.",
            hint="It is {statuses}.",
            field=field,
            typed=status,
            status=status,
            statuses=", ".join(Status),
        ) from None


def check_priority(priority: Priority | str, *, field: str = "priority") -> Priority:
    """Return the priority of this name; raise Invalid naming all."""
    try:
        return Priority(name_key(priority))
    except ValueError:
        raise Invalid(
            "There is no priority {priority}.",
            hint="The priorities are {priorities}.",
            field=field,
            typed=priority,
            priority=priority,
            priorities=", ".join(Priority),
        ) from None


def _check_category(category: str) -> str:
    return name_key(check_name(category, field="category"))


def _changed(session: Session, ticket: Ticket) -> Ticket:
    session.flush()
    session.expire(ticket, ["customer", "contact", "assignee"])
    emit(session, TicketChanged(ticket))
    return ticket
