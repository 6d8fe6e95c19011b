"""Draw the charts of a digest as PNG: readable on a phone, and on a light as on a dark screen."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from bot.handlers.digests.drawing.sheet import Sheet
from bot.kit import format
from bot.kit.replies import Picture
from bot.plugin import _
from storage.digests.metrics import Cut, Day, Metric

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT, DPI = 5.0, 2.6, 150
# A card of its own, so that it reads alike on any screen; colours that colour-blind people tell apart.
PAPER, INK, RULE = "#ffffff", "#1d1c1d", "#d0d4da"
BLUE, ORANGE = "#2b6cb0", "#dd6b20"
SIZE = 11
STAGES = 8
LONGEST = 22


def pipeline(sheet: Sheet) -> Picture | None:
    """Return the open deals by stage as bars; None where there is nothing to compare."""
    rows = [
        (sheet.called(one.part), one.count)
        for one in sheet.reading.numbers
        if one.figure is Metric.DEALS_OPEN and one.part and one.part.cut is Cut.STAGE
    ]
    if len(rows) > STAGES:
        rows = [*rows[: STAGES - 1], (_("Other"), sum(count for _name, count in rows[STAGES - 1 :]))]
    if len(rows) < 2:
        return None
    first = _first_stage(sheet)
    title = _("Open deals by stage")
    alt = f"{title}: {', '.join(f'{name} {count}' for name, count in rows)}"
    return Picture("pipeline.png", alt, lambda: bars(title, rows, first))


def tickets(sheet: Sheet) -> Picture | None:
    """Return the tickets opened and resolved per day as lines; None where there were none."""
    days = sheet.reading.days
    if not any(day.opened or day.resolved for day in days):
        return None
    alt = _("Tickets per day, opened and resolved: {rows}").format(
        rows=", ".join(
            f"{format.day(day.day, sheet.me.locale, today=sheet.me.today)} {day.opened}/{day.resolved}" for day in days
        )
    )
    title, names = _("Tickets per day"), (_("opened"), _("resolved"))
    return Picture("tickets.png", alt, lambda: lines(title, names, days))


def drawable(text: str) -> bool:
    """Tell whether the font that comes with the drawing library has a letter for all of a text."""
    from matplotlib import font_manager, ft2font

    known = ft2font.FT2Font(font_manager.findfont("DejaVu Sans")).get_charmap()
    return all(ord(letter) in known for letter in text)


def _first_stage(sheet: Sheet) -> int:
    return next(
        place
        for place, one in enumerate(sheet.numbers, start=1)
        if one.figure is Metric.DEALS_OPEN and one.part and one.part.cut is Cut.STAGE
    )


def _or_english(text: str, english: str) -> str:
    return text if drawable(text) else english


def bars(title: str, rows: Sequence[tuple[str, int]], first: int) -> bytes:
    """Draw how many deals each stage has."""
    # What the font has no letters for is named by its key, which the lines above the picture explain.
    names = [name if drawable(name) else f"F{first + place}" for place, (name, _count) in enumerate(rows)]
    labels = [name if len(name) <= LONGEST else name[: LONGEST - 1] + "…" for name in names]
    counts = [count for _name, count in rows]

    def draw(axes: Axes) -> None:
        places = range(len(labels))
        axes.barh(places, counts, color=BLUE, height=0.62)
        axes.set_yticks(places, [_plain(label) for label in labels])
        axes.invert_yaxis()
        axes.set_xlim(0, max(counts) * 1.15)
        axes.xaxis.set_visible(False)
        for place, count in zip(places, counts, strict=True):
            axes.text(count, place, f" {count}", va="center", ha="left", fontsize=SIZE, color=INK, fontweight="bold")

    return _png(_or_english(title, "Open deals by stage"), draw)


def lines(title: str, names: tuple[str, str], days: Sequence[Day]) -> bytes:
    """Draw what was opened and resolved on each day."""
    from matplotlib.ticker import MaxNLocator

    def draw(axes: Axes) -> None:
        places = range(len(days))
        for name, colour, style, values in (
            (_or_english(names[0], "opened"), ORANGE, "-", [day.opened for day in days]),
            (_or_english(names[1], "resolved"), BLUE, "--", [day.resolved for day in days]),
        ):
            axes.plot(places, values, style, color=colour, linewidth=2.4, marker="o", markersize=4, label=name)
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.grid(axis="y", color=RULE, linewidth=0.8)
        step = max(1, len(days) // 5)
        axes.set_xticks(list(places)[::-step][::-1], [f"{day.day.month}/{day.day.day}" for day in days][::-step][::-1])
        legend = axes.legend(frameon=False, fontsize=SIZE, loc="upper left", ncols=2, bbox_to_anchor=(0, 1.2))
        for text in legend.get_texts():
            text.set_color(INK)

    return _png(_or_english(title, "Tickets per day"), draw)


def _png(title: str, draw: Callable[[Axes], None]) -> bytes:
    # Loaded with the first chart, as it takes a second, and without pyplot, which keeps every figure it made.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Sketch

    sketch = Sketch(figsize=(WIDTH, HEIGHT), dpi=DPI, facecolor=PAPER, layout="constrained")
    FigureCanvasAgg(sketch)
    axes = sketch.add_subplot(facecolor=PAPER)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(RULE)
    axes.tick_params(colors=INK, labelsize=SIZE, length=0)
    draw(axes)
    sketch.suptitle(title, x=0.02, ha="left", fontsize=SIZE + 2, fontweight="bold", color=INK)
    held = io.BytesIO()
    sketch.savefig(held, format="png")
    return held.getvalue()


def _plain(text: str) -> str:
    """Keep dollar signs from being read as formulas."""
    return text.replace("$", r"\$")
