"""Answer what is typed, and what programs send, of prices and rates of exchange."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
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
from bot.plugins.finance.books.instruments import Instrument
from bot.plugins.finance.nouns import ADVISER
from bot.plugins.finance.wording import day_of, instrument_called, pair, price
from storage.errors import CrmError, Invalid
from storage.money import is_currency

PAST = DayType(past=True)
SHOWN = 20
MOST = 2_000
"""As many prices are taken at once."""


@plugin.command(
    "price set", usage="<instrument> price:42.50 [on:yesterday]", role=ADVISER, example="NWR price:42.50", on=PAST
)
def set_price(args: Args, session: Session, reader: Reader) -> Message:
    """Say what one of an instrument cost at the end of a day, in its currency."""
    instrument = instrument_called(session, args["instrument"])
    amount = decimal(args["price"], field="price", least=Decimal(-1))
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
    rows: list[tuple[int, date, Decimal]] = []
    rates: list[tuple[str, str, date, Decimal]] = []
    for number, line in enumerate(filter(str.strip, values["lines"].splitlines()), start=1):
        parts = line.replace(";", " ").replace("\t", " ").split()
        try:
            _read(session, parts, reader.today, rows, rates)
        except CrmError as error:
            said = "Line {number}: {what}"
            raise Invalid(said, number=number, what=str(error), field="lines", typed=line) from None
    count = prices.take_prices(session, rows) + prices.take_rates(session, rates)
    said = b.markup(_("{count} prices and rates are taken in."), count=str(count))
    return Message(said, [b.section(said)])


@plugin.route("POST", "prices", noun="instrument", role=ADVISER)
def take(body: Mapping[str, Any], session: Session, now: Any) -> dict[str, Any]:
    """Take in prices and rates: `prices` is a list of objects with symbol, or pair, price and on (a day)."""
    given = body.get("prices")
    if not isinstance(given, list) or len(given) > MOST:
        raise Invalid("`prices` is a list of up to {most}.", field="prices", most=MOST)
    rows: list[tuple[int, date, Decimal]] = []
    rates: list[tuple[str, str, date, Decimal]] = []
    for one in given:
        if not isinstance(one, dict):
            raise Invalid("A price is an object.", field="prices")
        parts = [str(one.get(key, "")).strip() for key in ("symbol", "price", "on")]
        _read(session, [parts[0] or str(one.get("pair", "")), *filter(None, parts[1:])], now.date(), rows, rates)
    return {"taken": prices.take_prices(session, rows) + prices.take_rates(session, rates)}


def _read(
    session: Session,
    parts: list[str],
    today: date,
    rows: list[tuple[int, date, Decimal]],
    rates: list[tuple[str, str, date, Decimal]],
) -> None:
    """Read a line of two or three words into a price or a rate; raise CrmError for anything else."""
    if len(parts) not in {2, 3}:
        raise Invalid("A symbol, a price and a day, please.")
    try:
        on = date.fromisoformat(parts[2]) if len(parts) == 3 else today
    except ValueError:
        raise Invalid("{day} is no day such as 2026-11-30.", day=parts[2]) from None
    if on > today:
        raise Invalid("This day is still to come.")
    currency, sep, other = parts[0].upper().partition("/")
    if sep and is_currency(currency) and is_currency(other):
        rates.append((*pair(parts[0]), on, decimal(parts[1], field="rate")))
        return
    instrument: Instrument = instrument_called(session, parts[0])
    rows.append((instrument.id, on, decimal(parts[1], field="price", least=Decimal(-1))))
