"""Keep the vectors of what was written, where it is kept and no longer: they go with it, and when it says otherwise.

Only where the sentence encoder is installed are there any. A vector is 512 half-precision numbers, 1,024 bytes; `signs`
is one bit for each, set where the number is above zero.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Identity,
    Index,
    exists,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import BIT, distinct_on, insert
from sqlalchemy.orm import InstrumentedAttribute, Mapped, Session, mapped_column

from storage.crm.notes import Note
from storage.database.engine import TENANT, Base, composite_key, current_workspace
from storage.support.messages import IncomingMessage, message_reference
from storage.support.tickets import Ticket

DIMENSIONS = 512
READ_CHARACTERS = 1_000
"""As much of a text is read by the encoder."""


class MeaningRow(Base):
    """Hold what one message, note or ticket means; a ticket's own name only where nobody wrote a message."""

    __tablename__ = "meaning"
    __table_args__ = (
        message_reference("CASCADE"),
        composite_key("note_id", "note", ondelete="CASCADE"),
        composite_key("ticket_id", "ticket", ondelete="CASCADE"),
        CheckConstraint("num_nonnulls(message_id, note_id, ticket_id) = 1", name="one"),
        CheckConstraint("(message_id IS NULL) = (message_at IS NULL)", name="message"),
        *(
            Index(
                f"meaning_{column}_key",
                "workspace_id",
                column,
                unique=True,
                postgresql_where=text(f"{column} IS NOT NULL"),
            )
            for column in ("message_id", "note_id", "ticket_id")
        ),
        Index("meaning_signs_idx", "workspace_id", "id", postgresql_include=["signs"]),
        {"info": TENANT},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    message_at: Mapped[datetime | None]
    note_id: Mapped[int | None] = mapped_column(BigInteger)
    ticket_id: Mapped[int | None]
    signs: Mapped[str] = mapped_column(BIT(DIMENSIONS))
    vector: Mapped[bytes]


@dataclass(frozen=True, slots=True)
class Unencoded:
    """Name something that was written and has no vector yet: exactly one of its three ids is not None."""

    text: str
    message_id: int | None = None
    message_at: datetime | None = None
    note_id: int | None = None
    ticket_id: int | None = None


def missing(session: Session, *, since: datetime | None, limit: int) -> list[Unencoded]:
    """Return what was written since a moment, or ever, and has no vector: at most `limit` of each kind."""
    message, note, ticket, earliest = IncomingMessage, Note, Ticket, since or datetime.min.replace(tzinfo=UTC)
    by_customer = exists().where(message.workspace_id == ticket.workspace_id, message.ticket_id == ticket.id)
    of_messages = (
        select(_said(message.text), message.id, message.at)
        .where(message.at >= earliest, message.text != "", message.deleted_at.is_(None))
        .where(~_known(message, MeaningRow.message_id))
        .order_by(message.at.desc())
    )
    of_notes = (
        select(_said(note.text), note.id)
        .where(note.created_at >= earliest, note.text != "", ~_known(note, MeaningRow.note_id))
        .order_by(note.created_at.desc())
    )
    of_tickets = (
        select(_said(ticket.name), ticket.id)
        .where(ticket.created_at >= earliest, ticket.name != "", ~_known(ticket, MeaningRow.ticket_id), ~by_customer)
        .order_by(ticket.created_at.desc())
    )
    return [
        *(
            Unencoded(said, message_id=key, message_at=at)
            for said, key, at in session.execute(of_messages.limit(limit))
        ),
        *(Unencoded(said, note_id=key) for said, key in session.execute(of_notes.limit(limit))),
        *(Unencoded(said, ticket_id=key) for said, key in session.execute(of_tickets.limit(limit))),
    ]


def keep(session: Session, found: Sequence[tuple[Unencoded, bytes, str]]) -> None:
    """Keep the vectors and signs of what was written; what has one keeps it."""
    if not found:
        return
    rows = [
        {
            "workspace_id": current_workspace(session),
            "message_id": one.message_id,
            "message_at": one.message_at,
            "note_id": one.note_id,
            "ticket_id": one.ticket_id,
            "vector": vector,
            "signs": signs,
        }
        for one, vector, signs in found
    ]
    session.execute(insert(MeaningRow).values(rows).on_conflict_do_nothing())


def of_messages(session: Session, message_ids: Sequence[int]) -> dict[int, bytes]:
    """Return the vectors of those messages that have one."""
    statement = select(MeaningRow.message_id, MeaningRow.vector).where(MeaningRow.message_id.in_(message_ids))
    return {message_id: vector for message_id, vector in session.execute(statement) if message_id is not None}


def of_tickets(session: Session, ticket_ids: Sequence[int]) -> dict[int, bytes]:
    """Return the vectors of those tickets that have one: of what each began with, or else of its own name."""
    called = select(MeaningRow.ticket_id, MeaningRow.vector).where(MeaningRow.ticket_id.in_(ticket_ids))
    message = IncomingMessage
    begun = (
        select(message.ticket_id, MeaningRow.vector)
        .join(MeaningRow, (MeaningRow.workspace_id == message.workspace_id) & (MeaningRow.message_id == message.id))
        .where(message.ticket_id.in_(ticket_ids), message.deleted_at.is_(None))
        .ext(distinct_on(message.ticket_id))
        .order_by(message.ticket_id, message.at, message.id)
    )
    return {
        ticket_id: vector
        for statement in (called, begun)
        for ticket_id, vector in session.execute(statement)
        if ticket_id is not None
    }


def _known(table: Any, column: InstrumentedAttribute[int | None]) -> ColumnElement[bool]:
    return exists().where(MeaningRow.workspace_id == table.workspace_id, column == table.id)


def _said(column: InstrumentedAttribute[str]) -> ColumnElement[str]:
    return func.left(column, READ_CHARACTERS)
