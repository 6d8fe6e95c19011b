"""Judging trades with the books: what is blocked, warned of, released by a second person, and booked once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.plugins.finance.books import holdings, portfolios, prices, trades, valuation
from bot.plugins.finance.books.instruments import Instrument
from bot.plugins.finance.books.portfolios import Portfolio, PortfolioAccount
from bot.plugins.finance.books.trades import Trade
from bot.plugins.finance.risk import past
from bot.plugins.finance.risk.profile import profiles, questions
from bot.plugins.finance.risk.suitability import checks, exposure, judging
from bot.plugins.finance.risk.suitability.judgement import Basis
from bot.plugins.finance.risk.suitability.wording import listed
from storage.crm import customers
from storage.database.engine import current_workspace
from storage.errors import Conflict, Invalid, NotFound, Refused
from storage.money import Money
from storage.records import history
from storage.workspace import plugin_settings, workspaces

TODAY = date.today()
REP, MANAGER, ADMIN = "UAREP", "UAMANAGER", "UAADMIN"
Buys = Callable[..., Trade]


@pytest.fixture
def portfolio(desk: Session) -> Portfolio:
    """Keep a client's 10,000 euros."""
    workspace = workspaces.get(desk, current_workspace(desk))
    assert workspace is not None
    workspace.zone = "UTC"
    customer = customers.add(desk, name="Harbor Lines", owner_id=REP)
    made = portfolios.add(desk, name="Pension", customer_id=customer.id, currency="EUR", owner_id=REP)
    trades.deposit(desk, account_of(desk, made), Money(1_000_000, "EUR"), TODAY)
    return made


def account_of(session: Session, portfolio: Portfolio) -> PortfolioAccount:
    return portfolios.accounts(session, portfolio)[0]


def instrument(session: Session, name: str, kind: str = "equity", currency: str = "EUR") -> Instrument:
    return Instrument.new(session, name=name, symbol=name[:3].upper(), asset_class=kind, currency=currency)


@pytest.fixture
def buys(desk: Session, portfolio: Portfolio) -> Buys:
    def trade(what: Instrument, quantity: int, price: int = 10, on: date = TODAY) -> Trade:
        nothing = Money(0, what.currency)
        return Trade(account_of(desk, portfolio), what, Decimal(quantity), Decimal(price), nothing, on)

    return trade


def answers(session: Session, portfolio: Portfolio, place: int, today: date = TODAY) -> None:
    """Have the client answer each question with the answer at this place: 0 bears least, 4 most."""
    asked = questions.ready(session)
    assert portfolio.customer_id is not None
    customer = customers.get(session, portfolio.customer_id)
    chosen, asked_as = {one.id: place for one in asked}, questions.fingerprint(asked)
    profiles.take(session, customer, chosen, asked_as, today=today, months=12, text="Renew")


def codes(check: checks.SuitabilityCheck) -> list[str]:
    return [one.code for one in check.against]


def test_what_suits_is_booked_once(desk: Session, portfolio: Portfolio, buys: Buys) -> None:
    answers(desk, portfolio, 4)
    wanted = buys(instrument(desk, "Pump Works"), 200)
    check = checks_of(desk, wanted)
    assert (check.state, check.against, check.basis) == (checks.SUITABLE, [], "advised")
    done, booking = judging.book(desk, check.id, TODAY)
    assert (done.state, done.booking_id) == (checks.BOOKED, booking.id)
    assert holdings.quantities(desk, portfolio, TODAY) == {wanted.instrument.id: Decimal(200)}
    with pytest.raises(Conflict, match=r"is booked, so it cannot"):
        judging.book(desk, check.id, TODAY)


def checks_of(session: Session, wanted: Trade, basis: Basis = Basis.ADVISED) -> checks.SuitabilityCheck:
    return judging.propose(session, wanted, basis, REP)


def test_what_we_advise_and_does_not_suit_is_blocked_until_another_person_releases_it(
    desk: Session, portfolio: Portfolio, buys: Buys
) -> None:
    answers(desk, portfolio, 1)
    wanted = buys(instrument(desk, "Pump Works"), 400)
    check = checks_of(desk, wanted)
    # 4,000 of 10,000: knowledge 2 and horizon 2 of 3, 40 % of 30 % that level 2 bears, 40 % of 20 % in one.
    assert (check.state, codes(check)) == (checks.BLOCKED, ["knowledge", "horizon", "risky", "single"])
    for book in (lambda: trades.trade(desk, wanted), lambda: judging.book(desk, check.id, TODAY)):
        with pytest.raises(Conflict):
            book()
    with pytest.raises(Refused, match="Somebody else"):
        checks.decide(desk, check.id, REP, "I want it", release=True)
    for nothing in ("", "  ", "\u200b"):
        with pytest.raises(Invalid):
            checks.decide(desk, check.id, MANAGER, nothing, release=True)
    checks.decide(desk, check.id, MANAGER, "Owns <two> houses & more", release=True)
    assert (check.state, check.checker_id, check.reason) == (checks.RELEASED, MANAGER, "Owns <two> houses & more")
    with pytest.raises(Conflict, match="released already, by Uamanager"):
        checks.decide(desk, check.id, ADMIN, "No", release=False)
    trades.trade(desk, wanted)
    assert check.state == checks.BOOKED
    with pytest.raises(Conflict, match="does not suit"):
        trades.trade(desk, wanted)


