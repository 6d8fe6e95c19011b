"""Keep what people wrote down about a record: notes, and calls, meetings and e-mails they had."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Identity, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.crm import deals
from storage.database.engine import TENANT, Base, current_workspace
from storage.errors import Invalid
from storage.names import check_note
from storage.records.about import About, Subject, about_args, about_values, is_about
from storage.records.history import Recorded, current_actor
from storage.records.named import PAGE, moment, one_of


class NoteKind(StrEnum):
    """Say what was written down."""

    NOTE = "note"
    CALL = "call"
    MEETING = "meeting"
    EMAIL = "email"


class Note(About, Recorded, Base):
    """Hold a text about one record; `at` is when the call or meeting was, or when the note was written."""

    __noun__ = "note"
    __tablename__ = "note"
    __table_args__ = (
        *about_args("note", "at", "id"),
        one_of("kind", tuple(NoteKind)),
        CheckConstraint("about_id IS NOT NULL", name="subject"),
        {"info": TENANT},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str]
    text: Mapped[str]
    at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[str | None]

    __mapper_args__ = {"eager_defaults": True}

    def history_subject(self) -> tuple[str, int | None]:
        """Return the record the note is about, in whose timeline it belongs."""
        assert self.about is not None
        return self.about

    def history_name(self) -> str:
        """Return how the note is called where it is undone."""
        return f"{self.kind} on {self.about_reference}"


def add(
    session: Session, about: Subject, text: str, *, kind: NoteKind | str = NoteKind.NOTE, at: datetime | None = None
) -> Note:
    """Write something down about a record; raise Invalid if the text cannot be stored or the kind is none of ours."""
    if kind not in set(NoteKind):
        raise Invalid("This cannot be noted: {kind}", field="kind", typed=kind, kind=kind)
    note = unsaved(session, about, text, kind=NoteKind(kind), at=at)
    session.flush()
    touch(session, [note])
    return note


def unsaved(
    session: Session,
    about: Subject,
    text: str,
    *,
    kind: NoteKind,
    at: datetime | None = None,
    by: str | None = None,
    origin: str | None = None,
) -> Note:
    """Add a note that goes to the database with the next flush, after which `touch` must be told of it.

    `by` is the id of who wrote it, where that is not who acts, `origin` what it is known by elsewhere. Raises as `add`.
    """
    note = Note(
        workspace_id=current_workspace(session),
        kind=str(kind),
        text=check_note(text),
        at=at or moment(),
        created_by=by or current_actor(session),
        origin=origin,
        **about_values(about),
    )
    session.add(note)
    return note


def touch(session: Session, written: Iterable[Note]) -> None:
    """Say of the deals that notes are about when somebody worked on them."""
    latest: dict[int, datetime] = {}
    for note in written:
        if note.about_noun == deals.Deal.__noun__ and note.about_id is not None:
            latest[note.about_id] = max(note.at, latest.get(note.about_id, note.at))
    for deal_id, at in latest.items():
        deals.touch(session, deal_id, at)


def about(session: Session, subject: Subject, limit: int = PAGE) -> list[Note]:
    """Return what was written down about a record, newest first, at most `limit`."""
    statement = select(Note).where(is_about(Note, subject.__noun__, subject.id))
    return list(session.scalars(statement.order_by(Note.at.desc(), Note.id.desc()).limit(limit)))
