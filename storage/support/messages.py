"""Keep what customers write, and what the model made of it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    bindparam,
    select,
    text,
)
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from storage.crm.customers import Customer
from storage.database.engine import TENANT, Base, composite_key, current_workspace
from storage.events import MessageClassified, MessageReceived, emit
from storage.names import short
from storage.records.named import PAGE, moment, one_of

# Slack truncates messages above 40,000 characters.
TEXT_LIMIT = 40_000
BURST_LIMIT = 500

CHATTER = "chatter"
"""The category of messages that ask for nothing."""
URGENCIES = ("low", "normal", "high", "urgent")
Files = Sequence[Mapping[str, Any]]
SENTIMENTS = ("negative", "neutral", "positive")


def message_reference(ondelete: str) -> ForeignKeyConstraint:
    """Return the foreign key of a table that refers to a message by `message_id` and `message_at`."""
    return ForeignKeyConstraint(
        ["workspace_id", "message_id", "message_at"],
        ["message.workspace_id", "message.id", "message.at"],
        ondelete=ondelete,
    )


class IncomingMessage(Base):
    """Hold one message of a customer; `at` is Slack's time of it, and part of its key, as the table is partitioned.

    `confidence` is the calibrated probability, 0 to 1, of `category`; `promised` is the share of answers of such a
    confidence that were right in the workspace, None where that is not known; `reasons` are the words behind it, the
    strongest first. `abstained` says that the model was too unsure to choose; `category` is then its best guess and
    `second` its next. `language` is a code such as `en` or `zh`. `perhaps_ticket_id` is the ticket, its own or an
    earlier one, about which people are asked whether the message belongs to it. `files` has the Slack `id`, `name`,
    `kind` such as png, and `size` in bytes of what came with it, and whether it is kept `outside` Slack; no content.
    """

    __tablename__ = "message"
    __table_args__ = (
        composite_key("customer_id", "customer", ondelete="SET NULL"),
        composite_key("contact_id", "contact", ondelete="SET NULL"),
        composite_key("ticket_id", "ticket", ondelete="SET NULL"),
        CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence"),
        Index(None, "workspace_id", "ticket_id", "at"),
        Index(None, "workspace_id", "customer_id", "at"),
        Index(None, "workspace_id", "contact_id"),
        Index(None, "workspace_id", "channel_id", "author_id", "at"),
        Index(None, "workspace_id", "at"),
        Index(
            "message_thread_idx",
            "workspace_id",
            "channel_id",
            "thread_ts",
            "at",
            postgresql_where=text("thread_ts IS NOT NULL"),
        ),
        one_of("urgency", URGENCIES),
        one_of("sentiment", SENTIMENTS),
        {"info": TENANT, "postgresql_partition_by": "RANGE (at)"},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    channel_id: Mapped[str]
    ts: Mapped[str]
    thread_ts: Mapped[str | None]
    author_id: Mapped[str | None]
    author_name: Mapped[str | None]
    customer_id: Mapped[int | None]
    contact_id: Mapped[int | None]
    ticket_id: Mapped[int | None]
    perhaps_ticket_id: Mapped[int | None] = mapped_column(BigInteger)
    text: Mapped[str]
    files: Mapped[list[Any] | None]
    category: Mapped[str | None]
    confidence: Mapped[float | None]
    promised: Mapped[float | None]
    reasons: Mapped[list[Any] | None]
    model_version: Mapped[str | None]
    abstained: Mapped[bool | None]
    second: Mapped[str | None]
    language: Mapped[str | None]
    urgency: Mapped[str | None]
    sentiment: Mapped[str | None]
    wants_to_cancel: Mapped[bool | None]
    edited_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    classified_at: Mapped[datetime | None]

    customer: Mapped[Customer | None] = relationship(viewonly=True)

    @property
    def thread(self) -> str:
        """Return the ts of the thread the message is in, its own if it may begin one."""
        return self.thread_ts or self.ts


class MessageKey(Base):
    """Make sure that a message is stored once: a partitioned table cannot be unique without its time."""

    __tablename__ = "message_key"
    __table_args__ = (
        message_reference("CASCADE"),
        Index(None, "workspace_id", "message_id"),
        {"info": TENANT},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    channel_id: Mapped[str] = mapped_column(primary_key=True)
    ts: Mapped[str] = mapped_column(primary_key=True)
    message_id: Mapped[int]
    message_at: Mapped[datetime]


_NEW_KEY = text("""
INSERT INTO message_key (workspace_id, channel_id, ts, message_id, message_at)
VALUES (:workspace_id, :channel_id, :ts, :message_id, :message_at)
ON CONFLICT DO NOTHING RETURNING message_id
""")


def receive(
    session: Session,
    *,
    channel_id: str,
    ts: str,
    text: str,
    author_id: str | None,
    author_name: str | None = None,
    thread_ts: str | None = None,
    customer_id: int | None = None,
    contact_id: int | None = None,
    judged: Mapping[str, Any] | None = None,
    files: Files = (),
) -> IncomingMessage | None:
    """Store a customer's message, once: return None if this channel's message of this `ts` is here already.

    What cannot be stored of a text is replaced, and what is beyond 40,000 characters left out: a customer gets no
    answer from us that could ask for another. A `thread_ts` that is the message's own says that it began the thread.
    `judged` is what a model made of it, named as in `classified`. Raises ValueError if `ts` is none of Slack's.
    """
    key = {"workspace_id": current_workspace(session), "channel_id": channel_id, "ts": ts}
    message = IncomingMessage(
        workspace_id=current_workspace(session),
        at=slack_time(ts),
        channel_id=channel_id,
        ts=ts,
        thread_ts=None if thread_ts == ts else thread_ts,
        author_id=author_id,
        author_name=author_name,
        customer_id=customer_id,
        contact_id=contact_id,
        text=storable(text),
        files=list(files) or None,
    )
    if judged is not None:
        _judged(message, **judged)
    session.add(message)
    session.flush()
    first = session.execute(_NEW_KEY, key | {"message_id": message.id, "message_at": message.at}).first()
    if first is None:
        session.delete(message)
        session.flush()
        return None
    emit(session, MessageReceived(message))
    if judged is not None:
        emit(session, MessageClassified(message))
    return message


def by_ts(session: Session, channel_id: str, ts: str) -> IncomingMessage | None:
    """Return the message that Slack knows by channel and ts, None if it is not one we keep."""
    key = session.get(MessageKey, (current_workspace(session), channel_id, ts))
    return None if key is None else get(session, key.message_id, key.message_at)


def get(session: Session, message_id: int, at: datetime) -> IncomingMessage | None:
    """Return a message by its key, which holds its time."""
    return session.get(IncomingMessage, (current_workspace(session), message_id, at))


def classified(
    session: Session,
    message: IncomingMessage,
    *,
    category: str | None,
    confidence: float,
    reasons: Sequence[Any],
    model_version: str,
    abstained: bool,
    second: str | None = None,
    language: str | None = None,
    urgency: str | None = None,
    sentiment: str | None = None,
    wants_to_cancel: bool | None = None,
    promised: float | None = None,
) -> IncomingMessage:
    """Note what a model made of a message; `confidence` and `promised` are 0 to 1, `reasons` JSON, strongest first."""
    _judged(
        message,
        category=category,
        confidence=confidence,
        reasons=reasons,
        model_version=model_version,
        abstained=abstained,
        second=second,
        language=language,
        urgency=urgency,
        sentiment=sentiment,
        wants_to_cancel=wants_to_cancel,
        promised=promised,
    )
    session.flush()
    emit(session, MessageClassified(message))
    return message


def _judged(message: IncomingMessage, *, reasons: Sequence[Any], **values: Any) -> None:
    for name, value in values.items():
        setattr(message, name, value)
    message.reasons, message.classified_at = list(reasons), moment()


def edited(
    session: Session,
    message: IncomingMessage,
    text: str,
    at: datetime,
    files: Sequence[Mapping[str, Any]] | None = None,
) -> bool:
    """Replace what a message says by what it has said since `at`; return False if something newer is known of it.

    Its files stay where they are not given.
    """
    if message.edited_at is not None and message.edited_at >= at:
        return False
    message.text, message.edited_at = storable(text), at
    if files is not None:
        message.files = list(files) or None
    session.flush()
    return True


def deleted(session: Session, message: IncomingMessage, at: datetime) -> None:
    """Note that its author deleted a message in Slack; what it said stays known to support."""
    message.deleted_at = message.deleted_at or at
    session.flush()


def without_ticket(session: Session, channel_id: str, thread_ts: str, since: datetime) -> list[IncomingMessage]:
    """Return the replies of a thread that belong to no ticket, written after `since`, oldest first."""
    statement = select(IncomingMessage).where(
        IncomingMessage.channel_id == channel_id,
        IncomingMessage.thread_ts == thread_ts,
        IncomingMessage.at > since,
        IncomingMessage.ticket_id.is_(None),
    )
    return list(session.scalars(statement.order_by(IncomingMessage.at)))


def tickets_of_thread(session: Session, channel_id: str, thread_ts: str) -> list[int]:
    """Return the ids of the tickets that the replies of a thread belong to, lowest first."""
    replies = select(IncomingMessage.ticket_id).where(
        IncomingMessage.channel_id == channel_id,
        IncomingMessage.thread_ts == thread_ts,
        IncomingMessage.ticket_id.is_not(None),
    )
    return sorted(found for found in session.scalars(replies.distinct()) if found is not None)


_OF_TICKET = (
    select(IncomingMessage)
    .where(IncomingMessage.ticket_id == bindparam("ticket"))
    .order_by(IncomingMessage.at, IncomingMessage.id)
    .limit(bindparam("most"))
)


def of_ticket(session: Session, ticket_id: int, limit: int = PAGE) -> list[IncomingMessage]:
    """Return the first messages of a ticket, oldest first, at most `limit`."""
    return list(session.scalars(_OF_TICKET, {"ticket": ticket_id, "most": limit}))


def from_to(session: Session, first: IncomingMessage, until: datetime, limit: int) -> list[IncomingMessage]:
    """Return the messages of a message's ticket from it to a moment, oldest first, at most `limit` of the newest."""
    between = (
        IncomingMessage.ticket_id == first.ticket_id,
        IncomingMessage.at >= first.at,
        IncomingMessage.at <= until,
    )
    newest = select(IncomingMessage).where(*between).order_by(IncomingMessage.at.desc(), IncomingMessage.id.desc())
    return list(session.scalars(newest.limit(limit)))[::-1]


