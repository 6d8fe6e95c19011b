"""Keep what falls due and when: the one clock of the product, a row for each follow-up, digest and job.

A row whose kind begins with "job:" is work to do, claimed with a lease; every other row becomes a delivery in the
outbox when its time has come. What does not recur is gone from here once it was done.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Computed,
    ForeignKey,
    Identity,
    Index,
    UniqueConstraint,
    delete,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database.engine import QUEUE, Base, current_workspace, notify
from storage.queues import outbox
from storage.queues.claimed import in_index_order
from storage.workspace.workspaces import Workspace

JOB = "job:"

NextTime = Callable[[str, str, datetime], datetime | None]
"""Say when a recurrence (text and zone) comes next after a time, None when never; raise ValueError if unreadable."""


class Due(Base):
    """Hold one thing's next time; `zone` is where its recurrence's local times are meant.

    `at` is empty once there is no next time; `last_at` is the time that was done last.
    """

    __tablename__ = "due"
    __table_args__ = (
        UniqueConstraint("workspace_id", "kind", "subject"),
        CheckConstraint("is_job OR num_nonnulls(target_user, target_channel) = 1", name="target"),
        CheckConstraint("is_job OR renderer IS NOT NULL", name="renderer"),
        Index("due_delivery_idx", "at", postgresql_where=text("NOT is_job AND at IS NOT NULL")),
        Index("due_job_idx", "at", postgresql_where=text("is_job AND at IS NOT NULL")),
        Index("due_failed_idx", "workspace_id", "last_at", postgresql_where=text("is_job AND at IS NULL")),
        {"info": QUEUE},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey(Workspace.id, ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str]
    is_job: Mapped[bool] = mapped_column(Computed(f"starts_with(kind, '{JOB}')", persisted=True))
    subject: Mapped[str]
    at: Mapped[datetime | None]
    zone: Mapped[str]
    recurrence: Mapped[str | None]
    target_user: Mapped[str | None]
    target_channel: Mapped[str | None]
    renderer: Mapped[str | None]
    payload: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    last_at: Mapped[datetime | None]
    attempt: Mapped[int] = mapped_column(server_default="0")
    not_before: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    error: Mapped[str | None]


def schedule(
    session: Session,
    kind: str,
    subject: str,
    *,
    at: datetime,
    zone: str,
    recurrence: str | None = None,
    target_user: str | None = None,
    target_channel: str | None = None,
    renderer: str | None = None,
    payload: dict[str, Any] | None = None,
) -> None:
    """Set when something falls due, in the place of what was set for the same kind and subject.

    What does not recur is thereby put off: a reminder of the earlier time that was not sent yet is cancelled. Of what
    recurs, only what was to go to another target is. Raises ValueError if `at` has no zone, or if a delivery lacks its
    one target or its renderer.
    """
    if at.tzinfo is None:
        raise ValueError("a due time has a zone")
    if not kind.startswith(JOB) and ((target_user is None) == (target_channel is None) or renderer is None):
        raise ValueError(f"{kind} {subject} needs a user or a channel, and a renderer")
    values: dict[str, Any] = {
        "workspace_id": current_workspace(session),
        "kind": kind,
        "subject": subject,
        "at": at,
        "zone": zone,
        "recurrence": recurrence,
        "target_user": target_user,
        "target_channel": target_channel,
        "renderer": renderer,
        "payload": payload or {},
    }
    afresh = values | {"attempt": 0, "not_before": None, "lease_until": None, "error": None}
    session.execute(
        insert(Due)
        .values(values)
        .on_conflict_do_update(index_elements=["workspace_id", "kind", "subject"], set_=afresh)
    )
    if not kind.startswith(JOB):
        still_to = None if recurrence is None else target_user or target_channel
        outbox.cancel_occasion(session, kind, subject, reason="put off", but_to=still_to)


def cancel(session: Session, kind: str, subject: str) -> bool:
    """Forget when something falls due and cancel what it put into the outbox; False if there was nothing left to stop.

    What a sender has in its hands at this moment is not stopped.
    """
    forgotten = session.execute(
        delete(Due)
        .where(Due.workspace_id == current_workspace(session), Due.kind == kind, Due.subject == subject)
        .returning(Due.id)
        .execution_options(synchronize_session=False)
    ).all()
    stopped = not kind.startswith(JOB) and outbox.cancel_occasion(session, kind, subject, reason="no longer wanted")
    return bool(forgotten or stopped)


def get(session: Session, kind: str, subject: str) -> Due | None:
    """Return the row of a kind and subject."""
    which = (Due.workspace_id == current_workspace(session), Due.kind == kind, Due.subject == subject)
    return session.scalars(select(Due).where(*which).execution_options(populate_existing=True)).one_or_none()


def materialise(session: Session, limit: int, *, next_time: NextTime) -> int:
    """Turn up to `limit` rows whose time has come into deliveries and return how many; the session sees '*'.

    One statement claims the rows and inserts what is to be sent; rows that recur get their next time in the same
    transaction, counted from now, so that times missed meanwhile are one. A recurrence that cannot be read stops that
    row alone, with the error in it.
    """
    in_index_order(session)
    taken = session.execute(text("SELECT * FROM materialise_due(:most)"), {"most": limit}).all()
    again = [row for row in taken if row.recurrence is not None]
    now = session.scalar(select(func.now())) if again else None
    for row in again:
        _set_next(session, row.workspace_id, row.id, *_next(next_time, row.recurrence, row.zone, now))
    if taken:
        notify(session, outbox.CHANNEL)
    return len(taken)


_CLAIM_JOBS = text("""
WITH taken AS MATERIALIZED (
    SELECT workspace_id, id FROM due
    WHERE is_job AND at <= now() AND (not_before IS NULL OR not_before <= now())
      AND (lease_until IS NULL OR lease_until <= now())
    ORDER BY at LIMIT :most FOR UPDATE SKIP LOCKED
)
UPDATE due SET attempt = attempt + 1, lease_until = now() + make_interval(secs => :lease)
FROM taken WHERE due.workspace_id = taken.workspace_id AND due.id = taken.id
RETURNING due.*
""")


def claim_jobs(session: Session, limit: int, lease_s: float) -> Sequence[Due]:
    """Lease up to `limit` jobs whose time has come, or whose lease ran out; the session sees '*'."""
    statement = select(Due).from_statement(_CLAIM_JOBS).execution_options(populate_existing=True)
    return session.scalars(statement, {"most": limit, "lease": lease_s}).all()


def hold(session: Session, job: Due) -> bool:
    """Lock a claimed job until the transaction ends; False if its lease ran out and somebody else has it."""
    return session.execute(select(Due.id).where(*_mine(job)).with_for_update()).first() is not None


def finish(session: Session, job: Due, *, next_time: NextTime, error: str | None = None) -> bool:
    """Say that a job's time is done, or given up with an `error`, and set its next; False if somebody else has it."""
    if not hold(session, job):
        return False
    now = session.scalar(select(func.now()))
    if job.recurrence is not None:
        at, unreadable = _next(next_time, job.recurrence, job.zone, now)
        _set_next(session, job.workspace_id, job.id, at, error or unreadable)
    elif error is not None:
        _set_next(session, job.workspace_id, job.id, None, error)
    else:
        which = (Due.workspace_id == job.workspace_id, Due.id == job.id)
        session.execute(delete(Due).where(*which).execution_options(synchronize_session=False))
    return True


