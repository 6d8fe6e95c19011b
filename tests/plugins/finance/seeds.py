"""Add an adviser's records under a name, and say what its buttons and drawings are given."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from bot.plugins.finance import reminders
from bot.plugins.finance.books import portfolios, prices, trades, transfers
from bot.plugins.finance.books.instruments import Instrument
from bot.plugins.finance.books.trades import Trade
from bot.plugins.finance.risk.profile import profiles, questions
from bot.plugins.finance.risk.profile.questions import Question
from bot.plugins.finance.risk.suitability import checks, judging
from bot.plugins.finance.risk.suitability.judgement import Basis
from storage.crm.customers import Customer
from storage.money import Money
from tests.support.hostile_rows import SeededPlugin

SYMBOLS = itertools.count(1)
OTHER = "UMARKED"
"""Somebody else of the workspace, who asked for what is to be decided on."""
PLACES = {
    "portfolio": "PF-1",
    "instrument": "SYM1",
    "booking": "1",
    "transfer": "1",
    "check": "1",
    "pair": "USD/EUR",
}
"""What there is to name in the places of an adviser's commands."""


def seed(session: Session, name: str, customer: Customer, who: str) -> SeededPlugin:
    """Add a portfolio with bookings, transfers and judged trades, a client's profile, and a question with the name."""
    today = datetime.now(UTC).date()
    portfolio = portfolios.add(
        session, name=name, customer_id=customer.id, currency="USD", owner_id=who, review_on=today + timedelta(days=30)
    )
    reminders.keep_review(session, portfolio, True)
    (account,) = portfolios.accounts(session, portfolio)
    symbol = f"SYM{next(SYMBOLS)}"
    instrument = Instrument.new(session, name=name, symbol=symbol, asset_class="equity", currency="USD")
    prices.set_price(session, instrument, today, Decimal(42))
    booking = trades.deposit(session, account, Money(1_000_000, "USD"), today, words=name)
    if len(questions.ready(session)) < 8:
        Question.new(session, name=name, topic="knowledge", answers=f"{name[:60].strip() or 'No'} = 1\nYes, = 5")
    asked = questions.ready(session)
    profiles.take(
        session, customer, {one.id: 0 for one in asked}, questions.fingerprint(asked), today=today, months=12, text=name
    )
    mine, waiting, over = (
        transfers.ask(session, account, Money(100, "USD"), name, today, words=name) for _number in range(3)
    )
    waiting.maker_id = over.maker_id = OTHER
    session.flush()
    transfers.decline(session, over, name)
    trade = Trade(account, instrument, Decimal(9), Decimal(42), Money(0, "USD"), today)
    blocked, declined, own, wish = (
        judging.propose(session, trade, basis, maker)
        for basis, maker in ((Basis.ADVISED, OTHER), (Basis.ADVISED, OTHER), (Basis.ADVISED, who), (Basis.WISH, OTHER))
    )  # fmt: skip
    checks.decide(session, declined.id, who, name, release=False)
    of = portfolio.reference
    controls = dict.fromkeys(("holdings", "spread", "trade", "transfer", "risk_show", "risk_check"), (of, ""))
    controls |= dict.fromkeys(("risk_profile", "risk_ask"), (customer.reference, ""))
    controls |= dict.fromkeys(("approve", "decline"), (of, str(waiting.id)))
    controls |= dict.fromkeys(("risk_look", "risk_release", "risk_decline"), (of, str(blocked.id)))
    controls |= {"withdraw": (of, str(mine.id)), "journal": (of, "0"), "reverse": (of, str(booking.id))}
    controls |= {"risk_book": (of, str(wish.id)), "risk_withdraw": (of, str(own.id))}
    drawn = {"to_check": waiting.id, "checked": over.id, "risk_asked": blocked.id, "risk_decided": declined.id}
    return SeededPlugin(
        {f"finance.{key}": value for key, value in controls.items()},
        {f"finance.{key}": str(value) for key, value in drawn.items()},
        [of, instrument.reference, account.reference],
    )
