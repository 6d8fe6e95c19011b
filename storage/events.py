"""Tell what happened: domain events that plugins listen for in the same transaction.

`storage` says what happened with `emit`; the runtime takes what was said with `drain` before it commits, and calls the
listeners. An event that is emitted and rolled back was never said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sqlalchemy.orm import Session

_KEY = "rapport.events"
_TOLD = "rapport.events.told"


@dataclass(frozen=True, slots=True)
class Fact:
    """Name something that happened to a record of this transaction's workspace; `record` is the ORM object.

    A fact that other programs are told by webhooks has an `event`: the noun, a dot, and what happened.
    """

    record: Any
    event: ClassVar[str] = ""

    def found_by(self) -> Mapping[str, Any]:
        """Return, as JSON, what it takes besides its number to find a record that has no reference."""
        return {}


class CustomerAdded(Fact):
    """Say that a customer was added; `record` is a storage.crm.customers.Customer."""


class CustomerChanged(Fact):
    """Say that a customer's fields changed; `record` is a storage.crm.customers.Customer."""


class DealAdded(Fact):
    """Say that a deal was added; `record` is a storage.crm.deals.Deal."""


class DealMoved(Fact):
    """Say that a deal is in another stage; `record` is a storage.crm.deals.Deal."""

    event = "deal.moved"


class DealWon(Fact):
    """Say that a deal was won; `record` is a storage.crm.deals.Deal."""

    event = "deal.won"


class DealLost(Fact):
    """Say that a deal was lost; `record` is a storage.crm.deals.Deal."""

    event = "deal.lost"


class TicketOpened(Fact):
    """Say that a ticket was opened; `record` is a storage.support.tickets.Ticket."""

    event = "ticket.opened"


class TicketSplit(Fact):
    """Say that a message became a ticket of its own; `record` is the new storage.support.tickets.Ticket."""


class TicketChanged(Fact):
    """Say that a ticket's fields changed; `record` is a storage.support.tickets.Ticket."""


class TicketLate(Fact):
    """Say that what is promised of a ticket is late now; `record` is a storage.support.tickets.Ticket."""


class TicketRemoved(Fact):
    """Say that the opening of a ticket was taken back; `record` is the storage.support.tickets.Ticket that is gone."""


class MemberLeft(Fact):
    """Say that somebody is none of our own people any more; `record` is the storage.workspace.members.Member."""


@dataclass(frozen=True, slots=True)
class OwnedChanged(Fact):
    """Say that what is, or was, somebody else's than the actor's was added or changed; `record` is the record.

    `had_by` is who had it before, None for what is new or was nobody's; `changed` names the attributes.
    """

    had_by: str | None
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MemberChanged(Fact):
    """Say that somebody has another name or address in Slack; `record` is the Member as it is now."""

    was_called: str
    had_email: str | None


class MessageReceived(Fact):
    """Say that a customer's message was stored; `record` is a storage.support.messages.IncomingMessage."""


class MessageClassified(Fact):
    """Say that a model said what a message is about; `record` is a storage.support.messages.IncomingMessage."""

    event = "message.classified"

    def found_by(self) -> Mapping[str, Any]:
        """Return when it was written, which is part of its key."""
        return {"at": self.record.at.isoformat()}


def emit(session: Session, fact: Fact) -> None:
    """Say what happened; listeners hear it before this transaction commits."""
    session.info.setdefault(_KEY, []).append(fact)
    if fact.event:
        session.info.setdefault(_TOLD, []).append(fact)


def drain(session: Session) -> list[Fact]:
    """Take what was said so far, in order, and forget it."""
    said: list[Fact] = session.info.pop(_KEY, [])
    return said


def drain_told(session: Session) -> list[Fact]:
    """Take what was said so far that webhooks are told, heard or not, and forget it."""
    said: list[Fact] = session.info.pop(_TOLD, [])
    return said


def names() -> Iterator[str]:
    """Yield the events that facts have, those of plugins among them."""
    waiting = [Fact]
    while waiting:
        fact = waiting.pop()
        waiting += fact.__subclasses__()
        if "event" in vars(fact) and isinstance(fact.event, str) and fact.event:
            yield fact.event
