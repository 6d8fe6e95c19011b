"""Find the record a note or a follow-up is about, of whatever noun."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from storage.crm import contacts, customers, deals
from storage.errors import CrmError, NotFound
from storage.records import named
from storage.records.about import About
from storage.records.named import Named
from storage.references import Noun, parse_reference, reference
from storage.support import tickets

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


def subject_of(session: Session, row: About) -> Named | None:
    """Return the record a note or follow-up is about, None if it is about none."""
    if row.about is None:
        return None
    noun, record_id = row.about
    return named.get(session, _MODELS[Noun(noun)], record_id)


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
