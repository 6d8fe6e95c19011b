"""Answer what is typed of trades that are to be judged before they are booked."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.grammar.types import FLAG
from bot.kit import blocks as b
from bot.kit.format import Reader
from bot.kit.replies import Message
from bot.plugin import Member, _
from bot.plugins.finance import plugin
from bot.plugins.finance.books import portfolios, prices
from bot.plugins.finance.books.amounts import decimal
from bot.plugins.finance.books.instruments import Instrument
from bot.plugins.finance.books.portfolios import PortfolioAccount
from bot.plugins.finance.books.trades import Trade
from bot.plugins.finance.cards import booked
from bot.plugins.finance.nouns import ADVISER
from bot.plugins.finance.risk.suitability import checks, judging, notices
from bot.plugins.finance.risk.suitability.cards import CHECKER, check_card, listed
from bot.plugins.finance.risk.suitability.judgement import Basis
from bot.plugins.finance.wording import (
    PRICE,
    account_called,
    amount_of,
    instrument_called,
    portfolio_called,
    read_number,
)
from storage.errors import Invalid


@plugin.command(
    "risk check",
    usage="<portfolio> <instrument> [buy:10] [sell:10] [price:42.50] [fee:9.90] [account:AC-1] [wish:yes]",
    role=ADVISER,
    example="PF-1 NWR buy:10 price:42.50",
    price=PRICE,
    fee=PRICE,
    wish=FLAG,
)
def check(args: Args, session: Session, actor: Member, reader: Reader) -> Message:
    """Judge a trade before it is booked; what the client wishes for is warned of, what we advise is blocked."""
    portfolio = portfolio_called(session, args["portfolio"], to_book=True)
    side, many = ("buy", args.get("buy")) if "buy" in args else ("sell", args.get("sell"))
    if ("buy" in args) == ("sell" in args) or many is None:
        raise Invalid("How many are bought, or sold?", field="buy", hint="Write `buy:10` or `sell:10`.")
    return proposed(
        session,
        account_called(session, portfolio, args.get("account")),
        args["instrument"],
        side=side,
        many=many,
        price=args.get("price"),
        fee=args.get("fee"),
        basis=Basis.WISH if "wish" in args and args.flag("wish") else Basis.ADVISED,
        actor=actor,
        reader=reader,
    )


def proposed(
    session: Session,
    account: PortfolioAccount,
    instrument: str,
    *,
    side: str,
    many: str,
    price: str | None,
    fee: str | None,
    basis: Basis,
    actor: Member,
    reader: Reader,
) -> Message:
    """Judge a trade, at the last price where none is named, and show what came of it; a checker is asked if need be."""
    of = instrument_called(session, instrument)
    quantity = decimal(many, field=side)
    trade = Trade(
        account,
        of,
        quantity if side == "buy" else -quantity,
        decimal(price, field="price", currency=of.currency) if price else _last_price(session, of, reader.today),
        amount_of(fee or "0", of.currency, field="fee"),
        reader.today,
    )
    made = judging.propose(session, trade, basis, actor.id)
    notice = notices.ask(session, made, actor) if made.state == checks.BLOCKED else None
    return check_card(session, made, reader, actor, notice=notice)


def _last_price(session: Session, instrument: Instrument, today: date) -> Decimal:
    found = prices.prices_on(session, [instrument.id], today).get(instrument.id)
    if found is None:
        raise Invalid("{name} has no price yet, so name one.", field="price", name=instrument.name)
    return found.price


@plugin.command("risk waiting", role=ADVISER)
def waiting(session: Session, reader: Reader) -> Message:
    """List the blocked trades that somebody must decide on, the oldest first."""
    title = b.markup("*{title}*", title=_("Trades that do not suit, and wait for a decision"))
    return listed(session, checks.waiting(session, checks.MOST_WAITING), reader, title, _("None. Nobody waits."))


@plugin.command("risk book", usage="<check>", role=ADVISER, example="3")
def book(args: Args, session: Session, reader: Reader) -> Message:
    """Book a trade that was judged and may be booked."""
    return book_it(session, read_number(args["check"], field="check"), reader)


def book_it(session: Session, number: int, reader: Reader) -> Message:
    """Book a judged trade and say what there is now."""
    done, booking = judging.book(session, number, reader.today)
    portfolio = portfolios.get(session, done.portfolio_id)
    return booked(session, booking, portfolio, reader, b.markup(_("Check {number} is booked."), number=done.id))


@plugin.command("risk release", usage="<check> <reason>", role=CHECKER, example="3 owns two houses")
def release(args: Args, session: Session, actor: Member, reader: Reader) -> Message:
    """Let a trade pass that somebody else proposed and that does not suit, for a reason that stays on record."""
    return decided(session, read_number(args["check"], field="check"), actor, reader, args["reason"], release=True)


@plugin.command("risk decline", usage="<check> <reason>", role=CHECKER, example="3 too much in one share")
def decline(args: Args, session: Session, actor: Member, reader: Reader) -> Message:
    """Say no to a trade that somebody else proposed and that does not suit, for a reason that stays on record."""
    return decided(session, read_number(args["check"], field="check"), actor, reader, args["reason"], release=False)


def decided(session: Session, number: int, actor: Member, reader: Reader, reason: str, *, release: bool) -> Message:
    """Decide on a blocked trade, and tell who proposed it."""
    done = checks.decide(session, number, actor.id, reason, release=release)
    notices.tell(session, done)
    return check_card(session, done, reader, actor, notice=_("Released.") if release else _("Declined."))


@plugin.command("risk withdraw", usage="<check>", role=ADVISER, example="3")
def withdraw(args: Args, session: Session, actor: Member, reader: Reader) -> Message:
    """Take back a trade that you proposed and that is not booked."""
    done = checks.withdraw(session, read_number(args["check"], field="check"), actor.id)
    return check_card(session, done, reader, actor, notice=_("Withdrawn."))


@plugin.action("risk_look", role=ADVISER)
def look(control: b.Control, session: Session, actor: Member, reader: Reader) -> Message:
    """Show the judged trade beside the button."""
    return check_card(session, checks.get(session, control.number), reader, actor)


@plugin.action("risk_book", role=ADVISER)
def book_this(control: b.Control, session: Session, reader: Reader) -> Message:
    """Book the judged trade."""
    return book_it(session, control.number, reader)


@plugin.action("risk_withdraw", role=ADVISER)
def withdraw_this(control: b.Control, session: Session, actor: Member, reader: Reader) -> Message:
    """Take the judged trade back."""
    done = checks.withdraw(session, control.number, actor.id)
    return check_card(session, done, reader, actor, notice=_("Withdrawn."))
