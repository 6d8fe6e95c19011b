"""Say which channel sees which tickets, and to whom they are given."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Identity, func
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import TENANT, Base
from storage.records import Key, one_of


class Strategy(StrEnum):
    """Say who of a route's people gets the next ticket: nobody, each in turn, or who has fewest open ones."""

    NONE = "none"
    ROUND_ROBIN = "round_robin"
    LEAST_LOADED = "least_loaded"


class Route(Base):
    """Hold one rule; an empty `category`, `tier` or `language` means any.

    The rule that says most wins, then the oldest. `last_member_id` is who got the last ticket in turn.
    """

    __tablename__ = "route"
    __table_args__ = (
        one_of("strategy", tuple(Strategy)),
        CheckConstraint("strategy = 'none' OR people <> '{}'", name="people"),
        {"info": TENANT},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    category: Mapped[Key | None]
    tier: Mapped[Key | None]
    language: Mapped[str | None]
    channel_id: Mapped[str | None]
    people: Mapped[list[str]] = mapped_column(server_default="{}")
    strategy: Mapped[str] = mapped_column(server_default=Strategy.NONE.value)
    last_member_id: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[str | None]
