"""Keep when people and channels want to be left alone, of what they want to hear nothing, and how often they may be.

Whether a message goes out now is decided when it is about to be sent (`storage.notifications.throttle`), so that the
newest wish holds. Times are those on the wall where the person lives, for a channel where the workspace is.
"""

from collections.abc import Collection
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import ARRAY, CheckConstraint, ColumnElement, ForeignKey, SmallInteger, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database.engine import TENANT, Base, current_workspace, notify
from storage.errors import Conflict, Invalid
from storage.queues.outbox import CHANNEL, Delivery
from storage.records.history import Recorded

WEEK = 7
MOST_BUDGET = 1_000

_ONE_MINUTE = timedelta(minutes=1)
_STEPS = 1_000


class Notice(StrEnum):
    """Name the kinds of messages that come by themselves, each of which may be muted."""

    TICKETS = "tickets"
    REPLIES = "replies"
    WARNINGS = "warnings"
    BREACHES = "breaches"
    INCIDENTS = "incidents"
    REMINDERS = "reminders"
    DIGESTS = "digests"
    YOURS = "yours"
    NEWS = "news"
    PROBLEMS = "problems"
    OTHER = "other"

    @property
    def words(self) -> str:
        """Return what people call it, in English, to be translated where it is shown."""
        return _WORDS[self]


_WORDS = {
    Notice.TICKETS: "new tickets",
    Notice.REPLIES: "customers who write again",
    Notice.WARNINGS: "warnings before a ticket is late",
    Notice.BREACHES: "alerts about late tickets",
    Notice.INCIDENTS: "incidents",
    Notice.REMINDERS: "reminders",
    Notice.DIGESTS: "digests",
    Notice.YOURS: "what others give you or change of yours",
    Notice.NEWS: "news",
    Notice.PROBLEMS: "undelivered messages",
    Notice.OTHER: "other messages",
}


class Held(StrEnum):
    """Say why a message was held back; `asked` is what somebody then had sent after all."""

    QUIET = "quiet"
    MUTED = "muted"
    BUDGET = "budget"
    ASKED = "asked"


class Attention(Recorded, Base):
    """Hold one person's or channel's wishes; `target` is its Slack id.

    `quiet_from` to `quiet_until` are local times, perhaps over midnight; `days_off` are weekdays, 0 for Monday; `muted`
    are kinds of messages; `daily_budget` is how many messages that can wait a day may bring.
    """

    __noun__ = "attention"
    __audit__ = "quiet"
    __tablename__ = "attention"
    __table_args__ = (
        CheckConstraint("(quiet_from IS NULL) = (quiet_until IS NULL)", name="quiet"),
        CheckConstraint("daily_budget >= 0", name="daily_budget"),
        {"info": TENANT},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    target: Mapped[str] = mapped_column(primary_key=True)
    quiet_from: Mapped[time | None]
    quiet_until: Mapped[time | None]
    days_off: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger), server_default="{}")
    muted: Mapped[list[str]] = mapped_column(server_default="{}")
    daily_budget: Mapped[int | None] = mapped_column(SmallInteger)

    def history_name(self) -> str:
        """Return what these wishes are called."""
        return "quiet hours and limits"

    def undoing(self, session: Session, action: str) -> None:
        """Look again at what waits."""
        reconsider(session, Delivery.lane == self.target)


def get(session: Session, target: str, *, steady: bool = False) -> Attention | None:
    """Return the wishes of a person or channel, None where none were said; `steady` until the transaction ends."""
    return session.get(
        Attention,
        (current_workspace(session), target),
        populate_existing=True,
        with_for_update={"read": True} if steady else None,
    )


def set_quiet(
    session: Session, target: str, hours: tuple[time, time] | None, days_off: Collection[int] = ()
) -> Attention:
    """Say from and until which local time a target is left alone, perhaps over midnight, and on which weekdays.

    Raises Invalid if that leaves no time at all.
    """
    if hours is not None and hours[0] == hours[1]:
        raise Invalid(
            "Quiet hours must begin and end at different times.",
            field="hours",
            hint="Write for example 18:00-09:00. Whole days: `off:sat,sun`.",
        )
    off = sorted(set(days_off))
    if any(not 0 <= day < WEEK for day in off):
        raise ValueError("a weekday is 0 to 6")
    if len(off) == WEEK:
        raise Invalid(
            "With every day off nothing would ever arrive.",
            field="off",
            hint="Leave at least one day, or mute some kinds of messages: `/crm mute`.",
        )
    row = _row(session, target)
    row.quiet_from, row.quiet_until = hours or (None, None)
    row.days_off = off
    return _changed(session, row)


