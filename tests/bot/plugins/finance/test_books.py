"""Show that the journal holds only what balances, that nobody changes it, and that a reversal restores what was."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from bot.plugins.finance.books import holdings, journal, portfolios, trades
from bot.plugins.finance.books.bookings import MARKET, OUTSIDE, Booking, Posting
from bot.plugins.finance.books.instruments import Instrument
from bot.plugins.finance.books.portfolios import Portfolio, PortfolioAccount
from bot.plugins.finance.books.trades import Trade
from storage.crm import customers
from storage.errors import Conflict, CrmError, Invalid
from storage.money import Money

FIRST = date(2026, 3, 2)
LAST = FIRST + timedelta(days=30)


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def opened(session: Session, name: str = "Pension") -> tuple[Portfolio, PortfolioAccount]:
    customer = customers.add(session, name="Harbor Lines")
    portfolio = portfolios.add(session, name=name, customer_id=customer.id, currency="EUR")
    return portfolio, portfolios.accounts(session, portfolio)[0]


def listed(session: Session, symbol: str = "NWR", currency: str = "EUR") -> Instrument:
    return Instrument.new(session, name=symbol, symbol=symbol, asset_class="equity", currency=currency)


def trade(
    session: Session, account: PortfolioAccount, instrument: Instrument, quantity: int, price: str, day: int = 0
) -> Booking:
    fee = Money(100, instrument.currency)
    wanted = Trade(account, instrument, Decimal(quantity), Decimal(price), fee, FIRST + timedelta(days=day))
    return trades.trade(session, wanted)


def state(session: Session, portfolio: Portfolio) -> tuple[dict[int, Decimal], dict[str, int]]:
    cash = {one.amount.currency: one.amount.minor for one in holdings.cash(session, portfolio, LAST)}
    return holdings.quantities(session, portfolio, LAST), cash


def test_a_portfolio_begins_with_an_account(session: Session) -> None:
    portfolio, account = opened(session)
    assert (portfolio.reference, account.reference, account.name) == ("PF-1", "AC-1", "Pension")
    assert portfolios.of_customer(session, portfolio.customer_id or 0) == [portfolio]


def test_what_is_bought_is_paid_and_what_is_sold_is_paid_for(session: Session) -> None:
    portfolio, account = opened(session)
    robots = listed(session)
    trades.deposit(session, account, eur(100_000), FIRST)
    assert trade(session, account, robots, 10, "42.5").id == 2
    trade(session, account, robots, -4, "50", day=1)
    trades.income(session, account, eur(1_200), FIRST, tax=eur(300), instrument=robots)
    trades.fee(session, account, eur(500), FIRST)
    paid = 100_000 - 42_500 - 100 + 20_000 - 100 + 1_200 - 300 - 500
    assert state(session, portfolio) == ({robots.id: Decimal(6)}, {"EUR": paid})
    trades.split(session, robots, 3, 1, FIRST + timedelta(days=2))
    assert state(session, portfolio)[0] == {robots.id: Decimal(18)}
    (later,) = holdings.cash(session, portfolio, FIRST)
    assert later.amount.minor == paid - 20_000 + 100, "what is sold tomorrow is not paid today"


def test_what_is_not_settled_yet_is_told(session: Session) -> None:
    portfolio, account = opened(session)
    robots = listed(session)
    trades.deposit(session, account, eur(50_000), FIRST)
    settles = FIRST + timedelta(days=2)
    trades.trade(session, Trade(account, robots, Decimal(1), Decimal(100), eur(0), FIRST, settles))
    (cash,) = holdings.cash(session, portfolio, FIRST)
    assert (cash.amount, cash.unsettled) == (eur(40_000), eur(-10_000))
    assert holdings.cash(session, portfolio, settles)[0].unsettled == eur(0)
    with pytest.raises(Invalid, match="settle before"):
        trades.trade(session, Trade(account, robots, Decimal(1), Decimal(1), eur(0), settles, FIRST))


def test_nobody_sells_or_pays_what_was_not_there_on_that_day(session: Session) -> None:
    _portfolio, account = opened(session)
    robots = listed(session)
    with pytest.raises(Conflict, match=r"would owe 426\.00 EUR"), session.begin_nested():
        trade(session, account, robots, 10, "42.5")
    trades.deposit(session, account, eur(50_000), FIRST + timedelta(days=5))
    with pytest.raises(Conflict, match="would owe"), session.begin_nested():
        trade(session, account, robots, 10, "42.5", day=4)
    bought = trade(session, account, robots, 10, "42.5", day=5)
    with pytest.raises(Conflict, match="held only 10 of NWR"), session.begin_nested():
        trade(session, account, robots, -11, "50", day=6)
    with pytest.raises(Conflict, match="held only 0 of NWR"), session.begin_nested():
        trade(session, account, robots, -1, "50", day=4)
    trade(session, account, robots, -10, "50", day=6)
    with pytest.raises(Conflict, match="NWR"), session.begin_nested():
        journal.reverse(session, bought)


POSTINGS = "INSERT INTO finance.posting (workspace_id, booking_id, book, account_id, currency, amount_minor) VALUES "


@pytest.mark.parametrize(
    ("statement", "refusal"),
    [
        ("UPDATE finance.booking SET kind = 'fee'", "never changed"),
        ("DELETE FROM finance.booking", "permission denied"),
        ("UPDATE finance.posting SET amount_minor = 1", "permission denied"),
        ("DELETE FROM finance.posting", "permission denied"),
        ("DELETE FROM finance.access", "permission denied"),
        (f"{POSTINGS} ('TA', 1, 'fees', NULL, 'EUR', 5)", "does not balance"),
        (
            "INSERT INTO finance.booking (workspace_id, id, portfolio_id, kind, traded_on, settled_on)"
            " VALUES ('TA', 99, 1, 'fee', '2026-03-02', '2026-03-02')",
            "does not balance",
        ),
        (f"{POSTINGS} ('TA', 1, 'fees', 1, 'EUR', 5), ('TA', 1, 'fees', NULL, 'EUR', -5)", "posting_account_check"),
        (f"{POSTINGS} ('TA', 1, 'fees', NULL, 'EUR', 0)", "posting_of_check"),
        (f"{POSTINGS} ('TB', 1, 'fees', NULL, 'EUR', 5)", "row-level security"),
        (
            "INSERT INTO finance.booking (workspace_id, id, portfolio_id, kind, traded_on, settled_on, reverses_id)"
            " VALUES ('TA', 99, 1, 'reversal', '2026-03-02', '2026-03-02', 1);"
            f" {POSTINGS} ('TA', 99, 'fees', NULL, 'EUR', 5), ('TA', 99, 'market', NULL, 'EUR', -5)",
            "does not undo",
        ),
    ],
)
def test_postgres_refuses_what_the_journal_must_not_hold(session: Session, statement: str, refusal: str) -> None:
    _portfolio, account = opened(session)
    trades.deposit(session, account, eur(1_000), FIRST)
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    session.execute(text("SET CONSTRAINTS ALL DEFERRED"))
    with pytest.raises(DBAPIError, match=refusal), session.begin_nested():
        for one in statement.split(";"):
            session.execute(text(one))
        session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))


def test_postings_that_do_not_balance_are_no_booking(session: Session) -> None:
    portfolio, account = opened(session)
    robots = listed(session)
    for postings in (
        [],
        [journal.given(account, eur(5))],
        [journal.given(account, eur(5)), journal.elsewhere(OUTSIDE, eur(-4))],
        [journal.given(account, eur(5)), journal.elsewhere(OUTSIDE, Money(-5, "USD"))],
        [journal.given(account, eur(5)), journal.traded(MARKET, robots.id, Decimal(-5))],
    ):
        with pytest.raises(ValueError, match="do not balance"):
            journal.book(session, portfolio.id, "fee", postings, traded_on=FIRST)


STEP = st.tuples(
    st.sampled_from(["deposit", "buy", "sell", "income", "fee", "exchange", "split", "reverse"]),
    st.integers(1, 9),
    st.integers(0, 6),
    st.sampled_from(["NWR", "ACM"]),
)


def booked_by(
    session: Session, account: PortfolioAccount, what: str, number: int, instrument: Instrument, on: date
) -> Booking | None:
    amount = Money(number * 1_000, instrument.currency)
    day = (on - FIRST).days
    match what:
        case "deposit":
            return trades.deposit(session, account, amount, on)
        case "buy":
            return trade(session, account, instrument, number, "4.125", day)
        case "sell":
            return trade(session, account, instrument, -number, "5.1", day)
        case "income":
            return trades.income(session, account, amount, on)
        case "fee":
            return trades.fee(session, account, amount, on)
        case "exchange":
            return trades.exchange(session, account, amount, Money(700, "GBP"), on)
        case "split":
            return next(iter(trades.split(session, instrument, 2, 1, on)), None)
    return journal.reverse(session, journal.get(session, number))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, min_size=3, max_size=14))
def test_whatever_is_booked_balances_and_a_reversal_restores(
    session: Session, steps: list[tuple[str, int, int, str]]
) -> None:
    with session.begin_nested() as walk:
        portfolio, account = opened(session)
        markets = {"NWR": listed(session), "ACM": listed(session, "ACM", "USD")}
        before: dict[int, tuple[dict[int, Decimal], dict[str, int]]] = {}
        trades.deposit(session, account, Money(5_000, "USD"), FIRST)
        for what, number, day, symbol in steps:
            was, on, instrument = state(session, portfolio), FIRST + timedelta(days=day), markets[symbol]
            try:
                with session.begin_nested():
                    booked = booked_by(session, account, what, number, instrument, on)
            except CrmError:
                assert state(session, portfolio) == was
                continue
            if booked is not None:
                before[booked.id] = was
        session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        session.execute(text("SET CONSTRAINTS ALL DEFERRED"))
        sums = select(func.sum(Posting.quantity), func.sum(Posting.amount_minor))
        by = session.execute(sums.group_by(Posting.booking_id, Posting.currency, Posting.instrument_id)).all()
        assert {tuple(one) for one in by} <= {(None, 0), (0, None)}
        there, cash = state(session, portfolio)
        assert all(one > 0 for one in there.values()) and all(one > 0 for one in cash.values())
        # Backwards, each reversal leaves what there was before what it reverses.
        standing = [
            number for number in sorted(before, reverse=True) if journal.get(session, number).kind != "reversal"
        ]
        open_ = [one for one in standing if journal.reversal_of(session, journal.get(session, one)) is None]
        if len(open_) == len(before):
            for number in open_:
                journal.reverse(session, journal.get(session, number))
                assert state(session, portfolio) == before[number]
        walk.rollback()


def test_a_booking_is_reversed_once_and_a_reversal_never(session: Session) -> None:
    portfolio, account = opened(session)
    paid_in = trades.deposit(session, account, eur(1_000), FIRST)
    back = journal.reverse(session, paid_in, "typed twice")
    assert (back.kind, back.traded_on, back.words) == ("reversal", FIRST, "typed twice")
    assert state(session, portfolio) == ({}, {})
    with pytest.raises(Conflict, match="reversed already, by 2"):
        journal.reverse(session, paid_in)
    with pytest.raises(Conflict, match="a reversal itself"):
        journal.reverse(session, back)


def test_what_is_not_empty_is_not_archived(session: Session) -> None:
    portfolio, account = opened(session)
    paid_in = trades.deposit(session, account, eur(1_000), FIRST)
    for one in (portfolio, account):
        with pytest.raises(Conflict, match="Pension is not empty"):
            one.check_archive()
    journal.reverse(session, paid_in)
    portfolio.check_archive()


def test_what_comes_with_an_archive_keeps_its_day_and_must_balance(session: Session) -> None:
    opened(session)
    booking = (
        "INSERT INTO finance.booking (workspace_id, id, portfolio_id, kind, traded_on, settled_on, booked_at)"
        " VALUES ('TA', 99, 1, 'fee', '2026-03-02', '2026-03-02', '2026-03-02')"
    )
    postings = f"{POSTINGS} ('TA', 99, 'fees', NULL, 'EUR', 5), ('TA', 99, 'market', NULL, 'EUR', -{{owed}})"
    for arriving, owed, refusal in (("", 5, "in the journal already"), ("TB", 5, "already"), ("TA", 4, "balance")):
        with pytest.raises(DBAPIError, match=refusal), session.begin_nested():
            session.execute(text("SELECT set_config('rapport.arriving', :whose, true)"), {"whose": arriving})
            session.execute(text(booking))
            session.execute(text(postings.format(owed=owed)))
            session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    session.execute(text("SELECT set_config('rapport.arriving', 'TA', true)"))
    session.execute(text(booking))
    session.execute(text(postings.format(owed=5)))
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
