"""Keep what Slack sent until it has had its effect: stored before it is acknowledged, claimed by one worker at a time.

A row is handled in one transaction: `hold` locks it there and `done` marks it there, so its effect and its mark are
saved together or not at all. A worker that lives holds the row's lock; one that dies leaves a lease that runs out. The
attempt's number is the fence: who was overtaken finds that `done` refuses.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Float,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    Table,
    bindparam,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database.engine import QUEUE, Base, current_workspace
from storage.queues.claimed import In, in_index_order, mark
from storage.workspace.workspaces import Workspace

CHANNEL = "rapport_inbox"
"""The NOTIFY channel that says that there is something to claim."""

_OPEN = "state IN ('pending', 'working')"


class InboxItem(Base):
    """Hold one request of Slack's; `body` is the raw payload, emptied once it is done.

    `kind` is an event's type, or "command", "action", "view"... for what a person did and awaits an answer to.
    """

    __tablename__ = "inbox"
    __table_args__ = (
        CheckConstraint("state IN ('pending', 'working', 'done', 'dead')", name="state"),
        Index("inbox_event_id_idx", "workspace_id", "event_id", unique=True),
        Index(
            "inbox_occurrence_idx",
            "workspace_id",
            "kind",
            "channel",
            "event_ts",
            "actor",
            unique=True,
            postgresql_where=text("event_ts IS NOT NULL"),
            postgresql_nulls_not_distinct=True,
        ),
        Index("inbox_open_idx", "workspace_id", text("priority DESC"), "id", postgresql_where=text(_OPEN)),
        Index("inbox_dead_idx", "workspace_id", "id", postgresql_where=text("state = 'dead'")),
        Index("inbox_failed_idx", "workspace_id", "received_at", postgresql_where=text("state = 'dead'")),
        Index("inbox_closed_idx", "workspace_id", "received_at", postgresql_where=text("state = 'done'")),
        {"info": QUEUE},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey(Workspace.id, ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str]
    body: Mapped[dict[str, Any]]
    event_id: Mapped[str | None]
    event_ts: Mapped[str | None]
    channel: Mapped[str | None]
    actor: Mapped[str | None]
    priority: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    state: Mapped[str] = mapped_column(server_default="pending")
    attempt: Mapped[int] = mapped_column(server_default="0")
    not_before: Mapped[datetime] = mapped_column(server_default=func.now())
    lease_until: Mapped[datetime | None]
    error: Mapped[str | None]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())


assert isinstance(InboxItem.__table__, Table)
_TABLE = InboxItem.__table__


def store(
    session: Session,
    *,
    kind: str,
    body: dict[str, Any],
    event_id: str | None = None,
    event_ts: str | None = None,
    channel: str | None = None,
    actor: str | None = None,
    priority: int = 0,
    lease_s: float | None = None,
) -> InboxItem | None:
    """Store a request and return it; None if it is stored already, under its event id or as the same occurrence.

    An `app_mention` is kept as the `message` it also is. With `lease_s` the caller works on it already and nobody else
    takes it for so many seconds. Higher priorities are claimed first.
    """
    values: dict[str, Any] = {
        "workspace_id": current_workspace(session),
        "kind": "message" if kind == "app_mention" else kind,
        "body": body,
        "event_id": event_id,
        "event_ts": event_ts,
        "channel": channel,
        "actor": actor,
        "priority": priority,
    }
    if lease_s is not None:
        values |= {"state": "working", "attempt": 1}
    statement = _insertion(frozenset(values), leased=lease_s is not None)
    return session.scalars(statement, values | {"lease_s": lease_s} if lease_s is not None else values).one_or_none()


@cache
def _insertion(columns: frozenset[str], *, leased: bool) -> Any:
    """Return what inserts one row: written once, as this is what Slack waits for."""
    given = {name: bindparam(name, type_=_TABLE.c[name].type) for name in sorted(columns)}
    lease = {"lease_until": func.now() + func.make_interval(0, 0, 0, 0, 0, 0, bindparam("lease_s", type_=Float()))}
    # Told in the same round trip.
    told = [] if leased else [func.pg_notify(CHANNEL, "")]
    values = given | (lease if leased else {})
    made = insert(_TABLE).values(values).on_conflict_do_nothing().returning(*_TABLE.c, *told)
    return select(InboxItem).from_statement(made)


# The workspaces that have open rows are found by skipping through the index, and each gives its share: a flood in one
# leaves the others their turn. Nested loops lock no more rows than they return.
_CLAIM = text(f"""
WITH RECURSIVE spaces AS (
    (SELECT workspace_id FROM inbox WHERE {_OPEN} ORDER BY workspace_id LIMIT 1)
    UNION ALL
    SELECT (
        SELECT inbox.workspace_id FROM inbox
        WHERE inbox.workspace_id > spaces.workspace_id AND {_OPEN} ORDER BY inbox.workspace_id LIMIT 1
    ) FROM spaces WHERE spaces.workspace_id IS NOT NULL
), share AS (
    SELECT ceil(CAST(:most AS numeric) / greatest(count(workspace_id), 1)) AS each FROM spaces
), taken AS MATERIALIZED (
    SELECT ready.workspace_id, ready.id
    FROM (SELECT workspace_id FROM spaces WHERE workspace_id IS NOT NULL ORDER BY random()) AS turn
    CROSS JOIN LATERAL (
        SELECT inbox.workspace_id, inbox.id FROM inbox
        WHERE inbox.workspace_id = turn.workspace_id AND {_OPEN}
          AND (state = 'pending' AND not_before <= now() OR state = 'working' AND lease_until <= now())
        ORDER BY priority DESC, id LIMIT (SELECT each FROM share) FOR UPDATE SKIP LOCKED
    ) AS ready
    LIMIT :most
)
UPDATE inbox SET state = 'working', attempt = attempt + 1, lease_until = now() + make_interval(secs => :lease)
FROM taken WHERE inbox.workspace_id = taken.workspace_id AND inbox.id = taken.id
RETURNING inbox.*
""")  # noqa: S608 - the condition is our own


def claim(session: Session, limit: int, lease_s: float) -> Sequence[InboxItem]:
    """Lease up to `limit` rows that are due or whose lease ran out, fairly between workspaces; the session sees '*'."""
    in_index_order(session)
    statement = select(InboxItem).from_statement(_CLAIM).execution_options(populate_existing=True)
    claimed = session.scalars(statement, {"most": limit, "lease": lease_s}).all()
    return sorted(claimed, key=lambda item: (-item.priority, item.id))


_HOLD = text("""
SELECT FROM inbox
WHERE workspace_id = :workspace_id AND id = :id AND state = :state AND attempt = :attempt FOR UPDATE
""")


def hold(session: Session, item: InboxItem) -> bool:
    """Lock a claimed row until the transaction ends; False if its lease ran out and somebody else has it."""
    return session.execute(_HOLD, _mine(item)).first() is not None


def done(session: Session, item: InboxItem) -> bool:
    """Mark a claimed row as handled, in the transaction of its effect; False if somebody else has it: roll back."""
    return _mark(session, item, state="done", body={}, lease_until=None, error=None)


def retry(session: Session, item: InboxItem, error: str, *, delay_s: float) -> bool:
    """Give a claimed row back, to be claimed again after `delay_s` seconds."""
    return _mark(session, item, state="pending", not_before=In(delay_s), lease_until=None, error=error)


def dead(session: Session, item: InboxItem, error: str) -> bool:
    """Set a claimed row aside for good, with the traceback; its body is kept so that it can be revived."""
    return _mark(session, item, state="dead", lease_until=None, error=error)


def _mine(item: InboxItem) -> dict[str, Any]:
    return {"workspace_id": item.workspace_id, "id": item.id, "state": "working", "attempt": item.attempt}


def _mark(session: Session, item: InboxItem, **values: Any) -> bool:
    return mark(session, _TABLE, _mine(item), values)
