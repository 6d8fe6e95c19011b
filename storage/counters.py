"""Hand out the numbers people see: one row of them per workspace and noun."""

from sqlalchemy import ForeignKey
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database import TENANT, Base, current_workspace
from storage.references import Noun
from storage.workspaces import Workspace


class Counter(Base):
    """Keep the last number given to a noun in a workspace."""

    __tablename__ = "counter"
    __table_args__ = {"info": TENANT}

    workspace_id: Mapped[str] = mapped_column(ForeignKey(Workspace.id, ondelete="CASCADE"), primary_key=True)
    noun: Mapped[str] = mapped_column(primary_key=True)
    last_id: Mapped[int]


def next_ids(session: Session, noun: Noun | str, count: int = 1) -> range:
    """Return `count` consecutive numbers that nobody else gets; imports draw them in blocks.

    The counter's row stays locked until the transaction ends, so numbers of transactions that are rolled back are given
    again and creations of one noun queue behind each other. Raises ValueError if `count` is not positive.
    """
    if count < 1:
        raise ValueError("count must be positive")
    statement = insert(Counter).values(workspace_id=current_workspace(session), noun=str(noun), last_id=count)
    last_id = session.scalars(
        statement.on_conflict_do_update(
            index_elements=[Counter.workspace_id, Counter.noun],
            set_={"last_id": Counter.last_id + statement.excluded.last_id},
        ).returning(Counter.last_id)
    ).one()
    return range(last_id - count + 1, last_id + 1)


def next_id(session: Session, noun: Noun | str) -> int:
    """Return one number that nobody else gets."""
    return next_ids(session, noun).start
