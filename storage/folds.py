"""Bring the tickets of several customers together that report the same at about the same time.

They stay tickets, each with its own end; only the first of an incident has a card. What is alike is decided elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, selectinload
from sqlalchemy.orm.util import identity_key

from storage.database import current_workspace
from storage.incidents import Incident
from storage.messages import IncomingMessage
from storage.outbox import Delivery
from storage.tickets import Ticket

WITHIN = timedelta(hours=2)
"""How long after its last message an incident still takes in another."""
COMPARED = 300
"""At most so many of the newest open tickets are compared with a new one."""
READ = 4_000
"""As many characters of a message as a model reads."""
LISTED = 20


@dataclass(frozen=True, slots=True)
class Candidate:
    """Hold an open ticket with a card that a new one may be put under, by its first message."""

    ticket_id: int
    incident_id: int | None
    at: datetime
    text: str


def lock(session: Session, channel_id: str) -> None:
    """Let nobody else fold what is shown in a channel until this transaction ends, so that each sees the others."""
    key = f"fold {current_workspace(session)} {channel_id}"
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))


def candidates(session: Session, ticket: Ticket, channel_id: str, at: datetime) -> list[Candidate]:
    """Return what a ticket of this moment may be put under: cards in a channel, of other customers, not resolved.

    Their first message is at most two hours old, or others reported the same within two hours. The newest 300 tickets
    are looked at.
    """
    of_others = (
        select(Ticket.id, Ticket.incident_id, Ticket.card_delivery_id, Ticket.created_at)
        .where(Ticket.id.in_(_leading(session, ticket, at)), Ticket.card_delivery_id.is_not(None), _others(ticket))
        .where(Ticket.resolved_at.is_(None))
    )
    open_ones = session.execute(of_others.order_by(Ticket.id)).all()
    # One question after the other: joined, and with no statistics yet, all cards would be read for each ticket.
    cards = select(Delivery.id).where(
        Delivery.id.in_([one.card_delivery_id for one in open_ones]), Delivery.target_channel == channel_id
    )
    here = set(session.scalars(cards)) if open_ones else set()
    shown = [one for one in open_ones if one.card_delivery_id in here]
    if not shown:
        return []
    began = min(one.created_at for one in shown) - timedelta(days=1)  # so that old partitions are not looked into
    first = (
        select(
            IncomingMessage.ticket_id,
            IncomingMessage.at,
            func.left(IncomingMessage.text, READ).label("text"),
        )
        .where(IncomingMessage.ticket_id.in_([one.id for one in shown]), IncomingMessage.at > began)
        .where(IncomingMessage.deleted_at.is_(None))
        .order_by(IncomingMessage.ticket_id, IncomingMessage.at, IncomingMessage.id)
        .ext(distinct_on(IncomingMessage.ticket_id))
    )
    said = {row.ticket_id: row for row in session.execute(first)}
    return [
        Candidate(one.id, one.incident_id, said[one.id].at, said[one.id].text)
        for one in shown
        if one.id in said and (one.incident_id is not None or said[one.id].at > at - WITHIN)
    ]


def fold(session: Session, ticket: Ticket, under: Candidate, at: datetime) -> Incident | None:
    """Put a ticket under another one, and return what they have in common; None if that was resolved meanwhile.

    Neither's version changes: nobody who looks at a card must press twice because of it.
    """
    still = select(Ticket.incident_id).where(Ticket.id == under.ticket_id, Ticket.resolved_at.is_(None))
    found = session.execute(still.with_for_update(key_share=True)).one_or_none()
    if found is None:
        return None
    incident = None if found.incident_id is None else _locked(session, found.incident_id)
    if incident is None:
        incident = Incident(workspace_id=current_workspace(session), started_at=under.at, last_at=under.at)
        session.add(incident)
        session.flush()
    incident.last_at = max(incident.last_at, at)
    _put(session, incident.id, Ticket.id.in_([under.ticket_id, ticket.id]))
    return incident


def unfold(session: Session, ticket: Ticket) -> list[Ticket]:
    """Take a ticket out of its incident and return those that have to have a card now, itself first.

    Where the first one leaves, the next stands for the others; one that is left alone stands for itself.
    """
    if ticket.incident_id is None:
        return []
    incident = _locked(session, ticket.incident_id)
    session.refresh(ticket, ["incident_id"])
    if incident is None or ticket.incident_id is None:
        return []
    _put(session, None, Ticket.id == ticket.id)
    left = members_of(session, incident.id)
    if len(left) < 2:
        _put(session, None, Ticket.incident_id == incident.id)
        session.flush()
        session.execute(delete(Incident).where(Incident.id == incident.id))
    return [ticket, *left[:1]]


def members_of(session: Session, incident_id: int, limit: int = LISTED) -> list[Ticket]:
    """Return the tickets of an incident with their customers, the first one first, at most `limit`."""
    statement = select(Ticket).where(_live(incident_id)).options(selectinload(Ticket.customer))
    return list(session.scalars(statement.order_by(Ticket.id).limit(limit)))


def first_messages(session: Session, ticket_ids: Sequence[int]) -> dict[int, IncomingMessage]:
    """Return the message each of some tickets began with; one that came from no message is left out."""
    statement = select(IncomingMessage).where(IncomingMessage.ticket_id.in_(ticket_ids))
    firsts = statement.ext(distinct_on(IncomingMessage.ticket_id)).order_by(
        IncomingMessage.ticket_id, IncomingMessage.at, IncomingMessage.id
    )
    return {message.ticket_id: message for message in session.scalars(firsts) if message.ticket_id is not None}


def first_texts(session: Session, ticket_ids: Sequence[int]) -> dict[int, str]:
    """Return how the message begins that each of some tickets began with: as much as a model reads."""
    text = func.left(IncomingMessage.text, READ)
    statement = select(IncomingMessage.ticket_id, text).where(IncomingMessage.ticket_id.in_(ticket_ids))
    firsts = statement.ext(distinct_on(IncomingMessage.ticket_id)).order_by(
        IncomingMessage.ticket_id, IncomingMessage.at, IncomingMessage.id
    )
    return {int(ticket_id): str(text) for ticket_id, text in session.execute(firsts)}


def unresolved(session: Session, incident_id: int) -> list[Ticket]:
    """Return the tickets of an incident that are not resolved."""
    statement = select(Ticket).where(_live(incident_id), Ticket.resolved_at.is_(None))
    return list(session.scalars(statement.order_by(Ticket.id)))


@dataclass(frozen=True, slots=True)
class Extent:
    """Say how many tickets of how many customers an incident has; who belongs to none counts for themselves."""

    tickets: int
    customers: int


def extent(session: Session, incident_id: int) -> Extent:
    """Count an incident's tickets and customers."""
    of_nobody = Ticket.customer_id.is_(None)
    counts = select(
        func.count(),
        func.count(Ticket.customer_id.distinct()),
        func.count(Ticket.requester_id.distinct()).filter(of_nobody),
    )
    tickets, customers, strangers = session.execute(counts.where(_live(incident_id))).one()
    return Extent(tickets, customers + strangers)


