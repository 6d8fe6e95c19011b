"""Draw a trade that was judged: what speaks against it, who decides, and what can be done with it."""

from __future__ import annotations

from collections.abc import Sequence

from slack_sdk.models.blocks import Block
from slack_sdk.models.blocks.block_elements import InteractiveElement
from sqlalchemy.orm import Session

from bot.kit import blocks as b
from bot.kit.cards import headline
from bot.kit.format import Reader, paragraphs, who
from bot.kit.replies import Message
from bot.plugin import Member, Role, _
from bot.plugins.finance import plugin
from bot.plugins.finance.books import portfolios
from bot.plugins.finance.books.instruments import Instrument
from bot.plugins.finance.books.portfolios import Portfolio
from bot.plugins.finance.risk.suitability import checks
from bot.plugins.finance.risk.suitability.checks import SuitabilityCheck
from bot.plugins.finance.risk.suitability.judgement import Basis
from bot.plugins.finance.risk.suitability.wording import STATES, said
from bot.plugins.finance.wording import looked_at, many, price
from storage.records import named

CHECKER = Role.MANAGER
"""Whoever may let a trade pass that does not suit, unless they proposed it."""


def check_card(
    session: Session,
    check: SuitabilityCheck,
    reader: Reader,
    actor: Member,
    *,
    notice: b.Text | None = None,
    replace: bool = False,
) -> Message:
    """Draw a judged trade with its reasons and, as far as this person may, the buttons to go on."""
    portfolio = portfolios.get(session, check.portfolio_id)
    looked_at(session, portfolio, "check")
    title = b.join([what(session, check, reader), headline(portfolio)], " · ")
    lines = [b.markup("• {reason}", reason=said(one, reader)) for one in check.against]
    buttons = _controls(check, portfolio, actor)
    blocks = [
        *([b.context(notice)] if notice else []),
        b.section(title),
        b.section(_(STATES[check.state])),
        *paragraphs(lines),
        *_decision(session, check, reader),
        b.context(_proposed(session, check, reader)),
        *([b.actions(*buttons)] if buttons else []),
    ]
    return Message(title, blocks, replace=replace)


def what(session: Session, check: SuitabilityCheck, reader: Reader) -> b.Markup:
    """Say what is to be bought or sold."""
    instrument = named.get(session, Instrument, check.instrument_id)
    template = _("*Check {number}*: buy {many} {name} ({symbol}) at {price}")
    if check.quantity < 0:
        template = _("*Check {number}*: sell {many} {name} ({symbol}) at {price}")
    return b.markup(
        template,
        number=check.id,
        many=many(abs(check.quantity), reader),
        name=instrument.name,
        symbol=instrument.symbol,
        price=price(check.price, instrument.currency, reader),
    )


def listed(session: Session, found: Sequence[SuitabilityCheck], reader: Reader, title: b.Text, nothing: str) -> Message:
    """Draw judged trades in lines, each with a button that shows all of it."""
    lines: list[Block] = []
    for check in found:
        portfolio = portfolios.get(session, check.portfolio_id)
        looked_at(session, portfolio, "check")
        text = b.join([what(session, check, reader), headline(portfolio), reader.ago(check.made_at)], " · ")
        show = b.button(_("Show"), plugin.id("risk_look"), control(check, portfolio))
        lines.append(b.section(text, accessory=show))
    return Message(title, [b.section(title), *(lines or [b.section(nothing)])])


def control(check: SuitabilityCheck, portfolio: Portfolio) -> b.Control:
    """Return what the controls of a check carry."""
    return b.Control(portfolio.reference, portfolio.version, str(check.id))


def _controls(check: SuitabilityCheck, portfolio: Portfolio, actor: Member) -> list[InteractiveElement]:
    of, mine = control(check, portfolio), actor.id == check.maker_id
    found: list[InteractiveElement] = []
    if check.state == checks.WARNED:
        told = _("The client was told what speaks against it, and wishes for it all the same.")
        found.append(b.button(_("The client insists: book it"), plugin.id("risk_book"), of, confirm=told))
    elif check.state in checks.CLEARED:
        found.append(b.button(_("Book it"), plugin.id("risk_book"), of, style="primary"))
    if check.state == checks.BLOCKED and not mine and actor.has(CHECKER):
        found.append(b.button(_("Release"), plugin.id("risk_release"), of))
        found.append(b.button(_("Decline"), plugin.id("risk_decline"), of))
    if mine and check.state in (*checks.CLEARED, checks.BLOCKED):
        found.append(b.button(_("Withdraw"), plugin.id("risk_withdraw"), of))
    return found


def _decision(session: Session, check: SuitabilityCheck, reader: Reader) -> list[Block]:
    if check.checker_id is None or check.checked_at is None:
        return []
    template = _("{who} declined it, {ago}: {reason}")
    if check.state != checks.DECLINED:
        template = _("{who} released it, {ago}: {reason}")
    by = who(session, check.checker_id)
    return [b.section(b.markup(template, who=by, ago=reader.ago(check.checked_at), reason=check.reason or ""))]


def _proposed(session: Session, check: SuitabilityCheck, reader: Reader) -> b.Markup:
    template = _("Advised by us. Proposed by {who}, {ago}.")
    if check.basis == Basis.WISH:
        template = _("The client's own wish. Proposed by {who}, {ago}.")
    return b.markup(template, who=who(session, check.maker_id), ago=reader.ago(check.made_at))
