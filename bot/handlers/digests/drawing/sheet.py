"""Give each number of a digest its key, such as F3, which its menu shows, and say how it has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property

from sqlalchemy.orm import Session

from bot.handlers.digests.wording import label, priority
from bot.kit import blocks as b
from bot.kit import categories, fields
from bot.kit.format import Reader
from bot.kit.replies import Picture
from bot.plugin import _
from storage.crm import deals, pipelines
from storage.crm.deals import DEAL
from storage.digests import metrics
from storage.digests.metrics import Cut, Metric, Metrics, Number, Part
from storage.digests.runs import DigestRun
from storage.money import Money
from storage.workspace import members

STANDS = frozenset({Metric.DEALS_OPEN, Metric.TICKETS_BACKLOG})
"""What a digest need not be sent for: it says where things stand, not that something happened or waits."""


@dataclass
class Sheet:
    """Collect the numbers of a digest as they are drawn, in the order of their keys."""

    session: Session
    reading: Metrics
    me: Reader
    last: DigestRun | None
    """The digest that went out before, if any: what stands at a moment is compared with it."""
    numbers: list[Number] = field(default_factory=list)
    pictures: dict[int, Picture] = field(default_factory=dict)
    """Charts, by the number of blocks above them."""
    said_more: bool = False
    """Whether a section of a plugin, or what was held back, has something to say."""

    def number(self, figure: Metric, part: Part | None = None) -> Number:
        """Return a number of the reading."""
        return self.reading.number(figure, part)

    def count(self, number: Number) -> int:
        """Return a number's count to be drawn, which gives it its key in the menu and for `/digest explain`."""
        if number not in self.numbers:
            self.numbers.append(number)
        return number.count

    @property
    def empty(self) -> bool:
        """Tell whether nothing happened, nothing waits for anybody, and nobody else has something to say."""
        return not self.said_more and not any(
            number.count for number in self.reading.numbers if number.figure not in STANDS
        )

    def change(self, number: Number) -> b.Markup:
        """Say by how much a number is more or less than before, with the space in front; empty if that is not known."""
        before = self._before(number)
        return b.Markup("") if before is None else b.esc(f"  {_arrow(number.count - before)}")

    def _before(self, number: Number) -> int | None:
        if number.before is not None:
            return number.before
        if self.last is None:
            return None
        known = self.last.of(number.figure, number.part)
        if known is not None:
            return known.count
        # A stage nobody was in had no line; a figure that the digest did not have says nothing.
        return 0 if number.part and self.last.of(number.figure, None) else None

    def field(self, number: Number) -> b.Markup:
        """Draw a number under its name, with what it is worth."""
        worth = ", ".join(self.me.money(amount) for amount in number.amounts)
        return b.markup(
            "{label}\n*{count}*{worth}{change}",
            label=label(number.figure),
            count=self.count(number),
            change=self.change(number),
            worth=f"  {worth}" if worth else "",
        )

    def forecast(self) -> b.Markup | None:
        """Say what the open deals are worth by chance, and by how much that is more than before; None for nothing."""
        now = self._weighted(self.reading.parts(Metric.DEALS_OPEN, Cut.STAGE))
        if not now:
            return None
        text = b.markup(_("Weighted forecast: *{sum}*"), sum=", ".join(self.me.money(one) for one in now))
        if self.last is None or self.last.of(Metric.DEALS_OPEN, None) is None:
            return text
        before = {one.currency: one.minor for one in self._weighted(self.last.parts(Metric.DEALS_OPEN, Cut.STAGE))}
        changes = [Money(one.minor - before.get(one.currency, 0), one.currency) for one in now]
        shown = [f"{'▲' if one.minor > 0 else '▼'}\u00a0{self.me.money(_size(one))}" for one in changes if one.minor]
        return b.join([text, *shown], "  ")

    def _weighted(self, stages: Iterable[Number]) -> list[Money]:
        return metrics.forecast(self.session, [(one.part.value if one.part else None, one.amounts) for one in stages])

    def title(self, number: Number) -> str:
        """Return what a number is called where it stands alone."""
        part = number.part
        if part is None:
            return label(number.figure)
        return f"{label(number.figure)}: {self.called(part)}"

    def called(self, part: Part) -> str:
        """Return the name of what a part is of."""
        if part.value is None:
            return {Cut.CATEGORY: _("Not classified"), Cut.REASON: _("no reason given")}.get(part.cut, _("nobody"))
        match part.cut:
            case Cut.STAGE:
                return self._stages.get(part.value, part.value)
            case Cut.CATEGORY:
                return self._categories(part.value)
            case Cut.PRIORITY:
                return priority(part.value)
            case Cut.OWNER:
                found = members.get(self.session, part.value)
                return found.name if found and found.name else part.value
            case Cut.REASON:
                return fields.called(self.session, DEAL, deals.reasons.FIELD, part.value, part.value)

    @cached_property
    def _stages(self) -> dict[str, str]:
        known = {str(stage.id): stage.name for stage in pipelines.stages(self.session)}
        return known | {str(line.stage_id): line.stage for line in self.reading.stages}

    @cached_property
    def _categories(self) -> Callable[[str], str]:
        return categories.namer(self.session)


def _arrow(difference: int) -> str:
    # The arrow stays with its number where a line is broken.
    return "±0" if not difference else f"{'▲' if difference > 0 else '▼'}\u00a0{abs(difference)}"


def _size(amount: Money) -> Money:
    return Money(abs(amount.minor), amount.currency)
