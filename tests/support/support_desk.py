"""What customers write, and the channel where it becomes tickets."""

from __future__ import annotations

from sqlalchemy import select

from storage.support import tickets
from storage.support.tickets import Ticket
from tests.support.company import Company

BROKEN = "The login page shows an error 500 since this morning and nobody can sign in, it is broken"
INVOICE = "The invoice for October is wrong, we were charged twice for two seats"
THANKS = "Thank you very much, have a nice weekend!"


def ticket_of(company: Company, number: int = 1) -> Ticket:
    with company.database.transaction(company.workspace) as session:
        return tickets.get(session, number)


def count_tickets(company: Company) -> int:
    with company.database.transaction(company.workspace) as session:
        return len(session.scalars(select(Ticket)).all())
