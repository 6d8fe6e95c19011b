"""Remember which of our people hold a working emoji on a message, and what it changed."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import TENANT, Base, composite_key


class Reaction(Base):
    """Hold one person's emoji on one message.

    `at` is when it was added or, where it is not `held` any more, taken back. `ticket_id` is the ticket it acted on,
    `version` that ticket's version right after, `before` the fields it changed with their values from before; all three
    are empty where it changed nothing.
    """

    __tablename__ = "reaction"
    __table_args__ = (
        composite_key("ticket_id", "ticket", ondelete="CASCADE"),
        Index(None, "workspace_id", "ticket_id"),
        {"info": TENANT},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    channel_id: Mapped[str] = mapped_column(primary_key=True)
    ts: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    member_id: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    held: Mapped[bool] = mapped_column(server_default=text("true"))
    ticket_id: Mapped[int | None]
    version: Mapped[int | None]
    before: Mapped[dict[str, Any] | None]
