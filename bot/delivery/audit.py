"""Count what is late, and stop the heartbeat while anything is: somebody outside notices what nobody inside can say."""

from __future__ import annotations

import logging
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge

from storage.database.engine import EVERY_WORKSPACE, Database
from storage.notifications import failures

log = logging.getLogger(__name__)

AUDIT_S = 60.0


class Audit:
    """Look at the queues once a minute; `heartbeat` is a file that is touched as long as nothing is late."""

    def __init__(self, database: Database, metrics: CollectorRegistry, heartbeat: Path | None = None) -> None:
        self._database = database
        self._heartbeat = heartbeat
        self._late = Gauge(
            "rapport_late_deliveries",
            "Messages and due times that are unsent five minutes after they may be sent.",
            registry=metrics,
        )

    def tick(self) -> None:
        """Count, say so where anything is late, and else beat."""
        with self._database.transaction(EVERY_WORKSPACE) as session:
            late = failures.late(session)
        self._late.set(late)
        if late:
            log.error("%d messages are unsent five minutes after their time; the heartbeat stands still", late)
        elif self._heartbeat is not None:
            self._heartbeat.touch()
