"""Keep which digests are sent, to whom and when; what stands in them comes from `storage.digests.metrics`."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import CheckConstraint, Index, SmallInteger, Time, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database.engine import TENANT, Base, composite_key
from storage.digests.metrics import PIPELINE, SUPPORT
from storage.errors import Ambiguous, Invalid, NotFound
from storage.local_times import placed
from storage.names import check_name, name_key
from storage.queues import due
from storage.records import named
from storage.records.history import CREATED
from storage.records.named import CANDIDATES, PAGE, Record, moment, one_of
from storage.workspace.workspaces import check_zone

DUE_KIND = "digest"
# The name under which the bot draws the digest when it is sent.
RENDERER = "digests.digest"


class Content(StrEnum):
    """Say what a digest is about."""

    PIPELINE = "pipeline"
    SUPPORT = "support"
    BOTH = "both"


class Frequency(StrEnum):
    """Say how often a digest is sent; workdays are Monday to Friday."""

    DAILY = "daily"
    WORKDAYS = "workdays"
    WEEKLY = "weekly"


class Scope(StrEnum):
    """Say whose records a digest counts: everybody's, those of the owner and who reports to them, or the owner's."""

    EVERYONE = "everyone"
    TEAM = "team"
    OWN = "own"


class Digest(Record, Base):
    """Describe a digest; it goes either to a member or to a channel, at `at_time` in `zone`.

    `weekday` is 0 for Monday, and only a weekly digest has one. `sections` are those of `storage.digests.metrics` and
    the ids of plugins'; empty, as an earlier release leaves it, means what `content` says. A scope that is not
    everybody's is that of the member `about_id`, or else the owner's. `only` are filters as somebody types them, which
    are read anew each time; empty, all records count.
    """

    __noun__ = "digest"
    __letter__ = "G"
    __tablename__ = "digest"
    __table_args__ = (
        composite_key("owner_id", "member", ondelete="SET NULL"),
        composite_key("about_id", "member", ondelete="SET NULL"),
        composite_key("pipeline_id", "pipeline", ondelete="SET NULL"),
        one_of("content", tuple(Content)),
        one_of("frequency", tuple(Frequency)),
        one_of("scope", tuple(Scope)),
        CheckConstraint("num_nonnulls(target_user, target_channel) = 1", name="target"),
        CheckConstraint("(frequency = 'weekly') = (weekday IS NOT NULL)", name="weekly"),
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        Index(None, "workspace_id", "owner_id"),
        {"info": TENANT},
    )

    name: Mapped[str]
    content: Mapped[str]
    frequency: Mapped[str]
    weekday: Mapped[int | None] = mapped_column(SmallInteger)
    at_time: Mapped[time] = mapped_column(Time)
    zone: Mapped[str]
    scope: Mapped[str] = mapped_column(server_default=Scope.EVERYONE.value)
    owner_id: Mapped[str | None]
    target_user: Mapped[str | None]
    target_channel: Mapped[str | None]
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    sections: Mapped[list[str]] = mapped_column(server_default="{}")
    about_id: Mapped[str | None]
    pipeline_id: Mapped[int | None]
    skip_empty: Mapped[bool] = mapped_column(server_default=text("false"))
    only: Mapped[str] = mapped_column(server_default="")

    @property
    def parts(self) -> Sequence[str]:
        """Return the sections the digest has."""
        return self.sections or ([PIPELINE, SUPPORT] if self.content == Content.BOTH else [self.content])

    @property
    def recurrence(self) -> str:
        """Return when the digest is sent as an iCalendar RRULE on the zone's local calendar."""
        days = _DAYS if self.weekday is None else _DAYS[self.weekday : self.weekday + 1]
        if self.frequency == Frequency.WORKDAYS:
            days = _DAYS[:5]
        rule = "FREQ=DAILY" if self.frequency == Frequency.DAILY else f"FREQ=WEEKLY;BYDAY={','.join(days)}"
        return f"{rule};BYHOUR={self.at_time.hour};BYMINUTE={self.at_time.minute};BYSECOND=0"

    def undoing(self, session: Session, action: str) -> None:
        """Send the digest, or send it no longer, according to what an undo made of it."""
        if action == CREATED or not self.active:
            due.cancel(session, DUE_KIND, self.reference)
        else:
            _schedule(session, self)


E = TypeVar("E", bound=StrEnum)
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def add(
    session: Session,
    *,
    name: str,
    at_time: time,
    zone: str,
    owner_id: str,
    content: Content | str = Content.BOTH,
    frequency: Frequency | str = Frequency.WORKDAYS,
    weekday: int | None = None,
    scope: Scope | str = Scope.EVERYONE,
    target_user: str | None = None,
    target_channel: str | None = None,
    sections: Sequence[str] = (),
    about_id: str | None = None,
    pipeline_id: int | None = None,
    skip_empty: bool = False,
    only: str = "",
) -> Digest:
    """Have a digest sent from now on; to its owner if neither a user nor a channel is given.

    A weekly digest is sent on Mondays unless `weekday` (0 is Monday) says otherwise; `sections` go before `content`.
    Raises Invalid if a value cannot be used.
    """
    wanted = {"name": name, "at_time": at_time, "zone": zone, "content": content, "frequency": frequency}
    wanted |= {"weekday": weekday, "scope": scope, "sections": list(sections), "about_id": about_id}
    wanted |= {"pipeline_id": pipeline_id, "skip_empty": skip_empty, "target_channel": target_channel, "only": only}
    wanted["target_user"] = owner_id if target_user is None and target_channel is None else target_user
    digest = Digest.new(session, owner_id=owner_id, **_checked(wanted))
    _schedule(session, digest)
    return digest


