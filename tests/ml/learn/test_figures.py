from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from ml.classify.classifier import MessageClassifier
from ml.learn.baseline import TextbookClassifier
from ml.learn.figures import Booleans, Classifier, Floats, evaluate, measure, stranger_auroc


class Oracle:
    """Reads class and confidence from the text ("b 0.9") and answers from 0.5 on."""

    classes_: NDArray[np.str_] = np.array(["a", "b"])

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> "Oracle":
        return self

    def predict_proba(self, texts: Sequence[str]) -> Floats:
        rows = [(float(text[2:]), 1 - float(text[2:])) for text in texts]
        return np.array([row if text[0] == "a" else row[::-1] for row, text in zip(rows, texts, strict=True)])

    def answers(self, texts: Sequence[str]) -> Booleans:
        return np.array([float(text[2:]) >= 0.8 for text in texts])

    def belonging(self, texts: Sequence[str]) -> Floats:
        return np.array([float(text[2:]) for text in texts])


def test_figures_are_those_of_the_definition() -> None:
    found = measure(Oracle(), (["a 0.9", "b 0.9", "a 0.6", "b 0.8"], ["a", "b", "b", "a"]))
    assert found.examples == 4
    assert (found.accuracy, found.coverage) == (0.5, 0.75)
    assert found.precision == pytest.approx(2 / 3)
    assert found.macro_f1 == pytest.approx(0.5)
    assert found.answered_macro_f1 == pytest.approx(2 / 3)
    assert found.confusion == [("a", "a", 1), ("a", "b", 1), ("b", "a", 1), ("b", "b", 1)]
    assert found.ece == pytest.approx((2 * 0.1 + 0.6 + 0.8) / 4)


def test_a_model_that_answers_nothing_has_figures_too() -> None:
    found = measure(Oracle(), (["a 0.6"], ["a"]))
    assert (found.coverage, found.precision, found.answered_macro_f1) == (0.0, 0.0, 0.0)


def test_strangers_ranked_below_everybody_else_give_one() -> None:
    assert stranger_auroc(Oracle(), ["a 0.9", "b 0.8"], ["a 0.6"]) == 1.0
    assert stranger_auroc(Oracle(), ["a 0.9", "b 0.6"], ["a 0.7"]) == 0.5


@pytest.mark.parametrize("factory", [TextbookClassifier, MessageClassifier])
def test_evaluating_fits_a_new_model_on_the_training_part_only(factory: type[Classifier]) -> None:
    train = (["pay the bill", "wrong bill", "site down", "site error"], ["billing", "billing", "bug", "bug"])
    found = evaluate(factory, train, (["the bill", "the site", "the moon"], ["billing", "bug", "space"]))
    assert found.accuracy == pytest.approx(2 / 3)
