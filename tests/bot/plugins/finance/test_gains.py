"""Compare gains with what is computed by hand: oldest first and by average, fees, splits, two currencies."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.plugins.finance.books.amounts import converted, rounded, worth
from bot.plugins.finance.books.gains import Lots, Move, base_of, cost_of, followed
from bot.plugins.finance.books.prices import Rates
from storage.errors import Invalid
from storage.money import Money

DAYS = [date(2026, month, 1) for month in range(1, 13)]


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def came(month: int, quantity: str, cost: int, currency: str = "EUR") -> Move:
    return Move(DAYS[month], 1, 7, Decimal(quantity), Money(cost, currency), DAYS[month])


def sold(month: int, quantity: str, proceeds: int, currency: str = "EUR") -> Move:
    return Move(DAYS[month], 1, 7, -Decimal(quantity), proceeds=Money(proceeds, currency))


def followed_in_euro(moves: Sequence[Move], method: str) -> Lots:
    return followed(moves, method, lambda amount, _day: amount)


# 10 for 100.00 with a fee of 5.00, and 10 for 120.00: what 15 brought 195.00 for, less a fee of 3.00, had cost.
@pytest.mark.parametrize(
    ("method", "gain", "left"),
    [
        # 105.00 and half of 120.00 are 165.00: 192.00 - 165.00; 60.00 are left.
        ("fifo", 2_700, 6_000),
        # 225.00 for 20 are 11.25 each: 15 had cost 168.75; 56.25 are left.
        ("average", 2_325, 5_625),
    ],
)
def test_what_a_sale_gained(method: str, gain: int, left: int) -> None:
    lots = followed_in_euro([came(0, "10", 10_500), came(1, "10", 12_000), sold(2, "15", 19_200)], method)
    assert [one.gain for one in lots.sales] == [eur(gain)]
    assert cost_of(lots.held[1, 7], "EUR") == eur(left)


def test_what_is_left_of_cents_stays_with_what_is_left() -> None:
    """Sell three for 10.00 one by one: they had cost 3.33, 3.34 and 3.33, in all what was paid."""
    lots = followed_in_euro([came(0, "3", 1_000), *(sold(month, "1", 400) for month in (1, 2, 3))], "fifo")
    assert [one.gain.minor for one in lots.sales] == [67, 66, 67]


def test_a_split_makes_lots_longer_and_costs_nothing() -> None:
    """Make two of each of 10 at 10.00 and 5 at 16.00, then sell 20 for 6.00: they had cost 5.00 each."""
    split = Move(DAYS[2], 1, 7, Decimal(15), split=True)
    lots = followed_in_euro([came(0, "10", 10_000), came(1, "5", 8_000), split, sold(3, "20", 12_000)], "fifo")
    assert [one.gain.minor for one in lots.sales] == [2_000]
    assert [(one.quantity, one.cost.minor) for one in lots.held[1, 7]] == [(Decimal(10), 8_000)]


def test_what_goes_unsold_takes_its_lots_along_and_gains_nothing() -> None:
    lots = Lots("fifo", lambda amount, _day: amount)
    for move in (came(0, "4", 4_000), came(1, "4", 8_000)):
        lots.add(move)
    gone = lots.add(Move(DAYS[2], 1, 7, Decimal(-6)))
    assert [(one.quantity, one.cost.minor, one.since) for one in gone] == [
        (Decimal(4), 4_000, DAYS[0]),
        (Decimal(2), 4_000, DAYS[1]),
    ]
    assert lots.sales == []
    with pytest.raises(ValueError, match="more goes"):
        lots.add(sold(3, "3", 1))


@pytest.mark.parametrize(
    ("method", "gain", "base"),
    [
        # Of 3,000.00 dollars paid, 1,000.00 at 0.80 and 500.00 at 1.00 are sold at 0.50 for 2,400.00.
        ("fifo", 240_000 - 150_000, 120_000 - 80_000 - 50_000),
        # 20 had cost 3,000.00 dollars or 800.00 and 2,000.00 euros: 15 of them 2,250.00 or 2,100.00.
        ("average", 240_000 - 225_000, 120_000 - 210_000),
    ],
)
def test_what_the_currency_did_is_part_of_the_gain(method: str, gain: int, base: int) -> None:
    rates = Rates([("USD", "EUR", DAYS[0], Decimal("0.8")), ("USD", "EUR", DAYS[1], Decimal(1)),
                   ("USD", "EUR", DAYS[2], Decimal("0.5"))])  # fmt: skip
    moves = [came(0, "10", 100_000, "USD"), came(1, "10", 200_000 if method == "average" else 100_000, "USD"),
             sold(2, "15", 240_000, "USD")]  # fmt: skip
    (sale,) = followed(moves, method, lambda amount, day: rates.convert(amount, "EUR", day)).sales
    assert (sale.gain, sale.base_gain) == (Money(gain, "USD"), eur(base))


def test_without_a_rate_nothing_is_said_of_the_gain_in_the_other_currency() -> None:
    moves = [came(0, "1", 100, "USD"), sold(2, "1", 300, "USD")]
    (sale,) = followed(moves, "fifo", lambda amount, day: None if day == DAYS[0] else eur(amount.minor)).sales
    assert (sale.gain.minor, sale.base_gain) == (200, None)


@given(
    steps=st.lists(st.tuples(st.integers(1, 10**6), st.integers(0, 10**9), st.integers(0, 100)), min_size=1),
    method=st.sampled_from(["fifo", "average"]),
)
def test_what_was_paid_is_what_was_sold_and_what_is_left(steps: list[tuple[int, int, int]], method: str) -> None:
    moves: list[Move] = []
    there = Decimal(0)
    for quantity, cost, share in steps:
        moves.append(came(0, f"{quantity}", cost))
        there += quantity
        if gone := (there * share / 100).quantize(Decimal("0.001")):
            moves.append(sold(1, f"{gone}", 500))
            there -= gone
    lots = followed_in_euro(moves, method)
    left = lots.held[1, 7]
    paid = sum(cost for _quantity, cost, _share in steps)
    gained = sum(one.gain.minor for one in lots.sales)
    assert cost_of(left, "EUR").minor == paid + gained - 500 * len(lots.sales)
    assert base_of(left, "EUR") == cost_of(left, "EUR")
    assert sum((one.quantity for one in left), Decimal(0)) == there


def test_rates_are_those_of_the_last_day_turned_around_or_by_way_of_a_third() -> None:
    rates = Rates([("EUR", "USD", DAYS[1], Decimal("1.25")), ("EUR", "USD", DAYS[3], Decimal("1.1")),
                   ("EUR", "JPY", DAYS[2], Decimal(160))])  # fmt: skip
    assert rates.convert(eur(1_000), "USD", DAYS[0]) is None
    assert rates.convert(eur(1_000), "USD", DAYS[2]) == Money(1_250, "USD")
    assert rates.convert(Money(1_100, "USD"), "EUR", DAYS[5]) == eur(1_000)
    assert rates.convert(Money(1_000, "USD"), "JPY", DAYS[2]) == Money(1_280, "JPY")
    assert rates.convert(eur(5), "EUR", DAYS[0]) == eur(5)
    assert rates.convert(eur(5), "GBP", DAYS[5]) is None


@pytest.mark.parametrize(
    ("quantity", "price", "currency", "minor"),
    [
        ("3", "0.335", "EUR", 101),
        ("1", "0.005", "EUR", 1),
        ("1", "0.00499999", "EUR", 0),
        ("2.5", "101", "JPY", 253),
        ("0.00000001", "99999999", "EUR", 100),
        ("1", "1.2345", "KWD", 1_235),
    ],
)
def test_what_so_many_come_to_is_rounded_once_half_away_from_nothing(
    quantity: str, price: str, currency: str, minor: int
) -> None:
    assert worth(Decimal(quantity), Decimal(price), currency) == Money(minor, currency)


def test_amounts_are_rounded_alike_on_both_sides_of_nothing_and_have_a_limit() -> None:
    assert [rounded(converted(eur(minor), "EUR", 1).minor) for minor in (5, -5)] == [5, -5]  # type: ignore[arg-type]  # whole numbers are fractions
    with pytest.raises(Invalid, match="more than an amount"):
        worth(Decimal(10**10), Decimal(10**10), "EUR")
