"""Find messages that came up twice after all, and delete all copies but the first."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from uuid import UUID

from bot.posting import Ask, copies
from storage import sending
from storage.database import Database
from storage.outbox import Delivery

log = logging.getLogger(__name__)


def by_conversation(rows: Iterable[Delivery]) -> list[list[Delivery]]:
    """Put together what stands in one conversation, as Slack lets that be read seldom."""
    found: dict[tuple[str, str | None, str | None], list[Delivery]] = {}
    for row in rows:
        found.setdefault((row.workspace_id, row.channel, row.thread_ts), []).append(row)
    return list(found.values())


def delete_second_copies(database: Database, ask: Ask, rows: Sequence[Delivery], oldest: float) -> int:
    """Look through one conversation from a moment on for some of its messages; return how many copies were deleted."""
    seen: dict[UUID, set[str]] = {row.id: set() for row in rows}
    channel = rows[0].channel
    assert channel is not None
    for page, _resume in copies(ask, channel, rows[0].thread_ts, seen, oldest=oldest, resume=None):
        for delivery_id, ts in page:
            seen[delivery_id].add(ts)
    deleted = 0
    for row in rows:
        first, *others = sorted(seen[row.id], key=float) or [str(row.ts)]
        for ts in others:
            ask("chat.delete", repeatable=True, channel=channel, ts=ts)
            deleted += 1
            log.warning("delivery %s had come up twice; the later copy is deleted", row.id)
        if others:
            with database.transaction(row.workspace_id) as session:
                sending.is_at(session, row, first)
    return deleted
