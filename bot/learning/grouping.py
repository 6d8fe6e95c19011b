"""Learn from each workspace's merges and splits which messages are one matter, and use it only if that is better."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bot.learning import apart
from storage.database.engine import Database
from storage.records import history
from storage.support.tickets import conversations
from storage.support.tickets.conversations import Conversation

LEARNED_FROM = timedelta(days=180)
MOST_MESSAGES = 5_000
FEWEST_MOVED = 10
"""With fewer messages that people moved nothing can be told from chance."""


def learn(database: Database, workspace_id: str, now: datetime, stopping: threading.Event) -> dict[str, Any] | None:
    """Learn where people have moved enough since the last time, and keep what came of it; None where they have not.

    Raises RuntimeError if the fit fails.
    """
    from ml.learn.gate import GROWTH

    with database.transaction(workspace_id) as session:
        settled = conversations.settled(session, since=now - LEARNED_FROM, limit=MOST_MESSAGES)
        before = conversations.taught(session)
    moved = sum(one.moved for one in settled)
    # A look with hardly more evidence mostly repeats the last one, and now and then passes by luck.
    if moved < max(FEWEST_MOVED, GROWTH * before.get("moved", 0)):
        return None
    found = _fit(settled, stopping)
    if found is None:
        return None
    learned = found | {"moved": moved}
    if found["kept"] is None:
        # What serves was better than what ships when it was learned, and nothing says that it no longer is.
        learned["kept"] = before.get("kept")
    with (
        database.transaction(workspace_id) as session,
        history.recording(session, actor_id=None, source="learning"),
    ):
        conversations.teach(session, learned)
    return learned


def _fit(settled: list[Conversation], stopping: threading.Event) -> dict[str, Any] | None:
    from ml.matters.conversations import Line
    from ml.matters.learning import Settled, read_outcome, write_job

    with TemporaryDirectory(prefix="rapport-learn-") as name:
        folder = Path(name)
        job = [
            Settled(
                [
                    Line(one.author_id, one.at.timestamp() / 60, str(one.ticket_id), one.text)
                    for one in conversation.written
                ],
                conversation.moved,
            )
            for conversation in settled
        ]
        write_job(folder, job)
        return read_outcome(folder) if apart.run("ml.matters.learning", folder, stopping) else None