def test_what_is_declined_or_withdrawn_is_not_booked(desk: Session, portfolio: Portfolio, buys: Buys) -> None:
    answers(desk, portfolio, 0)
    wanted = buys(instrument(desk, "Pump Works"), 400)
    declined = checks.decide(desk, checks_of(desk, wanted).id, MANAGER, "Too much", release=False)
    withdrawn = checks.withdraw(desk, checks_of(desk, wanted).id, REP)
    assert (declined.state, withdrawn.state) == (checks.DECLINED, checks.WITHDRAWN)
    for check in (declined, withdrawn):
        with pytest.raises(Conflict, match="cannot be booked"):
            judging.book(desk, check.id, TODAY)
        with pytest.raises(Conflict, match="already"):
            checks.withdraw(desk, check.id, REP)
    with pytest.raises(Refused, match="Only who proposed"):
        checks.withdraw(desk, checks_of(desk, wanted).id, MANAGER)


def test_what_the_client_wishes_for_is_warned_of_and_booked(desk: Session, portfolio: Portfolio, buys: Buys) -> None:
    answers(desk, portfolio, 1)
    wanted = buys(instrument(desk, "Pump Works"), 400)
    check = checks_of(desk, wanted, Basis.WISH)
    assert check.state == checks.WARNED and "single" in codes(check)
    judging.book(desk, check.id, TODAY)
    assert check.state == checks.BOOKED


def test_what_nobody_has_seen_stops_a_trade_that_was_released(desk: Session, portfolio: Portfolio, buys: Buys) -> None:
    answers(desk, portfolio, 2)
    wanted = buys(instrument(desk, "Pump Works"), 250)
    check = checks_of(desk, wanted)
    assert codes(check) == ["single"]
    checks.decide(desk, check.id, MANAGER, "For a week", release=True)
    fund = instrument(desk, "World Fund", "fund")
    prices.set_price(desk, fund, TODAY, Decimal(10))
    trades.trade(desk, buys(fund, 350))
    # 25 % in one is what was released; that it is 60 % in all, and would be more at a higher price, nobody has seen.
    with pytest.raises(Conflict, match=r"62\.5 % would be in risky classes, and level 3 \(balanced\) bears 60 %"):
        trades.trade(desk, buys(wanted.instrument, 250, price=11))
    judging.book(desk, check.id, TODAY)


def test_a_check_stands_for_a_week(desk: Session, portfolio: Portfolio, buys: Buys) -> None:
    answers(desk, portfolio, 1)
    wanted = buys(instrument(desk, "Pump Works"), 400)
    check = checks_of(desk, wanted, Basis.WISH)
    check.made_at = check.made_at - timedelta(days=7, minutes=1)
    desk.flush()
    assert checks.cleared(desk, wanted) is None
    with pytest.raises(Conflict, match="older than 7 days"):
        judging.book(desk, check.id, TODAY)


def test_of_whom_nothing_is_known_nothing_is_judged_unless_the_workspace_wants_that(
    desk: Session, portfolio: Portfolio, buys: Buys
) -> None:
    wanted = buys(instrument(desk, "Pump Works"), 100)
    assert codes(checks_of(desk, wanted)) == ["unknown"]
    trades.trade(desk, wanted)
    plugin_settings.choose(desk, "finance.judged", "everybody")
    with pytest.raises(Conflict, match="there is no risk profile"):
        trades.trade(desk, wanted)
    trades.deposit(desk, wanted.account, Money(1_000_000, "EUR"), TODAY - timedelta(days=400))
    with pytest.raises(Conflict, match="there is no risk profile"):
        trades.trade(desk, buys(wanted.instrument, 100, on=TODAY - timedelta(days=399)))


def test_an_expired_profile_blocks_what_we_advise(desk: Session, portfolio: Portfolio, buys: Buys) -> None:
    answers(desk, portfolio, 4, today=TODAY - timedelta(days=400))
    assert codes(checks_of(desk, buys(instrument(desk, "Harbor Bond", "bond"), 1))) == ["expired"]


