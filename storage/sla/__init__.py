"""Keep how soon customers are to be answered, and measure it in the hours a team works."""

from storage.sla.calendar import add_holiday, holidays, hours, remove_holiday, set_hours
from storage.sla.clocks import changed, changed_customer, of_ticket, opened, recount, removed
from storage.sla.figures import Outcome, get, late, outcomes
from storage.sla.model import FIRST_RESPONSE, KINDS, RESOLUTION, BusinessHours, Holiday, SlaClock, SlaPause, SlaTarget
from storage.sla.recount import RECOUNT, recount_soon, recounted
from storage.sla.targets import USUAL, best, remove_target, set_target, set_usual, targets
from storage.sla.telling import RENDERER, Rung, parse_subject, receivers

__all__ = [
    "FIRST_RESPONSE",
    "KINDS",
    "RECOUNT",
    "RENDERER",
    "RESOLUTION",
    "USUAL",
    "BusinessHours",
    "Holiday",
    "Outcome",
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
