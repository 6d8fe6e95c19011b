"""Hold a ticket that somebody asked for, checked, and not stored yet because it may be there already."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.handlers.tickets.wording import PRIORITY
from bot.kit.lookup import checked_number, colleague, customer_called
from storage.crm import customers
from storage.errors import Invalid
from storage.names import check_name
from storage.support import tickets
from storage.support.tickets import Priority, Ticket
from storage.workspace.members import Member, Role


@dataclass(frozen=True, slots=True)
class WantedTicket:
    """Hold checked values."""

    name: str
    customer_id: int | None = None
    priority: Priority = Priority.NORMAL
    assignee_id: str | None = None

    @classmethod
    def typed(cls, session: Session, args: Args, actor: Member) -> WantedTicket:
        """Read a command; raise CrmError for what cannot be understood or found."""
        customer, priority = args.get("customer"), args.typed("priority", PRIORITY)
        assignee_id = args.user("assignee")
        return cls(
            check_name(args["title"], field="title"),
            customer_called(session, customer).id if customer else None,
            Priority(priority or Priority.NORMAL),
            colleague(session, assignee_id, field="assignee", role=Role.AGENT) if assignee_id else None,
        )

    @classmethod
    def submitted(cls, session: Session, values: Mapping[str, str], *, had: str | None = None) -> WantedTicket:
        """Read a form; raise CrmError naming the field for what cannot be understood or found."""
        customer, assignee_id = values.get("customer"), values.get("assignee")
        return cls(
            check_name(values["title"], field="title"),
            customer_called(session, customer).id if customer else None,
            tickets.check_priority(values.get("priority") or Priority.NORMAL),
            colleague(session, assignee_id, field="assignee", role=Role.AGENT, had=had) if assignee_id else None,
        )

    @classmethod
    def load(cls, session: Session, text: str) -> WantedTicket:
        """Read what `dump` wrote into a button; raise Invalid for anything else."""
        try:
            name, customer_id, priority, assignee_id = json.loads(text)
            return cls(
                check_name(name),
                customers.get(session, checked_number(customer_id)).id if customer_id else None,
                tickets.check_priority(priority),
                colleague(session, assignee_id, field="assignee", role=Role.AGENT) if assignee_id else None,
            )
        except (ValueError, TypeError, AttributeError):
            raise Invalid("This button no longer works.", hint="Please repeat the command.") from None

    def dump(self) -> str:
        """Write it into a button."""
        return json.dumps([self.name, self.customer_id, self.priority, self.assignee_id], ensure_ascii=False)

    def twins(self, session: Session) -> list[Ticket]:
        """Return the open tickets that are likely the same."""
        return tickets.likely_duplicates(session, self.name, self.customer_id)

    def add(self, session: Session) -> Ticket:
        """Store the ticket; one that somebody is given is open at once."""
        ticket = tickets.add(session, name=self.name, customer_id=self.customer_id, priority=self.priority)
        return tickets.assign(session, ticket, self.assignee_id) if self.assignee_id else ticket
