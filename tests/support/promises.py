"""Promises that tests keep or do not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, update
from sqlalchemy.orm import Session

from storage.crm import followups
from storage.crm.followups import Followup
from storage.queues.due import Due
from tests.support.company import Company

SOON = datetime(2030, 1, 7, 9, tzinfo=UTC)


def promised(session: Session, text: str = "call back", **values: Any) -> Followup:
    given = {"text": text, "due_at": SOON, "zone": "Europe/Berlin", "owner_id": "UREP", **values}
    return followups.add(session, **given)


def comes_due(company: Company) -> None:
    """Let the time of the follow-up have come an hour ago, and the clock tick."""
    then = func.now() - timedelta(hours=1)
    with company.database.transaction(company.workspace) as session:
        session.execute(update(Due).where(Due.subject == "F-1").values(at=then))
        session.execute(update(Followup).values(due_at=then))
    company.bot.clock.materialise()
