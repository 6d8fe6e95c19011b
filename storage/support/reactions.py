"""Remember which of our people hold a working emoji on a message, and what it changed."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, Index, Select, func, inspect, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database.engine import TENANT, Base, composite_key, current_workspace
from storage.database.recorded import from_json, to_json
from storage.queues.outbox import Delivery
from storage.records.named import moment
from storage.support import messages
from storage.support.messages import IncomingMessage, slack_time
from storage.support.tickets import DONE, Ticket
from storage.support.tickets.work import changed

CARD = "triage.card"
"""The renderer of tickets' cards."""
# Slack's clock and ours may differ, and that a message was sent may be found out much later.
SENT_BEFORE, SENT_AFTER = timedelta(minutes=10), timedelta(days=1)


class Reaction(Base):
    """Hold one person's emoji on one message.

    `at` is when it was added or, where it is not `held` any more, taken back. `ticket_id` is the ticket it acted on,
    `version` that ticket's version right after, `before` the fields it changed with their values from before; all three
    are empty where it changed nothing.
    """

    __tablename__ = "reaction"
    __table_args__ = (
        composite_key("ticket_id", "ticket", ondelete="CASCADE"),
        Index(None, "workspace_id", "ticket_id"),
        {"info": TENANT},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    channel_id: Mapped[str] = mapped_column(primary_key=True)
    ts: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    member_id: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    held: Mapped[bool] = mapped_column(server_default=text("true"))
    ticket_id: Mapped[int | None]
    version: Mapped[int | None]
    before: Mapped[dict[str, Any] | None]


def hold(session: Session, *, channel_id: str, ts: str, name: str, member_id: str, at: datetime) -> Reaction | None:
    """Note that somebody added an emoji at a time; None where it is known already, or that it was taken back since."""
    return _note(session, channel_id=channel_id, ts=ts, name=name, member_id=member_id, at=at, held=True)


def let_go(session: Session, *, channel_id: str, ts: str, name: str, member_id: str, at: datetime) -> Reaction | None:
    """Note that somebody took an emoji back at a time; None where it is known already, or that it was added since."""
    return _note(session, channel_id=channel_id, ts=ts, name=name, member_id=member_id, at=at, held=False)


_ASKED = "asked"
"""Beside the fields in `before`: the newest message of the ticket that asked for something."""


def acted(session: Session, reaction: Reaction, ticket: Ticket, before: dict[str, Any]) -> None:
    """Keep what an emoji changed: the ticket as it is now, and the fields it changed with their values from before."""
    reaction.ticket_id, reaction.version = ticket.id, ticket.version
    values = {field: to_json(value) for field, value in before.items()}
    reaction.before = values | {_ASKED: _newest_asking(session, ticket.id)}
    session.flush()


def is_held(session: Session, channel_id: str, ts: str, name: str) -> bool:
    """Tell whether anybody of ours holds this emoji on a message."""
    return session.scalars(_on(channel_id, ts, name).where(Reaction.held).limit(1)).first() is not None


def taken_back(session: Session, channel_id: str, ts: str, name: str) -> Ticket | None:
    """Undo what an emoji that nobody holds any more has changed, and return the ticket.

    None where it changed nothing, where somebody has changed the ticket since, and where it would close a ticket in
    which the customer has asked something since.
    """
    effect = session.scalars(_on(channel_id, ts, name).where(Reaction.ticket_id.is_not(None)).limit(1)).first()
    if effect is None:
        return None
    ticket, version, before = (
        session.get(Ticket, (effect.workspace_id, effect.ticket_id)),
        effect.version,
        effect.before,
    )
    effect.ticket_id = effect.version = effect.before = None
    session.flush()
    if ticket is None or before is None or ticket.version != version:
        return None
    asked = before.pop(_ASKED, None)
    if before.get("status") in DONE and asked != _newest_asking(session, ticket.id):
        return None
    for field, value in before.items():
        setattr(ticket, field, from_json(inspect(Ticket).column_attrs[field], value))
    ticket.resolved_at = (ticket.resolved_at or moment()) if ticket.status in DONE else None
    return changed(session, ticket)


def card_of(session: Session, channel_id: str, ts: str) -> str | None:
    """Return the reference of the ticket whose card a message is, None if it is no card."""
    at = slack_time(ts)
    statement = select(Delivery.record).where(
        Delivery.workspace_id == current_workspace(session),
        Delivery.lane == channel_id,
        Delivery.state == "sent",
        Delivery.sent_at.between(at - SENT_BEFORE, at + SENT_AFTER),
        Delivery.ts == ts,
        Delivery.renderer == CARD,
    )
    return session.scalars(statement.limit(1)).first()


def _on(channel_id: str, ts: str, name: str) -> Select[Reaction]:
    return select(Reaction).where(Reaction.channel_id == channel_id, Reaction.ts == ts, Reaction.name == name)


def _note(session: Session, *, at: datetime, held: bool, **key: str) -> Reaction | None:
    statement = insert(Reaction).values(workspace_id=current_workspace(session), **key, at=at, held=held)
    newer = statement.on_conflict_do_update(
        index_elements=["workspace_id", *key], set_={"at": at, "held": held}, where=Reaction.at < at
    )
    return session.scalars(newer.returning(Reaction), execution_options={"populate_existing": True}).one_or_none()


def _newest_asking(session: Session, ticket_id: int) -> int | None:
    """Return the id of the message of a ticket that was stored last and asks for something, None if none does."""
    asks = IncomingMessage.category.is_distinct_from(messages.CHATTER) | IncomingMessage.abstained.is_(True)
    return session.scalar(select(func.max(IncomingMessage.id)).where(IncomingMessage.ticket_id == ticket_id, asks))
