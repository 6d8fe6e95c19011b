"""Keep who asked to change somebody else's record, and until when they may."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, ForeignKey, ForeignKeyConstraint, Identity, Index, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database.engine import TENANT, Base, current_workspace
from storage.errors import Conflict, NotFound

ALLOWED_FOR = timedelta(days=1)
"""How long somebody may change a record after its owner or a manager allowed it."""
ASKED_FOR = timedelta(days=7)
"""How long a question waits for an answer before it may be asked again."""


class Permission(Base):
    """Hold that a member asked to change a record; `allowed_until` is empty as long as nobody allowed it."""

    __tablename__ = "permission"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "noun", "record_id"],
            ["record.workspace_id", "record.noun", "record.id"],
            ondelete="CASCADE",
        ),
        Index(None, "workspace_id", "noun", "record_id", "member_id"),
        {"info": TENANT},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    noun: Mapped[str]
    record_id: Mapped[int]
    member_id: Mapped[str]
    why: Mapped[str | None]
    asked_at: Mapped[datetime] = mapped_column(server_default=func.now())
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    allowed_until: Mapped[datetime | None]


def ask(session: Session, noun: str, record_id: int, member_id: str, why: str | None, now: datetime) -> Permission:
    """Ask whether a member may change a record; raise Conflict where they may, or the last question still waits."""
    if is_allowed(session, noun, record_id, member_id, now):
        raise Conflict("You may already change it.")
    waiting = select(Permission).where(*_of(noun, record_id, member_id), Permission.decided_at.is_(None))
    if session.scalars(waiting.where(Permission.asked_at > now - ASKED_FOR).limit(1)).first() is not None:
        raise Conflict("You have asked already.", hint="You are told as soon as it is decided.")
    made = Permission(
        workspace_id=current_workspace(session), noun=noun, record_id=record_id, member_id=member_id, why=why
    )
    session.add(made)
    session.flush()
    return made


def decide(session: Session, permission_id: int, *, by: str, allowed: bool, now: datetime) -> Permission:
    """Allow or refuse what somebody asked, once; raise NotFound for what nobody asked, Conflict where it is decided."""
    found = session.get(Permission, (current_workspace(session), permission_id), with_for_update=True)
    if found is None:
        raise NotFound("Nobody asks for this any more.")
    if found.decided_at is not None:
        raise Conflict("This has been decided already.")
    found.decided_by, found.decided_at = by, now
    found.allowed_until = now + ALLOWED_FOR if allowed else None
    session.flush()
    return found


def get(session: Session, permission_id: int) -> Permission | None:
    """Return a question by its number, None where the record is gone."""
    return session.get(Permission, (current_workspace(session), permission_id))


def is_allowed(session: Session, noun: str, record_id: int, member_id: str, now: datetime) -> bool:
    """Tell whether a member may change a record at a moment, as its owner or a manager has allowed it."""
    allowed = select(Permission.id).where(*_of(noun, record_id, member_id), Permission.allowed_until > now)
    return session.scalar(allowed.limit(1)) is not None


def _of(noun: str, record_id: int, member_id: str) -> tuple[ColumnElement[bool], ...]:
    return (Permission.noun == noun, Permission.record_id == record_id, Permission.member_id == member_id)
