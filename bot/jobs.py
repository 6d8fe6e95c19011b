"""Run what plugins declare to recur in each workspace."""

from __future__ import annotations

from datetime import time
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.recurrence import next_time
from bot.registry import Registry
from bot.runtime import Runtime, call_with
from storage import due, history, members, workspaces
from storage.database import current_workspace
from storage.due import JOB, Due

__all__ = ["Jobs", "ensure"]


def ensure(session: Session, registry: Registry) -> None:
    """Give the workspace a due row for every declared job that has none yet."""
    workspace = workspaces.get(session, current_workspace(session))
    assert workspace is not None
    from datetime import UTC, datetime

    for job in registry.jobs.values():
        if due.get(session, JOB + job.id, job.id) is None:
            recurrence = f"{job.every};{job.at}"
            first = next_time(recurrence, workspace.zone, datetime.now(UTC))
            if first is not None:
                due.schedule(session, JOB + job.id, job.id, at=first, zone=workspace.zone, recurrence=recurrence)
