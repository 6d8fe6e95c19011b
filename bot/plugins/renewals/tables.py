"""Keep what renews at customers, and when, in a schema of the plugin's own."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Index, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database.engine import TENANT, Base, composite_key
from storage.records.named import Named, named_args

PAGE = 50


class Renewal(Named, Base):
    """Describe what renews on a day; `reminded_for` is the day that its owner was reminded of."""

    __noun__, __letter__, __tablename__ = "renewal", "R", "renewal"
    __table_args__ = (
        *named_args("renewals.renewal"),
        composite_key("customer_id", "customer", ondelete="CASCADE"),
        composite_key("owner_id", "member", ondelete="SET NULL"),
        Index(None, "workspace_id", "on_date"),
        {"schema": "renewals", "info": TENANT},
    )

    on_date: Mapped[date]
    customer_id: Mapped[int | None]
    owner_id: Mapped[str | None]
    reminded_for: Mapped[date | None] = mapped_column(info={"internal": True})


def between(session: Session, first: date, last: date | None, *where: Any) -> list[Renewal]:
    """Return what renews from one day to another, or after, the next one first, at most 50."""
    until = () if last is None else (Renewal.on_date <= last,)
    lives = Renewal.archived_at.is_(None), Renewal.merged_into_id.is_(None)
    found = select(Renewal).where(Renewal.on_date >= first, *until, *lives, *where)
    return list(session.scalars(found.order_by(Renewal.on_date, Renewal.id).limit(PAGE)))


def to_be_reminded_of(session: Session, last: date) -> list[Renewal]:
    """Return what renews up to a day and has an owner who was not reminded of that day yet."""
    not_yet = Renewal.reminded_for.is_distinct_from(Renewal.on_date)
    return between(session, date.min, last, not_yet, Renewal.owner_id.is_not(None))
