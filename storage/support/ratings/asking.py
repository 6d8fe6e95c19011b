"""Decide which customer is asked how they were served, and when."""

from datetime import datetime, timedelta

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from storage.queues import outbox
from storage.queues.outbox import Delivery
from storage.records.named import moment
from storage.support import replies
from storage.support.ratings.model import Rating
from storage.support.tickets import Ticket, TicketStatus
from storage.workspace import plugin_settings
from storage.workspace.members import Member, MemberKind

ONCE_IN = timedelta(days=30)
"""Nobody is asked twice within this time."""
PAUSE = timedelta(minutes=1)
"""So long after a ticket was resolved is asked: whoever resolved it by mistake can take it back meanwhile."""
JUST_NOW = timedelta(minutes=5)
"""What was resolved longer ago was resolved when nobody was to be asked."""


_SETTING = "triage.ratings"


def are_asked(session: Session) -> bool:
    """Tell whether the workspace wants its customers to be asked; it does not unless an admin says so."""
    chosen = plugin_settings.get(session, _SETTING)
    return chosen is not None and chosen.value is True


def decide(session: Session, *, asked: bool) -> bool:
    """Say whether customers are to be asked; return whether that is new."""
    is_new = are_asked(session) != asked
    plugin_settings.choose(session, _SETTING, asked or None)
    return is_new


def ask(session: Session, ticket: Ticket, *, renderer: str) -> Rating | None:
    """Have the customer of a ticket that was just resolved asked, a minute later; return None where nobody is.

    Only where the workspace wants it, only who wrote the ticket and is none of our own people, only in their thread,
    and nobody twice within a month. `renderer` draws the question from the payload's `rating`.
    """
    if not _is_over(ticket) or ticket.channel_id is None or ticket.requester_id is None:
        return None
    assert ticket.resolved_at is not None, "it is resolved"
    now = moment()
    if now - ticket.resolved_at > JUST_NOW or not are_asked(session):
        return None
    # Locked, as two tickets of one person may be resolved at the same time.
    key = (ticket.workspace_id, ticket.requester_id)
    person = session.get(Member, key, with_for_update=True, populate_existing=True)
    if person is None or person.kind not in {MemberKind.GUEST, MemberKind.OUTSIDE} or not person.active:
        return None
    if _asked_since(session, person.id, now - ONCE_IN):
        return None
    made = Rating(
        workspace_id=ticket.workspace_id, ticket_id=ticket.id, person_id=person.id, agent_id=ticket.assignee_id
    )
    session.add(made)
    session.flush()
    made.delivery_id = outbox.enqueue(
        session,
        target_channel=ticket.channel_id,
        thread_ts=replies.thread_of(session, ticket),
        renderer=renderer,
        record=None,
        payload={"rating": made.id},
        dedupe_key=f"rating:{made.id}",
        not_before=now + PAUSE,
        stays=True,
    )
    session.flush()
    return made


def _is_over(ticket: Ticket) -> bool:
    return ticket.status == TicketStatus.RESOLVED and ticket.is_request and ticket.merged_into_id is None


def _asked_since(session: Session, person_id: str, since: datetime) -> bool:
    """Tell whether somebody was asked after a moment; a question that never went out is none."""
    same = (Delivery.workspace_id == Rating.workspace_id, Delivery.id == Rating.delivery_id)
    unsent = exists().where(*same, Delivery.state.in_(("cancelled", "dead")))
    asked = select(Rating.id).where(Rating.person_id == person_id, Rating.asked_at > since, ~unsent)
    return session.scalar(asked.limit(1)) is not None


def take_back(session: Session, ticket: Ticket) -> None:
    """Ask nobody about a ticket that is open again, merged, or no request after all; what was sent stays."""
    if _is_over(ticket):
        return
    asked = select(Rating.delivery_id).where(Rating.ticket_id == ticket.id, Rating.score.is_(None))
    for delivery_id in session.scalars(asked):
        if delivery_id is not None:
            outbox.cancel(session, delivery_id, reason="the ticket is not resolved any more")


def is_wanted(session: Session, rating: Rating) -> bool:
    """Tell whether a question may still go out."""
    ticket = session.get(Ticket, (rating.workspace_id, rating.ticket_id))
    return ticket is not None and _is_over(ticket)
