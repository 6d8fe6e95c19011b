"""Keep when a workspace's people are read from Slack again, and how far that has come.

A roll call is due once a day and whenever somebody asks, as after a gap in which events may have been lost. One process
at a time has it, on a lease with a fence; the next one goes on where it stopped.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, SmallInteger, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database.engine import QUEUE, Base, current_workspace
from storage.workspace.workspaces import Workspace

EVERY_H = 24


class RollCall(Base):
    """Hold where a workspace's roll call stands; it is under way while `began_at` is later than `done_at`.

    `page` is where to go on from. `listed_from` is when, by Slack's clock, its first page was read: of whom Slack has
    said nothing since is on none of the pages.
    """

    __tablename__ = "roll_call"
    __table_args__ = {"info": QUEUE}

    workspace_id: Mapped[str] = mapped_column(ForeignKey(Workspace.id, ondelete="CASCADE"), primary_key=True)
    asked_at: Mapped[datetime] = mapped_column(server_default=func.now())
    began_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    listed_from: Mapped[datetime | None]
    page: Mapped[str | None]
    not_before: Mapped[datetime] = mapped_column(server_default=func.now())
    attempt: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    lease_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(server_default="0")


def ask(session: Session) -> None:
    """Have the people of the session's workspace read again, all of them, from now on."""
    asked = insert(RollCall).values(workspace_id=current_workspace(session))
    session.execute(asked.on_conflict_do_update(index_elements=["workspace_id"], set_={"asked_at": func.now()}))


_CLAIM = text(f"""
UPDATE roll_call SET
    fence = roll_call.fence + 1, lease_until = now() + make_interval(secs => :lease),
    began_at = CASE WHEN due.under_way THEN began_at ELSE now() END,
    page = CASE WHEN due.under_way THEN page END,
    listed_from = CASE WHEN due.under_way THEN listed_from END
FROM (
    SELECT workspace_id, began_at > coalesce(done_at, '-infinity') IS TRUE AS under_way
    FROM roll_call
    WHERE not_before <= now() AND coalesce(lease_until, '-infinity') <= now()
      AND (
        began_at IS NULL OR began_at > coalesce(done_at, '-infinity')
        OR asked_at > began_at OR began_at < now() - interval '{EVERY_H} hours'
      )
      AND NOT EXISTS (
        SELECT FROM installation
        WHERE installation.workspace_id = roll_call.workspace_id AND installation.revoked_at IS NOT NULL
      )
    ORDER BY not_before, workspace_id LIMIT 1 FOR UPDATE SKIP LOCKED
) AS due
WHERE roll_call.workspace_id = due.workspace_id
RETURNING roll_call.*
""")  # noqa: S608 - a number of our own


def claim(session: Session, lease_s: float) -> RollCall | None:
    """Lease a roll call that is due, to begin it or to go on with it; None if there is none. The session sees '*'."""
    statement = select(RollCall).from_statement(_CLAIM).execution_options(populate_existing=True)
    return session.scalars(statement, {"lease": lease_s}).first()


def turn(session: Session, row: RollCall, page: str, *, listed_from: datetime, lease_s: float) -> bool:
    """Say from where to go on, and keep the lease; False if somebody else has the roll call by now."""
    lease_until = func.now() + func.make_interval(0, 0, 0, 0, 0, 0, lease_s)
    return _mark(session, row, page=page, listed_from=listed_from, lease_until=lease_until, attempt=0)


def later(session: Session, row: RollCall, delay_s: float, *, failed: bool = False, anew: bool = False) -> bool:
    """Give a roll call back, for anybody to go on with after `delay_s` seconds; `anew` from its first page."""
    values: dict[str, Any] = {"page": None} if anew else {}
    if failed:
        values["attempt"] = func.least(RollCall.attempt + 1, 100)
    delay = func.now() + func.make_interval(0, 0, 0, 0, 0, 0, delay_s)
    return _mark(session, row, not_before=delay, lease_until=None, **values)


def finish(session: Session, row: RollCall) -> bool:
    """Say that everybody was read; False if somebody else has the roll call by now."""
    return _mark(session, row, done_at=func.now(), lease_until=None, page=None, attempt=0)


def get(session: Session) -> RollCall | None:
    """Return where the session's workspace's roll call stands, None if it never had one."""
    return session.get(RollCall, current_workspace(session), populate_existing=True)


def _mark(session: Session, row: RollCall, **values: Any) -> bool:
    mine = (RollCall.workspace_id == row.workspace_id, RollCall.fence == row.fence)
    marked = update(RollCall).where(*mine).values(**values).returning(RollCall.fence)
    return session.execute(marked.execution_options(synchronize_session=False)).first() is not None
