"""Claim deliveries and say what became of each; every mark is refused to who was overtaken."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from storage.database.engine import current_workspace, notify
from storage.queues.claimed import NOW, In, in_index_order, mark
from storage.queues.outbox import CHANNEL, OPEN, POST, Delivery, Pause
from storage.workspace.members import MEMBERS_CHANGED, Member

__all__ = [
    "CHANNEL",
    "cancelled",
    "check_again",
    "checked",
    "claim",
    "claim_checks",
    "dead",
    "direct_messages",
    "hold",
    "is_at",
    "looked",
    "mark_ambiguous",
    "mark_sent",
    "noted",
    "opened",
    "pause",
    "release",
    "resolved",
    "retry_later",
    "take",
    "unreadable",
]

assert isinstance(Delivery.__table__, Table)
_TABLE = Delivery.__table__

LANE_INTERVAL_S = 1
"""Slack takes about one message a second in a conversation."""

CHECK_EVERY_S = 45
CHECK_FOR_S = 600
"""How long a message that may have been sent twice is watched for its second copy.

The longer it has been there, the less likely is another copy: from a minute and a half on, looks come at one and a half
times the age.
"""

LANE_WAIT_MIN = 15
"""How long a delivery that was tried holds up those behind it in its lane."""

_READY = """(
    {0}.state = 'sending' AND {0}.lease_until <= now()
    OR {0}.state = 'pending' AND {0}.not_before <= now() AND (
        {0}.edits IS NULL OR EXISTS (
            SELECT FROM outbox AS edited WHERE edited.workspace_id = {0}.workspace_id AND edited.id = {0}.edits
              AND edited.state NOT IN ('pending', 'sending')
        )
    )
)"""

# A lane's next delivery is the one that was tried already, else the first by priority and age. A lane is closed while
# one of it is on its way or waits to be tried again, and for a second after each message.
_CLAIM = text(f"""
WITH RECURSIVE spaces AS (
    (SELECT workspace_id FROM outbox WHERE {OPEN} ORDER BY workspace_id LIMIT 1)
    UNION ALL
    SELECT (
        SELECT outbox.workspace_id FROM outbox
        WHERE outbox.workspace_id > spaces.workspace_id AND {OPEN} ORDER BY outbox.workspace_id LIMIT 1
    ) FROM spaces WHERE spaces.workspace_id IS NOT NULL
), share AS (
    SELECT ceil(CAST(:most AS numeric) / greatest(count(workspace_id), 1)) AS each FROM spaces
), heads AS MATERIALIZED (
    SELECT head.workspace_id, head.id, head.fence, head.state
    FROM (
        SELECT workspace_id FROM spaces WHERE workspace_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM installation WHERE installation.workspace_id = spaces.workspace_id AND revoked_at IS NOT NULL
        ) ORDER BY random()
    ) AS turn
    CROSS JOIN LATERAL (
        SELECT one.workspace_id, one.id, one.fence, one.state FROM outbox AS one
        WHERE one.workspace_id = turn.workspace_id AND one.{OPEN} AND {_READY.format("one")}
          AND NOT EXISTS (
            SELECT FROM outbox_pause WHERE outbox_pause.workspace_id = one.workspace_id
              AND outbox_pause.method = CASE one.kind WHEN 'post' THEN 'chat.postMessage' ELSE 'chat.' || one.kind END
              AND outbox_pause.until > now()
          )
          AND NOT EXISTS (
            SELECT FROM outbox AS recent WHERE recent.workspace_id = one.workspace_id AND recent.lane = one.lane
              AND recent.state = 'sent' AND recent.sent_at > now() - make_interval(secs => :apart)
          )
          AND NOT EXISTS (
            SELECT FROM outbox AS other
            WHERE other.workspace_id = one.workspace_id AND other.lane = one.lane AND other.id <> one.id
              AND other.{OPEN} AND (
                other.state = 'sending' AND other.lease_until > now()
                OR other.attempt > 0 AND (one.attempt = 0 OR other.seq < one.seq)
                  AND other.first_attempt_at > now() - make_interval(mins => {LANE_WAIT_MIN})
                OR other.attempt = 0 AND one.attempt = 0 AND {_READY.format("other")}
                  AND (other.priority, -other.seq) > (one.priority, -one.seq)
              )
          )
        ORDER BY one.priority DESC, one.seq LIMIT (SELECT each FROM share)
    ) AS head
    LIMIT :most
), taken AS MATERIALIZED (
    SELECT locked.workspace_id, locked.id
    FROM heads CROSS JOIN LATERAL (
        SELECT outbox.workspace_id, outbox.id FROM outbox
        WHERE outbox.workspace_id = heads.workspace_id AND outbox.id = heads.id
          AND outbox.fence = heads.fence AND outbox.state = heads.state
        FOR NO KEY UPDATE SKIP LOCKED
    ) AS locked
)
UPDATE outbox SET
    state = 'sending', attempt = attempt + 1, fence = fence + 1,
    ambiguous = ambiguous OR state = 'sending',
    lease_until = now() + make_interval(secs => :lease),
    first_attempt_at = coalesce(first_attempt_at, now()),
    channel = coalesce(channel, target_channel)
