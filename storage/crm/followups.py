"""Keep what somebody promised to do about a record, and when to remind them."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Index, Select, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship, selectinload

from storage.database.engine import TENANT, Base, composite_key
from storage.errors import Conflict, NotFound
from storage.names import check_note, name_key
from storage.queues import due
from storage.records import named, paging
from storage.records.about import About, Subject, about_args, about_values, is_about
from storage.records.comparisons import Field, Fields, Values
from storage.records.history import CREATED
from storage.records.named import NEAR_NAMES, PAGE, Record, moment, one_of
from storage.records.paging import Order, Stretch
from storage.records.query import Query
from storage.workspace.members import Member
from storage.workspace.workspaces import check_zone

DUE_KIND = "followup"
# The name under which the bot draws the reminder when it is sent.
RENDERER = "followups.reminder"


class FollowupStatus(StrEnum):
    """Say what became of a follow-up."""

    OPEN = "open"
    DONE = "done"
    CANCELLED = "cancelled"


class Followup(About, Record, Base):
    """Describe a promise; it is open exactly while `closed_at` is empty. `zone` is the place its time was meant in.

    One with a `recurrence` (`bot.grammar.calendar.recurrence`) stays open: each time it is done it is due again, and
    as long as it is not, its owner is reminded again each time.
    """

    __noun__ = "followup"
    __letter__ = "F"
    __owner__ = "owner_id"
    __tablename__ = "followup"
    __table_args__ = (
        *about_args("followup", "due_at"),
        composite_key("owner_id", "member", ondelete="SET NULL"),
        one_of("status", tuple(FollowupStatus)),
        CheckConstraint("(status = 'open') = (closed_at IS NULL)", name="closed"),
        Index("followup_due_idx", "workspace_id", "due_at", "id", postgresql_where=text("closed_at IS NULL")),
        Index(
            "followup_owner_due_idx",
            "workspace_id",
            "owner_id",
            "due_at",
            "id",
            postgresql_where=text("closed_at IS NULL"),
        ),
        {"info": TENANT},
    )

    text: Mapped[str]
    due_at: Mapped[datetime]
    zone: Mapped[str]
    owner_id: Mapped[str | None]
    status: Mapped[str] = mapped_column(server_default=FollowupStatus.OPEN.value)
    closed_at: Mapped[datetime | None]
    snoozes: Mapped[int] = mapped_column(server_default="0")
    recurrence: Mapped[str | None]

    owner: Mapped[Member | None] = relationship(viewonly=True)

    def history_name(self) -> str:
        """Return how the follow-up is called where it is undone: its text."""
        return self.text

    def undoing(self, session: Session, action: str) -> None:
        """Remind again, or no longer, according to what an undo made of the follow-up."""
        if action == CREATED or self.closed_at is not None:
            due.cancel(session, DUE_KIND, self.reference)
        else:
            _schedule(session, self)


FIELDS = Fields(
    {
        "owner": Field(Followup.owner_id, "member"),
        "due": Field(Followup.due_at, "moment"),
        "status": Field(Followup.status, "choice", choices=tuple(FollowupStatus)),
        "created": Field(Followup.created_at, "moment", past=True),
    },
    tie=Followup.id,
    words={"mine": "owner:me", "overdue": "due<now status:open", "open": "status:open", "all": "owner!=none"},
    day="due",
)
"""What follow-ups can be filtered and sorted by; `list_followups` shows open ones unless told `closed=None`."""


def add(
    session: Session,
    *,
    text: str,
    due_at: datetime,
    zone: str,
    owner_id: str,
    about: Subject | None = None,
    recurrence: str | None = None,
    origin: str | None = None,
    late: bool = True,
) -> Followup:
    """Add a follow-up about a record or about none, and have its owner reminded at `due_at` (an aware time).

    With a `recurrence` that is the first time of many. One that comes from another program is known there by `origin`;
    unless it may be `late`, nobody is reminded of what is due already.

    Raises Invalid if the text, the time or the zone cannot be used.
    """
    followup = Followup.new(
        session,
        text=check_note(text),
        due_at=_aware(due_at),
        zone=check_zone(zone),
        owner_id=owner_id,
        recurrence=recurrence,
        origin=origin,
        **about_values(about),
    )
    if late or due_at > moment():
        _schedule(session, followup)
    return followup


def get(session: Session, followup_id: int) -> Followup:
    """Return the follow-up with this number; raise NotFound if there is none."""
    return named.get(session, Followup, followup_id)


def resolve(session: Session, text: str) -> Followup:
    """Return the follow-up a person means: by reference, or by how the text of just one open one begins.

    Looks through the 200 open ones that are due first. Raises NotFound.
    """
    by_number = named.by_reference(session, Followup, text)
    if by_number is not None:
        return by_number
    if bare := named.by_bare_number(session, Followup, text):
        return bare[0]
    key = name_key(text)
    known = list_followups(session, limit=200)
    matches = [followup for followup in known if key and name_key(followup.text).startswith(key)]
    if len(matches) == 1:
        return matches[0]
    raise NotFound(
        "There is no follow-up {name}.",
        candidates=(matches or [followup for followup in known if key in name_key(followup.text)])[:NEAR_NAMES],
        hint="Use its reference, such as F-12.",
        typed=text,
        name=text,
    )


def list_followups(
    session: Session,
    *where: Any,
    owner_id: str | None = None,
    about: Subject | None = None,
    due_before: datetime | None = None,
    order_by: Sequence[Any] = (),
    limit: int = PAGE,
    closed: bool | None = False,
) -> list[Followup]:
    """Return follow-ups with their owner loaded, at most `limit`: open ones (`closed=None`: all), due first at the top.

    `where` and `order_by` are conditions and columns as `storage.records.query` makes them.
    """
    statement = _selected(*where, closed=closed)
    if owner_id is not None:
        statement = statement.where(Followup.owner_id == owner_id)
    if about is not None:
        statement = statement.where(is_about(Followup, about.__noun__, about.id))
    if due_before is not None:
        statement = statement.where(Followup.due_at < due_before)
    return list(session.scalars(statement.order_by(*(order_by or (Followup.due_at, Followup.id))).limit(limit)))


def page(session: Session, query: Query, values: Values, *, limit: int, offset: int = 0, **next_to: Any) -> Stretch:
    """Return the follow-ups a query asks for, at most `limit`, open ones unless it asks for a status: due first.

    They are the first but `offset`, or those `next_to` another page, as in `storage.records.paging.stretch`. Raises
    what the query and that do.
    """
    statement = _selected(*query.where(session, FIELDS, values), closed=None if query.asks("status") else False)
    orders = query.orders(FIELDS) or [Order(Followup.due_at), Order(Followup.id)]
    return paging.stretch(session, statement.offset(offset or None), orders, limit=limit, **next_to)


def _selected(*where: Any, closed: bool | None) -> Select[Followup]:
    statement = select(Followup).where(*where).options(selectinload(Followup.owner))
    if closed is None:
        return statement
    return statement.where(Followup.closed_at.is_not(None) if closed else Followup.closed_at.is_(None))


def all_open(session: Session, owner_id: str) -> list[Followup]:
    """Return every open follow-up of a member, due first at the top."""
    theirs = select(Followup).where(Followup.owner_id == owner_id, Followup.closed_at.is_(None))
    return list(session.scalars(theirs.order_by(Followup.due_at, Followup.id)))


def done(session: Session, followup: Followup, *, next_at: datetime | None = None) -> Followup:
    """Mark a follow-up as done, or have one that recurs due again at `next_at`; raise Conflict if it is closed."""
    if next_at is None:
        return _close(session, followup, FollowupStatus.DONE)
    return reschedule(session, followup, next_at)


def cancel(session: Session, followup: Followup) -> Followup:
    """Cancel a follow-up; raise Conflict if it is closed already."""
    return _close(session, followup, FollowupStatus.CANCELLED)


def snooze(session: Session, followup: Followup, until: datetime) -> Followup:
    """Have the owner reminded again at `until`, an aware time; raise Conflict if the follow-up is closed."""
    followup.snoozes += 1
    return reschedule(session, followup, until)


def reschedule(session: Session, followup: Followup, at: datetime, *, recurrence: str | None = None) -> Followup:
    """Have a follow-up due at another time, an aware one, from now on by `recurrence` if one is given.

    Raises Conflict if the follow-up is closed.
    """
    _still_open(followup)
    followup.due_at = _aware(at)
    followup.recurrence = recurrence or followup.recurrence
    session.flush()
    _schedule(session, followup)
    return followup


def hand_over(session: Session, followup: Followup, owner_id: str) -> Followup:
    """Give an open follow-up to somebody else, who is reminded instead; raise Conflict if it is closed.

    What is due already is due to them now, whoever was reminded of it before.
    """
    _still_open(followup)
    followup.owner_id = owner_id
    session.flush()
    session.expire(followup, ["owner"])
    # One that was sent answers for its time, so a time that has passed is not set again.
    _schedule(session, followup, at=max(followup.due_at, moment()))
    return followup


def reopen(session: Session, followup: Followup) -> Followup:
    """Open a follow-up again; one whose time has passed is due at once."""
    followup.status, followup.closed_at = FollowupStatus.OPEN, None
    session.flush()
    _schedule(session, followup)
    return followup


def cancel_about(session: Session, subject: Subject) -> list[Followup]:
    """Cancel all open follow-ups about a record and return them."""
    open_ones = select(Followup).where(is_about(Followup, subject.__noun__, subject.id), Followup.closed_at.is_(None))
    return [cancel(session, followup) for followup in session.scalars(open_ones.order_by(Followup.due_at)).all()]


def _close(session: Session, followup: Followup, status: FollowupStatus) -> Followup:
    _still_open(followup)
    followup.status, followup.closed_at = status, moment()
    session.flush()
    due.cancel(session, DUE_KIND, followup.reference)
    return followup


def _still_open(followup: Followup) -> None:
    if followup.closed_at is not None:
        raise Conflict("{reference} is already {status}.", reference=followup.reference, status=followup.status)


def _schedule(session: Session, followup: Followup, *, at: datetime | None = None) -> None:
    due.schedule(
        session,
        DUE_KIND,
        followup.reference,
        at=at or followup.due_at,
        zone=followup.zone,
        recurrence=followup.recurrence,
        target_user=followup.owner_id,
        renderer=RENDERER,
    )


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a follow-up's time needs a zone")
    return at
