"""Keep what Slack must still be told: written with the change that causes it, sent once by `bot.delivery.sender`.

A row is a delivery; its uuid travels in the message, so that one that may have been sent can be looked for. Rows of one
lane (a conversation) go out one after the other, a second apart. How a delivery is claimed and marked is in
`storage.queues.outbox_claims`.
"""

from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Computed,
    Executable,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    Table,
    bindparam,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database.engine import QUEUE, Base, composite_key, current_workspace, notify
from storage.workspace.workspaces import Workspace

AUTHOR = "author"
"""Where the payload of a delivery names the member who sends it, and who is told if it cannot be delivered."""
CHANNEL = "rapport_outbox"
"""The NOTIFY channel that says that there is something to send."""

POST, UPDATE, DELETE = "post", "update", "delete"
OPEN = "state IN ('pending', 'sending')"


class Delivery(Base):
    """Hold one message to post, change or delete; `id` is the delivery's uuid.

    `target_*` says where it should go, `channel` is the conversation Slack gave for it, `ts` the message's once sent.
    `ambiguous` says that Slack may have it although nobody saw the answer; `looked_until` is how far the conversation
    was searched for it, `check_at` when it is looked at again for a second copy. `fence` counts the claims: only who
    holds the newest may mark the row. `notice` is its kind as people mute it, set where its receiver has wishes;
    `held_by` and `held_at` say that these held it back. In the state "held" it waits for somebody to ask for it.
    What `stays` is never deleted (see `storage.queues.retention`), as it is changed later.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        composite_key("edits", "outbox", ondelete="CASCADE"),
        CheckConstraint("kind IN ('post', 'update', 'delete')", name="kind"),
        CheckConstraint("(kind = 'post') = (edits IS NULL)", name="edits"),
        CheckConstraint("num_nonnulls(target_user, target_channel) = 1", name="target"),
        CheckConstraint("state IN ('pending', 'sending', 'sent', 'dead', 'cancelled', 'held')", name="state"),
        CheckConstraint("held_by IN ('quiet', 'muted', 'budget', 'asked')", name="held_by"),
        CheckConstraint("(held_by IS NULL) = (held_at IS NULL)", name="held"),
        CheckConstraint("state <> 'sending' OR lease_until IS NOT NULL", name="lease"),
        Index("outbox_dedupe_key_idx", "workspace_id", "dedupe_key", unique=True),
        Index("outbox_open_idx", "workspace_id", text("priority DESC"), "seq", postgresql_where=text(OPEN)),
        Index("outbox_lane_idx", "workspace_id", "lane", "seq", postgresql_where=text(OPEN)),
        Index("outbox_sent_idx", "workspace_id", "lane", "sent_at", postgresql_where=text("state = 'sent'")),
        Index("outbox_edits_idx", "workspace_id", "edits", postgresql_where=text("edits IS NOT NULL")),
        Index("outbox_check_idx", "check_at", postgresql_where=text("check_at IS NOT NULL")),
        Index("outbox_dead_idx", "workspace_id", "seq", postgresql_where=text("state = 'dead'")),
        Index("outbox_record_idx", "workspace_id", "record", postgresql_where=text(OPEN)),
        Index(
            "outbox_over_idx",
            "workspace_id",
            "created_at",
            postgresql_where=text("NOT stays AND state IN ('sent', 'dead', 'cancelled', 'held')"),
        ),
        Index("outbox_held_idx", "workspace_id", "lane", "held_at", postgresql_where=text("held_at IS NOT NULL")),
        {"info": QUEUE},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey(Workspace.id, ondelete="CASCADE"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(Identity())
    kind: Mapped[str]
    target_user: Mapped[str | None]
    target_channel: Mapped[str | None]
    lane: Mapped[str] = mapped_column(Computed("COALESCE(target_channel, target_user)", persisted=True))
    channel: Mapped[str | None]
    thread_ts: Mapped[str | None]
    edits: Mapped[UUID | None]
    renderer: Mapped[str]
    record: Mapped[str | None]
    payload: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    dedupe_key: Mapped[str | None]
    priority: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    not_before: Mapped[datetime] = mapped_column(server_default=func.now())
    state: Mapped[str] = mapped_column(server_default="pending")
    attempt: Mapped[int] = mapped_column(server_default="0")
    fence: Mapped[int] = mapped_column(server_default="0")
    lease_until: Mapped[datetime | None]
    first_attempt_at: Mapped[datetime | None]
    ambiguous: Mapped[bool] = mapped_column(server_default="false")
    unreadable_since: Mapped[datetime | None]
    looked_until: Mapped[str | None]
    ts: Mapped[str | None]
    reason: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    sent_at: Mapped[datetime | None]
    check_at: Mapped[datetime | None]
    notice: Mapped[str | None]
    held_by: Mapped[str | None]
    held_at: Mapped[datetime | None]
    stays: Mapped[bool] = mapped_column(server_default="false")


class Pause(Base):
    """Hold back every call of one Web API method in a workspace, in all replicas, until a time.

    That is what Slack asked for with a 429, or when the method's token bucket has its next token. `full_at` is when the
    bucket will be full again.
    """

    __tablename__ = "outbox_pause"
    __table_args__ = {"info": QUEUE}

    workspace_id: Mapped[str] = mapped_column(ForeignKey(Workspace.id, ondelete="CASCADE"), primary_key=True)
    method: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[datetime]
    full_at: Mapped[datetime] = mapped_column(server_default=func.now())


def enqueue(
    session: Session,
    *,
    kind: str = POST,
    target_user: str | None = None,
    target_channel: str | None = None,
    thread_ts: str | None = None,
    edits: UUID | None = None,
    renderer: str,
    record: str | None,
    payload: dict[str, Any] | None = None,
    dedupe_key: str | None = None,
    priority: int = 0,
    not_before: datetime | None = None,
    stays: bool = False,
) -> UUID:
    """Write a delivery and return its id; it is sent once this transaction has committed.

    A post that is to be changed much later, as a card is, `stays`; what was changed once does so by itself.

    A post goes to a user or to a channel. An update or a delete names the delivery it `edits` and goes where that went;
    an update that is not sent yet takes over what a newer one says, and a delete cancels it. The row of an earlier
    `dedupe_key` answers for a later one. Raises ValueError if the target or the edited delivery is missing.
    """
    if (kind == POST) == (edits is not None):
        raise ValueError("a post edits nothing; an update or a delete names the delivery it edits")
    content: dict[str, Any] = {"renderer": renderer, "record": record, "payload": payload or {}, "priority": priority}
    if not_before is not None:
        content["not_before"] = not_before
    if edits is not None:
        edited = session.get(Delivery, (current_workspace(session), edits))
        if edited is None:
            raise ValueError(f"there is no delivery {edits} to {kind}")
        if not edited.stays:
            edited.stays = True
        target_user, target_channel, thread_ts = edited.target_user, edited.target_channel, edited.thread_ts
        earlier = _supersede(session, kind, edits, content)
        if earlier is not None:
            notify(session, CHANNEL)
            return earlier
    if (target_user is None) == (target_channel is None):
        raise ValueError("a post goes either to a user or to a channel")
    row = content | {
        "workspace_id": current_workspace(session),
        "id": uuid4(),
        "kind": kind,
        "target_user": target_user,
        "target_channel": target_channel,
        "thread_ts": thread_ts,
        "edits": edits,
        "dedupe_key": dedupe_key,
        "stays": stays,
    }
    made: UUID | None = session.scalars(_insertion(frozenset(row)), row).one_or_none()
    if made is None:
        same = (Delivery.workspace_id == current_workspace(session), Delivery.dedupe_key == dedupe_key)
        return session.scalars(select(Delivery.id).where(*same)).one()
    return made


@cache
def _insertion(columns: frozenset[str]) -> Executable:
    """Return what inserts one row: written once, as it is the same for every message."""
    assert isinstance(Delivery.__table__, Table)
    table = Delivery.__table__
    values = {name: bindparam(name, type_=table.c[name].type) for name in sorted(columns)}
    told = func.pg_notify(CHANNEL, "")
    return insert(table).values(values).on_conflict_do_nothing().returning(table.c.id, told)


def cancel(session: Session, delivery_id: UUID, *, reason: str) -> bool:
    """Cancel a delivery that is not being sent and was not; what was already tried is not tried again."""
    return bool(_cancel(session, Delivery.id == delivery_id, reason=reason))


def cancel_for_record(session: Session, record: str, *, renderer: str | None = None, reason: str) -> int:
    """Cancel the unsent deliveries about a record, all or those of one renderer, and return how many."""
    only = () if renderer is None else (Delivery.renderer == renderer,)
    return _cancel(session, Delivery.record == record, *only, reason=reason)


def cancel_occasion(session: Session, kind: str, subject: str, *, reason: str, but_to: str | None = None) -> int:
    """Cancel the unsent deliveries that came from one row of `storage.queues.due`, and return how many.

    What goes `but_to` a user or channel is left to go there.
    """
    born = func.starts_with(Delivery.dedupe_key, f"{kind}:{subject}:")
    elsewhere = () if but_to is None else (Delivery.lane != but_to,)
    # Without its key, so that what falls due at the same time again is not taken for sent.
    return _cancel(session, Delivery.record == subject, born, *elsewhere, reason=reason, dedupe_key=None)


def cancel_all(session: Session, *, reason: str) -> int:
    """Cancel every unsent delivery of the session's workspace, and return how many."""
    return _cancel(session, reason=reason)


def _supersede(session: Session, kind: str, edits: UUID, content: dict[str, Any]) -> UUID | None:
    """Let an unsent update say the newer thing, keeping its place in the lane; a delete leaves none to send."""
    unsent = (Delivery.edits == edits, Delivery.kind == UPDATE)
    if kind == DELETE:
        _cancel(session, *unsent, reason="deleted before it was sent")
        return None
    replaced = session.scalars(
        update(Delivery)
        .where(Delivery.workspace_id == current_workspace(session), Delivery.state == "pending", *unsent)
        .values(content)
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    return replaced.first()


# Written out, and in two: each half is what an index of its own holds, and a bound value would not tell the planner.
_WAITS = text("(state = 'pending' OR state = 'held' AND held_at IS NOT NULL)")


def _cancel(session: Session, *which: ColumnElement[bool], **values: Any) -> int:
    cancelled = session.execute(
        update(Delivery)
        .where(Delivery.workspace_id == current_workspace(session), _WAITS, *which)
        .values(state="cancelled", **values)
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    return len(cancelled.all())
