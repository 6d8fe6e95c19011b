"""Say statuses and priorities in words, and understand the words people use for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from bot.plugin import _
from storage.names import name_key
from storage.support.tickets import Priority, TicketStatus, check_priority, check_status

Word = TypeVar("Word", TicketStatus, Priority)


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


def read_status(typed: str) -> TicketStatus:
    """Return the status a person means, by its words or their beginning; raise Invalid naming all."""
    known = {name_key(words): status for status in TicketStatus for words in (status, status_words(status))}
    return _meant(typed, known) or check_status(typed)


def read_priority(typed: str) -> Priority:
    """Return the priority a person means, by its word or its beginning; raise Invalid naming all."""
    known = {name_key(words): priority for priority in Priority for words in (priority, priority_words(priority))}
    return _meant(typed, known) or check_priority(typed)


def _meant(typed: str, known: Mapping[str, Word]) -> Word | None:
    key = name_key(typed)
    meant = {word for words, word in known.items() if key and words.startswith(key)}
    return meant.pop() if len(meant) == 1 else None
