"""Remember when our own people answered in a thread, also where the question is not known yet."""

from datetime import datetime

from sqlalchemy import ForeignKey, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database.engine import TENANT, Base, current_workspace


class StaffAnswer(Base):
    """Hold when one of us wrote in a thread of a customer's channel or of an inbox; not what."""

    __tablename__ = "answer"
    __table_args__ = {"info": TENANT}

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    channel_id: Mapped[str] = mapped_column(primary_key=True)
    thread_ts: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)


def note(session: Session, channel_id: str, thread_ts: str, at: datetime) -> None:
    """Note an answer, once."""
    given = {"workspace_id": current_workspace(session), "channel_id": channel_id, "thread_ts": thread_ts, "at": at}
    session.execute(insert(StaffAnswer).values(given).on_conflict_do_nothing())


_LAST = select(func.max(StaffAnswer.at)).where(
    StaffAnswer.channel_id == bindparam("channel"),
    StaffAnswer.thread_ts == bindparam("thread"),
    StaffAnswer.at < bindparam("until"),
)


def last(session: Session, channel_id: str, thread_ts: str, until: datetime) -> datetime | None:
    """Return when a thread was last answered before a moment, None if it was not."""
    return session.scalar(_LAST, {"channel": channel_id, "thread": thread_ts, "until": until})


_FIRST = select(func.min(StaffAnswer.at)).where(
    StaffAnswer.channel_id == bindparam("channel"),
    StaffAnswer.thread_ts == bindparam("thread"),
    StaffAnswer.at > bindparam("since"),
)


def first(session: Session, channel_id: str, thread_ts: str, since: datetime) -> datetime | None:
    """Return when a thread was first answered after a moment, None if it was not."""
    return session.scalar(_FIRST, {"channel": channel_id, "thread": thread_ts, "since": since})
