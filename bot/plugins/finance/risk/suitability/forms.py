"""Ask in forms which trade is to be judged, and why one is released or declined."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from bot.kit import blocks as b
from bot.kit.cards import headline
from bot.kit.format import Reader
from bot.kit.replies import Message, Modal
from bot.plugin import Member, _
from bot.plugins.finance import plugin
from bot.plugins.finance.books import portfolios
from bot.plugins.finance.forms import BUY, SELL
from bot.plugins.finance.nouns import ADVISER
from bot.plugins.finance.risk.suitability import checks
from bot.plugins.finance.risk.suitability.cards import CHECKER, what
from bot.plugins.finance.risk.suitability.checks import REASON_LIMIT
from bot.plugins.finance.risk.suitability.commands import decided, proposed
from bot.plugins.finance.risk.suitability.judgement import Basis
from bot.plugins.finance.risk.suitability.wording import said
from bot.plugins.finance.wording import account_called, looked_at, portfolio_called


@plugin.view("risk_check", title="Judge a trade", role=ADVISER)
def check(control: b.Control, session: Session) -> Modal:
    """Ask what is to be bought or sold in the card's portfolio, and on whose initiative."""
    portfolio = portfolio_called(session, control.record, to_book=True)
    there = portfolios.accounts(session, portfolio)
    accounts = [b.record_option(one.name, one.reference) for one in there]
    bases = [b.Option(_("We advise it"), Basis.ADVISED), b.Option(_("The client wishes for it"), Basis.WISH)]
    fields = [
        b.section(headline(portfolio)),
        b.choice_input("side", _("What"), [b.Option(_("Buy"), BUY), b.Option(_("Sell"), SELL)], initial=BUY),
        b.search_input("instrument", _("Instrument"), plugin.id("instrument")),
        b.text_input("many", _("Quantity"), placeholder="10", max_length=30),
        b.text_input("price", _("Price of one"), optional=True, max_length=30, hint=_("The last price, if left out.")),
        b.text_input("fee", _("Fee"), optional=True, max_length=30),
        b.choice_input("basis", _("On whose initiative"), bases, initial=Basis.ADVISED),
        *([b.choice_input("account", _("Account"), accounts)] if len(accounts) > 1 else []),
    ]
    return Modal(_("Judge a trade"), fields, submit=_("Judge"), state={"portfolio": portfolio.reference})


@check.submit
def judged(
    values: Mapping[str, Any], state: Mapping[str, str], session: Session, actor: Member, reader: Reader
) -> Message:
    """Judge it, and show what came of that."""
    portfolio = portfolio_called(session, state.get("portfolio", ""), to_book=True)
    return proposed(
        session,
        account_called(session, portfolio, values.get("account")),
        str(values["instrument"] or ""),
        side=SELL if values["side"] == SELL else BUY,
        many=str(values["many"] or ""),
        price=values["price"],
        fee=values["fee"],
        basis=Basis.WISH if values["basis"] == Basis.WISH else Basis.ADVISED,
        actor=actor,
        reader=reader,
    )


plugin.button_opens("risk_check", check)


@plugin.view("risk_release", title="Release a trade", role=CHECKER)
def release(control: b.Control, session: Session, reader: Reader) -> Modal:
    """Ask why a trade is to pass although it does not suit."""
    return _ask(control, session, reader, _("Release a trade"), _("Release"))


@release.submit
def released(
    values: Mapping[str, str], state: Mapping[str, str], session: Session, actor: Member, reader: Reader
) -> Message:
    """Let it pass."""
    return decided(session, _number(state), actor, reader, values.get("reason") or "", release=True)


plugin.button_opens("risk_release", release)


@plugin.view("risk_decline", title="Decline a trade", role=CHECKER)
def decline(control: b.Control, session: Session, reader: Reader) -> Modal:
    """Ask why a trade is not to pass."""
    return _ask(control, session, reader, _("Decline a trade"), _("Decline"))


@decline.submit
def declined(
    values: Mapping[str, str], state: Mapping[str, str], session: Session, actor: Member, reader: Reader
) -> Message:
    """Say no to it."""
    return decided(session, _number(state), actor, reader, values.get("reason") or "", release=False)


plugin.button_opens("risk_decline", decline)


def _ask(control: b.Control, session: Session, reader: Reader, title: str, submit: str) -> Modal:
    found = checks.get(session, control.number)
    looked_at(session, portfolios.get(session, found.portfolio_id), "check")
    against = [b.markup("• {reason}", reason=said(one, reader)) for one in found.against]
    fields = [
        b.section(b.join([what(session, found, reader), *against])),
        b.text_input("reason", _("Why"), multiline=True, max_length=REASON_LIMIT, hint=_("It stays on record.")),
    ]
    return Modal(title, fields, submit=submit, state={"check": str(found.id)})


def _number(state: Mapping[str, str]) -> int:
    typed = state.get("check", "")
    return int(typed) if typed.isdecimal() and len(typed) < 19 else 0
