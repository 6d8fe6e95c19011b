"""Hold who changed what: change sets, their answers and their activities. Rows are added, never altered."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, UniqueConstraint, column, func, select, table
from sqlalchemy.orm import Mapped, column_property, mapped_column, relationship

from storage.database.engine import TENANT, Base, composite_key
from storage.workspace.workspaces import Workspace

AGENT = "api.agent "
"""How the source of what agents change begins."""


class ChangeAnswer(Base):
    """Keep what was answered to the request of a change set, to be said again when the request is repeated."""

    __tablename__ = "change_answer"
    __table_args__ = (
        composite_key("change_set_id", "change_set", ondelete="CASCADE"),
        Index("change_answer_kept_at_idx", "workspace_id", "kept_at"),
        {"info": TENANT},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey(Workspace.id, ondelete="CASCADE"), primary_key=True)
    change_set_id: Mapped[int] = mapped_column(primary_key=True)
    answer: Mapped[dict[str, Any]]
    kept_at: Mapped[datetime] = mapped_column(server_default=func.now())


_undoing = table("change_set", column("workspace_id"), column("id", BigInteger), column("undoes_id")).alias("undoing")


class ChangeSet(Base):
    """Say who changed something, from where, when and why; `request_key` names the request that did, once."""

    __tablename__ = "change_set"
    __table_args__ = (
        UniqueConstraint("workspace_id", "request_key"),
        UniqueConstraint("workspace_id", "undoes_id"),
        composite_key("undoes_id", "change_set"),
        Index(None, "workspace_id", "actor_id", "at"),
        {"info": TENANT},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey(Workspace.id, ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    request_key: Mapped[str | None]
    actor_id: Mapped[str | None]
    source: Mapped[str]
    summary: Mapped[str | None]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    undoes_id: Mapped[int | None]
    # Read from the change set that undoes this one, as the row itself cannot be altered.
    undone_by_id: Mapped[int | None] = column_property(
        select(_undoing.c.id)
        .where(_undoing.c.workspace_id == workspace_id, _undoing.c.undoes_id == id)
        .scalar_subquery()
    )

    activities: Mapped[list["Activity"]] = relationship(
        viewonly=True, order_by="Activity.id", back_populates="change_set"
    )
    _answer: Mapped[ChangeAnswer | None] = relationship(viewonly=True)

    @property
    def by_agent(self) -> bool:
        """Tell whether an agent made it, with a key that it was given."""
        return self.source.startswith(AGENT)

    @property
    def answer(self) -> dict[str, Any] | None:
        """Return what was answered to the request, None if nothing was kept."""
        return self._answer.answer if self._answer is not None else None


class Activity(Base):
    """Say what happened to one row: the fields that changed, before and after.

    `noun` and `record_id` name the record whose timeline shows it; `entity` and `row_key` the row itself, which differ
    for a note on a customer. `before` is null for what was created, `after` for what was deleted.
    """

    __tablename__ = "activity"
    __table_args__ = (
        composite_key("change_set_id", "change_set", ondelete="CASCADE"),
        Index(None, "workspace_id", "noun", "record_id", "at"),
        Index(None, "workspace_id", "entity", "row_key", "id"),
        Index(None, "workspace_id", "change_set_id"),
        {"info": TENANT, "postgresql_partition_by": "RANGE (at)"},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey(Workspace.id, ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now(), primary_key=True)
    change_set_id: Mapped[int]
    noun: Mapped[str]
    record_id: Mapped[int | None]
    entity: Mapped[str]
    row_key: Mapped[str]
    action: Mapped[str]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]

    change_set: Mapped[ChangeSet] = relationship(viewonly=True, back_populates="activities")
