"""Run what plugins declare to recur in each workspace."""

from __future__ import annotations

import logging
from datetime import datetime

from sqlalchemy.orm import Session

from bot.grammar.calendar.recurrence import next_time
from bot.i18n import speak
from bot.plugin import Job
from bot.registry import Registry
from bot.requests.runtime import Runtime, call_with
from storage.database.engine import current_workspace
from storage.queues import due
from storage.queues.due import JOB, Due
from storage.records import history
from storage.workspace import workspaces

log = logging.getLogger(__name__)


class Jobs:
    """Run a due job's handler, in the transaction that marks it as done."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def run(self, row: Due, session: Session) -> None:
        """Run a job for its workspace; one whose plugin is gone does nothing."""
        job = self._runtime.registry.jobs.get(row.kind.removeprefix(JOB))
        workspace = workspaces.get(session, row.workspace_id)
        if job is None or workspace is None:
            log.info("the job %s belongs to no plugin that is here", row.kind)
            return
        key = f"job|{row.id}|{row.at.isoformat() if row.at else ''}"
        with history.recording(session, actor_id=None, request_key=key, source=job.id):
            speak(workspace.locale)
            given = {**self._runtime.given(None, workspace), "due": row, "session": session}
            try:
                call_with(job.handler, given)
                self._runtime.tell_listeners(session, given)
            except Exception:
                # The clock tries it again, or waits for its next time.
                self._runtime.failures.count(job.handler)
                raise


def ensure(session: Session, registry: Registry, now: datetime) -> None:
    """Give the session's workspace a due row for every job that recurs and has none or another recurrence."""
    workspace = workspaces.get(session, current_workspace(session))
    assert workspace is not None
    for job in (one for one in registry.jobs.values() if one.every):
        row = due.get(session, JOB + job.id, job.id)
        first = next_time(_recurrence(job), workspace.zone, now)
        if first is not None and (row is None or row.recurrence != _recurrence(job)):
            due.schedule(session, JOB + job.id, job.id, at=first, zone=workspace.zone, recurrence=_recurrence(job))


def _recurrence(job: Job) -> str:
    return f"{job.every};{job.at}"
