"""Declare what there is to know of a ticket."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from storage.crm import contacts, customers
from storage.crm.contacts import Contact
from storage.crm.customers import Customer
from storage.records.comparisons import Field, ValueRows
from storage.records.declaration import Declaration, Over
from storage.records.fields import ChoiceField, LinkField, MomentField, NumberField, PersonField, TextField
from storage.records.query import Query, parts
from storage.support.tickets.finding import likely_duplicates
from storage.support.tickets.merging import merge
from storage.support.tickets.model import Priority, Ticket, TicketStatus
from storage.support.tickets.work import add, assign, changed, stand
from storage.workspace.members import Role


@dataclass(frozen=True, kw_only=True)
class CategoryField(TextField):
    """Hold what a ticket is about; `meant` returns all keys under which what people call a category is stored."""

    meant: Callable[[Session, str], Sequence[str]] | None = None

    def compared(self, column: Any, currency: Any = None, rows: ValueRows | None = None) -> Field:
        """Return how tickets are filtered by category, by its key where nobody says what it is called."""
        return Field(column, "keys" if self.meant else "name", resolve=self.meant, rows=rows)


def _added(
    session: Session, *, assignee_id: str | None = None, standing: str = TicketStatus.NEW, **values: Any
) -> Ticket:
    """Open a ticket; one that somebody is given is open at once, if nothing else is said."""
    ticket = add(session, **values)
    ticket = assign(session, ticket, assignee_id) if assignee_id else ticket
    return ticket if standing == TicketStatus.NEW else stand(session, ticket, standing)


def _stood(session: Session, ticket: Ticket, standing: str) -> Sequence[Any]:
    stand(session, ticket, standing)
    return ()


def _assigned(session: Session, ticket: Ticket, assignee_id: str | None) -> Sequence[Any]:
    assign(session, ticket, assignee_id)
    return ()


def _told(session: Session, ticket: Ticket, added: bool) -> None:
    if not added:
        changed(session, ticket)


def _ended(query: Query) -> bool | None:
    """Tell whether all statuses that filters name are of tickets that are done, None where some are not."""
    named = (c.value for c in query.conditions if c.name == "status" and c.operator in {":", "="})
    asked = {part.casefold() for value in named for part in parts(value)}
    return True if asked and asked <= {TicketStatus.RESOLVED, TicketStatus.CLOSED} else None


_DONE = Over(
    Ticket.resolved_at,
    lambda _session, query: _ended(query) if query.asks("status", "status_kind") else query.asks("resolved"),
    "Open tickets",
    "Resolved tickets",
)
TICKET = Declaration(
    model=Ticket,
    label="Ticket",
    plural="Tickets",
    change=Role.AGENT,
    fields=(
        TextField(key="name", label="Title", by="name_key", required=True, example="Login fails on Safari"),
        LinkField(
            key="customer",
            label="Customer",
            at="customer_id",
            by="customer_id",
            to=Customer,
            resolve=customers.resolve,
            whose=True,
            example="acme",
        ),
        ChoiceField(
            key="priority",
            label="Priority",
            by="priority",
            choices=tuple(Priority),
            required=True,
            named=True,
            begins=lambda _session: Priority.NORMAL,
            example="high",
        ),
        PersonField(
            key="assignee",
            label="Assignee",
            at="assignee_id",
            by="assignee_id",
            role=Role.AGENT,
            change=_assigned,
            example="@x",
        ),
        ChoiceField(
            key="status",
            label="Status",
            at="standing",
            by="standing",
            choices=tuple(TicketStatus),
            required=True,
            named=True,
            own=tuple(TicketStatus),
            begins=lambda _session: TicketStatus.NEW,
            change=_stood,
            example="waiting",
        ),
        ChoiceField(
            key="status_kind",
            label="Kind of status",
            at="kind",
            by="status",
            choices=tuple(TicketStatus),
            entered=False,
        ),
        NumberField(key="urgency", label="Urgency", by="urgency", entered=False),
        CategoryField(key="category", label="Category", by="category", entered=False),
        LinkField(
            key="contact",
            label="Contact",
            at="contact_id",
            by="contact_id",
            to=Contact,
            resolve=contacts.resolve,
            entered=False,
        ),
        MomentField(key="resolved", label="Resolved", at="resolved_at", by="resolved_at", past=True, entered=False),
        MomentField(
            key="answered",
            label="First answer",
            at="first_response_at",
            by="first_response_at",
            past=True,
            entered=False,
        ),
    ),
    twins=lambda session, values: likely_duplicates(session, values["name"], values.get("customer")),
    add=_added,
    merge=merge,
    told=_told,
    aliases={"owner": "assignee", "title": "name"},
    words={
        "mine": "assignee:me",
        "unassigned": "assignee:none",
        "open": "status:new,open,waiting",
        "closed": "status:resolved,closed",
        "new": "status:new",
        "waiting": "status:waiting",
        "resolved": "status:resolved",
        "all": "status:new,open,waiting,resolved,closed",
    },
    order=Ticket.urgency,
    over=_DONE,
)
"""What a customer asks for, until it is answered. An urgency is 1 for urgent to 4 for low."""
