"""Find whom and what people name in commands and forms; the errors say which field it was and what to do next."""

from __future__ import annotations

from sqlalchemy.orm import Session

from storage import customers, members
from storage.customers import Customer
from storage.errors import CrmError, Invalid, NotFound
from storage.members import Kind


def customer_called(session: Session, typed: str) -> Customer:
    """Return the customer a person means; the error says how to add one that is not there."""
    try:
        return customers.resolve(session, typed)
    except NotFound as error:
        error.hint = error.hint or (None if error.candidates else "Add it with `/customer add`.")
        raise error.on_field("customer") from None
    except CrmError as error:
        raise error.on_field("customer") from None


def colleague(session: Session, member_id: str, *, field: str) -> str:
    """Return the id of one of our own people; raise Invalid for anybody else, who can be given nothing."""
    member = members.get(session, member_id)
    if member is None:
        raise Invalid("I have not met this person yet.", field=field, hint="They have to use Rapport once.")
    if member.kind != Kind.STAFF or not member.active:
        raise Invalid("{name} is not one of your own people, so can be given nothing.", field=field, name=member.name)
    return member.id
