"""Give tests of service levels a ticket whose life is told by a clock of their own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.database.engine import EVERY_WORKSPACE, Database, current_workspace
from storage.queues import due
from storage.queues.due import Due
from storage.queues.outbox import Delivery
from storage.support import sla, tickets
from storage.support.sla import SlaClock
from storage.support.tickets import DONE, Ticket

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
OFFICE = (*[(9 * 60, 17 * 60)] * 5, None, None)


def at(hours: float) -> datetime:
    """Return the moment so many hours after Monday at nine."""
    return MONDAY + timedelta(hours=hours)


def opened(session: Session, now: datetime = MONDAY, **values: object) -> Ticket:
    """Open a ticket at a moment."""
    ticket = tickets.add(session, name="Login fails", **values)  # type: ignore[arg-type]  # by name
    ticket.created_at = now
    session.flush()
    sla.opened(session, ticket, now)
    return ticket


def becomes(session: Session, ticket: Ticket, status: str, now: datetime) -> None:
    """Say at a moment where a ticket stands."""
    tickets.set_status(session, ticket, status)
    if ticket.status in DONE:
        ticket.resolved_at = now
    session.flush()
    sla.changed(session, ticket, now)


def answered(session: Session, ticket: Ticket, now: datetime) -> None:
    """Answer a ticket at a moment."""
    tickets.responded(session, ticket, now)
    sla.changed(session, ticket, now)


def clock(session: Session, ticket: Ticket, kind: str = sla.RESOLUTION) -> SlaClock:
    """Return a clock of a ticket."""
    return {one.kind: one for one in sla.of_ticket(session, ticket.id)}[kind]


def planned(session: Session, kind: str = sla.RESOLUTION) -> dict[str, tuple[datetime | None, str | None]]:
    """Return what is to be said about clocks of a kind, when and to whom."""
    rows = session.scalars(
        select(Due)
        .where(Due.workspace_id == current_workspace(session), Due.kind.startswith("sla_"))
        .execution_options(populate_existing=True)
    )
    return {row.kind: (row.at, row.target_user or row.target_channel) for row in rows if f"/{kind}" in row.subject}


def materialise(database: Database) -> int:
    """Let the clock tick."""
    with database.transaction(EVERY_WORKSPACE) as session:
        return due.materialise(session, 100, next_time=lambda *_: None)


def said(session: Session) -> list[tuple[str, str | None, str]]:
    """Return what became a delivery: which rung, to whom, and its state."""
    rows = session.scalars(select(Delivery).order_by(Delivery.seq).execution_options(populate_existing=True))
    return [(str(row.payload["rung"]), row.target_user or row.target_channel, row.state) for row in rows]
