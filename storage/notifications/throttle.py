"""Decide whether a message goes out now or is held back, by the wishes of whoever it is for.

Asked when a message is about to be sent, so that the newest wishes hold. What is muted stays until somebody asks for
it; quiet hours hold until they end; what is beyond a channel's budget waits for the next morning, once, so that nothing
waits longer than that. Nothing is lost: `waiting` and `held_back` say what was held.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from storage.database.engine import current_workspace, notify
from storage.errors import Conflict, NotFound
from storage.notifications import preferences
from storage.notifications.preferences import Attention, Held, Notice, first_at, next_allowed
from storage.queues import outbox, outbox_claims
from storage.queues.outbox import POST, Delivery
from storage.references import parse_reference
from storage.support import tickets
from storage.support.tickets import Priority, Ticket

SPENT = "attention.spent"
"""The name under which the bot draws the notice that a channel's budget is spent."""

MORNING = time(8)
PAGE = 20

ROUTINE = frozenset({Notice.NEWS, Notice.PROBLEMS, Notice.OTHER})
"""What may spend half of a budget at most, so that the rest is there for what matters more."""


@dataclass(frozen=True, slots=True)
class HeldCount:
    """Say how many messages of a kind were held back, and what they are about, the first ones first."""

    notice: Notice
    count: int
    records: tuple[str, ...]


def hold(session: Session, row: Delivery, notice: Notice, *, zone: Callable[[], ZoneInfo], now: datetime) -> bool:
    """Put a claimed delivery back if its receiver does not want it now, and tell whether that was done.

    `zone` tells the receiver's, which is seldom needed; `now` is the time. Wishes that somebody is changing at this
    moment are waited for.
    """
    wishes = preferences.get(session, row.lane, steady=True)
    if wishes is None:
        return False
    if row.held_by == Held.ASKED:
        return _goes(session, row, notice)
    if notice in wishes.muted:
        return outbox_claims.hold(session, row, None, notice=notice, held_by=Held.MUTED, held_at=now)
    if is_urgent(session, row, notice):
        return _goes(session, row, notice)
    there = zone()
    until, why = next_allowed(wishes, there, now), Held.QUIET
    if until <= now:
        if not _is_spent(session, row, wishes, notice, there, now):
            return _goes(session, row, notice)
        until, why = next_allowed(wishes, there, next_morning(there, now)), Held.BUDGET
        _tell_spent(session, row, wishes, there, now)
    if row.held_by in {why, Held.BUDGET} and row.held_at is not None:
        # Since when it waits for the budget is remembered through quiet hours: it does so for one morning only.
        return outbox_claims.hold(session, row, until)
    return outbox_claims.hold(session, row, until, notice=notice, held_by=why, held_at=now)


def is_urgent(session: Session, row: Delivery, notice: Notice) -> bool:
    """Tell whether a message does not wait: what many customers report, an urgent ticket that is new or late."""
    if notice is Notice.INCIDENTS:
        return True
    if notice not in {Notice.TICKETS, Notice.BREACHES}:
        return False
    noun, ticket_id = parse_reference((row.record or "").partition("/")[0]) or (None, 0)
    try:
        return noun == tickets.Ticket.__noun__ and tickets.get(session, ticket_id).priority == Priority.URGENT
    except NotFound:
        return False


def next_morning(zone: ZoneInfo, now: datetime) -> datetime:
    """Return when what a budget held back goes out, in UTC."""
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return first_at(datetime.combine(tomorrow, MORNING), zone, after=now)


def spent_today(session: Session, target: str, *, zone: ZoneInfo, now: datetime) -> int:
    """Return how many messages of a budget went to a channel since midnight there."""
    midnight = datetime.combine(now.astimezone(zone).date(), time())
    since = first_at(midnight, zone, after=midnight.replace(tzinfo=zone) - timedelta(days=1))
    sent = (
        Delivery.workspace_id == current_workspace(session),
        Delivery.lane == target,
        Delivery.state == "sent",
        Delivery.sent_at >= since,
        Delivery.kind == POST,
        Delivery.notice != Notice.DIGESTS,
    )
    return session.scalar(select(func.count()).where(*sent)) or 0


