"""Answer what is typed, and what programs send, of prices and rates of exchange."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.grammar.types import DayType
from bot.kit import blocks as b
from bot.kit.cards import headline
from bot.kit.format import Reader, paragraphs
from bot.kit.replies import Message, Modal
from bot.plugin import Role, _
from bot.plugins.finance import plugin
from bot.plugins.finance.books import prices
from bot.plugins.finance.books.amounts import decimal
from bot.plugins.finance.books.instruments import by_symbol, symbol_key
from bot.plugins.finance.nouns import ADVISER
from bot.plugins.finance.wording import PRICE, day_of, instrument_called, pair, price
from storage.errors import CrmError, Invalid
from storage.money import is_currency

PAST = DayType(past=True)
SHOWN = 20
MOST = 2_000
"""As many prices are taken at once."""


@plugin.command(
    "price set",
    usage="<instrument> price:42.50 [on:yesterday]",
    role=ADVISER,
    example="NWR price:42.50",
    price=PRICE,
    on=PAST,
)
def set_price(args: Args, session: Session, reader: Reader) -> Message:
    """Say what one of an instrument cost at the end of a day, in its currency."""
    instrument = instrument_called(session, args["instrument"])
    amount = decimal(args["price"], field="price", zero=True, currency=instrument.currency)
    on = day_of(args, "on", reader)
    prices.set_price(session, instrument, on, amount)
    said = b.markup(_("{instrument}: {price} on {day}."), instrument=headline(instrument),
                    price=price(amount, instrument.currency, reader), day=reader.day(on))  # fmt: skip
    return Message(said, [b.section(said), b.context(_("`/crm undo` takes this back."))])


@plugin.command("price list", usage="<instrument>", role=Role.VIEWER, example="NWR")
def list_prices(args: Args, session: Session, reader: Reader) -> Message:
    """Show the last prices of an instrument."""
    instrument = instrument_called(session, args["instrument"])
    found = prices.prices_of(session, instrument, SHOWN)
    title = b.markup(_("Prices of {instrument}"), instrument=headline(instrument))
    lines = [
        b.markup("• {day} · {price}", day=reader.day(one.on_date), price=price(one.price, instrument.currency, reader))
        for one in found
    ]
    add = b.markup(_("There are none. Set one: `/crm price set {symbol} price:42.50`"), symbol=instrument.symbol)
    return Message(title, [b.section(title), *(paragraphs(lines) or [b.section(add)])])


@plugin.command(
    "price rate", usage="[pair] [rate:1.08] [on:yesterday]", role=ADVISER, example="EUR/USD rate:1.08", on=PAST
)
def rate(args: Args, session: Session, reader: Reader) -> Message:
    """Say how much of a second currency one unit of the first was worth; alone, show the rates there are."""
    if "pair" not in args:
        lines = [
            b.markup(
                "• {pair} · {rate} · {day}",
                pair=f"{one.currency}/{one.other}",
                rate=reader.number(one.rate),
                day=reader.day(one.on_date),
            )
            for one in prices.rates_of(session, SHOWN)
        ]
        none = b.section(_("There are no rates. Set one: `/crm price rate EUR/USD rate:1.08`"))
        return Message(_("Rates of exchange"), paragraphs(lines) or [none])
    currency, other = pair(args["pair"])
    value, on = decimal(args["rate"], field="rate"), day_of(args, "on", reader)
    prices.set_rate(session, currency, other, on, value)
    said = b.markup(_("One {currency} was {rate} {other} on {day}."), currency=currency, other=other,
                    rate=reader.number(value), day=reader.day(on))  # fmt: skip
    return Message(said, [b.section(said), b.context(_("`/crm undo` takes this back."))])


@plugin.view("paste", title="Prices", role=ADVISER)
def paste(reader: Reader) -> Modal:
    """Ask for many prices and rates."""
    hint = _("A line each: a symbol or two currencies, a price or rate, and a day as 2026-11-30 or none for today.")
    lines = b.text_input("lines", _("Prices"), multiline=True, placeholder="NWR 42.50\nEUR/USD 1.08", hint=hint)
    return Modal(_("Prices"), [lines], submit=_("Take in"))


plugin.opens("price paste", paste)


@paste.submit
def pasted(values: Mapping[str, str], session: Session, reader: Reader) -> Message:
    """Take in the lines, all of them or none."""
    lines = [line.replace(";", " ").split() for line in values["lines"].splitlines()]
    count = _taken(session, [line for line in lines if line], reader.today, field="lines")
    said = b.markup(_("{count} prices and rates are taken in."), count=str(count))
    return Message(said, [b.section(said)])


@plugin.route("POST", "prices", noun="instrument", role=ADVISER)
def take(body: Mapping[str, Any], session: Session, now: datetime) -> dict[str, Any]:
    """Take in prices and rates: `prices` is a list of objects with symbol, or pair, price and on (a day)."""
    given = body.get("prices")
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise Invalid("`prices` is a list of objects.", field="prices")
    lines = [
        [str(one.get(key) or "").strip() for key in ("symbol", "pair", "price", "on") if one.get(key)] for one in given
    ]
    return {"taken": _taken(session, lines, now.date(), field="prices")}


def _taken(session: Session, lines: Sequence[Sequence[str]], today: date, *, field: str) -> int:
    """Take in lines of a symbol or a pair, a price or a rate, and a day or none for today; return how many.

    Raises Invalid naming the first line that is something else, before any is taken in.
    """
    if len(lines) > MOST:
        raise Invalid("Up to {most} at once, please.", most=MOST, field=field)
    known = by_symbol(session, [line[0] for line in lines if line])
    costs: list[tuple[int, date, Decimal]] = []
    rates: list[tuple[str, str, date, Decimal]] = []
    for number, line in enumerate(lines, start=1):
        try:
            if len(line) not in {2, 3}:
                raise Invalid("A symbol, a price and a day, please.")
            on = _day(line[2], today) if len(line) == 3 else today
            currency, _sep, other = line[0].upper().partition("/")
            if is_currency(currency) and is_currency(other):
                rates.append((currency, other, on, decimal(line[1], field="rate")))
            else:
                instrument = known.get(symbol_key(line[0])) or instrument_called(session, line[0])
                costs.append((instrument.id, on, decimal(line[1], field="price", zero=True)))
        except CrmError as error:
            raise Invalid("Line {number}: {what}", number=number, what=str(error), field=field) from None
    return prices.take_prices(session, costs) + prices.take_rates(session, rates)


def _day(typed: str, today: date) -> date:
    try:
        on = date.fromisoformat(typed)
    except ValueError:
        raise Invalid("{day} is no day such as 2026-11-30.", day=typed) from None
    if on > today:
        raise Invalid("This day is still to come.")
    return on
