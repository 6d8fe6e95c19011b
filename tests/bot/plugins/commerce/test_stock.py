"""Show that stock is never promised twice, never below zero and never lost, and that totals are exact."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.orm import Session

from bot.plugins.commerce import orders
from bot.plugins.commerce.intake import taking
from bot.plugins.commerce.intake.arriving import ArrivingLine, ArrivingOrder, Buyer
from bot.plugins.commerce.products import Product
from bot.plugins.commerce.sales import CANCELLED, PARTLY, SHIPPED, OrderLine, SalesOrder, lines_of
from bot.testing import Company, connect
from storage.crm import customers
from storage.database.engine import CommitUnknown
from storage.errors import Conflict, CrmError, Invalid, NotFound
from storage.money import Money

SKUS = ("mug", "hat")
STOCK = 6
KILL = (
    b"SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    b" WHERE pid IN (SELECT pid FROM pg_stat_activity WHERE application_name = 'rapport' AND xact_start IS NOT NULL"
    b" ORDER BY random() LIMIT 2)"
)


def shelf(session: Session, stock: int = STOCK, price: int = 1_250, currency: str = "EUR") -> int:
    for sku in SKUS:
        Product.new(session, name=sku, sku=sku.upper(), price_minor=price, currency=currency, stock=stock)
    return customers.add(session, name="Harbor Lines").id


def at(session: Session, sku: str) -> tuple[int, int]:
    product = session.scalars(select(Product).where(Product.sku_key == sku)).one()
    return product.stock, product.reserved


def test_what_is_placed_is_reserved_what_is_shipped_is_gone_what_is_cancelled_is_back(session: Session) -> None:
    customer = shelf(session)
    order = orders.place(
        session, {"Mug": 2, "hat": 1}, customer_id=customer, discount=Money(250, "EUR"), tax_rate=1_900
    )
    assert (order.total_minor, order.tax_minor, order.reference) == (4_165, 665, "O-1")
    assert (at(session, "mug"), at(session, "hat")) == ((6, 2), (6, 1))
    orders.ship(session, order, {"MUG": 1})
    assert (at(session, "mug"), order.fulfilment) == ((5, 1), PARTLY)
    with pytest.raises(Conflict, match="is shipped, so it cannot"):
        orders.cancel(session, order)
    orders.ship(session, order)
    assert (at(session, "mug"), at(session, "hat"), order.fulfilment) == ((4, 0), (5, 0), SHIPPED)
    with pytest.raises(Conflict, match="shipped already"):
        orders.ship(session, order)
    other = orders.place(session, {"mug": 4})
    with pytest.raises(Conflict, match="Only 0 of mug are left"):
        orders.place(session, {"mug": 1})
    orders.cancel(session, other)
    assert (at(session, "mug"), other.lifecycle) == ((4, 0), CANCELLED)
    with pytest.raises(Conflict, match="is cancelled"):
        orders.ship(session, other)


def test_what_a_shop_says_twice_is_held_once_and_what_it_sends_is_gone(session: Session) -> None:
    shelf(session)
    at_once = datetime(2026, 11, 30, tzinfo=UTC)
    line = ArrivingLine("1", "MUG", "Mug", 3, 1_250, shipped=1)
    came = ArrivingOrder(
        source="shop", outside_id="7", number="#7", at=at_once, placed_at=at_once, currency="EUR", total_minor=3_750,
        discount_minor=0, tax_minor=0, payment="paid", cancelled=False, buyer=Buyer(), lines=[line, line],
    )  # fmt: skip
    order = taking.take(session, came)
    assert (at(session, "mug"), order.fulfilment, order.version) == ((5, 2), PARTLY, 1)
    assert [(one.quantity, one.shipped, one.held) for one in lines_of(session, order)] == [(3, 1, 2)]
    later = replace(came, at=at_once + timedelta(hours=1), lines=[replace(line, quantity=9)])
    assert taking.take(session, later) is order
    assert at(session, "mug") == (5, 5), "as far as there are any"
    assert taking.take(session, came).outside_at == later.at, "what was said before is passed by"
    taking.take(session, replace(later, at=at_once + timedelta(hours=2), lines=[], cancelled=True))
    assert at(session, "mug") == (5, 0)


@pytest.mark.parametrize(
    ("lines", "how", "error"),
    [
        ({}, {}, Invalid),
        ({"mug": 1}, {"discount": Money(1, "USD")}, Invalid),
        ({"mug": 0}, {}, Invalid),
        ({"mug": -1}, {}, Invalid),
        ({"nosuch": 1}, {}, NotFound),
        ({"mug": 1}, {"discount": Money(1_251, "EUR")}, Invalid),
        ({"mug": 1}, {"discount": Money(-1, "EUR")}, Invalid),
        ({"mug": 1}, {"tax_rate": 10_001}, Invalid),
        ({"mug": 1, "MUG": STOCK}, {}, Conflict),
    ],
)
def test_what_cannot_be_ordered_is_refused_and_holds_nothing(
    session: Session, lines: dict[str, int], how: dict[str, Any], error: type[CrmError]
) -> None:
    shelf(session)
    with pytest.raises(error), session.begin_nested():
        orders.place(session, lines, **how)
    assert at(session, "mug") == (STOCK, 0)


def test_the_database_itself_lets_nobody_promise_what_is_not_there(session: Session) -> None:
    shelf(session)
    product = session.scalars(select(Product).where(Product.sku_key == "mug")).one()
    product.reserved = STOCK + 1
    with pytest.raises(IntegrityError):
        session.flush()


@given(net=st.integers(0, 10**15), rate=st.integers(0, 10_000))
def test_tax_is_rounded_half_up_to_one_minor_unit(net: int, rate: int) -> None:
    off = Fraction(orders.tax_of(net, rate)) - Fraction(net * rate, 10_000)
    assert Fraction(-1, 2) < off <= Fraction(1, 2)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("place"), st.integers(0, 3), st.integers(0, 3)),
        st.tuples(st.just("ship"), st.integers(0, 4), st.integers(0, 2)),
        st.tuples(st.just("cancel"), st.integers(0, 4), st.just(0)),
    ),
    max_size=12,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_any_sequence_leaves_the_shelf_as_a_model_has_it(session: Session, steps: list[tuple[str, int, int]]) -> None:
    """Walk any steps beside a model that knows each order's parts; what it refuses, the shop refuses too."""
    with session.begin_nested() as walk:
        shelf(session)
        made: list[SalesOrder] = []
        held: list[dict[str, int] | None] = []
        gone = dict.fromkeys(SKUS, 0)
        partly: set[int] = set()
        for what, first, second in steps:
            if what == "place":
                wanted = {sku: count for sku, count in zip(SKUS, (first, second), strict=True) if count}
                promised = {sku: sum((one or {}).get(sku, 0) for one in held) for sku in SKUS}
                fits = bool(wanted) and all(count <= STOCK - gone[sku] - promised[sku] for sku, count in wanted.items())
                if fits:
                    made.append(orders.place(session, wanted))
                    held.append(dict(wanted))
                else:
                    with pytest.raises(CrmError), session.begin_nested():
                        orders.place(session, wanted)
                continue
            if first >= len(made):
                continue
            parts = held[first]
            open_ = parts is not None and any(parts.values())
            if what == "cancel" and parts is not None and open_ and first not in partly:
                orders.cancel(session, made[first])
                held[first] = None
            elif what == "cancel":
                with pytest.raises(Conflict), session.begin_nested():
                    orders.cancel(session, made[first])
            elif parts is not None and open_ and (second == 0 or 0 < second <= parts.get("mug", 0)):
                leaving = dict(parts) if second == 0 else {"mug": second}
                orders.ship(session, made[first], None if second == 0 else leaving)
                partly.add(first)
                for sku, count in leaving.items():
                    gone[sku] += count
                    parts[sku] -= count
            else:
                with pytest.raises(CrmError), session.begin_nested():
                    orders.ship(session, made[first], {"mug": second} if second else None)
            for sku in SKUS:
                promised_now = sum((one or {}).get(sku, 0) for one in held)
                assert at(session, sku) == (STOCK - gone[sku], promised_now)
        walk.rollback()


