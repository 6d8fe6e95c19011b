"""Ask for the clocks of open tickets to be set anew, by the job that also does so every night."""

from datetime import UTC, datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from storage.database.engine import current_workspace
from storage.queues import due
from storage.queues.due import JOB, Due

# The name under which the bot runs it.
RECOUNT = "sla.recount"


def recount_soon(session: Session, *, after: tuple[int, int] | None = None) -> None:
    """Have the job run at the clock's next tick; `after` is how far an unfinished run came: urgency and ticket."""
    row = due.get(session, JOB + RECOUNT, RECOUNT)
    due.schedule(
        session,
        JOB + RECOUNT,
        RECOUNT,
        at=datetime.now(UTC),
        zone=row.zone if row is not None else "UTC",
        recurrence=row.recurrence if row is not None else None,
        payload={"after": list(after)} if after is not None else None,
    )


def recounted(session: Session) -> None:
    """Note that a run is through, so that the next begins with the first ticket again."""
    which = (Due.workspace_id == current_workspace(session), Due.kind == JOB + RECOUNT, Due.subject == RECOUNT)
    session.execute(update(Due).where(*which).values(payload={}).execution_options(synchronize_session=False))
