"""Claim what webhooks are to be told, say what became of it, and read the log of it.

Of one record a webhook is told in order: what comes later waits until what came before was delivered or given up. One
that does not answer is asked seldom, and by one delivery at a time; after three days it is switched off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Table, func, select, text, update
from sqlalchemy.orm import Session

from storage.database.engine import current_workspace, notify
from storage.errors import Conflict, NotFound
from storage.names import short
from storage.queues import outbox
from storage.queues.claimed import In, mark
from storage.webhooks.model import CHANNEL, OPEN, Webhook, WebhookDelivery
from storage.workspace import members
from storage.workspace.members import Role

AT_ONCE = 2
"""So many deliveries to one webhook are on their way at a time, so that a slow one leaves hands for the others."""
ATTEMPTS = 16
"""After so many, which take a day and a half, one event is given up, and those behind it about the record go on."""
FIRST_WAIT_S, LONGEST_WAIT_S = 10.0, 6 * 3600.0
FIRST_REST_S, LONGEST_REST_S = 5.0, 300.0
"""How long a webhook that did not take one delivery is left alone by all."""
OFF_AFTER = timedelta(days=3)
REASON_LIMIT = 300
RENDERER = "webhooks.off"
"""The name under which the bot draws the notice of a webhook that was switched off."""

assert isinstance(WebhookDelivery.__table__, Table)
_TABLE = WebhookDelivery.__table__

_CLAIM = text(f"""
WITH hooks AS MATERIALIZED (
    SELECT hook.workspace_id, hook.id, (CASE WHEN hook.failing_since IS NULL THEN {AT_ONCE} ELSE 1 END) - (
        SELECT count(*) FROM webhook_delivery AS sent
        WHERE sent.workspace_id = hook.workspace_id AND sent.webhook_id = hook.id AND sent.{OPEN}
          AND sent.state = 'sending' AND sent.lease_until > now()
    ) AS free
    FROM webhook AS hook
    WHERE hook.removed_at IS NULL AND hook.paused_at IS NULL AND hook.disabled_at IS NULL AND hook.not_before <= now()
      AND NOT EXISTS (
        SELECT FROM installation
        WHERE installation.workspace_id = hook.workspace_id AND installation.revoked_at IS NOT NULL
    )
    ORDER BY random()
), heads AS MATERIALIZED (
    SELECT head.workspace_id, head.id, head.fence, head.state
    FROM hooks CROSS JOIN LATERAL (
        SELECT one.workspace_id, one.id, one.fence, one.state FROM webhook_delivery AS one
        WHERE one.workspace_id = hooks.workspace_id AND one.webhook_id = hooks.id AND one.{OPEN}
          AND (one.state = 'sending' AND one.lease_until <= now() OR one.state = 'pending' AND one.not_before <= now())
          AND NOT EXISTS (
            SELECT FROM webhook_delivery AS earlier
            WHERE earlier.workspace_id = one.workspace_id AND earlier.webhook_id = one.webhook_id
              AND earlier.noun = one.noun AND earlier.record_id = one.record_id AND earlier.seq < one.seq
              AND earlier.{OPEN}
          )
        ORDER BY one.seq LIMIT greatest(hooks.free, 0)
    ) AS head
    LIMIT :most
), taken AS MATERIALIZED (
    SELECT locked.workspace_id, locked.id
    FROM heads CROSS JOIN LATERAL (
        SELECT delivery.workspace_id, delivery.id FROM webhook_delivery AS delivery
        WHERE delivery.workspace_id = heads.workspace_id AND delivery.id = heads.id
          AND delivery.fence = heads.fence AND delivery.state = heads.state
        FOR NO KEY UPDATE SKIP LOCKED
    ) AS locked
)
UPDATE webhook_delivery SET
    state = 'sending', attempt = attempt + 1, fence = fence + 1, tried_at = now(),
    lease_until = now() + make_interval(secs => :lease)
FROM taken WHERE webhook_delivery.workspace_id = taken.workspace_id AND webhook_delivery.id = taken.id
RETURNING webhook_delivery.*
""")  # noqa: S608 - the conditions are our own


@dataclass(frozen=True, slots=True)
class Attempt:
    """Say what an attempt came to: the other program's `status`, None where there was no answer, and why it failed."""

    status: int | None
    took_ms: int
    reason: str | None = None
    for_good: bool = False
    """The other program said that it wants no more."""


def claim(session: Session, limit: int, lease_s: float) -> Sequence[WebhookDelivery]:
    """Lease up to `limit` deliveries, fairly between webhooks; the session sees '*'."""
    statement = select(WebhookDelivery).from_statement(_CLAIM).execution_options(populate_existing=True)
    return session.scalars(statement, {"most": limit, "lease": lease_s}).all()


def delivered(session: Session, row: WebhookDelivery, attempt: Attempt) -> bool:
    """Say that the other program took it; False if somebody else has the delivery by now."""
    if not _mark(session, row, state="sent", lease_until=None, reason=None, **_answer(attempt)):
        return False
    hook = session.get(Webhook, (row.workspace_id, row.webhook_id), with_for_update=True, populate_existing=True)
    if hook is not None and hook.failures:
        hook.failures, hook.failing_since = 0, None
        _at_once(session, hook)
    return True


