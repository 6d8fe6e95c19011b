"""Find messages that came up twice after all, and delete all copies but the first."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from uuid import UUID

from bot.delivery.uploads import marks
from bot.slack.posting import Ask, copies
from storage.database.engine import Database
from storage.queues import outbox_claims
from storage.queues.outbox import Delivery

log = logging.getLogger(__name__)

EARLIER_S = 5.0
"""How far the clock that stamps messages may be behind the one that stamps attempts."""


def by_conversation(rows: Iterable[Delivery]) -> list[list[Delivery]]:
    """Put together what stands in one conversation, as Slack lets that be read seldom."""
    found: dict[tuple[str, str | None, str | None], list[Delivery]] = {}
    for row in rows:
        found.setdefault((row.workspace_id, row.channel, row.thread_ts), []).append(row)
    return list(found.values())


def searched_from(row: Delivery) -> float:
    """Return the ts from which on Slack may have a delivery that was tried."""
    assert row.first_attempt_at is not None
    return row.first_attempt_at.timestamp() - EARLIER_S


def delete_second_copies(database: Database, ask: Ask, rows: Sequence[Delivery]) -> int:
    """Look through one conversation for some of its messages; return how many copies were deleted."""
    seen: dict[UUID, set[str]] = {row.id: set() for row in rows}
    channel = rows[0].channel
    assert channel is not None
    oldest = min(searched_from(row) for row in rows)
    wanted = {carried: one for row in rows for carried, one in marks(row).items()}
    for page, _resume in copies(ask, channel, rows[0].thread_ts, wanted, oldest=oldest, resume=None):
        for delivery_id, ts in page:
            seen[delivery_id].add(ts)
    deleted = 0
    for row in rows:
        first, *others = sorted(seen[row.id], key=float) or [str(row.ts)]
        if first != row.ts:
            # Before anything is deleted: should that stop halfway, what edits the message still finds it.
            with database.transaction(row.workspace_id) as session:
                outbox_claims.is_at(session, row, first)
        for ts in others:
            ask("chat.delete", repeatable=True, channel=channel, ts=ts)
            deleted += 1
            log.warning("delivery %s had come up twice; the later copy is deleted", row.id)
    return deleted
