"""Find what means nearly the same as something, without an extension and under row-level security.

The bits in which the signs of two vectors differ are counted for every row, which takes a third of a millisecond for a
thousand; the nearest few hundred are ranked exactly by whoever asks.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import BIT
from sqlalchemy.orm import Session
from sqlalchemy.sql import cast

from storage.crm.notes import Note
from storage.database.engine import current_workspace
from storage.meaning.vectors import DIMENSIONS, MeaningRow
from storage.support.messages import IncomingMessage
from storage.support.tickets import Ticket

CANDIDATES = 400
"""As many are ranked exactly, which finds at least 0.9 of the ten that are truly nearest (a test measures it)."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Name what may mean the same by its row, with its vector."""

    id: int
    vector: bytes


@dataclass(frozen=True, slots=True)
class Passage:
    """Show something that was written: in a ticket's message or name, or in a note about a record."""

    text: str
    at: datetime
    ticket_id: int | None = None
    about: tuple[str, int] | None = None
    author_id: str | None = None
    author_name: str | None = None


def candidates(session: Session, signs: str, *, most: int = CANDIDATES) -> list[Neighbour]:
    """Return the rows whose signs, 512 times 0 or 1, differ least, the nearest first."""
    distance = func.bit_count(MeaningRow.signs.op("#")(cast(signs, BIT(DIMENSIONS))))
    # Of the others only an index is read.
    near = (
        select(MeaningRow.id, distance.label("distance"))
        .where(MeaningRow.workspace_id == current_workspace(session))
        .order_by("distance", MeaningRow.id)
        .limit(most)
        .subquery()
    )
    statement = (
        select(MeaningRow.id, MeaningRow.vector)
        .join(near, near.c.id == MeaningRow.id)
        .where(MeaningRow.workspace_id == current_workspace(session))
        .order_by(near.c.distance, near.c.id)
    )
    return [Neighbour(*row) for row in session.execute(statement)]


def passages(session: Session, ids: Collection[int]) -> dict[int, Passage]:
    """Return what stands behind these rows; what was deleted in Slack, or is about an archived record, is left out."""
    message, note = IncomingMessage, Note
    found: dict[int, Passage] = {}
    written = (
        select(MeaningRow.id, message.text, message.at, message.ticket_id, message.author_id, message.author_name)
        .join(message, (message.id == MeaningRow.message_id) & (message.at == MeaningRow.message_at))
        .where(MeaningRow.id.in_(ids), message.deleted_at.is_(None), message.workspace_id == MeaningRow.workspace_id)
    )
    for row_id, text, at, ticket_id, author_id, name in session.execute(written):
        found[row_id] = Passage(text, at, ticket_id, author_id=author_id, author_name=name)
    noted = (
        select(MeaningRow.id, note)
        .join(note, (note.id == MeaningRow.note_id) & (note.workspace_id == MeaningRow.workspace_id))
        .where(MeaningRow.id.in_(ids))
    )
    for row_id, one in session.execute(noted):
        found[row_id] = Passage(one.text, one.at, about=one.about, author_id=one.created_by)
    called = (
        select(MeaningRow.id, Ticket.name, Ticket.created_at, Ticket.id)
        .join(Ticket, (Ticket.id == MeaningRow.ticket_id) & (Ticket.workspace_id == MeaningRow.workspace_id))
        .where(MeaningRow.id.in_(ids))
    )
    for row_id, name, at, ticket_id in session.execute(called):
        found[row_id] = Passage(name, at, ticket_id)
    return found
