import numpy as np
import pytest

from ml.text.neighbours import AT_ONCE, MOST, Neighbours, chosen


def test_the_nearest_of_each_class_and_the_nearest_five_of_all_are_found() -> None:
    random = np.random.default_rng(0)
    examples = random.normal(size=(40, 512)).astype(np.float32)
    examples /= np.linalg.norm(examples, axis=1, keepdims=True)
    classes = random.permutation(np.repeat([0, 1, 3], [20, 15, 5]))
    asked = examples[: AT_ONCE + 3] + 0.02 * random.normal(size=(40, 512)).astype(np.float32)
    cosines = asked @ examples.T
    found = Neighbours.of(examples, classes, chosen(40, seed=0)).near(asked, 4)
    for one in (0, 1, 3):
        assert found.of_class[:, one] == pytest.approx(cosines[:, classes == one].max(axis=1), abs=0.02)
    assert not found.of_class[:, 2].any(), "to a class without examples nothing is near"
    assert found.few == pytest.approx(np.sort(cosines, axis=1)[:, -5:].mean(axis=1), abs=0.02)
    assert found.best == pytest.approx(cosines.max(axis=1), abs=0.02)


def test_many_messages_are_compared_in_parts_with_the_same_result() -> None:
    vectors = np.random.default_rng(1).normal(size=(AT_ONCE + 5, 512)).astype(np.float32) / 23
    beside = Neighbours.of(vectors[:9], np.arange(9) % 2, chosen(9, seed=0))
    whole, last = beside.near(vectors, 2), beside.near(vectors[-5:], 2)
    assert whole.of_class[-5:] == pytest.approx(last.of_class) and whole.few[-5:] == pytest.approx(last.few)


def test_nothing_is_near_where_there_are_no_examples() -> None:
    none = Neighbours.of(np.empty((0, 512), dtype=np.float32), np.empty(0, dtype=int), np.empty(0, dtype=bool))
    found = none.near(np.ones((2, 512), dtype=np.float32), 3)
    assert found.of_class.shape == (2, 3) and not found.of_class.any() and not found.few.any()
    assert list(found.best) == [0.0, 0.0]


def test_messages_are_compared_with_a_bounded_number_of_examples_the_same_each_time() -> None:
    assert chosen(MOST, seed=0).all()
    many = chosen(3 * MOST, seed=0)
    assert many.sum() == MOST and (many == chosen(3 * MOST, seed=0)).all()