def _leading(session: Session, ticket: Ticket, at: datetime) -> list[int]:
    """Return the newest tickets, and the first ones of what still goes on."""
    recent = select(Ticket.id).where(Ticket.created_at > at - WITHIN, Ticket.id != ticket.id)
    going_on = select(Incident.id).where(Incident.last_at > at - WITHIN)
    firsts = (
        select(func.min(Ticket.id))
        .where(Ticket.incident_id.in_(going_on), Ticket.merged_into_id.is_(None))
        .group_by(Ticket.incident_id)
    )
    newest = recent.order_by(Ticket.created_at.desc(), Ticket.id.desc()).limit(COMPARED)
    return [*session.scalars(newest), *session.scalars(firsts)]


def _others(ticket: Ticket) -> ColumnElement[bool]:
    """Return the condition that a ticket is of somebody else: another customer, or of nobody another person."""
    if ticket.customer_id is not None:
        return or_(Ticket.customer_id.is_(None), Ticket.customer_id != ticket.customer_id)
    return or_(Ticket.customer_id.is_not(None), Ticket.requester_id.is_distinct_from(ticket.requester_id))


def _live(incident_id: int) -> ColumnElement[bool]:
    return (Ticket.incident_id == incident_id) & Ticket.merged_into_id.is_(None)


def _locked(session: Session, incident_id: int) -> Incident | None:
    identity = (current_workspace(session), incident_id)
    return session.get(Incident, identity, with_for_update=True, populate_existing=True)


def _put(session: Session, incident_id: int | None, which: ColumnElement[bool]) -> None:
    """Change tickets beside the ORM, which would count their versions up."""
    session.flush()
    values = {"incident_id": incident_id, "updated_at": Ticket.updated_at}
    put = update(Ticket).where(which).values(values).returning(Ticket.workspace_id, Ticket.id)
    for identity in session.execute(put, execution_options={"synchronize_session": False}):
        known = session.identity_map.get(identity_key(Ticket, tuple(identity)))
        if known is not None:
            session.expire(known, ["incident_id", "incident"])
