"""Describe the rows by which a workspace names, adds and orders the choices of a field that comes with the product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields as dataclass_fields
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, Select, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database.engine import TENANT, Base
from storage.errors import Conflict
from storage.records.declaration import declared
from storage.records.fields import ChoiceField, RecordField
from storage.records.history import CREATED, Recorded
from storage.records.named import Key

OWN = "~"
"""What a record stores of a workspace's own choice begins so; no choice that comes with the product does."""


class ChoiceRow(Recorded, Base):
    """Name a choice of a declared field, or add one.

    `kind` is the choice of the declaration that it counts as: what rules know it by. A `standard` one is stored by its
    kind, the others by their number. `place` orders those of one kind. One that was merged leads to `merged_into`, as
    it is stored, and is retired once its records have moved.
    """

    __noun__ = "choice"
    __audit__ = "choices"
    __tablename__ = "choice"
    __table_args__ = (
        Index(
            "choice_name_key",
            "workspace_id",
            "noun",
            "field",
            "name_key",
            unique=True,
            postgresql_where=text("retired_at IS NULL"),
        ),
        Index(
            "choice_standard_key",
            "workspace_id",
            "noun",
            "field",
            "kind",
            unique=True,
            postgresql_where=text("standard"),
        ),
        {"info": TENANT},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    noun: Mapped[str]
    field: Mapped[str]
    kind: Mapped[str]
    name: Mapped[str]
    name_key: Mapped[Key]
    place: Mapped[int]
    standard: Mapped[bool] = mapped_column(default=False)
    merged_into: Mapped[str | None] = mapped_column(info={"unrecorded": True})
    retired_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[str | None]

    __mapper_args__ = {"eager_defaults": True}

    @property
    def key(self) -> str:
        """Return what records store."""
        return self.kind if self.standard else f"{OWN}{self.id}"

    @property
    def is_live(self) -> bool:
        """Tell whether records may be given it."""
        return self.retired_at is None and self.merged_into is None

    def undoing(self, session: Session, action: str) -> None:
        """Refuse to take a choice away that records have; raise Conflict."""
        if action != CREATED or self.key in declared_choices(self.noun, self.field):
            return
        if session.scalar(having(self.noun, self.field, self.key).limit(1)) is not None:
            raise Conflict(
                "Records have {name} by now.",
                name=self.name,
                hint="Retire it instead, and say what its records become.",
            )


def declared_choices(noun: str, field: str) -> Sequence[str]:
    """Return the choices that a field comes with, none where it comes with any word."""
    return tuple(getattr(declared()[noun].field(field), "choices", ()))


def having(noun: str, field: str, key: str) -> Select[Any]:
    """Return a statement of the numbers of all records that have a choice, merged and archived ones too."""
    declaration = declared()[noun]
    model: Any = declaration.model
    return select(model.id).where(getattr(model, declaration.field(field).by) == key)


def with_choices(field: RecordField, rows: Sequence[ChoiceRow]) -> RecordField:
    """Return a declared field with the choices that a workspace named or added, given in their order."""
    if not rows:
        return field
    kinds = tuple(getattr(field, "own", ())) or tuple(getattr(field, "choices", ()))
    live = {row.key: row for row in rows if row.is_live}
    ranked = sorted(live.values(), key=lambda row: kinds.index(row.kind) if row.kind in kinds else 0)
    offered: list[str] = []
    for kind in getattr(field, "choices", ()):
        offered += [kind, *(row.key for row in ranked if row.kind == kind and row.key != kind)]
    offered += [row.key for row in ranked if row.key not in offered]
    names = {row.key: row.name for row in rows}
    of = {row.key: row.kind for row in rows if not row.standard}
    if isinstance(field, ChoiceField):
        return replace(field, choices=tuple(offered), names=names, kinds=of)
    common = {one.name: getattr(field, one.name) for one in dataclass_fields(RecordField)}
    return ChoiceField(**common, choices=tuple(offered), names=names)