FROM taken WHERE outbox.workspace_id = taken.workspace_id AND outbox.id = taken.id
RETURNING outbox.*
""")  # noqa: S608 - the conditions are our own


def claim(session: Session, limit: int, lease_s: float, *, apart_s: float = LANE_INTERVAL_S) -> Sequence[Delivery]:
    """Lease up to `limit` deliveries, at most one a lane, fairly between workspaces; the session sees '*'.

    A lane's next one comes `apart_s` seconds after its last. A delivery whose lease ran out is claimed again as
    ambiguous: who had it may have sent it. An update whose edited delivery was never sent is claimed too, for the
    caller to cancel.
    """
    in_index_order(session)
    statement = select(Delivery).from_statement(_CLAIM).execution_options(populate_existing=True)
    claimed = session.scalars(statement, {"most": limit, "lease": lease_s, "apart": apart_s}).all()
    return sorted(claimed, key=lambda row: (-row.priority, row.seq))


def direct_messages(session: Session, row: Delivery) -> str | None:
    """Return the conversation with the person a delivery is for, None while Slack was never asked to open it."""
    who = (Member.workspace_id == row.workspace_id, Member.id == row.target_user)
    return session.scalar(select(Member.dm_channel_id).where(*who))


def resolved(session: Session, row: Delivery, channel: str) -> bool:
    """Remember, before the first attempt, where a delivery to a person goes, and so will the next ones to them.

    That a delivery to a channel goes there is remembered as it is claimed.
    """
    opened(session, str(row.target_user), channel)
    return _mark(session, row, channel=channel)


def uploaded(session: Session, row: Delivery, file_id: str) -> bool:
    """Remember, before it is sent, a file by which a delivery is found that is sent as one."""
    row.payload = {**row.payload, "files": [*row.payload.get("files", ()), file_id]}
    return _mark(session, row, payload=row.payload)


def opened(session: Session, user_id: str, channel: str) -> None:
    """Remember the conversation of a person with Rapport that Slack has opened, and tell every process that does."""
    workspace_id = current_workspace(session)
    who = (Member.workspace_id == workspace_id, Member.id == user_id)
    same = Member.dm_channel_id.is_not_distinct_from(channel)
    changed = update(Member).where(*who, ~same).values(dm_channel_id=channel).returning(Member.id)
    if session.execute(changed, execution_options={"synchronize_session": False}).first() is not None:
        notify(session, MEMBERS_CHANGED, f"{workspace_id} {user_id}")


def mark_sent(session: Session, row: Delivery, *, channel: str, ts: str) -> bool:
    """Say that Slack shows it; False if somebody else has the delivery by now."""
    return _mark(
        session,
        row,
        state="sent",
        channel=channel,
        ts=ts,
        sent_at=NOW,
        lease_until=None,
        reason=None,
        looked_until=None,
        check_at=In(CHECK_EVERY_S) if row.ambiguous and row.kind == POST else None,
    )


def mark_ambiguous(session: Session, row: Delivery, reason: str, *, grace_s: float) -> bool:
    """Say that Slack may have it; it is looked for after `grace_s` seconds."""
    return _back(session, row, reason, grace_s, ambiguous=True)


def retry_later(session: Session, row: Delivery, reason: str, *, delay_s: float) -> bool:
    """Say that this attempt did not reach Slack; the next is made after `delay_s` seconds."""
    return _back(session, row, reason, delay_s)


def release(session: Session, row: Delivery) -> bool:
    """Give a delivery back untried, for anybody to claim at once."""
    untried: dict[str, Any] = {"attempt": row.attempt - 1}
    if row.attempt == 1:
        untried["first_attempt_at"] = None
    return _mark(session, row, state="pending", lease_until=None, **untried)


def hold(session: Session, row: Delivery, until: datetime | None, **why: Any) -> bool:
    """Put a delivery back that surely was not seen, until then or until somebody asks for it, as if never tried."""
    untried = {"attempt": 0, "first_attempt_at": None, "lease_until": None, "reason": None}
    state = {"state": "held"} if until is None else {"state": "pending", "not_before": until}
    return _mark(session, row, **untried, **state, **why)


def noted(session: Session, row: Delivery, notice: str) -> bool:
    """Say of which kind a delivery is that is about to be sent."""
    return _mark(session, row, notice=notice)


def unreadable(session: Session, row: Delivery, reason: str, *, delay_s: float) -> bool:
    """Say that the conversation's history could not be read, and since when, so that nobody knows if it is there."""
    return _back(session, row, reason, delay_s, ambiguous=True, unreadable_since=row.unreadable_since or NOW)


