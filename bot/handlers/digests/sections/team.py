"""Draw the team: who won, resolved and has promises overdue, those with the most first."""

from __future__ import annotations

from slack_sdk.models.blocks import Block

from bot.handlers.digests.drawing.sheet import Sheet
from bot.handlers.digests.wording import section
from bot.kit import blocks as b
from bot.plugin import _
from storage.digests.metrics import TEAM, Cut, Metric, Number


def draw(sheet: Sheet) -> list[Block]:
    """Draw the section."""
    by_person: dict[str, list[Number]] = {}
    for figure in (Metric.DEALS_WON, Metric.TICKETS_RESOLVED, Metric.FOLLOWUPS_OVERDUE):
        for number in sheet.reading.parts(figure, Cut.OWNER):
            if number.part and number.part.value:
                by_person.setdefault(number.part.value, []).append(number)
    busiest = sorted(by_person.values(), key=lambda row: -sum(number.count for number in row))
    lines = [_line(sheet, row) for row in busiest] or [b.esc(_("Nobody won or resolved anything."))]
    return [b.divider(), b.section(b.join([b.markup("*{title}*", title=section(TEAM)), *lines]))]


def _line(sheet: Sheet, row: list[Number]) -> b.Markup:
    said = {
        Metric.DEALS_WON: _("won *{count}*{change}"),
        Metric.TICKETS_RESOLVED: _("resolved *{count}*{change}"),
        Metric.FOLLOWUPS_OVERDUE: _("overdue *{count}*{change}"),
    }
    parts = [b.markup(said[number.figure], count=sheet.count(number), change=sheet.change(number)) for number in row]
    # By name and without a mention: a digest is no reason to ring anybody's bell.
    who = sheet.called(row[0].part) if row[0].part else ""
    return b.markup("{who}  {parts}", who=b.cut(who, 80), parts=b.join(parts, "  ·  "))
