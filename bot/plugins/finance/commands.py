"""Answer what is asked of portfolios: what is in them, what they gained, how they are spread, who looked at them."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.grammar.types import DayType
from bot.kit import blocks as b
from bot.kit.cards import headline
from bot.kit.format import Reader
from bot.kit.replies import Message
from bot.plugin import Role, _
from bot.plugins.finance import plugin
from bot.plugins.finance.cards import accesses_of, gains_of, holdings_of, journal_of, spread_of
from bot.plugins.finance.nouns import ADVISER
from bot.plugins.finance.wording import day_of, portfolio_called
from storage.errors import Invalid

PAST = DayType(past=True)
FIRST_YEAR = 1990


@plugin.command("portfolio holdings", usage="<portfolio> [on:yesterday]", role=ADVISER, example="PF-1", on=PAST)
def holdings(args: Args, session: Session, reader: Reader) -> Message:
    """Show all that a portfolio holds, at the prices of today or of another day."""
    return holdings_of(session, portfolio_called(session, args["portfolio"]), reader, day_of(args, "on", reader))


@plugin.command("portfolio gains", usage="<portfolio> [year:2026]", role=ADVISER, example="PF-1")
def gains(args: Args, session: Session, reader: Reader) -> Message:
    """Show what was gained with what was sold in a year, and what could be gained with the rest."""
    typed = args.get("year") or str(reader.today.year)
    if not (typed.isascii() and typed.isdigit() and FIRST_YEAR <= int(typed[:5]) <= reader.today.year):
        raise Invalid("A year from {first} on, please.", field="year", typed=typed, first=str(FIRST_YEAR))
    return gains_of(session, portfolio_called(session, args["portfolio"]), reader, int(typed))


@plugin.command("portfolio spread", usage="<portfolio> [on:yesterday]", role=ADVISER, example="PF-1", on=PAST)
def spread(args: Args, session: Session, reader: Reader) -> Message:
    """Show how a portfolio is spread over classes, currencies and instruments."""
    return spread_of(session, portfolio_called(session, args["portfolio"]), reader, day_of(args, "on", reader))


@plugin.command("portfolio journal", usage="<portfolio>", role=ADVISER, example="PF-1")
def journal(args: Args, session: Session, reader: Reader) -> Message:
    """Show what was booked in a portfolio, the last one traded first."""
    return journal_of(session, portfolio_called(session, args["portfolio"]), reader, 0)


@plugin.command("portfolio access", usage="<portfolio>", role=Role.MANAGER, example="PF-1")
def access(args: Args, session: Session, reader: Reader) -> Message:
    """Show who looked at what is in a portfolio, and when."""
    portfolio = portfolio_called(session, args["portfolio"])
    title = b.markup(_("Who looked at {portfolio}"), portfolio=headline(portfolio))
    return accesses_of(session, portfolio, reader, title)


@plugin.action("holdings", role=ADVISER)
def show_holdings(control: b.Control, session: Session, reader: Reader) -> Message:
    """Show all that the card's portfolio holds."""
    return holdings_of(session, portfolio_called(session, control.record), reader, reader.today)


@plugin.action("spread", role=ADVISER)
def show_spread(control: b.Control, session: Session, reader: Reader) -> Message:
    """Show how the card's portfolio is spread."""
    return spread_of(session, portfolio_called(session, control.record), reader, reader.today)


@plugin.action("journal", role=ADVISER)
def show_journal(control: b.Control, session: Session, reader: Reader) -> Message:
    """Show a page of what was booked in the card's portfolio."""
    return journal_of(session, portfolio_called(session, control.record), reader, control.number)
