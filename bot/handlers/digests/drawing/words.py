"""Draw the charts of a digest in characters, for what only one person sees: Slack shows no pictures of ours there."""

from __future__ import annotations

from unicodedata import east_asian_width

from slack_sdk.models.blocks import Block

from bot.handlers.digests.drawing.sheet import Sheet
from bot.kit import blocks as b
from bot.plugin import _
from storage.digests.metrics import Cut, Metric

STAGES = 8
NAME_WIDTH, BAR_WIDTH = 16, 12
STEPS = "▁▂▃▄▅▆▇█"


def pipeline(sheet: Sheet) -> list[Block]:
    """Draw the open deals by stage as bars; nothing where there is nothing to compare."""
    rows = [
        (sheet.called(one.part), one.count)
        for one in sheet.reading.numbers
        if one.figure is Metric.DEALS_OPEN and one.part and one.part.cut is Cut.STAGE
    ][:STAGES]
    if len(rows) < 2:
        return []
    most = max(count for _name, count in rows)
    width = min(NAME_WIDTH, max(_width(name) for name, _count in rows))
    lines = [f"{_fit(name, width)}  {bar(count, most)} {count}" for name, count in rows]
    return [_drawn(_("Open deals by stage"), lines)]


def tickets(sheet: Sheet) -> list[Block]:
    """Draw the tickets opened and resolved per day as columns, the last at the right; nothing where there were none."""
    days = sheet.reading.days
    if not any(day.opened or day.resolved for day in days):
        return []
    rows = [
        (_("opened"), [day.opened for day in days]),
        (_("resolved"), [day.resolved for day in days]),
    ]
    most = max(count for _name, counts in rows for count in counts)
    width = max(_width(name) for name, _counts in rows)
    lines = [f"{_fit(name, width)}  {columns(counts, most)}  {sum(counts)}" for name, counts in rows]
    return [_drawn(_("Tickets per day, the last {days} days").format(days=len(days)), lines)]


def bar(count: int, most: int) -> str:
    """Return a bar as long as a count, against the largest one; one that is not empty shows something."""
    return "█" * (max(1, round(BAR_WIDTH * count / most)) if count else 0)


def columns(counts: list[int], most: int) -> str:
    """Return a column for each count, as high as it is against the largest one; a dot for none."""
    return "".join(STEPS[min(len(STEPS) - 1, (count * len(STEPS) - 1) // most)] if count else "·" for count in counts)


def _drawn(title: str, lines: list[str]) -> Block:
    shown = "\n".join(line.replace("`", "\u02cb") for line in lines)
    return b.section(b.markup("{title}\n```{lines}```", title=title, lines=shown))


def _width(text: str) -> int:
    """Return how many columns a text takes where all letters are as wide; Chinese ones take two."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def _fit(text: str, width: int) -> str:
    text = " ".join(text.split())
    if _width(text) > width:
        while text and _width(text) > width - 1:
            text = text[:-1]
        text += "…"
    return text + " " * (width - _width(text))
