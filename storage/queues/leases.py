"""Lease what takes long to one worker at a time, whichever replica it is on, and keep the card that follows it.

A row's state says what is to be done; a worker leases it, and renews the lease with each batch. Who was overtaken finds
the attempt's number changed, and saves nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.queues import outbox
from storage.queues.outbox import UPDATE, Delivery


class Leased:
    """Mix into a model of work that takes long; `card_id` names the delivery of the card that follows it."""

    workspace_id: Mapped[str]
    id: Mapped[int]
    state: Mapped[str]
    error: Mapped[str | None]
    card_id: Mapped[UUID | None]
    lease_until: Mapped[datetime | None]
    attempt: Mapped[int] = mapped_column(server_default="0")


R = TypeVar("R", bound=Leased)


class Overdue(Exception):
    """Somebody else has a row by now, or nothing is asked of it any more: what is in hand must not be saved."""


def claim(session: Session, model: type[R], states: Collection[str], limit: int, lease_s: float) -> Sequence[R]:
    """Lease up to `limit` rows of which something is asked; the session sees '*'."""
    table: Any = model
    free = table.lease_until.is_(None) | (table.lease_until <= func.now())
    taken = (
        select(table.workspace_id, table.id)
        .where(table.card_id.is_not(None), table.state.in_(states), free)
        .order_by(table.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("taken")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    claimed = (
        update(table)
        .where(table.workspace_id == taken.c.workspace_id, table.id == taken.c.id)
        .values(attempt=table.attempt + 1, lease_until=_later(lease_s))
        .returning(table)
        .execution_options(populate_existing=True, synchronize_session=False)
    )
    return list(session.scalars(claimed))


def keep(session: Session, row: Leased, lease_s: float) -> bool:
    """Renew a lease and hold the row until the transaction ends; False if somebody else has it, or nothing is asked."""
    table: Any = type(row)
    renewed = session.execute(
        update(table)
        .where(table.workspace_id == row.workspace_id, table.id == row.id)
        .where(table.attempt == row.attempt, table.state == row.state)
        .values(lease_until=_later(lease_s))
        .returning(table.id)
        .execution_options(synchronize_session=False)
    )
    return renewed.first() is not None


def rest(row: Leased, state: str) -> None:
    """Give a row its state and back to nobody, as what was asked is done."""
    row.state, row.lease_until, row.attempt = state, None, 0


def show(session: Session, row: Leased) -> None:
    """Have a row's card drawn afresh; before it was sent, what is sent is new anyway."""
    session.flush()
    card = None if row.card_id is None else session.get(Delivery, (row.workspace_id, row.card_id))
    if card is not None:
        outbox.enqueue(session, kind=UPDATE, edits=card.id, renderer=card.renderer, record=card.record)


def _later(lease_s: float) -> Any:
    return func.now() + func.make_interval(0, 0, 0, 0, 0, 0, lease_s)