def retry(session: Session, job: Due, error: str, *, delay_s: float) -> bool:
    """Give a claimed job back, to be claimed again after `delay_s` seconds."""
    later = func.now() + func.make_interval(0, 0, 0, 0, 0, 0, delay_s)
    given_back = session.execute(
        update(Due)
        .where(*_mine(job))
        .values(lease_until=None, not_before=later, error=error)
        .returning(Due.id)
        .execution_options(synchronize_session=False)
    )
    return given_back.first() is not None


def _mine(job: Due) -> tuple[Any, ...]:
    # Rescheduling empties the lease: who still works on the earlier time has lost the row.
    return (
        Due.workspace_id == job.workspace_id,
        Due.id == job.id,
        Due.at == job.at,
        Due.attempt == job.attempt,
        Due.lease_until.is_not(None),
    )


def _next(next_time: NextTime, recurrence: str, zone: str, now: datetime | None) -> tuple[datetime | None, str | None]:
    assert now is not None
    try:
        return next_time(recurrence, zone, now), None
    except ValueError as exc:
        return None, str(exc)


def _set_next(session: Session, workspace_id: str, row_id: int, at: datetime | None, error: str | None) -> None:
    session.execute(
        update(Due)
        .where(Due.workspace_id == workspace_id, Due.id == row_id)
        .values(
            at=at, last_at=func.coalesce(Due.at, Due.last_at), attempt=0, not_before=None, lease_until=None, error=error
        )
        .execution_options(synchronize_session=False)
    )
