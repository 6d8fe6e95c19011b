"""Show that what leaves a portfolio needs two people, and that however many agree it leaves once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.plugins.finance.books import holdings, portfolios, trades, transfers
from bot.plugins.finance.books.instruments import Instrument
from bot.plugins.finance.books.portfolios import PortfolioAccount
from bot.plugins.finance.books.trades import Trade
from bot.plugins.finance.books.transfers import DECLINED, DONE, WITHDRAWN
from bot.plugins.finance.books.valuation import valued
from bot.testing import Company
from storage.crm import customers
from storage.errors import Conflict, CrmError, Invalid, Refused
from storage.money import Money
from storage.records import history

MARCH, JUNE = date(2026, 3, 2), date(2026, 6, 1)


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


@contextmanager
def acting(session: Session, name: str) -> Iterator[None]:
    """Let somebody do what follows."""
    with history.recording(session, actor_id=f"UA{name.upper()}", source="test"):
        yield


def two(session: Session) -> tuple[PortfolioAccount, PortfolioAccount]:
    """Open two portfolios, the first with 1,000.00."""
    customer = customers.add(session, name="Harbor Lines")
    made = [portfolios.add(session, name=name, customer_id=customer.id, currency="EUR") for name in ("Old", "New")]
    first, second = (portfolios.accounts(session, one)[0] for one in made)
    trades.deposit(session, first, eur(100_000), MARCH)
    return first, second


def money(session: Session, account: PortfolioAccount) -> int:
    found = holdings.cash(session, portfolios.get(session, account.portfolio_id), JUNE)
    return sum(one.amount.minor for one in found)


def test_what_is_more_than_there_is_is_told_before_a_second_person_agrees(session: Session) -> None:
    first, second = two(session)
    fund = Instrument.new(session, name="Fund", symbol="FND", asset_class="fund", currency="EUR")
    trades.trade(session, Trade(first, fund, Decimal(4), Decimal(10), eur(0), MARCH))
    for what, there in (
        (eur(96_000), None),
        (eur(96_001), eur(96_000)),
        (Money(1, "USD"), Money(0, "USD")),
        ((fund, Decimal(4)), None),
        ((fund, Decimal(5)), Decimal(4)),
    ):
        with acting(session, "rep"):
            transfer = transfers.ask(session, first, what, second, MARCH)
        assert transfers.too_little(session, transfer) == there, what


def test_money_goes_once_a_second_person_agrees(session: Session) -> None:
    first, second = two(session)
    with acting(session, "rep"):
        inside = transfers.ask(session, first, eur(30_000), second, MARCH, words="as agreed")
        outside = transfers.ask(session, first, eur(20_000), "DE02 1203", MARCH)
        with pytest.raises(Refused, match="somebody else must check"):
            transfers.approve(session, inside)
    assert (money(session, first), money(session, second)) == (100_000, 0)
    with acting(session, "manager"):
        booked = transfers.approve(session, inside)
        transfers.approve(session, outside)
        with pytest.raises(Conflict, match="was approved by"):
            transfers.decline(session, inside, "too late")
    assert (inside.state, inside.checker_id, inside.booking_id) == (DONE, "UAMANAGER", booked.id)
    assert (money(session, first), money(session, second)) == (50_000, 30_000)


def test_it_is_declined_with_a_reason_or_withdrawn_by_who_asked(session: Session) -> None:
    first, second = two(session)
    with acting(session, "rep"):
        one, other = (transfers.ask(session, first, eur(100), second, MARCH) for _ in range(2))
        with pytest.raises(Refused):
            transfers.decline(session, one, "no")
    with acting(session, "manager"):
        with pytest.raises(Invalid, match="Say why"), session.begin_nested():
            transfers.decline(session, one, " ")
        transfers.decline(session, one, "not to that account")
        with pytest.raises(Refused, match="Only who asked"):
            transfers.withdraw(session, other)
    with acting(session, "rep"):
        transfers.withdraw(session, other)
    assert (one.state, one.reason, other.state) == (DECLINED, "not to that account", WITHDRAWN)
    with acting(session, "manager"), pytest.raises(Conflict, match="was withdrawn"):
        transfers.approve(session, other)
    assert money(session, first) == 100_000


def test_what_is_not_there_does_not_go_and_waits(session: Session) -> None:
    first, second = two(session)
    with acting(session, "rep"):
        asked = transfers.ask(session, first, eur(100_001), second, MARCH)
        for minor, to in ((0, second), (1, first)):
            with pytest.raises(Invalid):
                transfers.ask(session, first, eur(minor), to, MARCH)
    with acting(session, "manager"), pytest.raises(Conflict, match=r"would owe 0\.01 EUR"), session.begin_nested():
        transfers.approve(session, asked)
    session.refresh(asked)
    assert asked.state == "waiting"


def test_instruments_take_along_what_they_cost(session: Session) -> None:
    first, second = two(session)
    robots = Instrument.new(session, name="Robots", symbol="NWR", asset_class="equity", currency="EUR")
    for quantity, price in ((4, "10"), (4, "20")):
        trades.trade(session, Trade(first, robots, Decimal(quantity), Decimal(price), eur(0), MARCH))
    with acting(session, "rep"):
        asked = transfers.ask(session, first, (robots, Decimal(6)), second, JUNE)
        too_many = transfers.ask(session, first, (robots, Decimal(6)), second, JUNE)
    with acting(session, "manager"):
        transfers.approve(session, asked)
        with pytest.raises(Conflict, match="held only 2"), session.begin_nested():
            transfers.approve(session, too_many)
    moved = valued(session, portfolios.get(session, second.portfolio_id), JUNE)
    (position,) = moved.positions
    assert (position.quantity, position.cost, moved.sales) == (Decimal(6), eur(4_000 + 4_000), [])
    trades.trade(session, Trade(second, robots, Decimal(-6), Decimal(20), eur(0), JUNE))
    assert valued(session, portfolios.get(session, second.portfolio_id), JUNE).realised(JUNE) == eur(4_000)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE finance.transfer SET checker_id = maker_id",
        "UPDATE finance.transfer SET state = 'done', checker_id = 'U2'",
        "UPDATE finance.transfer SET state = 'declined'",
        "UPDATE finance.transfer SET amount_minor = -5",
        "UPDATE finance.transfer SET to_words = 'there as well'",
    ],
)
def test_postgres_asks_for_two_people_too(session: Session, statement: str) -> None:
    first, second = two(session)
    with acting(session, "rep"):
        transfers.ask(session, first, eur(100), second, MARCH)
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(text(statement))


def test_however_many_check_at_once_it_goes_once(company: Company) -> None:
    database = company.bot.database
    with database.transaction(company.workspace) as session, acting(session, "rep"):
        first, second = two(session)
        number = transfers.ask(session, first, eur(60_000), second, MARCH).id

    def checks(who: int) -> bool:
        try:
            with database.transaction(company.workspace) as session, acting(session, f"checker{who}"):
                found = transfers.get(session, number)
                if who % 3 == 2:
                    transfers.decline(session, found, "no")
                else:
                    transfers.approve(session, found)
        except CrmError:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(checks, range(8)))
    assert sum(done) == 1
    with database.transaction(company.workspace) as session:
        transfer = transfers.get(session, number)
        went = 60_000 if transfer.state == DONE else 0
        assert (money(session, first), money(session, second)) == (100_000 - went, went)
        session.rollback()
