"""Narrow figures to records for which filters hold: their own, or those of the customer that they are of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, select

from storage.crm.contacts import Contact
from storage.crm.customers import Customer
from storage.crm.deals.model import Deal
from storage.crm.followups import Followup
from storage.support.messages import IncomingMessage
from storage.support.tickets import Ticket

NOUNS = (Deal.__noun__, Ticket.__noun__)
"""What figures count; all else hangs on these, or on customers."""
CUSTOMER = Customer.__noun__
Conditions = tuple[ColumnElement[bool], ...]


@dataclass(frozen=True)
class Narrowing:
    """Hold conditions of deals, tickets and customers by noun; of a noun that is not named, no record counts."""

    by_noun: Mapping[str, Conditions]

    def holds(self, noun: str) -> bool:
        """Tell whether the filters can be true of records of a noun at all."""
        return noun in self.by_noun

    def where(self, noun: str) -> Conditions:
        """Return the conditions of the noun's own records."""
        return self.by_noun.get(noun, (false(),))

    def followups(self) -> Conditions:
        """Return the condition that a follow-up is about a record that counts."""
        about = [self._about(noun, model) for noun, model in _MODELS.items() if self.holds(noun)]
        if self.holds(CUSTOMER):
            contacts = select(Contact.id).where(Contact.customer_id.in_(self._ids(Customer)))
            about.append(and_(Followup.about_noun == Contact.__noun__, Followup.about_id.in_(contacts)))
        return (or_(false(), *about),)

    def tickets(self) -> Any:
        """Return the statement that reads the numbers of the tickets that count."""
        return self._ids(Ticket)

    def messages(self) -> Any:
        """Return the statement that reads the numbers of their messages."""
        return select(IncomingMessage.id).where(IncomingMessage.ticket_id.in_(self.tickets()))

    def _about(self, noun: str, model: Any) -> ColumnElement[bool]:
        return and_(Followup.about_noun == noun, Followup.about_id.in_(self._ids(model)))

    def _ids(self, model: Any) -> Any:
        return select(model.id).where(*self.where(model.__noun__))


_MODELS: Mapping[str, Any] = {Deal.__noun__: Deal, Ticket.__noun__: Ticket, CUSTOMER: Customer}


def of_customer(noun: str, conditions: Conditions) -> Conditions:
    """Return the condition that a record of a noun is of a customer for whom these hold."""
    return (_MODELS[noun].customer_id.in_(select(Customer.id).where(*conditions)),)
