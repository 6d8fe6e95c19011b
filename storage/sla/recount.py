"""Ask for the clocks of open tickets to be set anew, by the job that also does so every night."""

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from storage import due
from storage.due import JOB

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
