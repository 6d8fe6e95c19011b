"""Let a note or a follow-up be about a record of any noun, with a foreign key that holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped

from storage.database.engine import composite_key
from storage.references import Noun, reference

SUBJECTS = (Noun.CUSTOMER, Noun.CONTACT, Noun.DEAL, Noun.TICKET)


class Subject(Protocol):
    """Stand for whatever has a noun and a number."""

    @property
    def __noun__(self) -> Noun: ...

    @property
    def id(self) -> int:
        """Return the record's number."""


class About:
    """Carry one nullable column per noun; at most one is filled. Not a table itself."""

    customer_id: Mapped[int | None]
    contact_id: Mapped[int | None]
    deal_id: Mapped[int | None]
    ticket_id: Mapped[int | None]

    @property
    def about(self) -> tuple[Noun, int] | None:
        """Return noun and number of the record this is about, None if it is about none."""
        for noun in SUBJECTS:
            record_id: int | None = getattr(self, f"{noun}_id")
            if record_id is not None:
                return noun, record_id
        return None

    @property
    def about_reference(self) -> str | None:
        """Return the reference of the record this is about, such as `D-88`."""
        return None if self.about is None else reference(*self.about)


def about_values(subject: Subject | None) -> dict[str, int]:
    """Return the column to fill for a record, none for None."""
    return {} if subject is None else {f"{subject.__noun__}_id": subject.id}


def is_about(model: type[About], noun: Noun, record_id: int) -> ColumnElement[bool]:
    """Return the condition that a row is about this record."""
    column: ColumnElement[int] = getattr(model, f"{noun}_id")
    return column == record_id


def about_args(table: str, *then: str) -> Sequence[ForeignKeyConstraint | Index | CheckConstraint]:
    """Return the constraints and indexes of a table of rows about records; its lists are sorted by `then`."""
    columns = [f"{noun}_id" for noun in SUBJECTS]
    return (
        *(composite_key(column, column.removesuffix("_id"), ondelete="CASCADE") for column in columns),
        *(
            Index(
                f"{table}_{column}_idx",
                "workspace_id",
                column,
                *then,
                postgresql_where=text(f"{column} IS NOT NULL"),
            )
            for column in columns
        ),
        CheckConstraint(f"num_nonnulls({', '.join(columns)}) <= 1", name="about"),
    )
