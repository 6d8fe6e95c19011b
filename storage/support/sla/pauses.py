"""Keep when a ticket was not ours to act on: while it waited for the customer, and while it was resolved."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.database.engine import current_workspace
from storage.support.sla.model import SlaPause
from storage.support.sla.reading import Stretch
from storage.support.tickets import DONE, Ticket, TicketStatus


def follow(session: Session, ticket: Ticket, now: datetime) -> list[SlaPause]:
    """Begin or end a pause according to where the ticket stands, and return all of them, the first one first."""
    found = of_ticket(session, ticket.id)
    last = found[-1] if found else None
    lasts = last is not None and last.ends_at is None
    stopped = ticket.status == TicketStatus.WAITING or ticket.status in DONE
    if stopped and not lasts:
        since = ticket.resolved_at or now
        if last is not None and last.ends_at is not None and last.ends_at >= since:
            last.ends_at = None
        else:
            found.append(SlaPause(workspace_id=current_workspace(session), ticket_id=ticket.id, starts_at=since))
            session.add(found[-1])
        session.flush()
    elif lasts and not stopped:
        assert last is not None, "it lasts"
        last.ends_at = max(now, last.starts_at)
        session.flush()
    return found


def of_ticket(session: Session, ticket_id: int) -> list[SlaPause]:
    """Return a ticket's pauses, the first one first."""
    which = (SlaPause.workspace_id == current_workspace(session), SlaPause.ticket_id == ticket_id)
    return list(session.scalars(select(SlaPause).where(*which).order_by(SlaPause.starts_at)))


def with_merged(session: Session, ticket: Ticket, own: list[SlaPause]) -> tuple[datetime, list[Stretch]]:
    """Return since when a ticket was asked, and its pauses.

    Of tickets that were merged the earliest counts, with its pauses up to where the one begins that was kept.
    """
    stretches: list[Stretch] = [(pause.starts_at, pause.ends_at) for pause in own]
    earliest = _earliest(session, ticket)
    if earliest is ticket:
        return ticket.created_at, stretches
    before: list[Stretch] = [
        (pause.starts_at, min(pause.ends_at or ticket.created_at, ticket.created_at))
        for pause in of_ticket(session, earliest.id)
        if pause.starts_at < ticket.created_at
    ]
    return earliest.created_at, before + stretches


def _earliest(session: Session, ticket: Ticket) -> Ticket:
    seen, wanted = {ticket.id: ticket}, [ticket.id]
    while wanted:
        found = session.scalars(select(Ticket).where(Ticket.merged_into_id.in_(wanted))).all()
        wanted = [one.id for one in found if one.id not in seen]
        seen |= {one.id: one for one in found}
    return min(seen.values(), key=lambda one: (one.created_at, one.id))
