"""Keep the values of a record that is not added yet, until somebody says whether it shall be."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, delete, func
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database.engine import TENANT, Base, current_workspace
from storage.errors import NotFound

KEPT_FOR = timedelta(days=7)


class Draft(Base):
    """Hold the values of a record of a noun by the keys of its fields, as JSON."""

    __tablename__ = "draft"
    __table_args__ = (Index("draft_kept_at_idx", "workspace_id", "kept_at"), {"info": TENANT})

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    values: Mapped[dict[str, Any]]
    noun: Mapped[str]
    kept_at: Mapped[datetime] = mapped_column(server_default=func.now())


def keep(session: Session, noun: str, values: Mapping[str, Any]) -> int:
    """Keep values for seven days and return the number to find them by; what is older goes."""
    session.execute(delete(Draft).where(Draft.kept_at < func.now() - KEPT_FOR))
    draft = Draft(workspace_id=current_workspace(session), noun=noun, values=dict(values))
    session.add(draft)
    session.flush()
    return draft.id


def take(session: Session, number: int) -> tuple[str, dict[str, Any]]:
    """Return the noun and the values that were kept; raise NotFound where they are gone."""
    draft = session.get(Draft, (current_workspace(session), number))
    if draft is None:
        raise NotFound("This was asked too long ago.", hint="Please repeat the command.")
    return draft.noun, draft.values
