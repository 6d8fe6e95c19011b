"""Show how much a portfolio may lose, beside what its client bears; without the prices for it, say why not."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.kit import blocks as b
from bot.kit import cards
from bot.kit.cards import headline
from bot.kit.format import Reader, decimal, paragraphs
from bot.kit.replies import Message
from bot.plugin import _, ngettext
from bot.plugins.finance import plugin
from bot.plugins.finance.books import valuation
from bot.plugins.finance.books.portfolios import Portfolio
from bot.plugins.finance.books.valuation import Valuation
from bot.plugins.finance.nouns import ADVISER, may_see
from bot.plugins.finance.risk import measures, past
from bot.plugins.finance.risk.measures import (
    HORIZON_DAYS,
    LEAST_PRICES,
    Exceptions,
    Measured,
    TooLittleKnown,
    ValueAtRisk,
)
from bot.plugins.finance.risk.past import PastValues
from bot.plugins.finance.risk.profile import profiles
from bot.plugins.finance.risk.profile.cards import counts, level
from bot.plugins.finance.risk.suitability import checks
from bot.plugins.finance.risk.suitability.cards import listed
from bot.plugins.finance.risk.suitability.judging import NATURES, limits
from bot.plugins.finance.wording import looked_at, portfolio_called, share
from storage.money import Money, exponent

CHECKS = 5


@plugin.command("risk show", usage="<portfolio>", role=ADVISER, example="PF-1")
def show(args: Args, session: Session, reader: Reader) -> Message:
    """Show how much a portfolio may lose on a day, how that did in the past, and what its client bears."""
    return risk_of(session, portfolio_called(session, args["portfolio"]), reader)


@plugin.command("risk checks", usage="<portfolio>", role=ADVISER, example="PF-1")
def judged(args: Args, session: Session, reader: Reader) -> Message:
    """List the trades that were judged in a portfolio, the newest first."""
    portfolio = portfolio_called(session, args["portfolio"])
    title = b.markup(_("Judged in {portfolio}"), portfolio=headline(portfolio))
    found = checks.of_portfolio(session, portfolio, CHECKS * 4)
    return listed(session, found, reader, title, _("Nothing was judged yet."))


@plugin.action("risk_show", role=ADVISER)
def show_risk(control: b.Control, session: Session, reader: Reader) -> Message:
    """Show the risk of the card's portfolio."""
    return risk_of(session, portfolio_called(session, control.record), reader)


@plugin.card("portfolio", "Risk", order=50)
def risk_of_portfolio(record: Portfolio, session: Session) -> list[Block]:
    """Offer on a portfolio's card, to advisers, what there is to know of its risk."""
    if not may_see(session) or record.archived_at is not None:
        return []
    of = cards.control(record)
    return [
        b.actions(
            b.button(_("Risk"), plugin.id("risk_show"), of), b.button(_("Judge a trade"), plugin.id("risk_check"), of)
        )
    ]


def risk_of(session: Session, portfolio: Portfolio, reader: Reader) -> Message:
    """Draw what is known of a portfolio's risk."""
    looked_at(session, portfolio, "risk")
    known = valuation.valued(session, portfolio, reader.today)
    title = b.markup(
        _("Risk of {portfolio}: *{total}*"), portfolio=headline(portfolio), total=reader.money(known.total)
    )
    suits = paragraphs(_suits(session, portfolio, known, reader))
    return Message(title, [b.section(title), *suits, *_figures(session, known, reader)])


def _suits(session: Session, portfolio: Portfolio, known: Valuation, reader: Reader) -> list[b.Text]:
    allowed, profile = limits(session), profiles.current(session, portfolio.customer_id)
    natures = {one.instrument.id: NATURES[one.instrument.asset_class] for one in known.positions}
    risky = sum(one.base.minor for one in known.positions if one.base and natures[one.instrument.id].risky)
    part = known.share(Money(risky, known.currency))
    if profile is None:
        client = _("Nothing is known of the client yet: `/crm risk profile`.")
        lines = [b.markup("• {client}", client=client), _beside(_("In risky classes"), part, None, reader)]
    else:
        client = _("Client: level {level}. {counts}").format(level=level(profile), counts=counts(profile, reader))
        most = allowed.risky[profile.assessed.level - 1]
        lines = [b.markup("• {client}", client=client), _beside(_("In risky classes"), part, most, reader)]
    single = [(one, own) for one, own in known.largest() if not natures[one.instrument.id].spread]
    if single:
        largest, own = single[0]
        name = _("Most in one, funds apart: {symbol}").format(symbol=largest.instrument.symbol)
        lines.append(_beside(name, own, allowed.single, reader))
    return [*lines]


