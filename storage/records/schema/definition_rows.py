"""Describe the rows by which a workspace defines fields and nouns of its own."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    UniqueConstraint,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database.engine import TENANT, Base
from storage.errors import Conflict
from storage.records.history import CREATED, UPDATED, Recorded
from storage.records.named import Key
from storage.records.rows import KEPT
from storage.records.schema.own import OwnRecord, model_of
from storage.records.values import shift


class FieldRow(Recorded, Base):
    """Define a field that a workspace gave to a noun; `key` is what people type, `name` what they read.

    `choices` are lists of what is stored and what people call it, with a third word where it is not offered any more;
    `place` orders the fields of a noun.
    """

    __noun__ = "field"
    __audit__ = "fields"
    __tablename__ = "field"
    __table_args__ = (
        Index("field_key_key", "workspace_id", "noun", "key", unique=True, postgresql_where=text("retired_at IS NULL")),
        {"info": TENANT},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    noun: Mapped[str]
    key: Mapped[Key]
    name: Mapped[str]
    type: Mapped[str]
    required: Mapped[bool]
    place: Mapped[int]
    hint: Mapped[str | None]
    choices: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"), default=list)
    links_to: Mapped[str | None]
    decimals: Mapped[int] = mapped_column(SmallInteger, server_default="0", default=0)
    seen_by: Mapped[list[str]] = mapped_column(server_default=text("'{}'"), default=list)
    """The roles that may see it; all may where there is none."""
    begins: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    """The value with which records begin, as JSON holds it."""
    retired_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[str | None]

    __mapper_args__ = {"eager_defaults": True}

    @property
    def offered(self) -> dict[str, str]:
        """Return the choices that can be chosen, by what is stored."""
        return {key: name for key, name, *dropped in self.choices if not dropped}

    @property
    def model(self) -> Any:
        """Return the model of the noun's records."""
        return KEPT.get(self.noun) or model_of(self.noun)

    def undoing(self, session: Session, action: str) -> None:
        """Put right how numbers are compared; raise Conflict where a field is to go that records have values in."""
        if action == UPDATED and self.type == "number":
            shift(session, self.model, self.id, self.decimals)
        if action != CREATED:
            return
        # What is compared by nothing, as a long text, stands with the records alone.
        used = select(self.model.id).where(self.model.custom.has_key(str(self.id)))
        if session.scalar(used.limit(1)) is not None:
            raise Conflict(
                "Records have values in the field {name} by now.",
                name=self.name,
                hint="Retire it instead: its values are kept, and it can be brought back.",
            )


class NounRow(Recorded, Base):
    """Define a noun of the workspace's own; `key` is the word that commands begin with.

    Key and letter never change and are never used again, as people have written references down.
    """

    __noun__ = "noun"
    __audit__ = "kinds"
    __tablename__ = "noun"
    __table_args__ = (
        UniqueConstraint("workspace_id", "key", name="noun_key_key"),
        UniqueConstraint("workspace_id", "letter", name="noun_letter_key"),
        CheckConstraint("letter ~ '^[A-Z]$'", name="letter"),
        {"info": TENANT},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    key: Mapped[Key]
    name: Mapped[str]
    plural: Mapped[str]
    letter: Mapped[Key]
    role: Mapped[str]
    retired_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[str | None]

    __mapper_args__ = {"eager_defaults": True}

    def undoing(self, session: Session, action: str) -> None:
        """Refuse to take a noun away that has records, or fields of somebody else's; raise Conflict."""
        if action != CREATED:
            return
        if session.scalar(select(FieldRow.id).where(FieldRow.noun == self.key).limit(1)) is not None:
            raise Conflict(
                "{plural} have fields by now.",
                plural=self.plural,
                hint="Retire the noun instead: its fields are kept, and it can be brought back.",
            )
        if session.scalar(select(OwnRecord.id).where(OwnRecord.noun == self.key).limit(1)) is not None:
            raise Conflict(
                "There are {plural} by now.",
                plural=self.plural,
                hint="Retire the noun instead: its records are kept, and it can be brought back.",
            )


class LayoutRow(Recorded, Base):
    """Say what is shown at one place of a noun's records, and in which order, by keys; what is left out is not shown.

    Of the noun `home` it is what the App Home shows.
    """

    __noun__ = "layout"
    __audit__ = "layout"
    __tablename__ = "layout"
    __table_args__ = (UniqueConstraint("workspace_id", "noun", "place", name="layout_place_key"), {"info": TENANT})

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    noun: Mapped[str]
    place: Mapped[str]
    shown: Mapped[list[str]] = mapped_column(default=list)

    def history_name(self) -> str:
        """Return what is laid out, and where."""
        return f"{self.noun} {self.place}"
