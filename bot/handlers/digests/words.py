"""Name the numbers of a digest, and what is typed after `/digest explain` for each."""

from __future__ import annotations

from collections.abc import Sequence

from bot.plugin import _
from storage.figures import PIPELINE, SUPPORT, TEAM, Figure

WORDS: dict[str, Figure] = {
    "open": Figure.DEALS_OPEN,
    "new": Figure.DEALS_NEW,
    "won": Figure.DEALS_WON,
    "lost": Figure.DEALS_LOST,
    "stalled": Figure.DEALS_STALLED,
    "overdue": Figure.FOLLOWUPS_OVERDUE,
    "opened": Figure.TICKETS_OPENED,
    "resolved": Figure.TICKETS_RESOLVED,
    "backlog": Figure.TICKETS_BACKLOG,
    "answered": Figure.TICKETS_ANSWERED,
    "unanswered": Figure.TICKETS_UNANSWERED,
    "late": Figure.FIRST_ANSWERS_LATE,
    "missed": Figure.RESOLUTIONS_LATE,
    "corrected": Figure.LABELS_CORRECTED,
}


def label(figure: Figure) -> str:
    """Return what a number is called in a digest."""
    return {
        Figure.DEALS_OPEN: _("Open deals"),
        Figure.DEALS_NEW: _("New deals"),
        Figure.DEALS_WON: _("Deals won"),
        Figure.DEALS_LOST: _("Deals lost"),
        Figure.DEALS_STALLED: _("Stalled deals"),
        Figure.FOLLOWUPS_OVERDUE: _("Follow-ups overdue"),
        Figure.TICKETS_OPENED: _("Tickets opened"),
        Figure.TICKETS_RESOLVED: _("Tickets resolved"),
        Figure.TICKETS_BACKLOG: _("Backlog"),
        Figure.TICKETS_ANSWERED: _("Answered for the first time"),
        Figure.TICKETS_UNANSWERED: _("Waiting for a first answer"),
        Figure.FIRST_ANSWERS_LATE: _("First answers too late"),
        Figure.RESOLUTIONS_LATE: _("Resolutions too late"),
        Figure.LABELS_CORRECTED: _("Corrections of the model"),
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
