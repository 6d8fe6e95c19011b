"""Say statuses and priorities in words, and read them."""

from __future__ import annotations

from bot.grammar.choices import ChoiceType
from bot.plugin import _
from storage.support.tickets import Priority, TicketStatus

STATUS = ChoiceType("status", tuple(TicketStatus))
PRIORITY = ChoiceType("priority", tuple(Priority))


def status_words(status: str) -> str:
    """Return what people call a status."""
    return {
        TicketStatus.NEW: _("new"),
        TicketStatus.OPEN: _("open"),
        TicketStatus.WAITING: _("waiting on customer"),
        TicketStatus.RESOLVED: _("resolved"),
        TicketStatus.CLOSED: _("closed"),
    }[TicketStatus(status)]


def priority_words(priority: str) -> str:
    """Return what people call a priority."""
    return {
        Priority.LOW: _("low"),
        Priority.NORMAL: _("normal"),
        Priority.HIGH: _("high"),
        Priority.URGENT: _("urgent"),
    }[Priority(priority)]
