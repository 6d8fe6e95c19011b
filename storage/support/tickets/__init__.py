"""Keep what customers ask for until it is answered."""

from storage.support.messages import CHATTER
from storage.support.tickets.belonging import Placement, Placer, of_thread
from storage.support.tickets.declaration import TICKET, CategoryField
from storage.support.tickets.finding import (
    by_thread,
    find,
    first_of_incident,
    get,
    likely_duplicates,
    list_tickets,
    resolve,
)
from storage.support.tickets.grouping import answered, group, lock, open_from_message
from storage.support.tickets.merging import merge, split
from storage.support.tickets.model import DONE, REPLIED, Priority, Ticket, TicketStatus, check_priority, check_status
from storage.support.tickets.settling import Judgement, judgement, settle, worked_on
from storage.support.tickets.verdicts import Judged, accepted, judged
from storage.support.tickets.work import (
    add,
    assign,
    dismiss,
    responded,
    set_category,
    set_priority,
    set_status,
    stand,
    subject_of,
    take,
)

__all__ = [
    "CHATTER",
    "DONE",
    "REPLIED",
    "TICKET",
    "CategoryField",
    "Judged",
    "Judgement",
    "Placement",
    "Placer",
    "Priority",
    "Ticket",
    "TicketStatus",
    "accepted",
    "add",
    "answered",
    "assign",
    "by_thread",
    "check_priority",
    "check_status",
    "dismiss",
    "find",
    "first_of_incident",
    "get",
    "group",
    "judged",
    "judgement",
    "likely_duplicates",
    "list_tickets",
    "lock",
    "merge",
    "of_thread",
    "open_from_message",
    "resolve",
    "responded",
    "set_category",
    "set_priority",
    "set_status",
    "settle",
    "split",
    "stand",
    "subject_of",
    "take",
    "worked_on",
]
