"""Let time pass for what waits in the queues, which is quicker than waiting and the same on every machine."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import update

from storage.database.engine import Database
from storage.queues.due import Due
from storage.queues.inbox import InboxItem
from storage.queues.outbox import Delivery, Pause
from storage.webhooks.model import Webhook, WebhookDelivery

TIMES: dict[Any, tuple[str, ...]] = {
    Delivery: ("sent_at", "not_before", "lease_until"),
    Pause: ("until", "full_at"),
    InboxItem: ("not_before", "lease_until"),
    Due: ("not_before", "lease_until"),
    Webhook: ("not_before", "failing_since", "old_until"),
    WebhookDelivery: ("not_before", "lease_until", "created_at"),
}


def pass_time(database: Database, workspace: str, seconds: float) -> None:
    """Make the times of a workspace's rows that much older."""
    span = timedelta(seconds=seconds)
    with database.transaction(workspace) as session:
        for model, names in TIMES.items():
            older = {name: getattr(model, name) - span for name in names}
            session.execute(update(model).where(model.workspace_id == workspace).values(older))
