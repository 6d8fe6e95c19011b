"""Give messages, notes and tickets their vectors, where the sentence encoder is installed.

A tick looks for what was written since the last one. What a release before wrote, or another process while this one had
no encoder, is found by looking through everything now and then.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import func

from storage.database.engine import EVERY_WORKSPACE, Database
from storage.database.session_lock import session_lock
from storage.meaning import vectors
from storage.workspace import workspaces

log = logging.getLogger(__name__)

BATCH = 100
"""As many are read before they are kept: about half a second."""
BUSY_S = 30.0
"""No workspace is filled for longer at a time, so that the next one is not kept waiting."""
RECENT = timedelta(hours=1)
EVERYTHING = timedelta(hours=6)


class Meanings:
    """Fill in the vectors of every workspace that is served, until `stopping` is set."""

    def __init__(
        self, database: Database, stopping: threading.Event, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._database = database
        self._now = now
        self._stopping = stopping
        self._whole_at: dict[str, datetime] = {}

    def tick(self) -> None:
        """Fill in what is missing; nothing where there is no encoder."""
        from ml.text.encoder import installed

        if not installed():
            return
        with self._database.transaction(EVERY_WORKSPACE) as session:
            served = [installation.workspace_id for installation in workspaces.installations(session)]
        for workspace_id in served:
            try:
                self.fill(workspace_id)
            except Exception as exc:
                # Another workspace's messages are not to wait for this one's.
                log.warning("could not read the meaning of what %s wrote: %s", workspace_id, type(exc).__name__)

    def fill(self, workspace_id: str) -> int:
        """Fill in a workspace's vectors, and return how many were missing; 0 while another process does it."""
        key = func.hashtextextended(f"meaning {workspace_id}", 0)
        with session_lock(self._database, key) as alone:
            return self._fill(workspace_id) if alone else 0

    def _fill(self, workspace_id: str) -> int:
        from ml.text.meaning import encoder, packed

        now, whole_at = self._now(), self._whole_at.get(workspace_id)
        since = now - RECENT if whole_at is not None and now - whole_at < EVERYTHING else None
        filled, until = 0, time.monotonic() + BUSY_S
        while not self._stopping.is_set() and time.monotonic() < until:
            with self._database.transaction(workspace_id) as session:
                missing = vectors.missing(session, since=since, limit=BATCH)
            if not missing:
                self._whole_at[workspace_id] = now if since is None else self._whole_at[workspace_id]
                break
            # Outside any transaction, as the first one loads the encoder.
            found = packed(encoder().vectors([one.text for one in missing]))
            with self._database.transaction(workspace_id) as session:
                vectors.keep(session, [(one, *both) for one, both in zip(missing, found, strict=True)])
            filled += len(missing)
        return filled
