"""Find and list tickets."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, selectinload

from storage.records import named
from storage.records.named import PAGE, namesakes
from storage.support.tickets.model import Ticket


def get(session: Session, ticket_id: int) -> Ticket:
    """Return the ticket with this number, or the one it was merged into; raise NotFound if there is none."""
    return named.get(session, Ticket, ticket_id)


_OF_THREAD = select(Ticket.id).where(Ticket.channel_id == bindparam("channel"), Ticket.thread_ts == bindparam("thread"))


def by_thread(session: Session, channel_id: str, thread_ts: str) -> Ticket | None:
    """Return the ticket that came from a Slack thread, None if none did."""
    found = session.scalars(_OF_THREAD, {"channel": channel_id, "thread": thread_ts}).one_or_none()
    return None if found is None else named.get(session, Ticket, found)


def resolve(session: Session, text: str) -> Ticket:
    """Return the ticket a person means: by reference, subject, or beginning of the subject.

    (To mark a ticket as resolved, see `set_status`.) Raises Ambiguous with the candidates, or NotFound with up to three
    near subjects.
    """
    return named.resolve(session, Ticket, text)


def find(session: Session, text: str, limit: int = 10) -> list[Ticket]:
    """Return the tickets whose subject is like the text, best first."""
    return named.near(session, Ticket, text, limit)


def likely_duplicates(session: Session, name: str, customer_id: int | None = None) -> list[Ticket]:
    """Return up to five open tickets with the same subject, of the same customer if one is given."""
    whose = [] if customer_id is None else [Ticket.customer_id == customer_id]
    return namesakes(session, Ticket, name, Ticket.resolved_at.is_(None), *whose)


def list_tickets(
    session: Session,
    *where: Any,
    assignee_id: str | None = None,
    customer_id: int | None = None,
    category: str | None = None,
    unassigned: bool = False,
    done: bool | None = False,
    order_by: Sequence[Any] = (),
    limit: int = PAGE,
    offset: int = 0,
) -> list[Ticket]:
    """Return tickets with customer and assignee loaded, at most `limit`: the backlog, most urgent and oldest first.

    `done=True` gives those resolved or closed, the last one first, None both. `where` and `order_by` are conditions and
    columns as `storage.records.query` makes them.
    """
    shown = selectinload(Ticket.customer), selectinload(Ticket.assignee)
    live = (Ticket.merged_into_id.is_(None), Ticket.archived_at.is_(None))
    statement = select(Ticket).where(*live, *where).options(*shown)
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
    usual = (Ticket.resolved_at.desc().nulls_last(), Ticket.id.desc()) if done else (Ticket.urgency, Ticket.id)
    return list(session.scalars(statement.order_by(*(order_by or usual)).limit(limit).offset(offset)))


def first_of_incident(session: Session, incident_id: int) -> Ticket | None:
    """Return the ticket of an incident that came first, whose card stands for all, None if there is none any more."""
    statement = select(Ticket).where(Ticket.incident_id == incident_id, Ticket.merged_into_id.is_(None))
    return session.scalars(statement.order_by(Ticket.id).limit(1)).first()