def change(session: Session, digest: Digest, **wanted: Any) -> Digest:
    """Set a digest up anew, with all values of `add` but the owner; raise Invalid if a value cannot be used."""
    for name, value in _checked(wanted).items():
        setattr(digest, name, value)
    session.flush()
    if digest.active:
        _schedule(session, digest)
    return digest


def _checked(wanted: dict[str, Any]) -> dict[str, Any]:
    frequency, weekday = _one_of(Frequency, wanted["frequency"], "frequency"), wanted["weekday"]
    if weekday is not None and (frequency != Frequency.WEEKLY or not 0 <= weekday <= 6):
        raise Invalid("Only a weekly digest has a day, from Monday to Sunday.", field="weekday")
    return wanted | {
        "name": check_name(wanted["name"]),
        "content": _one_of(Content, wanted["content"], "content"),
        "frequency": frequency,
        "weekday": (weekday or 0) if frequency == Frequency.WEEKLY else None,
        "at_time": wanted["at_time"].replace(second=0, microsecond=0, tzinfo=None),
        "zone": check_zone(wanted["zone"]),
        "scope": _one_of(Scope, wanted["scope"], "scope"),
    }


def get(session: Session, digest_id: int) -> Digest:
    """Return the digest with this number; raise NotFound if there is none."""
    return named.get(session, Digest, digest_id)


def resolve(session: Session, text: str) -> Digest:
    """Return the digest a person means: by reference, name, or beginning of the name; raise Ambiguous or NotFound."""
    by_number = named.by_reference(session, Digest, text)
    if by_number is not None:
        return by_number
    key = name_key(text)
    known = list_digests(session, limit=500)
    for matches in (
        [digest for digest in known if name_key(digest.name) == key],
        [digest for digest in known if key and name_key(digest.name).startswith(key)],
    ):
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise Ambiguous(
                "There is more than one {noun} called {name}.",
                candidates=matches[:CANDIDATES],
                hint="Use the reference of the one you mean.",
                noun=Digest.__noun__,
                name=text,
            )
    raise NotFound("There is no {noun} called {name}.", candidates=known[:3], noun=Digest.__noun__, name=text)


def list_digests(session: Session, *, owner_id: str | None = None, limit: int = PAGE, offset: int = 0) -> list[Digest]:
    """Return digests, oldest first, at most `limit` after the first `offset`."""
    statement = select(Digest).order_by(Digest.id).limit(limit).offset(offset)
    if owner_id is not None:
        statement = statement.where(Digest.owner_id == owner_id)
    return list(session.scalars(statement))


def stop(session: Session, digest: Digest) -> Digest:
    """Send a digest no longer; it can be started again."""
    digest.active = False
    session.flush()
    due.cancel(session, DUE_KIND, digest.reference)
    return digest


def start(session: Session, digest: Digest) -> Digest:
    """Send a stopped digest again."""
    digest.active = True
    session.flush()
    _schedule(session, digest)
    return digest


def remove(session: Session, digest: Digest) -> None:
    """Delete a digest."""
    due.cancel(session, DUE_KIND, digest.reference)
    session.delete(digest)
    session.flush()


def first_time(digest: Digest, after: datetime) -> datetime:
    """Return when a digest is sent first after a moment, as its recurrence will say when it is sent next."""
    zone = ZoneInfo(digest.zone)
    day = after.astimezone(zone).date()
    while True:
        at = placed(day, digest.at_time, zone)
        if at is not None and at > after and _is_day(digest, day.weekday()):
            return at
        day += timedelta(days=1)


def _is_day(digest: Digest, weekday: int) -> bool:
    if digest.frequency == Frequency.WEEKLY:
        return weekday == digest.weekday
    return digest.frequency == Frequency.DAILY or weekday < 5


def _schedule(session: Session, digest: Digest) -> None:
    due.schedule(
        session,
        DUE_KIND,
        digest.reference,
        at=first_time(digest, moment()),
        zone=digest.zone,
        recurrence=digest.recurrence,
        target_user=digest.target_user,
        target_channel=digest.target_channel,
        renderer=RENDERER,
    )


def _one_of(kinds: type[E], value: str, field: str) -> E:
    try:
        return kinds(name_key(value))
    except ValueError:
        raise Invalid(
            "{value} is not one of {choices}.", field=field, typed=value, value=value, choices=", ".join(kinds)
        ) from None
