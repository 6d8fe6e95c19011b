"""Show managers on their App Home how the work stands, and what waits for somebody."""

from __future__ import annotations

from datetime import datetime, timedelta

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.handlers.digests.declaration import plugin
from bot.kit import blocks as b
from bot.kit.format import Reader
from bot.plugin import Role, _, ngettext
from storage.digests import metrics
from storage.digests.metrics import Metric, Period
from storage.support import sla

LOOKED_AT = 100
WEEK = timedelta(days=7)


@plugin.home("The team today", role=Role.MANAGER, order=10)
def today(session: Session, reader: Reader, now: datetime) -> list[Block]:
    """Show what is open, what nobody works on and what is late, each with the command that lists it."""
    period = Period(now - WEEK, now)
    lines = metrics.pipeline(session, period)
    backlog = metrics.backlog(session, period)
    late = sla.late(session, until=now, limit=LOOKED_AT)
    open_deals, stalled = sum(line.count for line in lines), sum(line.stalled for line in lines)
    tickets, unanswered = sum(line.count for line in backlog), sum(line.unanswered for line in backlog)
    overdue = metrics.count(session, Metric.FOLLOWUPS_OVERDUE, period)
    won = metrics.count(session, Metric.DEALS_WON, period)
    worth = ", ".join(reader.totals(line.total for line in lines))
    facts: dict[str, b.Text | None] = {
        _("Open deals"): _figure(open_deals, worth),
        _("Without news for two weeks"): _figure(stalled, "", "/deal list updated<-14d"),
        _("Won in seven days"): _figure(won),
        _("Open tickets"): _figure(tickets),
        _("Not answered yet"): _figure(unanswered, "", "/ticket list status:new"),
        _("Later than promised"): _figure(len({one.ticket_id for one in late}), "", "/ticket list overdue"),
        _("Overdue follow-ups"): _figure(overdue, "", "/followup list overdue"),
    }
    drawn: list[Block] = b.facts(facts)
    if late:
        names = ", ".join(dict.fromkeys(one.ticket.reference for one in late))
        count = len({one.ticket_id for one in late})
        said = ngettext("🚨 {count} ticket is late: {names}", "🚨 {count} tickets are late: {names}", count)
        drawn.append(b.context(b.cut(b.markup(said, count=count, names=names), 500)))
    return [*drawn, b.context(_("All figures, with charts: `/digest now`"))]


def _figure(number: int, more: str = "", command: str = "") -> b.Markup:
    """Draw a number; where it should be none and is not, marked and with the command that lists what it counts."""
    mark = "⚠️ " if command and number else ""
    parts = [b.markup("{mark}*{number}*", mark=mark, number=number), *([more] if more else [])]
    said = b.join(parts, " · ")
    return b.join([said, b.markup("`{command}`", command=command)]) if mark else said
