"""Define tables with every kind of column and of reference, for tests of what holds for all recorded models."""

from __future__ import annotations

import importlib
import pkgutil
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, ForeignKey, Identity, Numeric, Table, func, text
from sqlalchemy.orm import Mapped, Session, mapped_column

import storage
from bot.registry import load
from storage.database.engine import Base, composite_key
from storage.database.policies import tenant_table
from storage.records.history import Recorded
from storage.workspace.workspaces import Workspace

SAMPLE = {"rls": "sample"}


class Company(Recorded, Base):
    __noun__ = "customer"
    __tablename__ = "sample_company"
    __table_args__ = (composite_key("parent_id", "sample_company", ondelete="SET NULL"), {"info": SAMPLE})

    workspace_id: Mapped[str] = mapped_column(ForeignKey(Workspace.id), primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    parent_id: Mapped[int | None]
    founded: Mapped[date | None]
    seen_at: Mapped[datetime | None]
    token: Mapped[UUID | None]
    share: Mapped[Decimal | None] = mapped_column(Numeric(8, 4))
    labels: Mapped[list[str]] = mapped_column(server_default="{}")
    details: Mapped[dict[str, Any] | None]
    employees: Mapped[int | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}


class Remark(Recorded, Base):
    """A recorded row that belongs to a company's timeline and goes with it in the database."""

    __noun__ = "remark"
    __tablename__ = "sample_remark"
    __table_args__ = (composite_key("company_id", "sample_company", ondelete="CASCADE"), {"info": SAMPLE})

    workspace_id: Mapped[str] = mapped_column(ForeignKey(Workspace.id), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    company_id: Mapped[int]
    words: Mapped[str]

    def history_subject(self) -> tuple[str, int | None]:
        return "customer", self.company_id

    def undoing(self, session: Session, action: str) -> None:
        session.info.setdefault("undoing", []).append((self.words, action))


class Part(Base):
    """An unrecorded row that is part of a company."""

    __tablename__ = "sample_part"
    __table_args__ = (composite_key("company_id", "sample_company", ondelete="CASCADE"), {"info": SAMPLE})

    workspace_id: Mapped[str] = mapped_column(ForeignKey(Workspace.id), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    company_id: Mapped[int]


class Invoice(Base):
    """An unrecorded row that keeps its company from being removed."""

    __tablename__ = "sample_invoice"
    __table_args__ = (composite_key("company_id", "sample_company"), {"info": SAMPLE})

    workspace_id: Mapped[str] = mapped_column(ForeignKey(Workspace.id), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    company_id: Mapped[int]


def company(workspace: str, number: int = 1, **values: Any) -> Company:
    return Company(workspace_id=workspace, id=number, **{"name": f"Company {number}", **values})


def import_models() -> None:
    """Import every model there is, those of the plugins that ship with the product too."""
    for module in pkgutil.walk_packages(storage.__path__, "storage."):
        if not module.name.startswith("storage.database.migrations"):
            importlib.import_module(module.name)
    load()


class _Direct:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def execute(self, sqltext: str, /) -> None:
        self._connection.execute(text(sqltext))


def create_samples(connection: Connection) -> None:
    """Make the tables as a revision would."""
    for model in (Company, Remark, Part, Invoice):
        assert isinstance(model.__table__, Table)
        model.__table__.create(connection)
        tenant_table(_Direct(connection), model.__tablename__)
