"""Say what runs late, and how the promises of a while were kept."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from storage.records.comparisons import Field, ValueRows
from storage.records.declaration import filter_beside
from storage.support.sla.model import SlaClock, was_promised
from storage.support.tickets import Priority, Ticket

_RUNNING = ValueRows(Ticket.id, SlaClock.ticket_id, (SlaClock.due_at.is_not(None),), several=True)
filter_beside(Ticket.__noun__, "promised", Field(SlaClock.due_at, "moment", rows=_RUNNING), {"overdue": "promised<now"})


@dataclass(frozen=True, slots=True)
class PromiseOutcome:
    """Say how often a kind of clock was met in time and how often not, for one priority."""

    kind: str
    priority: str
    met: int
    breached: int


def get(session: Session, ticket_id: int, kind: str) -> SlaClock | None:
    """Return one clock of a ticket with the ticket, its customer and its assignee, None if it has none."""
    which = (SlaClock.ticket_id == ticket_id, SlaClock.kind == kind)
    return session.scalars(select(SlaClock).where(*which).options(_shown())).one_or_none()


def late(session: Session, *, until: datetime, limit: int) -> list[SlaClock]:
    """Return the running clocks due before a moment, at most `limit`: those missed longest ago first."""
    statement = (
        select(SlaClock)
        .where(SlaClock.due_at.is_not(None), SlaClock.due_at <= until)
        .order_by(SlaClock.due_at, SlaClock.ticket_id)
        .limit(limit)
        .options(_shown())
    )
    return list(session.scalars(statement))


def outcomes(session: Session, *, since: datetime, until: datetime) -> list[PromiseOutcome]:
    """Return what was met and what was missed in a while, by kind and priority, the most urgent first.

    A target counts when it was met, or when it was missed, whichever was first; what was late before
    it was promised does not.
    """
    due = (*_within(SlaClock.due_at, since, until), was_promised(SlaClock.due_at))
    missed_while_it_runs = (*due, SlaClock.breached_at.is_(None))
    met = _counts(session, *_within(SlaClock.met_at, since, until), SlaClock.breached_at.is_(None))
    late = (*_within(SlaClock.breached_at, since, until), was_promised(SlaClock.breached_at))
    breached = _counts(session, *late)
    for key, number in _counts(session, *missed_while_it_runs).items():
        breached[key] += number
    rank = {priority.value: number for number, priority in enumerate(reversed(Priority))}
    keys = sorted({*met, *breached}, key=lambda key: (key[0], rank[key[1]]))
    return [PromiseOutcome(*key, met[key], breached[key]) for key in keys]


def _shown() -> Any:
    return selectinload(SlaClock.ticket).options(selectinload(Ticket.customer), selectinload(Ticket.assignee))


def _within(column: Any, since: datetime, until: datetime) -> tuple[Any, Any]:
    return column >= since, column < until


def _counts(session: Session, *where: Any) -> defaultdict[tuple[str, str], int]:
    statement = select(SlaClock.kind, SlaClock.priority, func.count()).where(*where)
    rows = session.execute(statement.group_by(SlaClock.kind, SlaClock.priority))
    return defaultdict(int, {(kind, priority): number for kind, priority, number in rows})
