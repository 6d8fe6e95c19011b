"""Keep how a workspace names, merges and adds categories of messages, with examples of its own."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database import TENANT, Base
from storage.records import Key


class Category(Base):
    """Hold a category the workspace added, or how it names or merged one that comes with the product."""

    __tablename__ = "category"
    __table_args__ = (CheckConstraint("merged_into <> key", name="merged_into"), {"info": TENANT})

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[Key] = mapped_column(primary_key=True)
    name: Mapped[str]
    merged_into: Mapped[Key | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[str | None]


class Example(Base):
    """Hold a message that somebody wrote down as an example of a category."""

    __tablename__ = "example"
    __table_args__ = (Index(None, "workspace_id", "category", "id"), {"info": TENANT})

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    category: Mapped[Key]
    text: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[str | None]


def all_of(session: Session) -> list[Category]:
    """Return what the workspace says of its categories, also of merged ones, in the order in which it said so."""
    return list(session.scalars(select(Category).order_by(Category.created_at, Category.key)))