def last_of_ticket(session: Session, ticket_id: int, limit: int = PAGE) -> list[IncomingMessage]:
    """Return the last messages of a ticket, oldest first, at most `limit`."""
    statement = select(IncomingMessage).where(IncomingMessage.ticket_id == ticket_id)
    newest = statement.order_by(IncomingMessage.at.desc(), IncomingMessage.id.desc())
    return list(session.scalars(newest.limit(limit)))[::-1]


def newest_of_ticket(session: Session, ticket_id: int) -> IncomingMessage | None:
    """Return the last message of a ticket, None if it has none."""
    return next(iter(last_of_ticket(session, ticket_id, limit=1)), None)


def burst(session: Session, ticket_id: int, at: datetime, gap: timedelta, *, since: datetime | None = None) -> datetime:
    """Return when what was written in a ticket after `since` and up to a moment began, with no pause above `gap`."""
    statement = select(IncomingMessage.at).where(IncomingMessage.ticket_id == ticket_id, IncomingMessage.at <= at)
    if since is not None:
        statement = statement.where(IncomingMessage.at > since)
    for earlier in session.scalars(statement.order_by(IncomingMessage.at.desc()).limit(BURST_LIMIT)):
        if at - earlier > gap:
            break
        at = earlier
    return at


def slack_time(ts: str) -> datetime:
    """Return the time in a Slack ts such as `1700000000.000100`; raise ValueError if it holds none."""
    try:
        return datetime.fromtimestamp(float(Decimal(ts)), UTC)
    except (InvalidOperation, ValueError, OverflowError, OSError) as exc:
        raise ValueError(f"{ts!r} is not a Slack timestamp") from exc


def storable(text: str) -> str:
    """Return what is kept of a text: 40,000 characters, without those that no database stores."""
    return short(text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode(), TEXT_LIMIT)
