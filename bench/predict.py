"""Measure predictions beside a bare scikit-learn pipeline of the same features: `figures()`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.svm import LinearSVC

from bench.figures import Figure, percentile
from ml.classify.classifier import MessageClassifier
from ml.learn.train import starter_model
from ml.starter import load_examples
from ml.text.features import counted
from ml.text.terms import read, terms_of

WARM_UP = 50
BATCH = 1_000
ROUNDS = 5


def figures() -> Iterator[Figure]:
    """Time one prediction with its reasons, and batches, in turns with the pipeline's on the same messages."""
    examples = load_examples()
    ours = starter_model().fit(examples.texts, examples.labels)
    bare = bare_pipeline().fit(examples.texts, examples.labels)
    # Every seventh example: all categories, terse and verbose, both languages.
    asked = [text for text in examples.texts if text][::7]
    one, one_bare = _alone(ours, bare, asked)
    at = "starter model"
    yield Figure("predict_one_p50", percentile(one, 0.5), "ms", at, percentile(one_bare, 0.5))
    batch = (asked * (BATCH // len(asked) + 1))[:BATCH]
    rates = [_per_second(ours.predict_proba, batch) for _ in range(ROUNDS)]
    rates_bare = [_per_second(bare.decision_function, batch) for _ in range(ROUNDS)]
    yield Figure("predict_batch_per_s", max(rates), "1/s", at, max(rates_bare))


def bare_pipeline() -> Pipeline:
    """Return what one would write with scikit-learn alone: the same terms, the same weights, the same machine."""
    words = TfidfVectorizer(analyzer=_words, sublinear_tf=True)
    grams = TfidfVectorizer(analyzer=_grams, sublinear_tf=True, min_df=2)
    return make_pipeline(FeatureUnion([("words", words), ("grams", grams)]), LinearSVC(random_state=0))


def _words(text: str) -> list[str]:
    return [term[0] for term in terms_of(text)[0]]


def _grams(text: str) -> list[str]:
    return [term[0] for term in terms_of(text)[1]]


def _alone(ours: MessageClassifier, bare: Pipeline, asked: list[str]) -> tuple[list[float], list[float]]:
    """Return the milliseconds of each message, ours and the pipeline's, the two in turns."""
    for text in asked[:WARM_UP]:
        ours.classify(text)
        bare.predict([text])
    mine, theirs = [], []
    for text in asked:
        mine.append(_milliseconds(ours.classify, text))
        theirs.append(_milliseconds(bare.predict, [text]))
    return mine, theirs


def _milliseconds(call: Callable[[Any], object], asked: object) -> float:
    # Each reads the message for itself.
    for remembers in (read, terms_of, counted):
        remembers.cache_clear()
    begun = time.perf_counter()
    call(asked)
    return 1000 * (time.perf_counter() - begun)


def _per_second(predict: Callable[[list[str]], object], batch: list[str]) -> float:
    begun = time.perf_counter()
    predict(batch)
    return len(batch) / (time.perf_counter() - begun)
