"""Count what Slack sent and nobody can ever store or read: to refuse it would only have it sent again."""

from __future__ import annotations

import logging

from prometheus_client import CollectorRegistry, Counter

log = logging.getLogger(__name__)


class Dropped:
    """Count what was dropped, as `rapport_slack_dropped_total{what}`."""

    def __init__(self, metrics: CollectorRegistry | None = None) -> None:
        self._counter = Counter(
            "rapport_slack_dropped", "What Slack sent and nobody can store or read.", ["what"], registry=metrics
        )

    def count(self, what: str, why: str) -> None:
        """Count one, and log why; never what it said."""
        self._counter.labels(what).inc()
        log.warning("dropped %s: %s", what, why)
