"""Look at how the tickets of a category ended before: what was like this one, and who usually handles them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from storage.support.tickets import Ticket

LOOKED_BACK = 300
"""How many of the newest resolved tickets of a category are compared with a new one."""
COUNTED = 1_000
"""How many are counted at most to say who usually handles them."""
USUAL_WITHIN = timedelta(days=90)


_NEWEST = (Ticket.resolved_at.desc().nulls_last(), Ticket.id.desc())


@dataclass(frozen=True, slots=True)
class TicketEnding:
    """Hold how a ticket ended: who resolved it, and when."""

    ticket_id: int
    name: str
    created_at: datetime
    resolved_at: datetime
    assignee_id: str | None


_DONE = (
    Ticket.category == bindparam("category"),
    Ticket.resolved_at.is_not(None),
    Ticket.merged_into_id.is_(None),
    Ticket.is_request.is_(True),
)
_RESOLVED = (
    select(Ticket.id, Ticket.name, Ticket.created_at, Ticket.resolved_at, Ticket.assignee_id)
    .where(*_DONE, Ticket.id != bindparam("without"))
    .order_by(*_NEWEST)
    .limit(bindparam("most"))
)
_LATELY = (
    select(Ticket.assignee_id)
    .where(*_DONE, Ticket.resolved_at > bindparam("since"))
    .order_by(*_NEWEST)
    .limit(COUNTED)
    .subquery()
)
_USUAL = (
    select(_LATELY.c.assignee_id, func.count().label("n"))
    .where(_LATELY.c.assignee_id.is_not(None))
    .group_by(_LATELY.c.assignee_id)
    .order_by(func.count().desc(), _LATELY.c.assignee_id)
    .limit(bindparam("most"))
)


def resolved(session: Session, category: str, *, without: int, limit: int = LOOKED_BACK) -> list[TicketEnding]:
    """Return the tickets of a category that were resolved last, newest first, `without` one."""
    found = session.execute(_RESOLVED, {"category": category, "without": without, "most": limit})
    return [TicketEnding(row.id, row.name, row.created_at, row.resolved_at, row.assignee_id) for row in found]


def usual(session: Session, category: str, now: datetime, *, limit: int = 3) -> list[tuple[str, int]]:
    """Return who resolved most tickets of a category in 90 days, and how many of the newest 1,000, most first."""
    found = session.execute(_USUAL, {"category": category, "since": now - USUAL_WITHIN, "most": limit})
    return [(str(member_id), number) for member_id, number in found]