def waiting(session: Session, target: str, limit: int = PAGE) -> list[Delivery]:
    """Return what is held back from a person or channel at this moment, the first first."""
    held = (*_held(session, target), Delivery.state.in_(("pending", "held")), Delivery.held_by != Held.ASKED)
    still = or_(Delivery.state == "held", Delivery.not_before > func.now())
    return list(session.scalars(select(Delivery).where(*held, still).order_by(Delivery.seq).limit(limit)))


def held_back(
    session: Session, target: str, since: datetime, until: datetime, *, records: int = 5
) -> Sequence[HeldCount]:
    """Count what was held back from a target in a period, by kind, with the first records of each.

    Quiet hours count only while they last, as what they held is there once they are over.
    """
    over = (Delivery.held_by == Held.QUIET) & Delivery.state.not_in(("pending", "sending"))
    rows = session.execute(
        select(Delivery.notice, Delivery.record)
        .where(
            *_held(session, target),
            Delivery.held_at > since,
            Delivery.held_at <= until,
            Delivery.state != "cancelled",
            ~over,
        )
        .order_by(Delivery.seq)
    ).all()
    found: dict[Notice, list[str | None]] = {}
    for notice, record in rows:
        found.setdefault(Notice(str(notice)), []).append(record)
    return [HeldCount(one, len(found[one]), _named(found[one])[:records]) for one in Notice if one in found]


def hurry(session: Session, ticket: Ticket) -> int:
    """Have what waits about a ticket that has become urgent decided anew; return how much it was."""
    about = or_(Delivery.record == ticket.reference, func.starts_with(Delivery.record, f"{ticket.reference}/"))
    return preferences.reconsider(session, about) if ticket.priority == Priority.URGENT else 0


def send_now(session: Session, delivery_id: UUID, *, target: str | None = None) -> Delivery:
    """Have a message sent that was held back, whatever the wishes; of a `target` only, if one is given.

    Raises NotFound if it is not that target's, Conflict if it is not held back any more.
    """
    found = session.get(Delivery, (current_workspace(session), delivery_id), populate_existing=True)
    if found is None or (target is not None and found.lane != target):
        raise NotFound("This message is no longer stored.")
    asked = session.execute(
        update(Delivery)
        .where(
            Delivery.workspace_id == current_workspace(session),
            Delivery.id == delivery_id,
            Delivery.held_at.is_not(None),
            or_(Delivery.state == "held", (Delivery.state == "pending") & (Delivery.not_before > func.now())),
        )
        .values(state="pending", not_before=func.now(), held_by=Held.ASKED)
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    if asked.first() is None:
        raise Conflict("This message is not held back any more.")
    notify(session, outbox.CHANNEL)
    session.refresh(found)
    return found


def _named(records: Sequence[str | None]) -> tuple[str, ...]:
    """Return the references in what messages are about, each once: `T-7` for `T-7/resolution`."""
    return tuple(dict.fromkeys(one.partition("/")[0] for one in records if one))


def _held(session: Session, target: str) -> tuple[ColumnElement[bool], ...]:
    return (
        Delivery.workspace_id == current_workspace(session),
        Delivery.lane == target,
        Delivery.held_at.is_not(None),
    )


def _goes(session: Session, row: Delivery, notice: Notice) -> bool:
    if row.notice != notice:
        outbox_claims.noted(session, row, notice)
    return False


def _is_spent(
    session: Session, row: Delivery, wishes: Attention, notice: Notice, zone: ZoneInfo, now: datetime
) -> bool:
    """Tell whether a message has to wait for the next morning; what has waited for one goes."""
    if wishes.daily_budget is None or row.target_channel is None or notice is Notice.DIGESTS:
        return False
    today = now.astimezone(zone).date()
    if row.held_by == Held.BUDGET and row.held_at is not None and row.held_at.astimezone(zone).date() < today:
        return False
    share = wishes.daily_budget // 2 if notice in ROUTINE else wishes.daily_budget
    return spent_today(session, row.lane, zone=zone, now=now) >= share


def _tell_spent(session: Session, row: Delivery, wishes: Attention, zone: ZoneInfo, now: datetime) -> None:
    """Say once a day in a channel that from now on things wait."""
    today = now.astimezone(zone).date()
    outbox.enqueue(
        session,
        target_channel=row.lane,
        renderer=SPENT,
        record=None,
        payload={"budget": wishes.daily_budget},
        dedupe_key=f"budget:{row.lane}:{today}",
    )
