import numpy as np
import pytest
from scipy.stats import beta

from ml.classify.calibration import (
    calibration_error,
    choose_threshold,
    fit_temperature,
    folds,
    precision_lower_bound,
    probabilities,
)


def test_folds_hold_an_even_part_of_each_class_and_do_not_follow_the_rows_order() -> None:
    classes = np.repeat([0, 1], 50)
    dealt = folds(classes, 5, seed=0)
    assert all(np.sum((dealt == fold) & (classes == one)) == 10 for fold in range(5) for one in (0, 1))
    assert len(set(dealt[:10])) > 1
    assert np.array_equal(dealt, folds(classes, 5, seed=0))
    assert not np.array_equal(dealt, folds(classes, 5, seed=1))


def test_an_only_example_is_never_judged() -> None:
    assert folds(np.array([0, 0, 1]), 5, seed=0)[2] == -1


def test_the_temperature_recovers_how_sharp_the_truth_was() -> None:
    random = np.random.default_rng(0)
    margins = random.normal(size=(20_000, 4))
    chance = probabilities(margins, 0.4)
    classes = np.array([random.choice(4, p=row) for row in chance])
    assert fit_temperature(margins, classes) == pytest.approx(0.4, rel=0.05)


def test_without_examples_the_temperature_changes_nothing() -> None:
    assert fit_temperature(np.empty((0, 3)), np.empty(0, dtype=int)) == 1.0


@pytest.mark.parametrize(("right", "answered"), [(29, 29), (90, 100), (1, 2), (950, 1000)])
def test_the_lower_bound_is_clopper_and_pearsons(right: int, answered: int) -> None:
    expected = beta.ppf(0.05, right, answered - right + 1)
    assert precision_lower_bound(right, answered) == pytest.approx(expected)


def test_no_right_answer_bounds_nothing() -> None:
    assert precision_lower_bound(0, 10) == 0.0


def test_the_threshold_answers_as_much_as_the_bound_allows() -> None:
    confidence = np.linspace(1, 0, 200)
    right = np.arange(200) < 100
    threshold = choose_threshold(confidence, right, precision=0.9)
    assert threshold is not None
    answered = confidence >= threshold
    assert precision_lower_bound(int(right[answered].sum()), int(answered.sum())) >= 0.9
    assert 100 <= answered.sum() <= 110


def test_equal_confidences_are_answered_together_or_not_at_all() -> None:
    confidence = np.full(100, 0.8)
    assert choose_threshold(confidence, np.arange(100) < 50, precision=0.9) is None
    assert choose_threshold(confidence, np.ones(100, dtype=bool), precision=0.9) == 0.8


def test_too_few_examples_prove_no_precision() -> None:
    assert choose_threshold(np.ones(10), np.ones(10, dtype=bool), precision=0.9) is None


def test_the_calibration_error_is_the_mean_gap_between_confidence_and_truth() -> None:
    confidence = np.array([0.95] * 100 + [0.55] * 100)
    right = np.array([True] * 95 + [False] * 5 + [True] * 35 + [False] * 65)
    assert calibration_error(confidence, right) == pytest.approx(0.1)
    assert calibration_error(np.empty(0), np.empty(0, dtype=bool)) == 0.0
    assert calibration_error(np.ones(3), np.ones(3, dtype=bool)) == 0.0
