"""Decide who is told that a ticket runs late, and when: the assignee before, support's channel then, a manager after.

Each of these is said once for a clock. What is planned is a row of `storage.queues.due`, which becomes a delivery when
its time has come; until that is sent it follows the clock, and is cancelled with it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.database.engine import current_workspace
from storage.queues import due
from storage.queues.due import JOB, Due
from storage.queues.outbox import Delivery
from storage.support import channels
from storage.support.sla.model import SlaClock
from storage.support.tickets import Ticket
from storage.workspace import members
from storage.workspace.members import Member, Role

# The name under which the bot draws what is said.
RENDERER = "sla.alert"
LATE = f"{JOB}sla.late"
"""The job that tells whoever shows a ticket that it is late, at the moment when it is."""


class Rung(StrEnum):
    """Name a step of the ladder; the value is the kind of its rows in `due`."""

    WARNING = "sla_warning"
    BREACH = "sla_breach"
    ESCALATION = "sla_escalation"

    @property
    def column(self) -> str:
        """Return the column of a clock that holds when it is said."""
        return {Rung.WARNING: "warn_at", Rung.BREACH: "alert_at", Rung.ESCALATION: "escalate_at"}[self]


@dataclass(frozen=True, slots=True)
class Receiver:
    """Name who is told, a person or a channel, and the subject under which that is planned."""

    subject: str
    user: str | None = None
    channel: str | None = None


def subject_of(ticket: Ticket, kind: str) -> str:
    """Return the subject of what is said about a ticket's clock, such as `T-7/resolution`."""
    return f"{ticket.reference}/{kind}"


def parse_subject(subject: str) -> tuple[str, str]:
    """Return the reference and the kind of clock of a subject."""
    reference, _, rest = subject.partition("/")
    return reference, rest.partition("/")[0]


def plan(
    session: Session,
    ticket: Ticket,
    clock: SlaClock,
    wanted: Mapping[Rung, datetime | None],
    *,
    now: datetime,
    quiet: bool = False,
) -> None:
    """Plan what is to be said of a clock, or that it is not; `quiet` says nothing of what has happened before."""
    told = {rung: receivers(session, ticket, clock.kind, rung) for rung, at in wanted.items() if at is not None}
    known = _known(session, {one.subject for found in told.values() for one in found})
    for rung, at in wanted.items():
        planned = getattr(clock, rung.column)
        if at is None:
            if planned is not None and (_cancel(session, ticket, clock.kind, rung) or planned > now):
                setattr(clock, rung.column, None)
        elif planned is not None and planned <= now and not any((rung, one.subject) in known for one in told[rung]):
            # Its time has come, so it was said; unless whoever was to send it found that it was not wanted just then.
            if _was_dropped(session, rung, told[rung], planned):
                _schedule(session, ticket, clock, rung, told[rung], max(at, now))
        elif planned != at or not all(_is_planned(known.get((rung, one.subject)), one) for one in told[rung]):
            if quiet and at <= now:
                if planned is not None:
                    _cancel(session, ticket, clock.kind, rung)
                setattr(clock, rung.column, at)
            else:
                _schedule(session, ticket, clock, rung, told[rung], at)


def forget(session: Session, ticket: Ticket, kind: str) -> None:
    """Say nothing more of a clock that is no longer there."""
    for rung in Rung:
        _cancel(session, ticket, kind, rung)


def receivers(session: Session, ticket: Ticket, kind: str, rung: Rung) -> list[Receiver]:
    """Return who is told: the first of assignee, support's channel and managers that there is, by the rung's order."""
    subject = subject_of(ticket, kind)
    assignee = _working(session, ticket.assignee_id)
    if rung is Rung.ESCALATION:
        return _managers(session, subject, assignee)
    channel = _channel(session, ticket)
    to_person = [Receiver(subject, user=assignee.id)] if assignee is not None else []
    to_channel = [Receiver(subject, channel=channel)] if channel is not None else []
    first, second = (to_person, to_channel) if rung is Rung.WARNING else (to_channel, to_person)
    return first or second or _managers(session, subject, assignee)


def _managers(session: Session, subject: str, assignee: Member | None) -> list[Receiver]:
    own = _working(session, assignee.manager_id) if assignee is not None else None
    told = [own] if own is not None else members.staff(session, Role.MANAGER)
    return [Receiver(f"{subject}/{one.id}", user=one.id) for one in told if assignee is None or one.id != assignee.id]


def _working(session: Session, member_id: str | None) -> Member | None:
    member = members.get(session, member_id) if member_id is not None else None
    return member if member is not None and member.has(Role.VIEWER) else None


def _channel(session: Session, ticket: Ticket) -> str | None:
    """Return the channel in which support sees the ticket's card, else the one for all of them."""
    if ticket.card_delivery_id is not None:
        card = session.get(Delivery, (current_workspace(session), ticket.card_delivery_id))
        if card is not None and card.target_channel is not None:
            return card.target_channel
    return channels.triage(session)


def _known(session: Session, subjects: Collection[str]) -> dict[tuple[str, str], Due]:
    which = (
        Due.workspace_id == current_workspace(session),
        Due.kind.in_([str(rung) for rung in Rung]),
        Due.subject.in_(subjects),
    )
    rows = session.scalars(select(Due).where(*which).execution_options(populate_existing=True)) if subjects else ()
    return {(row.kind, row.subject): row for row in rows}


def _is_planned(row: Due | None, receiver: Receiver) -> bool:
    return row is not None and (row.target_user, row.target_channel) == (receiver.user, receiver.channel)


def _schedule(
    session: Session, ticket: Ticket, clock: SlaClock, rung: Rung, told: Sequence[Receiver], at: datetime
) -> None:
    setattr(clock, rung.column, at)
    if rung is Rung.BREACH:
        due.schedule(session, LATE, subject_of(ticket, clock.kind), at=at, zone="UTC")
    for one in told:
        due.schedule(
            session,
            rung,
            one.subject,
            at=at,
            zone="UTC",
            target_user=one.user,
            target_channel=one.channel,
            renderer=RENDERER,
            payload={"rung": rung.value},
        )


def _cancel(session: Session, ticket: Ticket, kind: str, rung: Rung) -> bool:
    """Cancel what is planned or not yet sent; False if there was nothing left to stop.

    What was planned for a manager who is none any more is dropped when it is drawn.
    """
    if rung is Rung.BREACH:
        due.cancel(session, LATE, subject_of(ticket, kind))
    subjects = {subject_of(ticket, kind), *(one.subject for one in receivers(session, ticket, kind, rung))}
    stopped = [due.cancel(session, rung, subject) for subject in sorted(subjects)]
    return any(stopped)


def _was_dropped(session: Session, rung: Rung, told: Sequence[Receiver], planned: datetime) -> bool:
    utc = planned.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    keys = [f"{rung}:{one.subject}:{utc}" for one in told]
    which = (Delivery.workspace_id == current_workspace(session), Delivery.dedupe_key.in_(keys))
    states = session.scalars(select(Delivery.state).where(*which)).all()
    return bool(states) and set(states) == {"cancelled"}
