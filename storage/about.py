"""Let a note or a follow-up be about a record of any noun, with a foreign key that holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, Session

from storage import contacts, customers, deals, records, tickets
from storage.database import composite_key
from storage.errors import CrmError, NotFound
from storage.records import Named
from storage.references import Noun, parse_reference, reference

SUBJECTS = (Noun.CUSTOMER, Noun.CONTACT, Noun.DEAL, Noun.TICKET)


_MODELS: dict[Noun, type[Named]] = {
    Noun.CUSTOMER: customers.Customer,
    Noun.CONTACT: contacts.Contact,
    Noun.DEAL: deals.Deal,
    Noun.TICKET: tickets.Ticket,
}


_RESOLVERS: dict[Noun, Callable[[Session, str], Named]] = {
    Noun.CUSTOMER: customers.resolve,
    Noun.DEAL: deals.resolve,
    Noun.TICKET: tickets.resolve,
    Noun.CONTACT: contacts.resolve,
}


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


def subject_of(session: Session, row: About) -> Named | None:
    """Return the record a note or follow-up is about, None if it is about none."""
    if row.about is None:
        return None
    noun, record_id = row.about
    return records.get(session, _MODELS[noun], record_id)


def called(session: Session, typed: str, *, field: str | None = None) -> Named:
    """Return the record a person means: by reference, else the customer, deal, ticket or contact of that name.

    Raises NotFound with near names if there is none, Ambiguous if several of one noun are called the same.
    """
    parsed = parse_reference(typed)
    if parsed is not None and parsed[0] not in _RESOLVERS:
        raise NotFound(
            "{reference} is a {noun}, and this is about a customer, deal, ticket or contact.",
            field=field,
            reference=reference(*parsed),
            noun=str(parsed[0]),
        )
    near: list[Named] = []
    for noun in [parsed[0]] if parsed else _RESOLVERS:
        try:
            return _RESOLVERS[noun](session, typed)
        except CrmError as error:
            error.field = field
            if parsed is not None or not isinstance(error, NotFound):
                raise
            near += error.candidates
    raise NotFound(
        "No customer, deal, ticket or contact is called {name}.",
        candidates=near,
        field=field,
        hint="Use a reference such as D-88, or put a name of several words in quotes.",
        name=typed,
    )


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
