"""Say statuses and priorities in words, and read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.kit import fields
from bot.plugin import _
from storage.records.fields import ChoiceField
from storage.records.schema import extended
from storage.support.tickets import TICKET, Ticket, TicketStatus


def status_words(session: Session, ticket: Ticket) -> str:
    """Return what people call the status that a ticket has."""
    return fields.called(session, TICKET, "status", ticket.standing, _standard(ticket.standing))


def priority_words(session: Session, priority: str) -> str:
    """Return what people call a priority."""
    return fields.called(session, TICKET, "priority", priority)


def statuses(session: Session) -> Mapping[str, str]:
    """Return the statuses that tickets may be given, by what is stored, in their order."""
    field = extended(session, TICKET).field("status")
    assert isinstance(field, ChoiceField)
    return {key: field.names.get(key) or _standard(key) for key in field.choices}


def typed(args: Args, session: Session, key: str) -> Any:
    """Return the status or priority that was typed, as it is stored; raise Invalid naming all."""
    return args.typed(key, fields.choice_type(session, TICKET, key))


def _standard(status: str) -> str:
    return _("waiting on customer") if status == TicketStatus.WAITING else _(status)
