"""Fill the demo with what its clients answered, the days of their reviews, and a trade that a manager decides on."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.plugin import _
from bot.plugins.finance import reminders
from bot.plugins.finance.books import portfolios, prices
from bot.plugins.finance.books.instruments import Instrument
from bot.plugins.finance.books.portfolios import Portfolio
from bot.plugins.finance.books.trades import Trade
from bot.plugins.finance.risk.profile import profiles, questions
from bot.plugins.finance.risk.suitability import judging
from bot.plugins.finance.risk.suitability.judgement import Basis
from storage.crm import customers
from storage.money import Money

ANSWERS = ((2, 30), (1, 340), (3, 120))
"""Of each client the place of the answers, and how many days ago they answered; of the last one nothing is known."""


def add_clients(session: Session, today: date) -> None:
    """Let clients have answered, one of them nearly a year ago, and propose a trade that does not suit the second."""
    found = list(session.scalars(select(Portfolio).order_by(Portfolio.id)))
    asked = questions.ready(session)
    for portfolio in found:
        reminders.keep_review(session, portfolio, True)
    for portfolio, (place, ago) in zip(found, ANSWERS, strict=False):
        assert portfolio.customer_id is not None
        customer = customers.get(session, portfolio.customer_id)
        profiles.take(
            session,
            customer,
            {one.id: place for one in asked},
            questions.fingerprint(asked),
            today=today - timedelta(days=ago),
            months=12,
            text=_("Renew the risk profile of {name}").format(name=customer.name),
        )
    if len(found) > 1 and found[1].owner_id:
        _propose(session, found[1], found[1].owner_id, today)


def _propose(session: Session, portfolio: Portfolio, maker_id: str, today: date) -> None:
    instrument = session.scalars(select(Instrument).where(Instrument.asset_class == "equity").limit(1)).first()
    price = prices.prices_on(session, [instrument.id], today).get(instrument.id) if instrument else None
    if instrument is None or price is None:
        return
    account, nothing = portfolios.accounts(session, portfolio)[0], Money(0, instrument.currency)
    wanted = Trade(account, instrument, Decimal(900), price.price, nothing, today)
    judging.propose(session, wanted, Basis.ADVISED, maker_id)