def _beside(name: str, part: float | None, most: int | None, reader: Reader) -> b.Markup:
    """Say a share beside the most, in percent, that it may be; a warning comes before one that is more."""
    if most is None:
        return b.markup("• {name}: {share}", name=name, share=share(part, reader))
    over = part is not None and part * 100 > most
    template = _("• ⚠️ {name}: {share}, and up to {most}% may be") if over else _("• {name}: {share} of up to {most}%")
    return b.markup(template, name=name, share=share(part, reader), most=most)


def _figures(session: Session, known: Valuation, reader: Reader) -> list[Block]:
    if known.unknown:
        text = ngettext(
            "⚠️ The risk is not told, as {what} has no price or no rate.",
            "⚠️ The risk is not told, as {what} have no price or no rate.",
            len(known.unknown),
        )
        return [b.section(b.markup(text, what=", ".join(known.unknown)))]
    if not known.positions:
        return [b.section(_("Nothing in it has a price that moves."))]
    found = past.past_values(session, known, reader.today)
    try:
        measured = measures.measure(found.days, found.values, today=reader.today)
    except TooLittleKnown as reason:
        return _refused(reason, found)
    fall = measured.drawdown
    lines = [
        b.markup(_("• Volatility: *{share}* a year"), share=_percent(measured.volatility, reader)),
        b.markup(
            _("• Deepest fall: *{share}*, from {peak} to {trough}"),
            share=_percent(fall.depth, reader),
            peak=_day(found, measured, fall.peak, reader),
            trough=_day(found, measured, fall.trough, reader),
        ),
    ]
    heading = b.markup("*{title}*", title=_("Value at risk, horizon {days} day").format(days=HORIZON_DAYS))
    at_risk = [line for one in measured.at for line in _at_risk(one, known.total, reader)]
    text = _(
        "From {count} daily values of what is held today, {first} to {last}; value at risk from the last {least}."
        " It does not say how much more is lost on a worse day, and the normal approximation knows few such days."
    )
    small = b.markup(
        text,
        count=measured.prices,
        first=reader.day(measured.first),
        last=reader.day(measured.last),
        least=LEAST_PRICES,
    )
    return [*paragraphs(lines), *paragraphs([heading, *at_risk]), b.context(small)]


def _at_risk(one: ValueAtRisk, total: Money, reader: Reader) -> list[b.Markup]:
    """Say the loss of a confidence by both methods, and how each did."""
    confidence = _("With a confidence of {percent} %, no more is lost than").format(percent=one.percent)
    methods = (
        (_("by history"), one.history, one.history_past),
        (_("by normal approximation"), one.normal, one.normal_past),
    )
    lines = [b.markup("• {confidence}", confidence=confidence)]
    for name, part, tried in methods:
        # No more digits than an estimate has.
        loss = Money(int(round(part * total.minor, -exponent(total.currency))), total.currency)
        told = b.markup("*{loss}* ({share}) {name}", loss=reader.money(loss), share=_percent(part, reader), name=name)
        lines.append(b.join(["      ", told, " · ", _tried(tried, reader)], ""))
    return lines


def _tried(past_days: Exceptions, reader: Reader) -> str:
    """Say on how many days of the past more was lost, beside how many were promised."""
    if not past_days.tested:
        return _("no day of the past to try it on yet")
    promised = reader.number(Decimal(str(round(past_days.promised, 2))))
    said = _("exceeded on {found} of {tested} days, promised {promised}").format(
        found=past_days.found, tested=past_days.tested, promised=promised
    )
    return _("⚠️ {said}: hardly chance").format(said=said) if past_days.doubtful else said


def _refused(reason: TooLittleKnown, found: PastValues) -> list[Block]:
    hint = _(reason.hint).format(**reason.params) if reason.hint else ""
    said = b.markup("⚠️ {reason} {hint}", reason=_(reason.template).format(**reason.params), hint=hint)
    fewest = sorted(found.prices.items(), key=lambda item: (item[1], item[0]))[:CHECKS]
    counted = ", ".join(f"{symbol} {count}" for symbol, count in fewest)
    return [
        b.section(said),
        b.context(b.markup(_("Daily prices in three years, the fewest: {counted}"), counted=counted)),
    ]


def _percent(part: float, reader: Reader) -> str:
    return f"{decimal(part * 100, reader.locale)} %"


def _day(found: PastValues, measured: Measured, place: int, reader: Reader) -> str:
    on: date = found.days[len(found.days) - measured.prices + place]
    return reader.day(on)
