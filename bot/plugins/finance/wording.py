"""Read what people type of the books, and say what is in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.grammar.entities import Decoded
from bot.grammar.reading import Reading, Writer
from bot.kit import blocks as b
from bot.kit.format import Reader, percent
from bot.plugin import _
from bot.plugins.finance.books import bookings, portfolios
from bot.plugins.finance.books.amounts import decimal
from bot.plugins.finance.books.bookings import Booking, Posting
from bot.plugins.finance.books.instruments import Instrument
from bot.plugins.finance.books.portfolios import Portfolio, PortfolioAccount
from bot.plugins.finance.books.transfers import DECLINED, DONE, WAITING, WITHDRAWN, Transfer
from bot.plugins.finance.nouns import INSTRUMENT, may_see
from storage.crm.customers import Customer
from storage.errors import Conflict, Invalid, Refused
from storage.money import Money, check_currency, exponent
from storage.names import name_key, short
from storage.records import named

_PRICE = re.compile(r"\s*(\S+)(?:\s+([A-Za-z]{3})(?=\s|\Z))?")
HIDDEN = "🔒 What is in it is for advisers, and never in a channel."
KINDS: Mapping[str, str] = {
    bookings.BUY: "Bought",
    bookings.SELL: "Sold",
    bookings.INCOME: "Income",
    bookings.FEE: "Fee",
    bookings.DEPOSIT: "Paid in",
    bookings.DELIVERY: "Delivered",
    bookings.SPLIT: "Split",
    bookings.TRANSFER: "Transfer",
    bookings.EXCHANGE: "Exchanged",
    bookings.REVERSAL: "Reversal",
}
STATES: Mapping[str, str] = {
    WAITING: "waits for a second person",
    DONE: "approved",
    DECLINED: "declined",
    WITHDRAWN: "withdrawn",
}
CLASSES: Mapping[str, str] = {
    "equity": "Equities",
    "bond": "Bonds",
    "fund": "Funds",
    "property": "Property",
    "commodity": "Commodities",
    "crypto": "Crypto",
    "other": "Other",
    "cash": "Cash",
}


@dataclass(frozen=True)
class PriceType:
    """Read a number, and the three letters of a currency where they stand behind it."""

    spaced = True
    lax = False

    def read(self, text: Decoded, writer: Writer) -> Reading[str] | None:
        """Read a word, and a second one that is a currency."""
        found = _PRICE.match(text.mask)
        if found is None:
            return None
        end = found.end(1)
        if found[2] is not None:
            with suppress(Invalid):
                check_currency(found[2])
                end = found.end()
        return Reading(text.text[:end].strip(), end)

    def refusal(self, typed: str) -> Invalid:
        """Return the error for no number at all."""
        return Invalid("{value} is not a number.", value=short(typed.strip()) or "-")


PRICE = PriceType()


def portfolio_called(session: Session, typed: str, *, to_book: bool = False) -> Portfolio:
    """Return the portfolio a person means; raise Conflict for an archived one in which something is to be booked."""
    found = named.resolve(session, Portfolio, typed)
    if to_book and found.archived_at is not None:
        raise Conflict(
            "{name} is archived.",
            name=found.name,
            hint="Bring it back first: `/crm portfolio restore {reference}`.",
            reference=found.reference,
        )
    return found


def account_called(session: Session, portfolio: Portfolio, typed: str | None) -> PortfolioAccount:
    """Return the account in a portfolio that a person means, or the only one; raise Invalid naming all otherwise."""
    there = portfolios.accounts(session, portfolio)
    wanted = name_key(typed or "")
    found = [one for one in there if not wanted or wanted in {name_key(one.name), name_key(one.reference)}]
    if len(found) == 1:
        return found[0]
    raise Invalid(
        "Which account of {name}?",
        field="account",
        hint="It has {accounts}." if there else "It has none: `/crm account add`.",
        name=portfolio.name,
        accounts=", ".join(f"{one.reference} {one.name}" for one in there),
    )


def instrument_called(session: Session, typed: str) -> Instrument:
    """Return the instrument a person means by its symbol, name or reference; raise Conflict for an archived one."""
    found = INSTRUMENT.resolve(session, typed)
    assert isinstance(found, Instrument)
    if found.archived_at is not None:
        raise Conflict("{name} is archived.", name=found.name)
    return found


def looked_at(session: Session, record: Portfolio | Customer, what: str) -> None:
    """Write down that somebody is shown what is in a portfolio, or a customer's risk profile.

    Whatever shows a balance, a holding or a risk calls this first. Raises Refused where they may not see it, and where
    all of a channel would.
    """
    if not may_see(session):
        raise Refused(
            "What is known of {name} is for advisers, and never shown in a channel.",
            name=record.name,
            hint="Leave `share` out, and ask where only you read the answer.",
        )
    portfolios.accessed(session, record, what)


def amount_of(typed: str, currency: str, *, field: str) -> Money:
    """Return a fee or a cost that was typed as a number, with its currency or without, in a currency."""
    minor = decimal(typed, field=field, zero=True, currency=currency).scaleb(exponent(currency))
    if minor != int(minor):
        raise Invalid("{value} has more decimals than {currency} has.", field=field, value=typed, currency=currency)
    return Money(int(minor), currency)


def pair(typed: str) -> tuple[str, str]:
    """Return the two currencies of a pair such as EUR/USD; raise Invalid for anything else."""
    parts = [part for part in typed.replace("/", " ").replace("-", " ").split() if part]
    if len(parts) == 1 and len(parts[0]) == 6:
        parts = [parts[0][:3], parts[0][3:]]
    if len(parts) != 2:
        raise Invalid("Two currencies, please, such as EUR/USD.", field="pair", typed=typed)
    return check_currency(parts[0], field="pair"), check_currency(parts[1], field="pair")


def day_of(args: Args, key: str, reader: Reader) -> date:
    """Return a day that was typed, or today; raise Invalid for one to come."""
    on = args.date(key) or reader.today
    if on > reader.today:
        raise Invalid("This day is still to come.", field=key)
    return on


def many(quantity: Decimal, reader: Reader) -> str:
    """Say how many of an instrument."""
    return reader.number(quantity)


def price(amount: Decimal, currency: str, reader: Reader) -> str:
    """Say a price, with all of its decimals."""
    return f"{reader.number(amount, least=2)} {currency}"


def signed(amount: Money | None, reader: Reader) -> str:
    """Say a gain or a loss with its sign, a dash for one that is unknown."""
    if amount is None:
        return "–"
    return f"+{reader.money(amount)}" if amount.minor > 0 else reader.money(amount)


def share(part: float | None, reader: Reader) -> str:
    """Say which part of all something is, a dash where that is unknown."""
    return "–" if part is None else percent(part, reader.locale)


def asset_class(name: str) -> str:
    """Name a class of instruments, or money."""
    return _(CLASSES[name])


def moved(found: Posting, instruments: Mapping[int, Instrument], reader: Reader) -> str:
    """Say what an account got or gave in a posting."""
    if found.currency is not None:
        return signed(Money(found.amount_minor or 0, found.currency), reader)
    quantity = found.quantity or Decimal(0)
    symbol = instruments[found.instrument_id or 0].symbol
    return f"{'+' if quantity > 0 else ''}{many(quantity, reader)} {symbol}"


def called(booking: Booking | Transfer) -> str:
    """Return what people call a booking or a transfer."""
    return f"#{booking.id}"


def read_number(typed: str, *, field: str) -> int:
    """Return the number of a booking or a transfer, as `#12` or `12`; raise Invalid for anything else."""
    digits = typed.strip().removeprefix("#")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
        raise Invalid(
            "{value} is no number of one.", field=field, value=short(typed.strip()) or "-", hint="Such as `12`."
        )
    return int(digits)


def lock() -> b.Text:
    """Say that something is not shown here."""
    return _(HIDDEN)
