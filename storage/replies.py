"""Keep what was answered to customers, and the answers that a team has ready."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Identity, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import TENANT, Base, composite_key
from storage.records import Key


class SavedReply(Base):
    """Hold an answer to use again; `text` may hold the placeholders of `bot.handlers.triage.reply`."""

    __tablename__ = "saved_reply"
    __table_args__ = (UniqueConstraint("workspace_id", "name_key"), {"info": TENANT})

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str]
    name_key: Mapped[Key]
    text: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[str | None]


class Reply(Base):
    """Hold one answer to a ticket's customer; `delivery_id` is the outbox row that brings it to their thread."""

    __tablename__ = "reply"
    __table_args__ = (
        composite_key("ticket_id", "ticket", ondelete="CASCADE"),
        Index(None, "workspace_id", "ticket_id", "at"),
        {"info": TENANT},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    ticket_id: Mapped[int]
    text: Mapped[str]
    author_id: Mapped[str | None]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    delivery_id: Mapped[UUID | None]
