"""Tell webhooks what happened: claim, draw, send, say what became of it; each in a transaction of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from bot.delivery.webhook_calls import WebhookCaller
from bot.workers import Workers
from storage.database.engine import EVERY_WORKSPACE, Database
from storage.records import schema
from storage.webhooks import queue
from storage.webhooks.model import CHANNEL, Webhook, WebhookDelivery
from storage.workspace.members import Role

POLL_S = 5.0
LEASE_S = 60.0
HANDS = 4
Draw = Callable[[Session, WebhookDelivery, Webhook], Mapping[str, Any] | None]
"""Return the body of an event as the webhook may see it, None where there is nothing to tell any more."""


class WebhookSender:
    """Send events to webhooks, wherever they are; `draw` says what is told."""

    def __init__(
        self, database: Database, draw: Draw, caller: WebhookCaller, *, lease_s: float = LEASE_S, poll_s: float = POLL_S
    ) -> None:
        self._database = database
        self._draw = draw
        self.caller = caller
        self._lease_s = lease_s
        self.workers = Workers(
            "webhooks", self.claim, self.work, hands=HANDS, poll_s=poll_s, database=database, channel=CHANNEL
        )

    def claim(self, free: int) -> Sequence[WebhookDelivery]:
        """Lease so many deliveries at most that can be sent now."""
        with self._database.transaction(EVERY_WORKSPACE) as session:
            return queue.claim(session, free, self._lease_s)

    def work(self, row: WebhookDelivery) -> None:
        """Send what was claimed, and mark what became of it."""
        with self._database.transaction(row.workspace_id) as session:
            hook = session.get(Webhook, (row.workspace_id, row.webhook_id))
            schema.see_as(session, frozenset(Role) if hook and hook.sensitive else schema.CHANNEL)
            body = None if hook is None else self._draw(session, row, hook)
            if hook is None or body is None:
                queue.cancelled(session, row, "there is nothing to tell any more")
                return
        secrets = [hook.secret]
        if hook.old_secret and hook.old_until and hook.old_until > datetime.now(UTC):
            secrets.append(hook.old_secret)
        outcome = self.caller.send(hook.url, secrets, str(row.id), body)
        with self._database.transaction(row.workspace_id) as session:
            (queue.delivered if outcome.reason is None else queue.failed)(session, row, outcome)
