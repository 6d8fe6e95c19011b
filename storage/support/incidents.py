"""Gather what several customers report at about the same time."""

from datetime import datetime

from sqlalchemy import ForeignKey, Identity, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.engine import TENANT, Base


class Incident(Base):
    """Hold what several tickets (their `incident_id`) have in common; the lowest of them has the card.

    `told_at` is when support was told that something is going on.
    """

    __tablename__ = "incident"
    __table_args__ = (Index(None, "workspace_id", "last_at"), {"info": TENANT})

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_at: Mapped[datetime] = mapped_column(server_default=func.now())
    told_at: Mapped[datetime | None]
