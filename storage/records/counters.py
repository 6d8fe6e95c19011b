"""Hand out the numbers people see: one row of them per workspace and noun."""

from sqlalchemy import ForeignKey, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database.engine import TENANT, Base, current_workspace
from storage.workspace.workspaces import Workspace


class Counter(Base):
    """Keep the last number given to a noun in a workspace."""

    __tablename__ = "counter"
    __table_args__ = {"info": TENANT}

    workspace_id: Mapped[str] = mapped_column(ForeignKey(Workspace.id, ondelete="CASCADE"), primary_key=True)
    noun: Mapped[str] = mapped_column(primary_key=True)
    last_id: Mapped[int]


_DRAW = text("""
INSERT INTO counter (workspace_id, noun, last_id) VALUES (:workspace, :noun, :count)
ON CONFLICT (workspace_id, noun) DO UPDATE SET last_id = counter.last_id + excluded.last_id
RETURNING last_id
""")


def next_ids(session: Session, noun: str, count: int = 1) -> range:
    """Return `count` consecutive numbers that nobody else gets; imports draw them in blocks.

    The counter's row stays locked until the transaction ends, so numbers of transactions that are rolled back are given
    again and creations of one noun queue behind each other. Raises ValueError if `count` is not positive.
    """
    if count < 1:
        raise ValueError("count must be positive")
    values = {"workspace": current_workspace(session), "noun": noun, "count": count}
    last_id = session.execute(_DRAW, values).scalar_one()
    return range(last_id - count + 1, last_id + 1)


def next_id(session: Session, noun: str) -> int:
    """Return one number that nobody else gets."""
    return next_ids(session, noun).start
