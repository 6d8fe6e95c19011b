"""Keep when people and channels want to be left alone, of what they want to hear nothing, and how often they may be."""

from datetime import time

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import TENANT, Base


class Attention(Base):
    """Hold one person's or channel's wishes; `target` is its Slack id.

    `quiet_from` to `quiet_until` are local times, perhaps over midnight; `days_off` are weekdays, 0 for Monday; `muted`
    are kinds of messages; `daily_budget` is how many messages that can wait a day may bring.
    """

    __tablename__ = "attention"
    __table_args__ = (
        CheckConstraint("(quiet_from IS NULL) = (quiet_until IS NULL)", name="quiet"),
        CheckConstraint("daily_budget >= 0", name="daily_budget"),
        {"info": TENANT},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    target: Mapped[str] = mapped_column(primary_key=True)
    quiet_from: Mapped[time | None]
    quiet_until: Mapped[time | None]
    days_off: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger), server_default="{}")
    muted: Mapped[list[str]] = mapped_column(server_default="{}")
    daily_budget: Mapped[int | None] = mapped_column(SmallInteger)