def test_orders_at_the_same_time_share_what_there_is(company: Company) -> None:
    with company.bot.database.transaction(company.workspace) as session:
        shelf(session, stock=10)

    def buys(number: int) -> int:
        # Both ways round, so that two orders would wait for each other were rows not locked in one order.
        lines = {"mug": 1 + number % 3, "hat": 1} if number % 2 else {"hat": 1, "mug": 1 + number % 3}
        try:
            with company.bot.database.transaction(company.workspace) as session:
                orders.place(session, lines)
        except Conflict:
            return 0
        return lines["mug"]

    with ThreadPoolExecutor(8) as threads:
        taken = sum(threads.map(buys, range(16)))
    with company.bot.database.transaction(company.workspace) as session:
        assert at(session, "mug") == (10, taken)
        assert 8 <= taken <= 10  # the smallest order that was refused wanted at most three


def test_shipping_and_cancelling_at_the_same_time_have_one_effect(company: Company) -> None:
    with company.bot.database.transaction(company.workspace) as session:
        number = orders.place(session, {"mug": 2}, customer_id=shelf(session)).id

    def tries(act: Callable[[Session, SalesOrder], None]) -> bool:
        try:
            with company.bot.database.transaction(company.workspace) as session:
                order = session.get(SalesOrder, (company.workspace, number))
                assert order is not None
                act(session, order)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(6) as threads:
        done = list(threads.map(tries, [orders.ship, orders.cancel] * 3))
    assert sum(done) == 1
    with company.bot.database.transaction(company.workspace) as session:
        assert at(session, "mug") in {(STOCK - 2, 0), (STOCK, 0)}


def test_connections_that_are_killed_lose_nothing_and_leave_nothing_behind(company: Company) -> None:
    """Kill whoever is at work, again and again: what is reserved stays the sum of what lines hold."""
    with company.bot.database.transaction(company.workspace) as session:
        shelf(session, stock=400)
    over = threading.Event()

    def works(number: int) -> int:
        done = 0
        while not over.is_set():
            try:
                with company.bot.database.transaction(company.workspace) as session:
                    order = orders.place(session, {"mug": 1 + number % 2, "hat": 1})
                with company.bot.database.transaction(company.workspace) as session:
                    order = session.get_one(SalesOrder, (company.workspace, order.id))
                    (orders.ship if number % 3 else orders.cancel)(session, order)
                done += 1
            except (DBAPIError, StatementError, CommitUnknown, Conflict):
                continue
        return done

    def kills() -> int:
        count = 0
        for _ in range(15):
            time.sleep(0.2)
            with closing(connect(company.admin_url)) as connection:
                count += len(connection.execute(KILL).fetchall())
        over.set()
        return count

    with ThreadPoolExecutor(5) as threads:
        working = [threads.submit(works, number) for number in range(4)]
        killed = threads.submit(kills).result()
        done = sum(one.result() for one in working)
    assert killed and done
    with company.database.transaction(company.workspace) as session:
        for sku in SKUS:
            product = session.scalars(select(Product).where(Product.sku_key == sku)).one()
            lines = session.scalars(select(OrderLine).where(OrderLine.product_id == product.id)).all()
            assert product.reserved == sum(one.held for one in lines)
            assert product.stock == 400 - sum(one.shipped for one in lines)
