"""Hold what is known of each import, of the rows it refused, and of the numbers records have in other programs."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Identity, Index, Text, func, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.engine import QUEUE, TENANT, Base, composite_key
from storage.queues.leases import Leased
from storage.records.named import one_of
from storage.workspace.workspaces import Workspace


class ImportState(StrEnum):
    """Say how far an import is."""

    READING = "reading"
    DRAWN_UP = "drawn up"
    CHECKING = "checking"
    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"
    CANCELLED = "cancelled"
    FAILED = "failed"


class ImportRun(Leased, Base):
    """Hold one import: its file, how it is read, and how far it is.

    `line` is the last line of the file that has had its effect; `counts` say of what became of the rows up to it, in
    `storage.transfer.running`. `undo_before` is the activity before which is still to be taken back.

    One that was sent in Slack has a card there (`card_id` names its delivery), and workers do what its state asks for;
    `looked` holds cells of each column, `checked` what the dry run found.
    """

    __tablename__ = "import_run"
    __table_args__ = (
        one_of("state", tuple(ImportState)),
        composite_key("change_set_id", "change_set"),
        composite_key("undo_change_set_id", "change_set"),
        Index(None, "workspace_id", "columns_key", "id"),
        Index(None, "workspace_id", "digest", "id"),
        Index(
            "import_run_open_idx",
            "id",
            postgresql_where=text("card_id IS NOT NULL AND state IN ('reading', 'checking', 'running', 'undoing')"),
        ),
        {"info": QUEUE},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey(Workspace.id, ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    state: Mapped[str] = mapped_column(server_default=str(ImportState.DRAWN_UP))
    file_name: Mapped[str]
    digest: Mapped[str]
    columns_key: Mapped[str]
    mapping: Mapped[dict[str, Any]]
    line: Mapped[int] = mapped_column(server_default="0")
    counts: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    actor_id: Mapped[str | None]
    change_set_id: Mapped[int | None]
    undo_change_set_id: Mapped[int | None]
    undo_before: Mapped[int | None]
    looked: Mapped[dict[str, Any] | None]
    checked: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class ImportPart(Base):
    """Hold a part of a file that was sent in Slack, packed, until its import is over."""

    __tablename__ = "import_part"
    __table_args__ = (composite_key("import_id", "import_run", ondelete="CASCADE"), {"info": TENANT})

    workspace_id: Mapped[str] = mapped_column(ForeignKey(Workspace.id, ondelete="CASCADE"), primary_key=True)
    import_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    part: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    body: Mapped[bytes]


class ImportRefusal(Base):
    """Hold why a row of an import was refused."""

    __tablename__ = "import_refusal"
    __table_args__ = (composite_key("import_id", "import_run", ondelete="CASCADE"), {"info": TENANT})

    workspace_id: Mapped[str] = mapped_column(ForeignKey(Workspace.id, ondelete="CASCADE"), primary_key=True)
    import_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    reason: Mapped[str]


class ExportFile(Base):
    """Hold a file of records that somebody asked for, packed, until it is sent and a while longer."""

    __tablename__ = "export_file"
    __table_args__ = (Index(None, "workspace_id", "created_at"), {"info": TENANT})

    workspace_id: Mapped[str] = mapped_column(ForeignKey(Workspace.id, ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str]
    body: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ExternalId(Base):
    """Hold the number a record has in another program: what says that a row is one that came before."""

    __tablename__ = "external_id"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "noun", "record_id"],
            ["record.workspace_id", "record.noun", "record.id"],
            ondelete="CASCADE",
        ),
        composite_key("import_id", "import_run", ondelete="SET NULL"),
        Index(None, "workspace_id", "noun", "record_id"),
        Index(None, "workspace_id", "import_id"),
        {"info": TENANT},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey(Workspace.id, ondelete="CASCADE"), primary_key=True)
    noun: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    record_id: Mapped[int]
    import_id: Mapped[int | None]
