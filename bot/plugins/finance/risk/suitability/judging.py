"""Judge what somebody is about to book: block what we advise and does not suit, warn of what the client wishes for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlalchemy.orm import Session

from bot.kit import format
from bot.plugins.finance.books import journal, trades
from bot.plugins.finance.books.bookings import Booking
from bot.plugins.finance.books.instruments import CASH
from bot.plugins.finance.books.portfolios import Portfolio
from bot.plugins.finance.books.trades import Trade
from bot.plugins.finance.risk.profile import profiles
from bot.plugins.finance.risk.profile.profiles import RiskProfile
from bot.plugins.finance.risk.settings import EVERYBODY, JUDGED, RISKY
from bot.plugins.finance.risk.suitability import checks, exposure, judgement
from bot.plugins.finance.risk.suitability.checks import CheckedTrade, SuitabilityCheck
from bot.plugins.finance.risk.suitability.judgement import AssetNature, Basis, Objection, RiskLimits, TradeJudgement
from bot.plugins.finance.risk.suitability.wording import listed
from bot.plugins.finance.settings import LARGEST_SHARE
from storage.database.engine import current_workspace
from storage.errors import Conflict
from storage.records import named
from storage.records.named import moment
from storage.workspace import workspaces

NATURES: Mapping[str, AssetNature] = {
    CASH: AssetNature(1, 1, risky=False),
    "bond": AssetNature(2, 2, risky=False),
    "fund": AssetNature(2, 3, risky=True, spread=True),
    "equity": AssetNature(3, 3, risky=True),
    "property": AssetNature(3, 4, risky=True),
    "commodity": AssetNature(4, 3, risky=True),
    "crypto": AssetNature(5, 4, risky=True),
    "other": AssetNature(5, 4, risky=True),
}
"""What each class of assets asks of a client; of one that nobody can tell, the most."""


def judge(
    session: Session, portfolio: Portfolio, trade: Trade, basis: Basis, today: date
) -> tuple[TradeJudgement, RiskProfile | None]:
    """Judge a trade by the portfolio as it would be, and return what came of it with the profile it was judged by."""
    profile = profiles.current(session, portfolio.customer_id)
    held = exposure.of_trade(session, portfolio, trade, today)
    found = judgement.judge(
        held.before,
        held.after,
        held.bought,
        profile.assessed if profile else None,
        basis=basis,
        natures=NATURES,
        limits=limits(session),
        today=today,
        unknown=held.unknown,
    )
    return found, profile


def limits(session: Session) -> RiskLimits:
    """Return what the workspace allows."""
    first, second, third, fourth, fifth = (int(one.of(session)) for one in RISKY)
    return RiskLimits((first, second, third, fourth, fifth), int(LARGEST_SHARE.of(session)))


def propose(session: Session, trade: Trade, basis: Basis, maker_id: str) -> SuitabilityCheck:
    """Judge a trade and keep what came of it; nothing is booked."""
    portfolio = named.get(session, Portfolio, trade.account.portfolio_id)
    found, profile = judge(session, portfolio, trade, basis, trade.traded_on)
    profile_id = profile.id if profile else None
    return checks.keep(session, trade, found, basis=basis, profile_id=profile_id, maker_id=maker_id)


def book(session: Session, number: int, today: date) -> tuple[SuitabilityCheck, Booking]:
    """Book a trade that was judged and may be; raise Conflict where it may not be, and what booking it raises."""
    # In the order of `look`: the portfolio, then the check.
    journal.locked(session, checks.get(session, number).portfolio_id)
    check = checks.get(session, number, lock=True)
    if check.state not in checks.CLEARED:
        raise Conflict("Check {number} is {state}, so it cannot be booked.", number=number, state=check.state)
    if check.made_at <= moment() - checks.STANDS_FOR:
        raise Conflict(
            "Check {number} is older than {days} days.",
            hint="Judge the trade again: `/crm risk check`.",
            number=number,
            days=checks.STANDS_FOR.days,
        )
    booking = trades.trade(session, checks.trade_of(session, check, today))
    check.booking_id = booking.id
    session.flush()
    return check, booking


def look(session: Session, trade: Trade) -> None:
    """Let a trade be booked only if it suits, or was judged and released, or the client was warned and wishes for it.

    It is judged again, as prices and the portfolio may be others by now: what nobody has seen yet stops it. A day in
    the past makes no difference, else whoever dates a trade back would get round the judgement. Of customers without a
    profile nothing is judged, unless the workspace wants that. Raises Conflict with the reasons.
    """
    today = _today(session)
    journal.locked(session, trade.account.portfolio_id)
    portfolio = named.get(session, Portfolio, trade.account.portfolio_id)
    check = trade.check if isinstance(trade, CheckedTrade) else checks.cleared(session, trade)
    if check is None and JUDGED.of(session) != EVERYBODY and profiles.current(session, portfolio.customer_id) is None:
        return
    basis = Basis(check.basis) if check else Basis.ADVISED
    found, _profile = judge(session, portfolio, trade, basis, today)
    seen = {_about(one) for one in check.against} if check else set()
    if unseen := [one for one in found.reasons if _about(one) not in seen]:
        raise Conflict(
            "This trade does not suit the client, so it is not booked: {reasons}",
            hint="Have it judged with `/crm risk check {portfolio}`: somebody else can release it, and what the client"
            " wishes for (`wish:yes`) is warned of.",
            reasons=listed(unseen),
            portfolio=portfolio.reference,
        )
    if check is not None:
        check.state = checks.BOOKED
        session.flush()


trades.before_booking.append(look)


def _about(reason: Objection) -> tuple[str, str]:
    return reason.code, str(reason.told.get("name", ""))


def _today(session: Session) -> date:
    workspace = workspaces.get(session, current_workspace(session))
    assert workspace is not None, "a session has a workspace"
    return format.today(None, workspace, moment())