def mute(session: Session, target: str, notice: Notice) -> Attention:
    """Hold back a kind of messages to a target; raise Conflict if it is muted already."""
    row = _row(session, target)
    if notice in row.muted:
        raise Conflict("{kind} are already muted there.", kind=notice.value.capitalize())
    row.muted = sorted([*row.muted, notice.value])
    return _changed(session, row)


def unmute(session: Session, target: str, notice: Notice | None = None) -> Attention:
    """Let a kind of messages through again, or all kinds; what was held back stays so. Raises Conflict if none is."""
    row = _row(session, target)
    left = [one for one in row.muted if notice is not None and one != notice]
    if left == row.muted:
        raise Conflict("None of these is muted there.")
    row.muted = left
    return _changed(session, row)


def set_budget(session: Session, target: str, budget: int | None) -> Attention:
    """Say how many messages a day a channel may get of those that can wait; None for as many as there are.

    Raises Invalid for less than none or more than `MOST_BUDGET`.
    """
    if budget is not None and not 0 <= budget <= MOST_BUDGET:
        raise Invalid("A budget is between 0 and {most} messages a day.", field="budget", most=MOST_BUDGET)
    row = _row(session, target)
    row.daily_budget = budget
    return _changed(session, row)


def reconsider(session: Session, which: ColumnElement[bool]) -> int:
    """Have held deliveries decided anew once this transaction has committed; return how many they were."""
    waiting = session.execute(
        update(Delivery)
        .where(
            Delivery.workspace_id == current_workspace(session),
            which,
            Delivery.state == "pending",
            Delivery.attempt == 0,
            Delivery.held_by.in_((Held.QUIET, Held.BUDGET)),
            Delivery.not_before > func.now(),
        )
        .values(not_before=func.now())
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    ).all()
    if waiting:
        notify(session, CHANNEL)
    return len(waiting)


def next_allowed(wishes: Attention | None, zone: ZoneInfo, at: datetime) -> datetime:
    """Return the first moment from an aware one on that is neither in quiet hours nor on a day off, in UTC.

    Local times that a change of the clock skips are over when it is; those that it shows twice are quiet twice.
    """
    moment = at.astimezone(UTC)
    for _ in range(_STEPS):
        ends = _ends(wishes, moment.astimezone(zone).replace(tzinfo=None)) if wishes is not None else None
        if ends is None:
            return moment
        moment = first_at(ends, zone, after=moment)
    raise ValueError("these wishes leave no time at all")


def first_at(local: datetime, zone: ZoneInfo, *, after: datetime) -> datetime:
    """Return the first moment after another at which clocks in a zone show a local time, or skip it, in UTC."""
    while True:
        found = [local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
        shown = [one for one in found if one > after and one.astimezone(zone).replace(tzinfo=None) == local]
        if shown:
            return min(shown)
        local += _ONE_MINUTE


def _ends(wishes: Attention, local: datetime) -> datetime | None:
    """Return the local time at which what holds at another one ends, None if nothing does."""
    midnight = datetime.combine(local.date() + timedelta(days=1), time())
    if local.weekday() in wishes.days_off:
        return midnight
    begins, ends = wishes.quiet_from, wishes.quiet_until
    if begins is None or ends is None:
        return None
    if begins < ends:
        return datetime.combine(local.date(), ends) if begins <= local.time() < ends else None
    if local.time() >= begins:
        return datetime.combine(midnight.date(), ends)
    return datetime.combine(local.date(), ends) if local.time() < ends else None


def _row(session: Session, target: str) -> Attention:
    """Return a target's row, which nobody else changes until the transaction ends."""
    key = {"workspace_id": current_workspace(session), "target": target}
    # Not by the session: two people may be the first at the same time, and an undo then empties what it was.
    session.execute(insert(Attention).values(key).on_conflict_do_nothing())
    return session.get_one(Attention, tuple(key.values()), with_for_update=True, populate_existing=True)


def _changed(session: Session, row: Attention) -> Attention:
    session.flush()
    reconsider(session, Delivery.lane == row.target)
    return row
