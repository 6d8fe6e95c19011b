"""Value a portfolio at the prices and rates of a day, and say how it is spread.

An instrument without a price, and money or an instrument without a rate, is named and not counted: a total is of what
is known, and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from bot.plugins.finance.books import gains, holdings, prices
from bot.plugins.finance.books.amounts import worth
from bot.plugins.finance.books.gains import Lot, Sale
from bot.plugins.finance.books.holdings import Cash
from bot.plugins.finance.books.instruments import CASH, Instrument
from bot.plugins.finance.books.portfolios import Portfolio
from bot.plugins.finance.settings import METHOD
from storage.money import Money

LARGEST = 5
"""So many of the largest positions are looked at together."""


@dataclass(frozen=True)
class Position:
    """Hold an instrument in a portfolio on a day: how many, what one cost that day and on which day that was said.

    `value` and `cost` are in the instrument's currency, `base` and `base_cost` in the portfolio's; None is unknown.
    """

    instrument: Instrument
    quantity: Decimal
    lots: Sequence[Lot]
    price: Decimal | None
    priced_on: date | None
    value: Money | None
    base: Money | None
    base_cost: Money | None

    @property
    def cost(self) -> Money:
        """Return what it cost, fees included."""
        return gains.cost_of(self.lots, self.instrument.currency)

    @property
    def gain(self) -> Money | None:
        """Return what could be gained with it, in its own currency, None without a price."""
        return self.value - self.cost if self.value else None

    @property
    def base_gain(self) -> Money | None:
        """Return what could be gained with it in the portfolio's currency, None without a price or a rate."""
        return self.base - self.base_cost if self.base and self.base_cost else None


@dataclass(frozen=True)
class Valuation:
    """Hold what a portfolio was worth on a day, in its currency, and what is not counted in it.

    `cash` are the currencies with what each is worth in that of the portfolio, None without a rate; `sales` is what
    was sold until then.
    """

    portfolio: Portfolio
    on: date
    positions: Sequence[Position]
    cash: Sequence[tuple[Cash, Money | None]]
    sales: Sequence[Sale] = field(default=(), repr=False)

    @property
    def currency(self) -> str:
        """Return the currency of the portfolio."""
        return self.portfolio.currency

    @property
    def total(self) -> Money:
        """Return what all that is known comes to."""
        return self._sum([one.base for one in self.positions] + [base for _cash, base in self.cash])

    @property
    def money(self) -> Money:
        """Return what the money in it comes to."""
        return self._sum([base for _cash, base in self.cash])

    @property
    def gain(self) -> Money:
        """Return what could be gained with what is held, as far as it is known."""
        return self._sum([one.base_gain for one in self.positions])

    def realised(self, since: date) -> Money:
        """Return what was gained with what was sold from a day on, as far as rates are known."""
        return self._sum([one.base_gain for one in self.sales if one.on >= since])

    @property
    def unknown(self) -> list[str]:
        """Name what is not counted, as it has no price or no rate."""
        without = [one.instrument.symbol for one in self.positions if one.base is None]
        return without + [cash.amount.currency for cash, base in self.cash if base is None]

    @property
    def oldest(self) -> date | None:
        """Return the day of the oldest price that is used, None where none is."""
        return min((one.priced_on for one in self.positions if one.priced_on), default=None)

    def share(self, amount: Money | None) -> float | None:
        """Return which part of all an amount is, None for one that is unknown and where all comes to nothing."""
        total = self.total.minor
        return amount.minor / total if amount is not None and total > 0 else None

    def by_class(self) -> Mapping[str, Money]:
        """Return what each class of instruments comes to, and money, the most first."""
        return self._spread(lambda one: one.instrument.asset_class, lambda _cash: CASH)

    def by_currency(self) -> Mapping[str, Money]:
        """Return what is in each currency, that of an instrument being the one it is priced in, the most first."""
        return self._spread(lambda one: one.instrument.currency, lambda cash: cash.amount.currency)

    def largest(self) -> list[tuple[Position, float]]:
        """Return the instruments with their shares of all, the largest first."""
        shares = [(one, share) for one in self.positions if (share := self.share(one.base)) is not None]
        return sorted(shares, key=lambda both: (-both[1], both[0].instrument.symbol))

    def as_if_equal(self) -> float | None:
        """Return to how many equal positions the spread of the instruments corresponds: one over the sum of squares.

        Of the shares within the instruments alone (Herfindahl and Hirschman); None without a value.
        """
        values = [one.base.minor for one in self.positions if one.base and one.base.minor > 0]
        whole = sum(values)
        return whole * whole / sum(value * value for value in values) if whole else None

    def _spread(self, of: Callable[[Position], str], of_cash: Callable[[Cash], str]) -> Mapping[str, Money]:
        sums: dict[str, Money] = {}
        parts = [(of(one), one.base) for one in self.positions] + [(of_cash(cash), base) for cash, base in self.cash]
        for key, base in parts:
            if base is not None:
                sums[key] = sums.get(key, Money(0, self.currency)) + base
        return dict(sorted(sums.items(), key=lambda item: (-item[1].minor, item[0])))

    def _sum(self, amounts: Sequence[Money | None]) -> Money:
        return sum((one for one in amounts if one is not None), Money(0, self.currency))


def valued(session: Session, portfolio: Portfolio, on: date) -> Valuation:
    """Return what a portfolio was worth at the end of a day, as traded, at the last prices and rates known then."""
    moves = holdings.moves(session, holdings.account_numbers(session, portfolio), on)
    cash = holdings.cash(session, portfolio, on)
    instruments = holdings.instruments(session, {one.instrument_id for one in moves})
    currencies = {portfolio.currency, *(one.currency for one in instruments.values())}
    currencies |= {one.amount.currency for one in cash}
    rates = prices.rates_until(session, currencies, on)
    lots = gains.followed(moves, METHOD.of(session), lambda amount, day: rates.convert(amount, portfolio.currency, day))
    by_instrument: dict[int, list[Lot]] = {}
    for (_account, number), own in lots.held.items():
        by_instrument.setdefault(number, []).extend(own)
    last = prices.prices_on(session, by_instrument, on)
    positions = []
    for number, own in by_instrument.items():
        quantity = sum((one.quantity for one in own), Decimal(0))
        if not quantity:
            continue
        instrument, price = instruments[number], last.get(number)
        value = worth(quantity, price.price, instrument.currency) if price else None
        positions.append(
            Position(
                instrument,
                quantity,
                own,
                price.price if price else None,
                price.on_date if price else None,
                value,
                rates.convert(value, portfolio.currency, on) if value else None,
                gains.base_of(own, portfolio.currency),
            )
        )
    positions.sort(key=lambda one: (-(one.base.minor if one.base else -1), one.instrument.symbol))
    in_base = [(one, rates.convert(one.amount, portfolio.currency, on)) for one in cash]
    return Valuation(portfolio, on, positions, in_base, lots.sales)
