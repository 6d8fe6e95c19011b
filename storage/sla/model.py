"""Describe service levels: when a team works, what it promises, and the clocks of its tickets."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, Integer, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from storage.database import TENANT, Base, composite_key
from storage.records import Key, one_of
from storage.tickets import Ticket

KINDS = ("first_response", "resolution")


class BusinessHours(Base):
    """Hold when a workspace works: `hours` maps weekdays (`"0"` for Monday) to `["09:00", "17:00"]`; others are off."""

    __tablename__ = "business_hours"
    __table_args__ = {"info": TENANT}

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    zone: Mapped[str]
    hours: Mapped[dict[str, Any]] = mapped_column(server_default="{}")


class Holiday(Base):
    """Hold a day on which nobody works."""

    __tablename__ = "holiday"
    __table_args__ = {"info": TENANT}

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    name: Mapped[str]


class SlaTarget(Base):
    """Hold a promise in minutes of business time; an empty `priority` or `tier` means any."""

    __tablename__ = "sla_target"
    __table_args__ = (
        CheckConstraint("priority IN ('low', 'normal', 'high', 'urgent')", name="priority"),
        CheckConstraint("first_response_minutes > 0 AND resolution_minutes > 0", name="minutes"),
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


class SlaClock(Base):
    """Hold one clock of one ticket: `kind` is `first_response` or `resolution`.

    While it runs, `due_at` is when the target is missed; while it is paused both `running_since` and `due_at` are empty
    and `used_seconds` is the business time used so far.
    """

    __tablename__ = "sla_clock"
    __table_args__ = (
        composite_key("ticket_id", "ticket", ondelete="CASCADE"),
        one_of("kind", KINDS),
        CheckConstraint("(running_since IS NULL) = (due_at IS NULL)", name="running"),
        Index("sla_clock_due_idx", "workspace_id", "due_at", postgresql_where=text("due_at IS NOT NULL")),
        Index("sla_clock_breached_idx", "workspace_id", "breached_at"),
        {"info": TENANT},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    target_minutes: Mapped[int] = mapped_column(Integer)
    used_seconds: Mapped[int] = mapped_column(server_default="0")
    running_since: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    warned_at: Mapped[datetime | None]
    breached_at: Mapped[datetime | None]
    met_at: Mapped[datetime | None]

    ticket: Mapped[Ticket] = relationship(viewonly=True)
