"""Say what was gained with what was sold, and what could be gained with what is still held.

Of each account and instrument, what was bought stands in lots. What is sold takes from the oldest, or a share of all
("average"): a setting. A gain is what was paid for it less what it cost, fees included on both sides. In the currency
of the portfolio each side is taken at the rate of its own day, so that what the currency did is part of the gain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bot.plugins.finance.books.amounts import part
from bot.plugins.finance.settings import AVERAGE
from storage.money import Money

Convert = Callable[[Money, date], Money | None]
"""What turns an amount of a day into the currency of the portfolio, None where no rate was known."""


@dataclass
class Lot:
    """Hold so many that came at once, what they cost, in the portfolio's currency too, and since when they are there.

    `base` is None where no rate was known on that day.
    """

    quantity: Decimal
    cost: Money
    base: Money | None
    since: date

    def take(self, quantity: Decimal) -> Lot:
        """Take some out of the lot, with their part of what it cost; nothing of that is lost."""
        cost = Money(part(self.cost.minor, self.quantity, quantity), self.cost.currency)
        base = self.base and Money(part(self.base.minor, self.quantity, quantity), self.base.currency)
        self.quantity -= quantity
        self.cost -= cost
        self.base = self.base and base and self.base - base
        return Lot(quantity, cost, base, self.since)


@dataclass(frozen=True)
class Move:
    """Hold what happened to an instrument in an account: so many came, with what they cost, or went.

    `proceeds` is what was paid for what went, None where it was not sold; what comes with a `split` cost nothing and
    makes every lot longer.
    """

    on: date
    account_id: int
    instrument_id: int
    quantity: Decimal
    cost: Money | None = None
    since: date | None = None
    proceeds: Money | None = None
    split: bool = False


@dataclass(frozen=True)
class Sale:
    """Hold what was sold at once: when, how many, for how much, and which lots it took."""

    on: date
    instrument_id: int
    quantity: Decimal
    proceeds: Money
    base: Money | None
    lots: Sequence[Lot]

    @property
    def gain(self) -> Money:
        """Return what was gained, in the currency it was sold in."""
        return self.proceeds - cost_of(self.lots, self.proceeds.currency)

    @property
    def base_gain(self) -> Money | None:
        """Return what was gained in the portfolio's currency, None where a rate is missing."""
        cost = base_of(self.lots, self.base.currency) if self.base else None
        return self.base - cost if self.base and cost else None


class Lots:
    """Hold the lots of each account and instrument while moves are taken in, in the order in which they happened."""

    def __init__(self, method: str, convert: Convert) -> None:
        self.method = method
        self._convert = convert
        self.held: dict[tuple[int, int], list[Lot]] = {}
        self.sales: list[Sale] = []

    def add(self, move: Move) -> Sequence[Lot]:
        """Take in a move and return the lots that went with it; raise ValueError where more goes than is there."""
        lots = self.held.setdefault((move.account_id, move.instrument_id), [])
        if move.split:
            _lengthen(lots, move.quantity)
            return ()
        if move.quantity > 0:
            if move.cost is None or move.since is None:
                raise ValueError("what comes without a split has cost something, some day")
            lots.append(Lot(move.quantity, move.cost, self._convert(move.cost, move.since), move.since))
            if self.method == AVERAGE:
                lots[:] = [_pooled(lots)]
            else:
                lots.sort(key=lambda one: one.since)
            return ()
        taken = _taken(lots, -move.quantity)
        if move.proceeds is not None:
            base = self._convert(move.proceeds, move.on)
            self.sales.append(Sale(move.on, move.instrument_id, -move.quantity, move.proceeds, base, taken))
        return taken


def followed(moves: Iterable[Move], method: str, convert: Convert) -> Lots:
    """Return the lots that are left after moves, and the sales among them; `method` is "fifo" or "average"."""
    lots = Lots(method, convert)
    for move in moves:
        lots.add(move)
    return lots


def cost_of(lots: Iterable[Lot], currency: str) -> Money:
    """Return what lots cost, nothing of a currency for none."""
    return sum((one.cost for one in lots), Money(0, currency))


def base_of(lots: Iterable[Lot], currency: str) -> Money | None:
    """Return what lots cost in the portfolio's currency, None where a rate is missing."""
    total = Money(0, currency)
    for one in lots:
        if one.base is None:
            return None
        total += one.base
    return total


def _taken(lots: list[Lot], quantity: Decimal) -> list[Lot]:
    taken: list[Lot] = []
    while quantity > 0:
        if not lots:
            raise ValueError("more goes than is there")
        first = lots[0]
        taken.append(first.take(min(quantity, first.quantity)))
        quantity -= taken[-1].quantity
        if first.quantity == 0:
            lots.pop(0)
    return taken


def _pooled(lots: Sequence[Lot]) -> Lot:
    first, base = lots[0], lots[0].base
    whole = sum((one.quantity for one in lots), Decimal(0))
    in_all = base_of(lots, base.currency) if base else None
    return Lot(whole, cost_of(lots, first.cost.currency), in_all, min(one.since for one in lots))


def _lengthen(lots: list[Lot], more: Decimal) -> None:
    """Give each lot its part of what a split brought or took; the last one gets what rounding left."""
    whole = sum((one.quantity for one in lots), Decimal(0))
    left = more
    for number, one in enumerate(lots):
        own = left if number == len(lots) - 1 else (more * one.quantity / whole).quantize(Decimal("0.00000001"))
        one.quantity += own
        left -= own
    lots[:] = [one for one in lots if one.quantity > 0]
