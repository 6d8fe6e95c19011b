"""Show that the journal holds only what balances, and that nobody changes what is in it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.plugins.finance.books import portfolios
from storage.crm import customers


def test_a_portfolio_begins_with_an_account(session: Session) -> None:
    customer = customers.add(session, name="Harbor Lines")
    portfolio = portfolios.add(session, name="Pension", customer_id=customer.id, currency="EUR")
    (account,) = portfolios.accounts(session, portfolio)
    assert (portfolio.reference, account.reference, account.name) == ("PF-1", "AC-1", "Pension")
    assert portfolios.of_customer(session, customer.id) == [portfolio]
