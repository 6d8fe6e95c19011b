"""Ask in forms what is to be bought or sold, and what is to leave a portfolio."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.grammar import parse_amount
from bot.kit import blocks as b
from bot.kit.cards import headline
from bot.kit.format import Reader
from bot.kit.replies import Message, Modal, Options
from bot.plugin import Member, _
from bot.plugins.finance import plugin
from bot.plugins.finance.books import portfolios, trades, transfers
from bot.plugins.finance.books.amounts import decimal
from bot.plugins.finance.books.instruments import Instrument
from bot.plugins.finance.books.portfolios import Portfolio
from bot.plugins.finance.books.trades import Trade
from bot.plugins.finance.cards import booked
from bot.plugins.finance.moving import asked, goal
from bot.plugins.finance.nouns import ADVISER
from bot.plugins.finance.wording import account_called, amount_of, instrument_called, looked_at, portfolio_called
from storage.errors import Invalid
from storage.records import lifecycle, search

OFFERED = 20
BUY, SELL = "buy", "sell"


@plugin.options("instrument", role=ADVISER)
def pick(query: str, session: Session) -> Options:
    """Offer the instruments that are like what was typed so far, before that by their names."""
    if query.strip():
        hits = search.find(session, query, nouns=[Instrument.__noun__], limit=OFFERED)
        return Options([b.record_option(hit.name, hit.reference) for hit in hits])
    return Options([b.record_option(one.name, one.reference) for one in lifecycle.list_of(session, Instrument)])


@plugin.view("trade", title="Buy or sell", role=ADVISER)
def trade(control: b.Control, session: Session, reader: Reader) -> Modal:
    """Ask what is bought or sold in the card's portfolio."""
    portfolio = portfolio_called(session, control.record, to_book=True)
    sides = [b.Option(_("Buy"), BUY), b.Option(_("Sell"), SELL)]
    fields = [
        b.section(headline(portfolio)),
        b.choice_input("side", _("What"), sides, initial=BUY),
        b.search_input("instrument", _("Instrument"), plugin.id("instrument")),
        b.text_input("quantity", _("Quantity"), placeholder="10", max_length=30),
        b.text_input("price", _("Price of one"), placeholder="42.50", max_length=30),
        b.text_input("fee", _("Fee"), placeholder="9.90", optional=True, max_length=30),
        b.date_input("on", _("Traded on"), initial=reader.today),
        b.date_input("settles", _("Settles on"), optional=True),
        *_account(session, portfolio),
        b.text_input("words", _("Note"), optional=True),
    ]
    return Modal(_("Buy or sell"), fields, submit=_("Book"), state={"portfolio": portfolio.reference})


@trade.submit
def traded(values: Mapping[str, Any], state: Mapping[str, str], session: Session, reader: Reader) -> Message:
    """Book what was bought or sold."""
    portfolio = portfolio_called(session, state.get("portfolio", ""), to_book=True)
    looked_at(session, portfolio, "booking")
    instrument = instrument_called(session, str(values["instrument"] or ""))
    quantity = decimal(str(values["quantity"]), field="quantity")
    wanted = Trade(
        account_called(session, portfolio, values.get("account")),
        instrument,
        quantity if values["side"] == BUY else -quantity,
        decimal(str(values["price"]), field="price", currency=instrument.currency),
        amount_of(values["fee"] or "0", instrument.currency, field="fee"),
        _day(values["on"], reader),
        date.fromisoformat(values["settles"]) if values["settles"] else None,
        values["words"],
    )
    return booked(session, trades.trade(session, wanted), portfolio, reader, _("Booked."))


plugin.button_opens("trade", trade)


@plugin.view("transfer", title="Transfer", role=ADVISER)
def transfer(control: b.Control, session: Session, reader: Reader) -> Modal:
    """Ask how much is to leave the card's portfolio, and where it is to go."""
    portfolio = portfolio_called(session, control.record, to_book=True)
    fields = [
        b.section(headline(portfolio)),
        b.text_input("amount", _("Amount"), placeholder=f"500 {portfolio.currency}", max_length=40),
        b.text_input("to", _("To which portfolio or account here"), placeholder="PF-2", optional=True, max_length=200),
        b.text_input("outside", _("Or to which account outside"), placeholder="DE02 1203 …", optional=True,
                     max_length=200),
        b.date_input("on", _("For"), initial=reader.today),
        *_account(session, portfolio),
        b.text_input("words", _("Note"), optional=True),
        b.context(_("A second person must agree before it is booked.")),
    ]  # fmt: skip
    return Modal(_("Transfer"), fields, submit=_("Ask for it"), state={"portfolio": portfolio.reference})


@transfer.submit
def transferred(
    values: Mapping[str, Any],
    state: Mapping[str, str],
    session: Session,
    actor: Member,
    reader: Reader,
) -> Message:
    """Let the transfer wait for a second person."""
    portfolio = portfolio_called(session, state.get("portfolio", ""), to_book=True)
    looked_at(session, portfolio, "transfer")
    account = account_called(session, portfolio, values.get("account"))
    amount = parse_amount(str(values["amount"]), currency=portfolio.currency, locale=reader.locale)
    to = goal(session, values["to"] or None, values["outside"] or None)
    made = transfers.ask(session, account, amount, to, _day(values["on"], reader), words=values["words"])
    return asked(session, made, actor, reader)


plugin.button_opens("transfer", transfer)


def _account(session: Session, portfolio: Portfolio) -> list[Block]:
    there = portfolios.accounts(session, portfolio)
    if len(there) < 2:
        return []
    options = [b.record_option(one.name, one.reference) for one in there]
    return [b.choice_input("account", _("Account"), options, initial=there[0].reference)]


def _day(typed: Any, reader: Reader) -> date:
    try:
        on = date.fromisoformat(str(typed))
    except ValueError:
        raise Invalid("Choose a day.", field="on") from None
    if on > reader.today:
        raise Invalid("This day is still to come.", field="on")
    return on
