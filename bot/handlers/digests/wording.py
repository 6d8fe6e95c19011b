"""Name the numbers of a digest, and what is typed after `/digest explain` for each."""

from __future__ import annotations

from collections.abc import Sequence

from bot.plugin import _
from storage.digests.metrics import PIPELINE, SUPPORT, TEAM, Metric

WORDS: dict[str, Metric] = {
    "open": Metric.DEALS_OPEN,
    "new": Metric.DEALS_NEW,
    "won": Metric.DEALS_WON,
    "lost": Metric.DEALS_LOST,
    "stalled": Metric.DEALS_STALLED,
    "overdue": Metric.FOLLOWUPS_OVERDUE,
    "opened": Metric.TICKETS_OPENED,
    "resolved": Metric.TICKETS_RESOLVED,
    "backlog": Metric.TICKETS_BACKLOG,
    "answered": Metric.TICKETS_ANSWERED,
    "unanswered": Metric.TICKETS_UNANSWERED,
    "late": Metric.FIRST_ANSWERS_LATE,
    "missed": Metric.RESOLUTIONS_LATE,
    "corrected": Metric.LABELS_CORRECTED,
    "ratings": Metric.RATINGS,
    "unhappy": Metric.RATINGS_BAD,
}


def label(figure: Metric) -> str:
    """Return what a number is called in a digest."""
    return {
        Metric.DEALS_OPEN: _("Open deals"),
        Metric.DEALS_NEW: _("New deals"),
        Metric.DEALS_WON: _("Deals won"),
        Metric.DEALS_LOST: _("Deals lost"),
        Metric.DEALS_STALLED: _("Stalled deals"),
        Metric.FOLLOWUPS_OVERDUE: _("Follow-ups overdue"),
        Metric.TICKETS_OPENED: _("Tickets opened"),
        Metric.TICKETS_RESOLVED: _("Tickets resolved"),
        Metric.TICKETS_BACKLOG: _("Backlog"),
        Metric.TICKETS_ANSWERED: _("Answered for the first time"),
        Metric.TICKETS_UNANSWERED: _("Waiting for a first answer"),
        Metric.FIRST_ANSWERS_LATE: _("First answers too late"),
        Metric.RESOLUTIONS_LATE: _("Resolutions too late"),
        Metric.LABELS_CORRECTED: _("Corrections of the model"),
        Metric.RATINGS: _("Customers' answers"),
        Metric.RATINGS_BAD: _("Unhappy customers"),
    }[figure]


def priority(name: str) -> str:
    """Return what a priority is called."""
    names = {"urgent": _("Urgent"), "high": _("High"), "normal": _("Normal"), "low": _("Low")}
    return names.get(name, name)


def sections(names: Sequence[str]) -> str:
    """Return what the sections of a digest are called; those of plugins by the plugin's name."""
    own = (PIPELINE, SUPPORT, TEAM)
    return ", ".join(section(name) if name in own else name.partition(".")[0].capitalize() for name in names)


def section(name: str) -> str:
    """Return what a built-in section of digests is called."""
    return {PIPELINE: _("Pipeline"), SUPPORT: _("Support"), TEAM: _("Team")}[name]
