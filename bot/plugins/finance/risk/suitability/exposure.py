"""Say what a portfolio is worth by instrument and currency, before a trade and after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from bot.plugins.finance.books import prices, valuation
from bot.plugins.finance.books.amounts import worth
from bot.plugins.finance.books.instruments import CASH
from bot.plugins.finance.books.portfolios import Portfolio
from bot.plugins.finance.books.trades import Trade
from bot.plugins.finance.risk.suitability.judgement import HeldValue
from storage.money import Money


@dataclass(frozen=True, slots=True)
class Exposure:
    """Hold what a portfolio is worth by instrument and currency before and after a trade.

    `bought` is what the trade buys, None for a sale; `unknown` names what has no price or no rate, and is not counted.
    """

    before: Sequence[HeldValue]
    after: Sequence[HeldValue]
    bought: HeldValue | None
    unknown: Sequence[str]


def of_trade(session: Session, portfolio: Portfolio, trade: Trade, today: date) -> Exposure:
    """Return what a portfolio is worth before and after a trade: at the last prices, what is traded at the trade's."""
    known = valuation.valued(session, portfolio, today)
    instrument, base = trade.instrument, portfolio.currency
    before_cash = {cash.amount.currency: cash.amount for cash, _base in known.cash}
    held = {one.instrument.id: one for one in known.positions}
    currencies = {base, instrument.currency, *before_cash}
    rates = prices.rates_until(session, currencies, today)
    had = held[instrument.id].quantity if instrument.id in held else Decimal(0)
    unknown = [name for name in known.unknown if name != instrument.symbol]

    def in_base(amount: Money) -> int | None:
        found = rates.convert(amount, base, today)
        return found.minor if found else None

    def traded(quantity: Decimal) -> HeldValue:
        value = in_base(worth(abs(quantity), trade.price, instrument.currency))
        if value is None and instrument.symbol not in unknown:
            unknown.append(instrument.symbol)
        return HeldValue(str(instrument.id), instrument.name, instrument.asset_class, value or 0)

    def money(amounts: Mapping[str, Money]) -> list[HeldValue]:
        values = [(currency, in_base(amount)) for currency, amount in amounts.items()]
        unknown.extend(one for one, value in values if value is None and one not in unknown)
        return [HeldValue(f"{CASH}:{currency}", currency, CASH, value or 0) for currency, value in values]

    rest = [
        HeldValue(str(one.instrument.id), one.instrument.name, one.instrument.asset_class, one.base.minor)
        for one in known.positions
        if one.base is not None and one.instrument.id != instrument.id
    ]
    paid = trade.amount + trade.fee if trade.quantity > 0 else trade.fee - trade.amount
    nothing = Money(0, instrument.currency)
    after_cash = {**before_cash, instrument.currency: before_cash.get(instrument.currency, nothing) - paid}
    return Exposure(
        before=[*rest, traded(had), *money(before_cash)],
        after=[*rest, traded(had + trade.quantity), *money(after_cash)],
        bought=traded(trade.quantity) if trade.quantity > 0 else None,
        unknown=unknown,
    )
