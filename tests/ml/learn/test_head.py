"""Show that the half that reads meaning learns alone, quickly, and is judged as whole models are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ml.classify.blend import Head
from ml.classify.classifier import MessageClassifier
from ml.learn import fit
from ml.learn.fit import HEAD
from ml.learn.head import HeadFits, can_follow
from ml.learn.items import Item
from ml.starter import Examples
from ml.text.encoder import installed
from tests.support.fitted_on import BASE, BILLS, SEATS, items

needs_encoder = pytest.mark.skipif(not installed(), reason="the sentence encoder is not installed")


@pytest.fixture(scope="module")
def current() -> MessageClassifier:
    return MessageClassifier(name="starter", meaning=True).fit(BASE.texts, BASE.labels)


@needs_encoder
def test_only_the_head_is_another_and_it_knows_what_was_said(current: MessageClassifier) -> None:
    candidate, outcome = fit.refit(items(SEATS, "sales"), {}, current, BASE, half=HEAD)
    assert outcome.half == HEAD
    assert outcome.candidate.right > outcome.current.right
    assert (candidate.coef_ is current.coef_, candidate.calibration) == (True, current.calibration)
    assert candidate.version_ != current.version_ and candidate.version_.startswith("learned-")
    assert candidate.classify("can a reseller get ninety boxes of the lamp on a pallet").category == "sales"
    again, _ = fit.refit(items(SEATS, "sales"), {}, current, BASE, half=HEAD)
    assert again.version_ == candidate.version_


@needs_encoder
def test_a_part_of_the_labels_is_judged_by_a_weight_that_the_others_chose(
    current: MessageClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen_by: list[set[int]] = []

    def heaviest(truth: Any, kept: Any, said: np.ndarray, guesser: Any) -> float:
        chosen_by.append(set(said.tolist()))
        return 2.0

    monkeypatch.setattr("ml.learn.head.heaviest", heaviest)
    fit.refit(items(SEATS, "sales"), {}, current, BASE, half=HEAD)
    every, *parts = chosen_by
    assert len(parts) == fit.PARTS and all(part < every for part in parts)
    assert set.union(*parts) == every and not set.intersection(*parts)


@needs_encoder
def test_what_people_contradict_is_unlearned(current: MessageClassifier) -> None:
    said = items([f"{text}!" for text in BILLS], "bug")
    model = HeadFits(current, BASE, {}, said).fit(said)
    assert model.blend_ is not None and current.blend_ is not None
    assert len(model.blend_.neighbours.examples) == len(current.blend_.neighbours.examples), (
        "an example went for each that was said"
    )


def test_a_model_without_meaning_or_of_other_categories_has_no_head_to_follow(current: MessageClassifier) -> None:
    words = MessageClassifier(name="starter").fit(BASE.texts, BASE.labels)
    assert not can_follow(words, ["bug"])
    assert can_follow(current, ["bug", "sales"]) is installed()
    assert not can_follow(current, ["bug", "wholesale"])
    with pytest.raises(ValueError, match="does not know every category"):
        fit.refit(items(SEATS, "wholesale"), {}, current, BASE, half=HEAD)


def test_a_class_that_was_not_learned_is_never_the_likeliest() -> None:
    random = np.random.default_rng(0)
    vectors = random.normal(size=(60, 8)) + np.repeat(np.eye(3, 8) * 6, 20, axis=0)
    head = Head.fit(vectors, np.repeat([0, 1, 2], 20), few=True)
    wide = head.among(np.array([0, 2, 3]), 4)
    assert (wide.margins(vectors).argmax(axis=1) == np.repeat([0, 2, 3], 20)).mean() > 0.9
    assert np.allclose(wide.of(np.array([0, 2, 3])).margins(vectors), head.margins(vectors))
    begun = Head.fit(vectors, np.repeat([0, 1, 2], 20), few=True, begin=head)
    assert np.allclose(begun.coef, head.coef, atol=0.05)


@needs_encoder
def test_a_kind_of_which_one_label_is_known_is_judged_without_it(current: MessageClassifier) -> None:
    examples = Examples(BASE.texts[:24], BASE.labels[:24], "test")
    said = [*items(SEATS[:8], "bug"), Item(99, "what does it cost", "sales")]
    _, outcome = fit.refit(said, {}, current, examples, half=HEAD)
    assert outcome.judged == 9
