"""Keep when customers' contracts renew: one row a customer, in a schema of the plugin's own."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Identity, Index, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship, selectinload

from storage.crm.customers import Customer
from storage.database.engine import TENANT, Base, current_workspace
from storage.records.history import Recorded

PAGE = 50


class Renewal(Recorded, Base):
    """Hold the day on which one customer's contract renews; `reminded_for` is the day that was reminded of."""

    __noun__ = "renewal"
    __tablename__ = "renewal"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "customer_id"], ["customer.workspace_id", "customer.id"], ondelete="CASCADE"
        ),
        UniqueConstraint("workspace_id", "customer_id"),
        Index(None, "workspace_id", "on_date"),
        {"schema": "renewals", "info": TENANT},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    customer_id: Mapped[int]
    on_date: Mapped[date]
    reminded_for: Mapped[date | None] = mapped_column(info={"internal": True})

    customer: Mapped[Customer] = relationship(viewonly=True)

    def history_subject(self) -> tuple[str, int | None]:
        """Return the customer, in whose timeline a renewal belongs."""
        return Customer.__noun__, self.customer_id

    def history_name(self) -> str:
        """Return what people call it."""
        return f"renewal on {self.on_date}"


def record(session: Session, customer: Customer, on: date) -> Renewal:
    """Note the day on which a customer's contract renews, in the place of any earlier note."""
    renewal = session.scalars(select(Renewal).where(Renewal.customer_id == customer.id)).one_or_none()
    if renewal is None:
        renewal = Renewal(workspace_id=current_workspace(session), customer_id=customer.id)
        session.add(renewal)
    renewal.on_date = on
    session.flush()
    return renewal


def upcoming(session: Session, first: date, last: date, *where: Any) -> list[Renewal]:
    """Return the renewals between two days, the next one first, with their customers, at most 50."""
    statement = select(Renewal).join(Renewal.customer).where(Renewal.on_date.between(first, last), *where)
    shown = statement.options(selectinload(Renewal.customer)).order_by(Renewal.on_date, Renewal.id).limit(PAGE)
    return list(session.scalars(shown))


def for_owner(session: Session, owner_id: str, first: date, last: date) -> list[Renewal]:
    """Return the renewals between two days of the customers that a member owns."""
    return upcoming(session, first, last, Customer.owner_id == owner_id)


def due_for_reminder(session: Session, last: date) -> list[Renewal]:
    """Return the renewals up to a day whose customer has an owner who was not reminded of that day yet."""
    not_yet = Renewal.reminded_for.is_distinct_from(Renewal.on_date)
    return upcoming(session, date.min, last, not_yet, Customer.owner_id.is_not(None))
