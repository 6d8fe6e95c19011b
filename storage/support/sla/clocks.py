"""Run the clocks of tickets: set from what is true of a ticket whenever something about it changes.

Setting a clock twice is the same as once, and setting one anew gives what it was. A clock that was met is not judged
again when a promise changes later.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session, selectinload

from storage.database.engine import current_workspace
from storage.events import TicketRemoved
from storage.support.sla import calendar, escalation, pauses
from storage.support.sla.escalation import Rung
from storage.support.sla.hours import Hours
from storage.support.sla.model import FIRST_RESPONSE, KINDS, SlaClock, SlaTarget
from storage.support.sla.reading import ClockReading, read
from storage.support.sla.targets import best, targets
from storage.support.tickets import Ticket, TicketStatus

BATCH = 300
"""How many tickets are set anew in one transaction."""


@dataclass(frozen=True, slots=True)
class Promise:
    """Hold all that a workspace promises, and the hours it counts in."""

    targets: Sequence[SlaTarget]
    hours: Hours

    @classmethod
    def of(cls, session: Session) -> "Promise":
        """Return what the session's workspace promises."""
        known = targets(session)
        return cls(known, calendar.hours(session) if known else Hours())


def opened(session: Session, ticket: Ticket, now: datetime) -> list[SlaClock]:
    """Start the clocks of a ticket that was just opened, and return them."""
    promise = Promise.of(session)
    if not promise.targets and ticket.status in (TicketStatus.NEW, TicketStatus.OPEN):
        return []
    return _set(session, ticket, promise, now, opening=True)


def changed(session: Session, ticket: Ticket, now: datetime) -> list[SlaClock]:
    """Set the clocks of a ticket by what is true of it now, and return them."""
    # One after the other: two that change a ticket at once would both start the same clock.
    session.execute(select(Ticket.id).where(Ticket.id == ticket.id).with_for_update(key_share=True))
    return _set(session, ticket, Promise.of(session), now)


def removed(session: Session, fact: TicketRemoved) -> None:
    """Say nothing more of a ticket whose opening was taken back."""
    for kind in KINDS:
        escalation.forget(session, fact.record, kind)


def of_ticket(session: Session, ticket_id: int) -> list[SlaClock]:
    """Return the clocks of a ticket, that of the first response first."""
    which = SlaClock.ticket_id == ticket_id
    return list(session.scalars(select(SlaClock).where(which).order_by(SlaClock.kind)))


def changed_customer(session: Session, customer_id: int, now: datetime) -> None:
    """Set the clocks of a customer's open tickets, as after a change of tier."""
    which = (Ticket.customer_id == customer_id, Ticket.resolved_at.is_(None), Ticket.merged_into_id.is_(None))
    found = session.scalars(select(Ticket).where(*which).order_by(Ticket.id).with_for_update(key_share=True)).all()
    promise = Promise.of(session) if found else None
    for ticket in found:
        assert promise is not None, "there is a ticket"
        _set(session, ticket, promise, now)


def recount(
    session: Session, now: datetime, *, after: tuple[int, int] = (0, 0), limit: int = BATCH
) -> tuple[int, int] | None:
    """Set the clocks of the next `limit` open tickets anew, as after a change of promises or hours.

    `after` is the urgency and number of the last ticket before them; that of the last one now is returned, None once
    none is left. What was missed before anybody promised it, or before the promise changed, is told nobody.
    """
    statement = (
        select(Ticket)
        .where(Ticket.resolved_at.is_(None), tuple_(Ticket.urgency, Ticket.id) > tuple_(*after))
        .order_by(Ticket.urgency, Ticket.id)
        .limit(limit)
        .options(selectinload(Ticket.customer))
        .with_for_update(of=Ticket, key_share=True)
        .execution_options(populate_existing=True)
    )
    found = session.scalars(statement).all()
    promise = Promise.of(session)
    for ticket in found:
        _set(session, ticket, promise, now, quiet=True)
    return (found[-1].urgency, found[-1].id) if len(found) == limit else None


def _set(
    session: Session,
    ticket: Ticket,
    promise: Promise,
    now: datetime,
    *,
    opening: bool = False,
    quiet: bool = False,
) -> list[SlaClock]:
    own = pauses.follow(session, ticket, now)
    known = {clock.kind: clock for clock in of_ticket(session, ticket.id)}
    if not known and not promise.targets:
        return []
    if not ticket.is_request or ticket.merged_into_id is not None:
        _drop(session, ticket, known.values())
        return []
    started_at, waits = pauses.with_merged(session, ticket, own)
    tier = ticket.customer.tier if ticket.customer is not None else None
    running: list[SlaClock] = []
    for kind in KINDS:
        clock, met_at = known.get(kind), _met_at(ticket, kind)
        if clock is not None and met_at is not None and (clock.met_at, clock.started_at) == (met_at, started_at):
            running.append(clock)
            continue
        minutes = best(promise.targets, kind, priority=ticket.priority, tier=tier)
        if minutes is None:
            _drop(session, ticket, [clock] if clock is not None else [])
            continue
        if clock is None:
            if met_at is not None and not opening:
                continue
            clock = SlaClock(workspace_id=current_workspace(session), ticket_id=ticket.id, kind=kind)
            session.add(clock)
        if quiet and clock.target_minutes != minutes and not _is_late(clock, now):
            clock.promised_at = now
        clock.priority, clock.target_minutes, clock.started_at, clock.met_at = (
            ticket.priority,
            minutes,
            started_at,
            met_at,
        )
        reading = read(
            promise.hours, started_at=started_at, pauses=waits, met_at=met_at, target_minutes=minutes, now=now
        )
        _write(clock, reading)
        escalation.plan(session, ticket, clock, _wanted(reading, now), now=now, quiet=quiet)
        running.append(clock)
    session.flush()
    return running


def _is_late(clock: SlaClock, now: datetime) -> bool:
    """Tell whether a target was missed by what was promised so far."""
    return clock.breached_at is not None or (clock.due_at is not None and clock.due_at <= now)


def _met_at(ticket: Ticket, kind: str) -> datetime | None:
    """Return when a target was met; whoever solves a request without a word has answered it."""
    if kind == FIRST_RESPONSE and ticket.first_response_at is not None:
        return ticket.first_response_at
    return ticket.resolved_at


def _write(clock: SlaClock, reading: ClockReading) -> None:
    clock.used_seconds = reading.used_seconds
    clock.running_since, clock.due_at = reading.running_since, reading.due_at
    clock.breached_at = reading.breached_at


def _wanted(reading: ClockReading, now: datetime) -> dict[Rung, datetime | None]:
    late = reading.due_at is not None and reading.due_at <= now
    return {
        Rung.WARNING: None if late else reading.warn_at,
        Rung.BREACH: reading.due_at,
        Rung.ESCALATION: reading.escalate_at,
    }


def _drop(session: Session, ticket: Ticket, clocks: Iterable[SlaClock]) -> None:
    for clock in clocks:
        escalation.forget(session, ticket, clock.kind)
        session.delete(clock)
    session.flush()
