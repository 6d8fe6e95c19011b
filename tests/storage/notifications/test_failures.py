"""Show what counts as late: what is due, what was never tried and what is tried again and again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, update

from storage.database.engine import EVERY_WORKSPACE, Database
from storage.notifications import failures
from storage.queues import due, outbox_claims
from storage.queues.outbox import Delivery
from tests.support.outbox_rows import claim, post

AGO = func.now() - timedelta(minutes=6)
JUST_NOW = func.now() - timedelta(minutes=4)


def late(database: Database) -> int:
    with database.transaction(EVERY_WORKSPACE) as session:
        return failures.late(session)


def tried(database: Database, workspace: str, first_attempt_at: Any = AGO, **values: Any) -> UUID:
    """Leave a delivery that was tried a second time and is put off."""
    delivery_id = post(database, workspace)
    (row,) = claim(database)
    with database.transaction(workspace) as session:
        assert outbox_claims.retry_later(session, row, "chat.postMessage: URLError", delay_s=300)
        given: dict[str, Any] = {"attempt": 2, "first_attempt_at": first_attempt_at} | values
        session.execute(update(Delivery).where(Delivery.id == delivery_id).values(**given))
    return delivery_id


def test_what_is_tried_again_and_again_is_late_though_it_is_put_off(database: Database, workspace: str) -> None:
    tried(database, workspace)
    assert late(database) == 1


@pytest.mark.parametrize("values", [{"first_attempt_at": JUST_NOW}, {"state": "held"}, {"state": "dead"}])
def test_what_was_tried_just_now_or_waits_for_somebody_is_not_late(
    database: Database, workspace: str, values: dict[str, Any]
) -> None:
    tried(database, workspace, **values)
    assert late(database) == 0


def test_what_slack_wants_us_to_wait_with_is_not_late(
    database: Database, workspace: str, second_workspace: str
) -> None:
    tried(database, workspace)
    with database.transaction(second_workspace) as session:
        outbox_claims.pause(session, "chat.postMessage", 600)
    with database.transaction(workspace) as session:
        outbox_claims.pause(session, "chat.update", 600)
    assert late(database) == 1
    with database.transaction(workspace) as session:
        outbox_claims.pause(session, "chat.postMessage", 600)
    assert late(database) == 0


def test_what_is_sent_again_long_after_its_first_attempt_is_not_late_at_once(
    database: Database, workspace: str
) -> None:
    delivery_id = tried(database, workspace, state="dead", ambiguous=True)
    with database.transaction(workspace) as session:
        failures.resend(session, delivery_id)
    assert late(database) == 0
    assert [row.id for row in claim(database)] == [delivery_id]
    assert late(database) == 0


@pytest.mark.parametrize(("minutes", "counted"), [(6, 1), (4, 0), (-6, 0)])
def test_what_fell_due_and_was_not_made_is_late(database: Database, workspace: str, minutes: int, counted: int) -> None:
    with database.transaction(workspace) as session:
        at = datetime.now(UTC) - timedelta(minutes=minutes)
        due.schedule(session, "reminder", "F-1", at=at, zone="UTC", target_user="U1", renderer="followups.reminder")
    assert late(database) == counted
