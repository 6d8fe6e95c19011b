"""Keep what customers ask for until it is answered."""

from storage.tickets.finding import FIELDS, by_thread, find, get, likely_duplicates, list_tickets, resolve
from storage.tickets.model import DONE, Priority, Status, Ticket, check_priority, check_status
from storage.tickets.work import (
    add,
    assign,
    dismiss,
    open_from_message,
    responded,
    set_category,
    set_priority,
    set_status,
    subject_of,
    take,
    update_ticket,
)

__all__ = [
    "DONE",
    "FIELDS",
    "Priority",
    "Status",
    "Ticket",
    "add",
    "assign",
    "by_thread",
    "check_priority",
    "check_status",
    "dismiss",
    "find",
    "get",
    "likely_duplicates",
    "list_tickets",
    "open_from_message",
    "resolve",
    "responded",
    "set_category",
    "set_priority",
    "set_status",
    "subject_of",
    "take",
    "update_ticket",
]
