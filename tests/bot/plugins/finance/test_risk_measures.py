"""The risk of a series: against cases computed by hand, and against numpy's own."""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np
import pytest

from bot.plugins.finance.risk.measures import (
    LEAST_PRICES,
    TooLittleKnown,
    by_history,
    by_normal,
    drawdown,
    exceptions,
    measure,
    returns,
    volatility,
)

TODAY = date(2026, 11, 30)


def days(count: int, last: date = TODAY) -> list[date]:
    return [last - timedelta(days=count - 1 - place) for place in range(count)]


def walk(count: int, seed: int = 7, deviation: float = 0.01) -> list[float]:
    """Prices that begin at 100, of returns with a known deviation."""
    steps = np.random.default_rng(seed).normal(0.0002, deviation, count - 1)
    return [100.0, *(100.0 * np.cumprod(1.0 + steps)).tolist()]


def test_returns_and_volatility_by_hand() -> None:
    changes = returns(np.array([100.0, 110.0, 99.0, 99.0]))
    assert changes.tolist() == pytest.approx([0.1, -0.1, 0.0])
    # The mean is 0, the squares sum to 0.02, by n - 1 = 2 that is 0.01: a tenth a day.
    assert volatility(changes) == pytest.approx(0.1 * math.sqrt(252))


@pytest.mark.parametrize(
    ("prices", "wanted"),
    [
        ([100.0, 120.0, 90.0, 130.0, 104.0], (0.25, 1, 2)),  # 90 of 120, not 104 of 130
        ([100.0, 101.0, 102.0], (0.0, 0, 0)),
        ([100.0, 50.0, 200.0, 80.0], (0.6, 2, 3)),
    ],
)
def test_the_deepest_fall_by_hand(prices: list[float], wanted: tuple[float, int, int]) -> None:
    found = drawdown(np.array(prices))
    assert found.depth == pytest.approx(wanted[0]) and (found.peak, found.trough) == wanted[1:]


def test_the_loss_by_history_is_the_one_of_its_rank() -> None:
    losses = np.arange(1, 101) / 1000.0  # 0.1 % to 10 %
    shuffled = -np.random.default_rng(1).permutation(losses)
    assert float(by_history(shuffled, 95)) == pytest.approx(0.095)
    assert float(by_history(shuffled, 99)) == pytest.approx(0.099)
    # Of 249, ceil(236.55) is the 237th and ceil(246.51) the 247th: the third largest.
    assert float(by_history(-np.arange(1, 250) / 1000.0, 95)) == pytest.approx(0.237)
    assert float(by_history(-np.arange(1, 250) / 1000.0, 99)) == pytest.approx(0.247)
    assert float(by_history(np.full(100, 0.01), 95)) == 0.0


def test_the_normal_loss_by_hand() -> None:
    changes = np.array([0.01, -0.01] * 50)  # mean 0, deviation 0.01 * sqrt(100 / 99)
    deviation = 0.01 * math.sqrt(100 / 99)
    assert float(by_normal(changes, 95)) == pytest.approx(1.6448536269514722 * deviation)
    assert float(by_normal(changes, 99)) == pytest.approx(2.3263478740408408 * deviation)
    # A mean above all losses leaves none.
    assert float(by_normal(changes + 0.05, 95)) == 0.0
    assert float(by_normal(changes - 0.05, 95)) == pytest.approx(1.6448536269514722 * deviation + 0.05)


@pytest.mark.parametrize("percent", [95, 99])
@pytest.mark.parametrize("count", [2, 3, 19, 20, 21, 99, 100, 101, 249, 300])
def test_both_methods_are_numpys(count: int, percent: int) -> None:
    drawn = np.random.default_rng(count).standard_t(3, count) / 50.0
    changes = np.round(drawn, 3)  # some are equal
    ours = float(by_history(changes, percent))
    # numpy's rank may be one off where 0.95 * n should be whole and is a hair more.
    near = [np.quantile(-changes, percent / 100 + off, method="inverted_cdf") for off in (0.0, -1e-12)]
    assert any(ours == pytest.approx(max(one, 0.0)) for one in near)
    rows = np.stack([changes, changes[::-1]])
    assert by_history(rows, percent).tolist() == pytest.approx([ours, ours])
    z = {95: 1.6448536269514722, 99: 2.3263478740408408}[percent]
    assert float(by_normal(changes, percent)) == pytest.approx(max(0.0, z * changes.std(ddof=1) - changes.mean()))
    assert by_normal(rows, percent).tolist() == pytest.approx([float(by_normal(changes, percent))] * 2)


