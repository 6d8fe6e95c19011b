"""Keep how soon customers are to be answered, and measure it in the hours a team works."""

from storage.support.sla.calendar import add_holiday, holidays, hours, remove_holiday, set_hours
from storage.support.sla.clocks import changed, changed_customer, of_ticket, opened, recount, removed
from storage.support.sla.escalation import RENDERER, Rung, parse_subject, receivers
from storage.support.sla.figures import PromiseOutcome, get, late, outcomes
from storage.support.sla.model import (
    FIRST_RESPONSE,
    KINDS,
    RESOLUTION,
    BusinessHours,
    Holiday,
    SlaClock,
    SlaPause,
    SlaTarget,
)
from storage.support.sla.recount import RECOUNT, recount_soon, recounted
from storage.support.sla.targets import USUAL, best, remove_target, set_target, set_usual, targets

__all__ = [
    "FIRST_RESPONSE",
    "KINDS",
    "RECOUNT",
    "RENDERER",
    "RESOLUTION",
    "USUAL",
    "BusinessHours",
    "Holiday",
    "PromiseOutcome",
    "Rung",
    "SlaClock",
    "SlaPause",
    "SlaTarget",
    "add_holiday",
    "best",
    "changed",
    "changed_customer",
    "get",
    "holidays",
    "hours",
    "late",
    "of_ticket",
    "opened",
    "outcomes",
    "parse_subject",
    "receivers",
    "recount",
    "recount_soon",
    "recounted",
    "remove_holiday",
    "remove_target",
    "removed",
    "set_hours",
    "set_target",
    "set_usual",
    "targets",
]