def looked(session: Session, row: Delivery, until: str | None) -> bool:
    """Say how far the conversation was searched, which can be read again; None once all of it was."""
    return _mark(session, row, looked_until=until, unreadable_since=None)


def dead(session: Session, row: Delivery, reason: str) -> bool:
    """Say that Slack refuses it for good."""
    return _mark(session, row, state="dead", lease_until=None, reason=reason)


def cancelled(session: Session, row: Delivery, reason: str) -> bool:
    """Say that it is no longer wanted."""
    return _mark(session, row, state="cancelled", lease_until=None, reason=reason)


# With each message that is due, the others that are watched in its conversation: one look serves them all, and Slack
# lets a workspace's conversations be read seldom.
_CLAIM_CHECKS = text(f"""
WITH due AS MATERIALIZED (
    SELECT workspace_id, channel, thread_ts FROM outbox WHERE check_at <= now() ORDER BY check_at LIMIT :most
), taken AS MATERIALIZED (
    SELECT workspace_id, id FROM outbox AS watched
    WHERE check_at IS NOT NULL AND EXISTS (
        SELECT FROM due WHERE due.workspace_id = watched.workspace_id AND due.channel = watched.channel
          AND due.thread_ts IS NOT DISTINCT FROM watched.thread_ts
    )
    FOR UPDATE SKIP LOCKED
)
UPDATE outbox SET check_at = now() + greatest(make_interval(secs => {CHECK_EVERY_S}), (now() - sent_at) / 2)
FROM taken WHERE outbox.workspace_id = taken.workspace_id AND outbox.id = taken.id
RETURNING outbox.*
""")  # noqa: S608 - a number of our own


def claim_checks(session: Session, limit: int) -> Sequence[Delivery]:
    """Take sent messages of which a second copy may have come up: `limit` that are due, and all of their conversations.

    The session sees '*'.
    """
    statement = select(Delivery).from_statement(_CLAIM_CHECKS).execution_options(populate_existing=True)
    return session.scalars(statement, {"most": limit}).all()