def failed(session: Session, row: WebhookDelivery, attempt: Attempt) -> bool:
    """Say that the other program did not take it; False if somebody else has the delivery by now.

    It is tried again later and later, or given up; the webhook is left alone for a while, or switched off.
    """
    over = row.attempt >= ATTEMPTS
    wait = min(FIRST_WAIT_S * 2.0 ** (row.attempt - 1), LONGEST_WAIT_S)
    state = {"state": "dead"} if over else {"state": "pending", "not_before": In(wait)}
    said = {"lease_until": None, "reason": short(attempt.reason or "", REASON_LIMIT)}
    if not _mark(session, row, **state, **said, **_answer(attempt)):
        return False
    hook = session.get(Webhook, (row.workspace_id, row.webhook_id), with_for_update=True, populate_existing=True)
    now = session.scalar(select(func.now()))
    if hook is None or now is None:
        return True
    hook.failures += 1
    hook.failing_since = hook.failing_since or now
    hook.not_before = now + timedelta(seconds=min(FIRST_REST_S * 2.0 ** min(hook.failures - 1, 20), LONGEST_REST_S))
    if hook.disabled_at is None and (attempt.for_good or now - hook.failing_since >= OFF_AFTER):
        _switch_off(session, hook, now)
    session.flush()
    return True


def cancelled(session: Session, row: WebhookDelivery, reason: str) -> bool:
    """Say that there is nothing to tell any more."""
    return _mark(session, row, state="cancelled", lease_until=None, reason=reason)


def log(session: Session, hook: Webhook, *, before: int | None = None, limit: int = 20) -> list[WebhookDelivery]:
    """Return what a webhook was told or is to be told, the newest first, from before a `seq` on."""
    mine = (WebhookDelivery.workspace_id == hook.workspace_id, WebhookDelivery.webhook_id == hook.id)
    wanted = select(WebhookDelivery).where(*mine).order_by(WebhookDelivery.seq.desc()).limit(limit)
    return list(session.scalars(wanted.where(WebhookDelivery.seq < before) if before else wanted))


def counts(session: Session, hook: Webhook) -> dict[str, int]:
    """Return how many deliveries of a webhook are in each state."""
    mine = (WebhookDelivery.workspace_id == hook.workspace_id, WebhookDelivery.webhook_id == hook.id)
    counted = select(WebhookDelivery.state, func.count().label("number")).where(*mine).group_by(WebhookDelivery.state)
    return {row.state: row.number for row in session.execute(counted)}


def replay(session: Session, hook: Webhook, number: int) -> WebhookDelivery:
    """Tell a webhook an event again, under its id and as the record is now; raise Conflict if it is on its way."""
    found = session.scalars(
        select(WebhookDelivery)
        .where(WebhookDelivery.workspace_id == hook.workspace_id, WebhookDelivery.webhook_id == hook.id)
        .where(WebhookDelivery.seq == number)
        .with_for_update()
    ).one_or_none()
    if found is None:
        raise NotFound("This event is no longer stored.")
    if found.state in {"pending", "sending"}:
        raise Conflict("It is on its way already.", hint="`/crm webhook resume` tries a webhook that rests at once.")
    _again(session, WebhookDelivery.seq == number)
    session.refresh(found)
    return found


def replay_failed(session: Session, hook: Webhook) -> int:
    """Tell a webhook again all that was given up, and return how many events that are."""
    return _again(session, WebhookDelivery.webhook_id == hook.id, WebhookDelivery.state == "dead")


def _again(session: Session, *which: ColumnElement[bool]) -> int:
    fresh = {"state": "pending", "attempt": 0, "not_before": func.now(), "reason": None, "status": None}
    done = session.execute(
        update(WebhookDelivery)
        .where(WebhookDelivery.workspace_id == current_workspace(session), *which)
        .values(**fresh)
        .returning(WebhookDelivery.id)
        .execution_options(synchronize_session=False)
    ).all()
    notify(session, CHANNEL)
    return len(done)


def _switch_off(session: Session, hook: Webhook, now: datetime) -> None:
    hook.disabled_at = now
    for admin in members.staff(session, Role.ADMIN):
        outbox.enqueue(
            session,
            target_user=admin.id,
            renderer=RENDERER,
            record=None,
            payload={"webhook": hook.id},
            dedupe_key=f"webhook:{hook.id}:off:{now.isoformat()}:{admin.id}",
        )


def _at_once(session: Session, hook: Webhook) -> None:
    """Let what waited for a webhook that answers again wait no longer."""
    waiting = (WebhookDelivery.workspace_id == hook.workspace_id, WebhookDelivery.webhook_id == hook.id)
    session.execute(
        update(WebhookDelivery)
        .where(*waiting, WebhookDelivery.state == "pending")
        .values(not_before=func.now())
        .execution_options(synchronize_session=False)
    )
    session.flush()
    notify(session, CHANNEL)


def _answer(attempt: Attempt) -> dict[str, int | None]:
    return {"status": attempt.status, "took_ms": attempt.took_ms}


def _mark(session: Session, row: WebhookDelivery, **values: object) -> bool:
    claimed = {"workspace_id": row.workspace_id, "id": row.id, "state": "sending", "fence": row.fence}
    return mark(session, _TABLE, claimed, values)
