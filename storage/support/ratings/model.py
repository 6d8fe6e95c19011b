"""Describe what customers are asked about how they were served: the table, and how much may be said."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, SmallInteger, func
from sqlalchemy.orm import Mapped, mapped_column, relationship

from storage.database.engine import TENANT, Base, composite_key
from storage.support.tickets import Ticket

SCORES = (1, 2, 3, 4, 5)
BAD = 2
"""A score up to this one is told to whoever had the ticket."""
WORDS_LIMIT = 1_000
RATED = "rated"
"""What the history of tickets says of a customer's answer."""


class Rating(Base):
    """Hold one question to a customer and the answer, which may never come.

    `person_id` is who was asked, `agent_id` who had the ticket then. `score` is 1 to 5, the best; `version` counts the
    answers. `delivery_id` is the outbox row of the question.
    """

    __tablename__ = "rating"
    __table_args__ = (
        composite_key("ticket_id", "ticket", ondelete="CASCADE"),
        CheckConstraint("score BETWEEN 1 AND 5", name="score"),
        CheckConstraint("(score IS NULL) = (answered_at IS NULL)", name="answered"),
        Index(None, "workspace_id", "ticket_id"),
        Index(None, "workspace_id", "person_id", "asked_at"),
        Index(None, "workspace_id", "answered_at"),
        {"info": TENANT},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    ticket_id: Mapped[int]
    person_id: Mapped[str]
    agent_id: Mapped[str | None]
    asked_at: Mapped[datetime] = mapped_column(server_default=func.now())
    delivery_id: Mapped[UUID | None]
    score: Mapped[int | None] = mapped_column(SmallInteger)
    words: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(SmallInteger, server_default="0")

    ticket: Mapped[Ticket] = relationship(viewonly=True)
