"""Call Slack no more often than it takes, in all replicas together."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from slack_sdk import WebClient
from sqlalchemy.orm import Session

from bot.delivery.calls import Limit
from bot.slack.posting import RateLimited, TooSoon, call
from storage.database.engine import Database
from storage.queues import outbox_claims

_CHANCE = random.SystemRandom()


class Pace:
    """Keep to the limits of Slack's methods in each workspace."""

    def __init__(self, database: Database, limits: Mapping[str, Limit]) -> None:
        self._database = database
        self._limits = limits

    def ask(self, workspace_id: str, client: WebClient, method: str, **given: Any) -> Mapping[str, Any]:
        """Make a call besides the send itself, if the workspace has one left of this method; raise the Outcome."""
        with self._database.transaction(workspace_id) as session:
            wait = self.take(session, method)
        if wait:
            raise TooSoon(method, wait)
        return call(client, method, **given)

    def take(self, session: Session, method: str) -> float:
        """Take one call of a method; return 0, or in how many seconds there may be one."""
        limit = self._limits[method]
        return outbox_claims.take(session, method, per_minute=limit.per_minute, burst=limit.burst)

    def pause(self, workspace_id: str, outcome: RateLimited) -> None:
        """Call a method no more while Slack wants nothing of it."""
        if isinstance(outcome, TooSoon):
            return
        seconds = outcome.seconds + _CHANCE.uniform(0.1, 1.0)
        with self._database.transaction(workspace_id) as session:
            outbox_claims.pause(session, outcome.method, seconds)
