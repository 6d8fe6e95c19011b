"""Webhooks that tests add, and what they are told."""

from __future__ import annotations

import base64

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.database.engine import Database
from storage.webhooks import settings
from storage.webhooks.model import Webhook, WebhookDelivery
from tests.support.receivers import HERE

URL = "https://hooks.example/in"
SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


def add(session: Session, *events: str, url: str = URL, name: str = "", sensitive: bool = False) -> Webhook:
    """Add a webhook that is told of these events, or of all."""
    return settings.add(session, url=url, patterns=events or ["*"], name=name, sensitive=sensitive, inside=HERE)


def told(database: Database, workspace: str) -> list[tuple[str, str]]:
    """Return the events that a workspace's webhooks are told, in order, each with what it is about."""
    with database.transaction(workspace) as session:
        rows = session.scalars(
            select(WebhookDelivery).where(WebhookDelivery.workspace_id == workspace).order_by(WebhookDelivery.seq)
        )
        return [(row.event, f"{row.noun} {row.record_id}") for row in rows]
