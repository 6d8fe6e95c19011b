"""Show how long nobody calls Slack after it has said to wait."""

from __future__ import annotations

from sqlalchemy import select

from bot.delivery.calls import LIMITS
from bot.delivery.pacing import Pace
from bot.slack.posting import RateLimited, TooSoon
from storage.database.engine import Database
from storage.queues.outbox import Pause


def pauses(database: Database, workspace: str) -> dict[str, float]:
    """Return for how many seconds each method was held back."""
    with database.transaction(workspace) as session:
        rows = session.scalars(select(Pause)).all()
    # A row that is new has the moment in it at which it was made.
    return {row.method: (row.until - row.full_at).total_seconds() for row in rows}


def test_each_workspace_waits_a_little_longer_than_slack_says_and_each_another_while(
    database: Database, workspace: str
) -> None:
    for method in LIMITS:
        Pace(database, LIMITS).pause(workspace, RateLimited(method, 10.0))
    waits = list(pauses(database, workspace).values())
    assert all(10.0 < wait < 12.0 for wait in waits)
    assert len(set(waits)) > 1


def test_what_is_held_back_by_ourselves_is_no_word_of_slacks(database: Database, workspace: str) -> None:
    Pace(database, LIMITS).pause(workspace, TooSoon("chat.postMessage", 10.0))
    assert pauses(database, workspace) == {}
