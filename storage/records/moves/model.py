"""Describe a move of records from a setting that goes out of use to another, and how far it is."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Identity, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.engine import QUEUE, Base, composite_key
from storage.queues.leases import Leased
from storage.records.named import one_of
from storage.workspace.workspaces import Workspace


class MoveState(StrEnum):
    """Say how far a move is."""

    RUNNING = "running"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"
    FAILED = "failed"


OPEN = (MoveState.RUNNING, MoveState.UNDOING)


class RecordsMove(Leased, Base):
    """Move the records of one setting to another.

    `what` names the kind of setting, as it was given to `movable`, `noun` whose records they are. `from_key` and
    `to_key` are settings as they are stored, the names what people called them. Of `total` records `moved` are done;
    while it is taken back, `undone` changes are back and `kept` stay. `undo_before` is the activity before which is
    still to be taken back.
    """

    __tablename__ = "records_move"
    __table_args__ = (
        one_of("state", tuple(MoveState)),
        composite_key("change_set_id", "change_set"),
        composite_key("undo_change_set_id", "change_set"),
        Index(None, "workspace_id", "change_set_id"),
        Index("records_move_open_idx", "id", postgresql_where=text("state IN ('running', 'undoing')")),
        {"info": QUEUE},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey(Workspace.id, ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    state: Mapped[str] = mapped_column(server_default=str(MoveState.RUNNING))
    what: Mapped[str]
    noun: Mapped[str]
    from_key: Mapped[str]
    to_key: Mapped[str]
    from_name: Mapped[str]
    to_name: Mapped[str]
    total: Mapped[int]
    moved: Mapped[int] = mapped_column(server_default="0")
    undone: Mapped[int] = mapped_column(server_default="0")
    kept: Mapped[int] = mapped_column(server_default="0")
    actor_id: Mapped[str | None]
    change_set_id: Mapped[int | None]
    undo_change_set_id: Mapped[int | None]
    undo_before: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
