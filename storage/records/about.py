"""Let a note or a follow-up be about a record of any noun, with a foreign key that holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKeyConstraint, Index, and_, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session

from storage.database.engine import composite_key
from storage.references import DECLARED, in_force, reference

_LEFT = ("customer_id", "contact_id", "deal_id", "ticket_id")
"""What the release before reads; a trigger keeps both in step. They go one release later."""
_SUPERSEDED = {"unrecorded": True, "superseded": True}


class Subject(Protocol):
    """Stand for whatever has a noun and a number."""

    @property
    def __noun__(self) -> str: ...

    @property
    def id(self) -> int:
        """Return the record's number."""


class About:
    """Carry noun and number of a record, or neither. Not a table itself."""

    about_noun: Mapped[str | None]
    about_id: Mapped[int | None]
    origin: Mapped[str | None] = mapped_column(info={"unrecorded": True})
    """What it is known by in the program that it came from, with the program's name."""

    customer_id: Mapped[int | None] = mapped_column(deferred=True, info=_SUPERSEDED)
    contact_id: Mapped[int | None] = mapped_column(deferred=True, info=_SUPERSEDED)
    deal_id: Mapped[int | None] = mapped_column(deferred=True, info=_SUPERSEDED)
    ticket_id: Mapped[int | None] = mapped_column(deferred=True, info=_SUPERSEDED)

    @property
    def about(self) -> tuple[str, int] | None:
        """Return noun and number of the record this is about, None if it is about none."""
        return None if self.about_noun is None or self.about_id is None else (self.about_noun, self.about_id)

    @property
    def about_reference(self) -> str | None:
        """Return the reference of the record this is about, such as `D-88`; None where its noun's plugin is off."""
        session = object_session(self)
        letters = in_force(session) if session else DECLARED
        return reference(*self.about, letters) if self.about and self.about[0] in letters else None


def about_values(subject: Subject | None) -> dict[str, Any]:
    """Return the columns to fill for a record, none for None."""
    return {} if subject is None else {"about_noun": subject.__noun__, "about_id": subject.id}


def is_about(model: type[About], noun: str, record_id: int) -> ColumnElement[bool]:
    """Return the condition that a row is about this record."""
    return and_(model.about_noun == noun, model.about_id == record_id)


def move_about(session: Session, gone: Subject, kept: Subject) -> None:
    """Have what is about one record be about another of its noun."""
    for model in About.__subclasses__():
        for row in session.scalars(select(model).where(is_about(model, gone.__noun__, gone.id))):
            row.about_id = kept.id


def about_args(table: str, *then: str) -> Sequence[ForeignKeyConstraint | Index | CheckConstraint]:
    """Return the constraints and indexes of a table of rows about records; its lists are sorted by `then`."""
    own = ("workspace_id", "about_noun", "about_id")
    return (
        ForeignKeyConstraint(own, ["record.workspace_id", "record.noun", "record.id"], ondelete="CASCADE"),
        Index(f"{table}_about_idx", *own, *then, postgresql_where=text("about_id IS NOT NULL")),
        CheckConstraint("(about_noun IS NULL) = (about_id IS NULL)", name="about_record"),
        Index(
            f"{table}_origin_idx", "workspace_id", "origin", unique=True, postgresql_where=text("origin IS NOT NULL")
        ),
        *(composite_key(column, column.removesuffix("_id"), ondelete="CASCADE") for column in _LEFT),
        *(
            Index(
                f"{table}_{column}_idx", "workspace_id", column, *then, postgresql_where=text(f"{column} IS NOT NULL")
            )
            for column in _LEFT
        ),
        CheckConstraint(f"num_nonnulls({', '.join(_LEFT)}) <= 1", name="about"),
    )