def checked(session: Session, rows: Sequence[Delivery]) -> None:
    """Watch those messages no longer that were looked at and are old enough: not before, as a look may be cut short."""
    old = Delivery.sent_at <= func.now() - func.make_interval(0, 0, 0, 0, 0, 0, CHECK_FOR_S)
    which = (Delivery.workspace_id == current_workspace(session), Delivery.id.in_([row.id for row in rows]))
    done = update(Delivery).where(*which, old).values(check_at=None)
    session.execute(done.execution_options(synchronize_session=False))


def check_again(session: Session, rows: Sequence[Delivery], delay_s: float) -> None:
    """Have messages looked at after `delay_s` seconds that could not be looked at now."""
    which = (Delivery.workspace_id == current_workspace(session), Delivery.id.in_([row.id for row in rows]))
    later = update(Delivery).where(*which, Delivery.state == "sent").values(check_at=_in(delay_s))
    session.execute(later.execution_options(synchronize_session=False))


def is_at(session: Session, row: Delivery, ts: str) -> None:
    """Say which of its copies stays."""
    which = (Delivery.workspace_id == row.workspace_id, Delivery.id == row.id, Delivery.state == "sent")
    session.execute(update(Delivery).where(*which).values(ts=ts).execution_options(synchronize_session=False))


def pause(session: Session, method: str, seconds: float) -> None:
    """Hold back a method in this workspace, in every replica, for so many seconds at least."""
    values = {"workspace_id": current_workspace(session), "method": method, "until": _in(seconds)}
    statement = insert(Pause).values(values)
    later = func.greatest(Pause.until, statement.excluded.until)
    session.execute(statement.on_conflict_do_update(index_elements=["workspace_id", "method"], set_={"until": later}))


# The moment from which on the next token is there, as long as nobody is told to wait.
_NEXT = "bucket.full_at - make_interval(secs => :each * (:burst - 1))"
_TAKE = text(f"""
INSERT INTO outbox_pause AS bucket (workspace_id, method, until, full_at)
VALUES (:workspace, :method, now(), clock_timestamp() + make_interval(secs => :each))
ON CONFLICT (workspace_id, method) DO UPDATE
SET full_at = greatest(bucket.full_at, clock_timestamp()) + make_interval(secs => :each)
WHERE greatest(bucket.until, {_NEXT}) <= clock_timestamp()
RETURNING bucket.method
""")  # noqa: S608 - an expression of our own
_WAIT = text(f"""
UPDATE outbox_pause AS bucket SET until = greatest(bucket.until, {_NEXT})
WHERE workspace_id = :workspace AND method = :method
RETURNING extract(epoch FROM bucket.until - clock_timestamp())
""")  # noqa: S608 - an expression of our own


def take(session: Session, method: str, *, per_minute: float, burst: int) -> float:
    """Take a token for one call of a method in this workspace; return 0, or in how many seconds there may be one.

    A bucket holds `burst` tokens and gains `per_minute` a minute. Without a token the method is held back in all
    replicas until there is one; so it is while a 429 lasts, which costs none.
    """
    values = {"workspace": current_workspace(session), "method": method, "each": 60 / per_minute, "burst": burst}
    if session.scalar(_TAKE, values) is not None:
        return 0.0
    return max(0.01, float(session.scalar(_WAIT, values) or 0))


def _in(seconds: float) -> ColumnElement[Any]:
    return func.now() + func.make_interval(0, 0, 0, 0, 0, 0, seconds)


def _back(session: Session, row: Delivery, reason: str, delay_s: float, **values: Any) -> bool:
    return _mark(session, row, state="pending", lease_until=None, not_before=In(delay_s), reason=reason, **values)


def _mark(session: Session, row: Delivery, **values: Any) -> bool:
    claimed = {"workspace_id": row.workspace_id, "id": row.id, "state": "sending", "fence": row.fence}
    return mark(session, _TABLE, claimed, values)
