"""Show that the gate lets better models through and others not, and says what it lacks to decide."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ml.learn.gate import FEWEST, decide, is_surer, is_worse


def outcomes(both: int, gained: int, lost: int, neither: int = 0) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    candidate = np.repeat([True, True, False, False], [both, gained, lost, neither])
    current = np.repeat([True, False, True, False], [both, gained, lost, neither])
    return candidate, current


def test_the_sign_test_is_exact() -> None:
    assert decide(*outcomes(0, 8, 0)).p == pytest.approx(0.5**8)
    assert decide(*outcomes(50, 3, 1)).p == pytest.approx(5 / 16)
    assert decide(*outcomes(50, 0, 0)).p == 1.0
    assert decide(*outcomes(50, 0, 4)).p == 1.0


@pytest.mark.parametrize(("gained", "lost", "better"), [(7, 0, True), (6, 0, False), (104, 56, True), (80, 80, False)])
def test_a_candidate_passes_only_if_chance_would_hardly_do_as_much(gained: int, lost: int, better: bool) -> None:
    assert decide(*outcomes(1_440, gained, lost)).better is better


@pytest.mark.parametrize(
    ("gained", "lost", "worse"), [(0, 5, True), (0, 4, False), (5, 0, False), (10, 20, True), (12, 20, False)]
)
def test_what_is_worse_beyond_chance_is_found(gained: int, lost: int, worse: bool) -> None:
    assert is_worse(*outcomes(50, gained, lost)) is worse


def test_fewer_than_it_says_never_pass() -> None:
    assert not decide(*outcomes(0, FEWEST - 1, 0)).better
    assert decide(*outcomes(0, FEWEST, 0)).better


def test_the_gain_is_shown_with_its_uncertainty() -> None:
    few, many = decide(*outcomes(90, 7, 3)), decide(*outcomes(9_000, 700, 300))
    assert few.gain == many.gain == pytest.approx(0.04)
    assert few.low < 0 < 0.03 < many.low < many.gain < many.high < 0.05 < few.high
    assert decide(*outcomes(0, 7, 0)).high == 1.0
    assert decide(*outcomes(0, 0, 0)).gain == 0.0


def test_it_says_how_many_labels_are_missing() -> None:
    undecided = decide(*outcomes(360, 26, 14))
    assert undecided.missing is not None and 900 < 400 + undecided.missing < 1_600
    enough = 400 + undecided.missing
    random = np.random.default_rng(0)
    drawn = random.choice(4, p=[0.9, 0.065, 0.035, 0.0], size=(400, enough))
    passed = [decide(row <= 1, (row == 0) | (row == 2)).better for row in drawn]
    assert 0.83 < np.mean(passed) < 0.96, "nine in ten, if it goes on like this"
    assert decide(*outcomes(100, 3, 5)).missing is None, "nothing speaks for it"
    assert decide(*outcomes(100, 9, 0)).missing == 0
    assert decide(*outcomes(9, 1, 0)).missing == 60


def test_who_is_surer_than_before_beyond_chance_is_found() -> None:
    random = np.random.default_rng(0)
    right = random.random(400) < 0.8
    honest, sure = np.full(400, 0.8) - right, np.full(400, 0.95) - right
    assert is_surer(sure, honest)
    assert not is_surer(honest, sure)
    assert not is_surer(honest, honest)
    assert not is_surer(sure[:6], honest[:6]), "six messages say nothing"
    assert not is_surer(np.full(400, 0.7) - right, np.full(400, 0.5) - right), "modest is no fault"
