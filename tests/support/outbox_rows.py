"""Make, claim and read deliveries in the outbox itself."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from storage.database.engine import EVERY_WORKSPACE, Database
from storage.queues import outbox, outbox_claims
from storage.queues.outbox import Delivery


def post(database: Database, workspace: str, channel: str = "C1", **values: Any) -> UUID:
    with database.transaction(workspace) as session:
        given = {"target_channel": channel, "renderer": "tickets.card", "record": "T-1"} | values
        return outbox.enqueue(session, **given)


def claim(database: Database, limit: int = 10, lease_s: float = 60) -> list[Delivery]:
    with database.transaction(EVERY_WORKSPACE) as session:
        return list(outbox_claims.claim(session, limit, lease_s))


def send(database: Database, row: Delivery) -> None:
    with database.transaction(row.workspace_id) as session:
        assert outbox_claims.mark_sent(session, row, channel="C1", ts="17.1")


def read(database: Database, workspace: str, delivery_id: UUID) -> Delivery:
    with database.transaction(workspace) as session:
        return session.get_one(Delivery, (workspace, delivery_id))