def test_the_whole_portfolio_counts_in_its_own_currency(desk: Session, portfolio: Portfolio, buys: Buys) -> None:
    answers(desk, portfolio, 2)
    abroad = instrument(desk, "Dollar Works", currency="USD")
    held = exposure.of_trade(desk, portfolio, buys(abroad, 10), TODAY)
    assert sorted(held.unknown) == ["DOL", "USD"]
    assert codes(checks_of(desk, buys(abroad, 10)))[0] == "unpriced"
    prices.set_rate(desk, "EUR", "USD", TODAY, Decimal("1.25"))
    held = exposure.of_trade(desk, portfolio, buys(abroad, 100), TODAY)
    # 100 at 10 dollars are 800 euros, of money that is owed in dollars.
    assert held.bought is not None and held.bought.value == 80_000
    assert [(one.key, one.value) for one in held.after][1:] == [("cash:EUR", 1_000_000), ("cash:USD", -80_000)]
    assert held.after[0].value == 80_000 and held.before[0].value == 0
    assert "debt" in codes(checks_of(desk, buys(abroad, 100)))


def test_a_sale_that_makes_it_better_suits(desk: Session, portfolio: Portfolio, buys: Buys) -> None:
    what = instrument(desk, "Pump Works")
    trades.trade(desk, buys(what, 900))
    answers(desk, portfolio, 0)
    assert checks_of(desk, buys(what, -100)).state == checks.SUITABLE
    trades.trade(desk, buys(what, -100))
    assert checks_of(desk, buys(what, 1)).state == checks.BLOCKED


def test_limits_are_the_workspaces(desk: Session, portfolio: Portfolio, buys: Buys) -> None:
    answers(desk, portfolio, 2)
    wanted = buys(instrument(desk, "Pump Works"), 250)
    assert codes(checks_of(desk, wanted)) == ["single"]
    plugin_settings.choose(desk, "finance.share", 25)
    assert codes(checks_of(desk, wanted)) == []
    plugin_settings.choose(desk, "finance.risky3", 24)
    assert codes(checks_of(desk, wanted)) == ["risky"]


def test_it_stays_on_record(desk: Session, portfolio: Portfolio, buys: Buys) -> None:
    answers(desk, portfolio, 1)
    check = checks_of(desk, buys(instrument(desk, "*<!channel>* & {name}"), 400))
    assert "*<!channel>* & {name} (equity) takes knowledge of 3, and the client's is 2" in listed(check.against)
    with pytest.raises(Conflict, match="stays on record"):
        check.undoing(desk, history.CREATED)
    told = [one.after for one in history.timeline(desk, "portfolio", portfolio.id, limit=20) if "suitab" in one.entity]
    assert [set(one or {}) for one in told] == [
        {"portfolio_id", "basis", "state", "maker_id", "checker_id", "booking_id"}
    ]
    check.checker_id = REP
    with pytest.raises(IntegrityError, match="two_people"), desk.begin_nested():
        desk.flush()


@pytest.mark.parametrize("number", [0, -1, 7, 2**63, 10**30])
def test_there_is_no_such_check(desk: Session, number: int) -> None:
    with pytest.raises(NotFound):
        checks.get(desk, number)


def test_past_values_are_of_what_is_held_today(desk: Session, portfolio: Portfolio, buys: Buys) -> None:
    home, abroad = instrument(desk, "Pump Works"), instrument(desk, "Dollar Works", currency="USD")
    for one in (home, abroad):
        prices.take_prices(desk, [(one.id, TODAY - timedelta(days=ago), Decimal(10 + ago)) for ago in range(4)])
    prices.take_rates(desk, [("EUR", "USD", TODAY - timedelta(days=ago), Decimal(2)) for ago in (0, 1, 3)])
    trades.exchange(desk, account_of(desk, portfolio), Money(100_000, "EUR"), Money(200_000, "USD"), TODAY)
    trades.trade(desk, buys(home, 100))
    trades.trade(desk, buys(abroad, 100))
    found = past.past_values(desk, valuation.valued(desk, portfolio, TODAY), TODAY)
    # 8,000 euros and 1,000 dollars stay; the shares are 100 at home and 50 after the rate. Two days ago has no rate.
    assert found.days == [TODAY - timedelta(days=ago) for ago in (3, 1, 0)]
    assert found.values == pytest.approx([8500 + 150 * (10 + ago) for ago in (3, 1, 0)])
    assert found.prices == {"PUM": 4, "DOL": 4}


def test_a_fee_is_paid_whether_it_is_bought_or_sold(desk: Session, portfolio: Portfolio, buys: Buys) -> None:
    what = instrument(desk, "Pump Works")
    for quantity, left in ((100, 899_000), (-100, 1_099_000)):
        wanted = replace(buys(what, quantity), fee=Money(1_000, "EUR"))
        held = exposure.of_trade(desk, portfolio, wanted, TODAY)
        assert [one.value for one in held.after if one.kind == "cash"] == [left]
