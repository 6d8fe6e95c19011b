"""Bring the tickets of several customers together that report the same at about the same time.

They stay tickets, each with its own end; only the first of an incident has a card. What is alike is decided elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, selectinload
from sqlalchemy.orm.util import identity_key

from storage.database.engine import current_workspace, lock_until_end
from storage.support.incidents import Incident
from storage.support.messages import IncomingMessage
from storage.support.tickets import Ticket
from storage.workspace.members import Member, MemberKind

WITHIN = timedelta(hours=2)
"""How long after its last message an incident still takes in another."""
COMPARED = 300
"""At most so many of the newest open tickets with a card in the channel are compared with a new one."""
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


# Each ticket and its first message are looked up by their keys: joined otherwise, and with no statistics yet, all would
# be read. Of a message written long before its ticket was opened old partitions are not looked into.
_CANDIDATES = text(f"""
WITH newest AS MATERIALIZED (
    (
        SELECT id FROM ticket
        WHERE card_channel_id = :channel AND resolved_at IS NULL AND created_at > :since AND id <> :mine
        ORDER BY created_at DESC NULLS LAST, id DESC LIMIT {COMPARED}
    )
    UNION
    SELECT min(ticket.id) FROM incident JOIN ticket ON ticket.incident_id = incident.id
    WHERE incident.last_at > :since AND ticket.merged_into_id IS NULL GROUP BY incident.id
)
SELECT lead.id, lead.incident_id, first.at, first.text
FROM newest
CROSS JOIN LATERAL (
    SELECT id, incident_id, created_at FROM ticket
    WHERE id = newest.id AND card_channel_id = :channel AND resolved_at IS NULL AND (
        customer_id IS DISTINCT FROM CAST(:customer AS bigint)
        OR CAST(:customer AS bigint) IS NULL AND requester_id IS DISTINCT FROM CAST(:requester AS text)
    ) OFFSET 0
) AS lead
CROSS JOIN LATERAL (
    SELECT at, left(text, {READ}) AS text FROM message
    WHERE ticket_id = lead.id AND deleted_at IS NULL AND at > lead.created_at - interval '1 day'
    ORDER BY at, id LIMIT 1
) AS first
ORDER BY lead.id
""")  # noqa: S608 - two numbers of our own


def lock(session: Session, channel_id: str) -> None:
    """Let nobody else fold what is shown in a channel until this transaction ends, so that each sees the others."""
    key = f"fold {current_workspace(session)} {channel_id}"
    lock_until_end(session, key)


def candidates(session: Session, ticket: Ticket, channel_id: str, at: datetime) -> list[Candidate]:
    """Return what a ticket of this moment may be put under: cards in a channel, of other customers, not resolved.

    Their first message is at most two hours old, or others reported the same within two hours. The newest 300 are
    looked at.
    """
    session.flush()
    values = {
        "mine": ticket.id,
        "customer": ticket.customer_id,
        "requester": ticket.requester_id,
        "channel": channel_id,
        "since": at - WITHIN,
    }
    found = session.execute(_CANDIDATES, values)
    return [Candidate(*row) for row in found if row.incident_id is not None or row.at > at - WITHIN]


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
    """Say how many tickets of how many customers and colleagues an incident has.

    A stranger of no customer counts as one.
    """

    tickets: int
    customers: int
    colleagues: int


def extent(session: Session, incident_id: int) -> Extent:
    """Count an incident's tickets, and the customers and colleagues who wrote them."""
    of_nobody = Ticket.customer_id.is_(None)
    ours = Member.kind == MemberKind.STAFF
    people = func.count(Ticket.requester_id.distinct())
    counts = select(
        func.count(),
        func.count(Ticket.customer_id.distinct()),
        people.filter(of_nobody, ours.is_not(True)),
        people.filter(of_nobody, ours),
    ).outerjoin(Member, (Member.workspace_id == Ticket.workspace_id) & (Member.id == Ticket.requester_id))
    tickets, customers, strangers, colleagues = session.execute(counts.where(_live(incident_id))).one()
    return Extent(tickets, customers + strangers, colleagues)


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
