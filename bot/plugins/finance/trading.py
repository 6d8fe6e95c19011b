"""Answer what is booked in portfolios: what is bought, sold, paid in, earned, charged, exchanged, brought or split."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.grammar.types import AMOUNT, DAY, DayType
from bot.kit import blocks as b
from bot.kit.format import Reader
from bot.kit.replies import Message
from bot.plugin import _, ngettext
from bot.plugins.finance import plugin
from bot.plugins.finance.books import journal, portfolios, trades
from bot.plugins.finance.books.amounts import decimal
from bot.plugins.finance.books.portfolios import Portfolio, PortfolioAccount
from bot.plugins.finance.books.trades import Trade
from bot.plugins.finance.cards import booked
from bot.plugins.finance.nouns import ADVISER
from bot.plugins.finance.wording import (
    PRICE,
    account_called,
    amount_of,
    called,
    day_of,
    instrument_called,
    looked_at,
    portfolio_called,
    read_number,
)
from storage.errors import Invalid
from storage.money import Money

PAST = DayType(past=True)
TRADE = (
    "<portfolio> <instrument> quantity:10 price:42.50 [fee:9.90] [settles:friday]"
    ' [on:yesterday] [account:AC-1] [words:"as agreed"]'
)


@plugin.command(
    "trade buy",
    usage=TRADE,
    role=ADVISER,
    example="PF-1 NWR quantity:10 price:42.50 fee:9.90",
    price=PRICE,
    fee=PRICE,
    on=PAST,
    settles=DAY,
)
def buy(args: Args, session: Session, reader: Reader) -> Message:
    """Book that an instrument was bought, at a price in its currency."""
    return _trade(args, session, reader, 1)


@plugin.command(
    "trade sell",
    usage=TRADE,
    role=ADVISER,
    example="PF-1 NWR quantity:5 price:45",
    price=PRICE,
    fee=PRICE,
    on=PAST,
    settles=DAY,
)
def sell(args: Args, session: Session, reader: Reader) -> Message:
    """Book that an instrument was sold, at a price in its currency."""
    return _trade(args, session, reader, -1)


@plugin.command(
    "trade deposit",
    usage="<portfolio> amount:10k [on:yesterday] [account:AC-1] [words]",
    role=ADVISER,
    example="PF-1 amount:10k",
    amount=AMOUNT,
    on=PAST,
)
def deposit(args: Args, session: Session, reader: Reader) -> Message:
    """Book money that the customer paid in."""
    portfolio, account, on = _where(args, session, reader)
    booking = trades.deposit(session, account, _amount(args, "amount"), on, words=args.get("words"))
    return booked(session, booking, portfolio, reader, _("Booked."))


@plugin.command(
    "trade income",
    usage="<portfolio> <instrument> amount:120 [tax:30] [on:yesterday] [account:AC-1] [words:dividend]",
    role=ADVISER,
    example="PF-1 NWR amount:120 tax:30",
    amount=AMOUNT,
    tax=PRICE,
    on=PAST,
)
def income(args: Args, session: Session, reader: Reader) -> Message:
    """Book a dividend or interest of an instrument before tax, and the tax that was kept of it."""
    portfolio, account, on = _where(args, session, reader)
    amount = _amount(args, "amount")
    booking = trades.income(
        session,
        account,
        amount,
        on,
        tax=amount_of(args["tax"], amount.currency, field="tax") if "tax" in args else None,
        instrument=instrument_called(session, args["instrument"]),
        words=args.get("words"),
    )
    return booked(session, booking, portfolio, reader, _("Booked."))


@plugin.command(
    "trade fee",
    usage="<portfolio> amount:25 [on:yesterday] [account:AC-1] [words]",
    role=ADVISER,
    example="PF-1 amount:25 custody, first quarter",
    amount=AMOUNT,
    on=PAST,
)
def fee(args: Args, session: Session, reader: Reader) -> Message:
    """Book a fee that belongs to no trade."""
    portfolio, account, on = _where(args, session, reader)
    booking = trades.fee(session, account, _amount(args, "amount"), on, words=args.get("words"))
    return booked(session, booking, portfolio, reader, _("Booked."))


@plugin.command(
    "trade exchange",
    usage='<portfolio> amount:"1000 EUR" into:"1080 USD" [on:yesterday] [account:AC-1] [words]',
    role=ADVISER,
    example='PF-1 amount:"1000 EUR" into:"1080 USD"',
    amount=AMOUNT,
    on=PAST,
    into=AMOUNT,
)
def exchange(args: Args, session: Session, reader: Reader) -> Message:
    """Book money of one currency that became money of another."""
    portfolio, account, on = _where(args, session, reader)
    out, into = _amount(args, "amount"), _amount(args, "into")
    booking = trades.exchange(session, account, out, into, on, words=args.get("words"))
    return booked(session, booking, portfolio, reader, _("Booked."))


@plugin.command(
    "trade deliver",
    usage="<portfolio> <instrument> quantity:10 cost:400 [since:2020-05-04]"
    " [on:yesterday] [account:AC-1] [words:brought]",
    role=ADVISER,
    example="PF-1 NWR quantity:10 cost:400 since:2020-05-04",
    on=PAST,
    since=PAST,
)
def deliver(args: Args, session: Session, reader: Reader) -> Message:
    """Book what a customer brought along from elsewhere, with what all of it had cost and since when it is theirs."""
    portfolio, account, on = _where(args, session, reader)
    instrument = instrument_called(session, args["instrument"])
    booking = trades.deliver(
        session,
        account,
        instrument,
        decimal(args["quantity"], field="quantity"),
        amount_of(args["cost"], instrument.currency, field="cost"),
        on,
        since=args.date("since"),
        words=args.get("words"),
    )
    return booked(session, booking, portfolio, reader, _("Booked."))


@plugin.command(
    "trade split", usage="<instrument> ratio:2:1 [on:yesterday]", role=ADVISER, example="NWR ratio:2:1", on=PAST
)
def split(args: Args, session: Session, reader: Reader) -> Message:
    """Book a split: so many new ones for so many old ones, in every portfolio that holds the instrument."""
    instrument = instrument_called(session, args["instrument"])
    new, _sep, old = args["ratio"].partition(":")
    if not all(one.isascii() and one.isdigit() and len(one) < 7 for one in (new, old)):
        raise Invalid("A split is such as 2:1 or 1:10.", field="ratio", typed=args["ratio"])
    made = trades.split(session, instrument, int(new), int(old), day_of(args, "on", reader))
    for number in {one.portfolio_id for one in made}:
        looked_at(session, portfolios.get(session, number), "split")
    said = b.markup(
        ngettext(
            "{symbol} is split {new}:{old} in {count} account. Set its price of today: `/crm price set {symbol}`",
            "{symbol} is split {new}:{old} in {count} accounts. Set its price of today: `/crm price set {symbol}`",
            len(made),
        ),
        symbol=instrument.symbol,
        new=new,
        old=old,
        count=str(len(made)),
    )
    return Message(said, [b.section(said)])


@plugin.command("trade reverse", usage="<booking> [words]", role=ADVISER, example="12 typed twice")
def reverse(args: Args, session: Session, reader: Reader) -> Message:
    """Reverse a booking, so that all is as if it had not been; both stay in the journal."""
    return _reversed(session, read_number(args["booking"], field="booking"), reader, args.get("words"))


@plugin.action("reverse", role=ADVISER)
def reverse_it(control: b.Control, session: Session, reader: Reader) -> Message:
    """Reverse the booking beside the button."""
    return _reversed(session, control.number, reader, None)


def _reversed(session: Session, number: int, reader: Reader, words: str | None) -> Message:
    booking = journal.get(session, number)
    portfolio = portfolios.get(session, booking.portfolio_id)
    looked_at(session, portfolio, "booking")
    back = journal.reverse(session, booking, words)
    notice = b.markup(_("Booking {number} is reversed. Book what is right anew."), number=called(booking))
    return booked(session, back, portfolio, reader, notice)


def _where(args: Args, session: Session, reader: Reader) -> tuple[Portfolio, PortfolioAccount, date]:
    portfolio = portfolio_called(session, args["portfolio"], to_book=True)
    looked_at(session, portfolio, "booking")
    return portfolio, account_called(session, portfolio, args.get("account")), day_of(args, "on", reader)


def _amount(args: Args, key: str) -> Money:
    amount = args.amount(key)
    assert amount is not None, "the usage line says that it is there"
    return amount


def _trade(args: Args, session: Session, reader: Reader, sign: int) -> Message:
    portfolio, account, on = _where(args, session, reader)
    instrument = instrument_called(session, args["instrument"])
    wanted = Trade(
        account,
        instrument,
        sign * decimal(args["quantity"], field="quantity"),
        decimal(args["price"], field="price", currency=instrument.currency),
        amount_of(args.get("fee") or "0", instrument.currency, field="fee"),
        on,
        args.date("settles"),
        args.get("words"),
    )
    return booked(session, trades.trade(session, wanted), portfolio, reader, _("Booked."))