def test_exceptions_are_counted_beside_what_was_promised() -> None:
    said = np.full(250, 0.02)
    followed = np.zeros(250)
    followed[:15] = -0.03
    followed[15] = -0.02  # as much as was said is no more than that
    found = exceptions(said, followed, 95)
    assert (found.found, found.tested, found.promised) == (15, 250, 12.5)
    # By hand: -2 ln L is 2 (15 ln(0.06/0.05) + 235 ln(0.94/0.95)) = 0.4961; the tail beyond is 0.4812.
    assert found.chance == pytest.approx(0.4812, abs=1e-4) and not found.doubtful
    followed[:30] = -0.03
    assert exceptions(said, followed, 95).doubtful
    assert exceptions(said, np.zeros(250), 95).doubtful, "none in a year is too cautious to be right"
    assert exceptions(said[:0], followed[:0], 95).chance is None


def test_a_year_of_prices_is_measured_and_stated() -> None:
    prices = walk(500)
    found = measure(days(500), prices, today=TODAY)
    changes = np.diff(prices) / prices[:-1]
    assert (found.prices, found.first, found.last) == (500, TODAY - timedelta(days=499), TODAY)
    assert found.volatility == pytest.approx(changes.std(ddof=1) * math.sqrt(252))
    assert [one.percent for one in found.at] == [95, 99]
    for one, promised in zip(found.at, (12.5, 2.5), strict=True):
        assert one.history == pytest.approx(np.sort(-changes[-249:])[math.ceil(249 * one.percent / 100) - 1])
        assert one.history_past.tested == one.normal_past.tested == 250
        assert one.history_past.promised == one.normal_past.promised == pytest.approx(promised)
    assert found.at[1].history > found.at[0].history and found.at[1].normal > found.at[0].normal


def test_past_exceptions_are_those_of_each_days_own_past() -> None:
    prices = walk(300, seed=3)
    changes = np.diff(prices) / prices[:-1]
    by_hand = sum(
        -changes[day] > np.quantile(-changes[day - 249 : day], 0.95, method="inverted_cdf") for day in range(249, 299)
    )
    past = measure(days(300), prices, today=TODAY).at[0].history_past
    assert (past.found, past.tested) == (by_hand, 50)


def test_with_just_enough_prices_no_day_was_tested() -> None:
    found = measure(days(LEAST_PRICES), walk(LEAST_PRICES), today=TODAY)
    assert found.at[0].history_past.tested == 0 and found.at[0].history_past.chance is None


@pytest.mark.parametrize(
    ("on", "prices", "reason"),
    [
        ([], [], "no prices"),
        (days(249), walk(249), "from 250 daily prices on, and there are 249"),
        (days(300, TODAY - timedelta(days=8)), walk(300), "2026-11-22, which is too old"),
        ([*days(200, TODAY - timedelta(days=108)), *days(100)], walk(300), "there are 100"),
        (days(300), [*walk(299), 0.0], "zero or below"),
        (days(300), [*walk(299), math.nan], "zero or below"),
        (days(300), [*walk(299), -1.0], "zero or below"),
    ],
)
def test_too_little_is_refused_with_the_reason(on: list[date], prices: list[float], reason: str) -> None:
    with pytest.raises(TooLittleKnown, match=reason):
        measure(on, prices, today=TODAY)


def test_a_gap_leaves_what_comes_after_it() -> None:
    on = [*days(100, TODAY - timedelta(days=300)), *days(260)]
    found = measure(on, walk(360), today=TODAY)
    assert (found.prices, found.first) == (260, TODAY - timedelta(days=259))


@pytest.mark.parametrize("on", [days(2)[::-1], [TODAY, TODAY], days(3)])
def test_days_that_do_not_fit_are_a_fault(on: list[date]) -> None:
    with pytest.raises(ValueError, match="prices"):
        measure(on, [1.0, 2.0], today=TODAY)
