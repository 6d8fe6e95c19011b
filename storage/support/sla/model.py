"""Describe service levels: when a team works, what it promises, and the clocks of its tickets."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Identity, Index, Integer, func, or_, text
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from storage.database.engine import TENANT, Base, composite_key
from storage.records.history import Recorded
from storage.records.named import Key, one_of
from storage.support.sla.recount import recount_soon
from storage.support.tickets import Priority, Ticket

FIRST_RESPONSE, RESOLUTION = KINDS = ("first_response", "resolution")


class BusinessHours(Recorded, Base):
    """Hold when a workspace works: `hours` maps weekdays (`"0"` for Monday) to `["09:00", "17:00"]`; others are off."""

    __noun__ = "hours"
    __audit__ = "hours"
    __tablename__ = "business_hours"
    __table_args__ = {"info": TENANT}

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    zone: Mapped[str]
    hours: Mapped[dict[str, Any]] = mapped_column(server_default="{}")

    def history_name(self) -> str:
        """Return what people call them."""
        return "business hours"

    def undoing(self, session: Session, action: str) -> None:
        """Set the clocks anew by the hours as they are then."""
        recount_soon(session)


class Holiday(Recorded, Base):
    """Hold a day on which nobody works."""

    __noun__ = "holiday"
    __audit__ = "hours"
    __tablename__ = "holiday"
    __table_args__ = {"info": TENANT}

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    name: Mapped[str]

    def undoing(self, session: Session, action: str) -> None:
        """Set the clocks anew by the holidays as they are then."""
        recount_soon(session)


class SlaTarget(Recorded, Base):
    """Hold a promise in minutes of business time; an empty `priority` or `tier` means any."""

    __noun__ = "service level"
    __audit__ = "promises"
    __tablename__ = "sla_target"
    __table_args__ = (
        one_of("priority", tuple(Priority)),
        CheckConstraint("first_response_minutes > 0 AND resolution_minutes > 0", name="minutes"),
        CheckConstraint("num_nonnulls(first_response_minutes, resolution_minutes) > 0", name="promise"),
        Index("sla_target_key", "workspace_id", "priority", "tier", unique=True, postgresql_nulls_not_distinct=True),
        {"info": TENANT},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    priority: Mapped[str | None]
    tier: Mapped[Key | None]
    first_response_minutes: Mapped[int | None] = mapped_column(Integer)
    resolution_minutes: Mapped[int | None] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[str | None]

    __mapper_args__ = {"eager_defaults": True}

    def history_name(self) -> str:
        """Return for which tickets the promise is, as people call it."""
        return " ".join(["the promise for", *(part for part in (self.tier, self.priority) if part), "tickets"])

    def undoing(self, session: Session, action: str) -> None:
        """Set the clocks anew by the promises as they are then."""
        recount_soon(session)


class SlaPause(Base):
    """Hold a time in which nobody of ours was to act on a ticket; `ends_at` is empty while that lasts."""

    __tablename__ = "sla_pause"
    __table_args__ = (
        composite_key("ticket_id", "ticket", ondelete="CASCADE"),
        CheckConstraint("ends_at >= starts_at", name="order"),
        {"info": TENANT},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(primary_key=True)
    ends_at: Mapped[datetime | None]


class SlaClock(Base):
    """Hold one clock of one ticket: `kind` is `first_response` or `resolution`.

    While it runs, `due_at` is when the target is missed, also once that has passed; while it is paused or met, that and
    `running_since` are empty. `used_seconds` is the business time used until `running_since`, or until it stopped.
    `breached_at` is when the target was missed, as known when the clock was last set: one that runs is also breached
    once `due_at` has passed. `warn_at`, `alert_at` and `escalate_at` are the times for which somebody was or is to be
    told; `priority` is the ticket's, by which the target was chosen. `promised_at` is since when the target
    holds, where it was promised or changed while the ticket was open: what was late before that was late by no promise.
    """

    __tablename__ = "sla_clock"
    __table_args__ = (
        composite_key("ticket_id", "ticket", ondelete="CASCADE"),
        one_of("kind", KINDS),
        CheckConstraint("(running_since IS NULL) = (due_at IS NULL)", name="running"),
        CheckConstraint("met_at IS NULL OR due_at IS NULL", name="met"),
        Index("sla_clock_due_idx", "workspace_id", "due_at", postgresql_where=text("due_at IS NOT NULL")),
        Index("sla_clock_breached_idx", "workspace_id", "breached_at"),
        Index("sla_clock_met_idx", "workspace_id", "met_at"),
        {"info": TENANT},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    priority: Mapped[str]
    target_minutes: Mapped[int] = mapped_column(Integer)
    started_at: Mapped[datetime]
    used_seconds: Mapped[int] = mapped_column(server_default="0")
    running_since: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    breached_at: Mapped[datetime | None]
    met_at: Mapped[datetime | None]
    warn_at: Mapped[datetime | None]
    alert_at: Mapped[datetime | None]
    escalate_at: Mapped[datetime | None]
    promised_at: Mapped[datetime | None]

    ticket: Mapped[Ticket] = relationship(viewonly=True)


def was_promised(at: Any) -> ColumnElement[bool]:
    """Return the condition that a clock's target held already at the moment it was missed."""
    return or_(SlaClock.promised_at.is_(None), at >= SlaClock.promised_at)


# The earliest of merged tickets gives its time to the one that was kept.
Index(
    "ticket_merged_into_idx",
    Ticket.workspace_id,
    Ticket.merged_into_id,
    postgresql_where=Ticket.merged_into_id.is_not(None),
)
