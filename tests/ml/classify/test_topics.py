"""Show that examples are left out by what they are about."""

from __future__ import annotations

import numpy as np
import pytest

from ml.classify.calibration import folds
from ml.classify.classifier import MessageClassifier
from ml.classify.model_blob import pack, unpack
from ml.classify.topics import topic_folds
from ml.starter import CHATTER, load_examples
from ml.text.features import TextFeatures

SUBJECTS = ["printer", "invoice", "parcel", "login"]
TEXTS = [f"{subject} {subject} number {n} of {subject}" for subject in SUBJECTS for n in range(40)]
TOPICS = np.repeat(range(4), 40)


def test_a_topic_is_left_out_as_a_whole() -> None:
    classes = np.arange(len(TEXTS)) % 2
    dealt = topic_folds(TextFeatures().fit_transform(TEXTS), classes, 4, 4, seed=0)
    assert sorted(len(np.unique(dealt[topic == TOPICS])) for topic in range(4)) == [1, 1, 1, 1]
    assert len(np.unique(dealt)) == 4


def test_a_class_of_one_topic_is_dealt_one_by_one() -> None:
    dealt = topic_folds(TextFeatures().fit_transform(TEXTS), TOPICS, 4, 4, seed=0)
    assert np.array_equal(dealt, folds(TOPICS, 4, seed=0))


def test_a_few_examples_have_no_topics() -> None:
    rows = TextFeatures().fit_transform(TEXTS[:60])
    assert np.array_equal(topic_folds(rows, TOPICS[:60], 4, 10, seed=0), folds(TOPICS[:60], 4, seed=0))


def test_who_learns_from_what_is_unlike_is_less_sure_and_guesses_the_same(starter: MessageClassifier) -> None:
    examples = load_examples()
    alike = MessageClassifier(filter_label=CHATTER).fit(examples.texts, examples.labels)
    asked = ["my card was charged twice", "where is the parcel", "thx!"]
    assert starter.n_topics and list(alike.predict(asked)) == list(starter.predict(asked))
    assert starter.temperature_ > 1.5 * alike.temperature_
    assert starter.classify("thx!").chatter, "thanks are learned from what is like them"
    assert unpack(pack(starter)).model.n_topics == starter.n_topics


def test_a_model_of_the_version_before_still_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    model = MessageClassifier().fit(TEXTS, [SUBJECTS[topic] for topic in TOPICS])
    known = model.get_params()
    known.pop("n_topics")
    monkeypatch.setattr(model, "get_params", lambda: known)
    loaded = unpack(pack(model)).model
    assert loaded.n_topics is None
    assert list(loaded.predict(TEXTS[:3])) == list(model.predict(TEXTS[:3]))
