"""Measure predictions beside a bare scikit-learn pipeline of the same features: `figures()`."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.svm import LinearSVC

from bench.figures import Figure, percentile
from ml.learn.fit import BOTH, HEAD, refit
from ml.learn.items import Item
from ml.learn.train import starter_model
from ml.starter import Examples, load_examples, load_signals
from ml.text.encoder import installed
from ml.text.features import counted
from ml.text.meaning import encoder
from ml.text.terms import read, terms_of

WARM_UP = 50
BATCH = 1_000
ROUNDS = 5
LABELS = (1_000, 10_000)
EXPLAINED = 3


def figures() -> Iterator[Figure]:
    """Time one prediction, its reasons beside it, batches and refits, and weigh a process that predicts.

    Predictions take turns with the pipeline's on the same messages. With `at` tfidf the sentence encoder has no part,
    with `default` it has if it is installed.
    """
    examples = load_examples()
    bare = bare_pipeline().fit(examples.texts, examples.labels)
    fresh = strangers(examples)
    explained, asked = fresh[::EXPLAINED], [text for i, text in enumerate(fresh) if i % EXPLAINED]
    for at, meaning in (("tfidf", False), *((("default", True),) if installed() else ())):
        ours = starter_model().set_params(meaning=meaning).fit(examples.texts, examples.labels)
        one, one_bare = _alone(partial(ours.classify, reasons=False), bare, asked)
        yield Figure("predict_one_p50", percentile(one, 0.5), "ms", at, percentile(one_bare, 0.5))
        whole, _ = _alone(ours.classify, bare, explained)
        yield Figure("reasons_p50", percentile(whole, 0.5) - percentile(one, 0.5), "ms", at)
        yield Figure("worker_rss_mb", worker_rss(meaning=meaning), "MB", at)
    batch = examples.texts[:: len(examples.texts) // BATCH][:BATCH]
    rates = [_per_second(ours.predict_proba, batch) for _ in range(ROUNDS)]
    rates_bare = [_per_second(bare.decision_function, batch) for _ in range(ROUNDS)]
    yield Figure("predict_batch_per_s", max(rates), "1/s", at, max(rates_bare))
    for labels in LABELS:
        yield Figure("refit_s", refit_seconds(labels), "s", f"{labels} labels")
        if installed():
            yield Figure("refit_s", refit_seconds(labels, half=HEAD), "s", f"{labels} labels, head")


def strangers(examples: Examples) -> list[str]:
    """Return messages (n_samples,) in both languages that are no examples: no vector of them is remembered."""
    known = set(examples.texts)
    said = [one.text for part in ("signals", "signals_held_out") for one in load_signals(part)]
    return [text for text in dict.fromkeys(said) if text not in known]


def refit_seconds(labels: int, *, half: str = BOTH) -> float:
    """Return the seconds of one core that a fit takes after so many labels, once their vectors are kept.

    The messages are pairs of the starter's examples of one category, so no two are the same.
    """
    examples = load_examples()
    by_kind: dict[str, list[str]] = {}
    for text, label in zip(examples.texts, examples.labels, strict=True):
        by_kind.setdefault(label, []).append(text)
    random = np.random.default_rng(0)
    kinds = random.choice(list(by_kind), labels)
    items = [Item(i, " ".join(random.choice(by_kind[kind], 2)), str(kind)) for i, kind in enumerate(kinds, 1)]
    current = starter_model().fit(examples.texts, examples.labels)
    if installed():
        encoder().vectors([*examples.texts, *(item.text for item in items)])
    begun = time.process_time()
    refit(items, {}, current, half=half)
    return time.process_time() - begun


def worker_rss(*, meaning: bool) -> float:
    """Return the megabytes of memory of a process that has the whole bot and the starter model, and has predicted."""
    program = "; ".join(
        [
            "import bot.app",
            "from ml.learn.train import starter_model",
            "from ml.starter import load_examples",
            "from ml.classify.signals import read_signals",
            "examples = load_examples()",
            f"model = starter_model().set_params(meaning={meaning}).fit(examples.texts, examples.labels)",
            "model.classify('where is my parcel'), read_signals('where is my parcel')",
            "print(next(line for line in open('/proc/self/status') if line.startswith('VmRSS')).split()[1])",
        ]
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return float(said.stdout) / 1024


def bare_pipeline() -> Pipeline:
    """Return what one would write with scikit-learn alone: the same terms, the same weights, the same machine."""
    words = TfidfVectorizer(analyzer=_words, sublinear_tf=True)
    grams = TfidfVectorizer(analyzer=_grams, sublinear_tf=True, min_df=2)
    return make_pipeline(FeatureUnion([("words", words), ("grams", grams)]), LinearSVC(random_state=0))


def _words(text: str) -> list[str]:
    return [term[0] for term in terms_of(text)[0]]


def _grams(text: str) -> list[str]:
    return [term[0] for term in terms_of(text)[1]]


def _alone(classify: Callable[[str], object], bare: Pipeline, asked: list[str]) -> tuple[list[float], list[float]]:
    """Return the milliseconds of each message, ours and the pipeline's, the two in turns; the first only warm up."""
    for text in asked[:WARM_UP]:
        classify(text)
        bare.predict([text])
    mine, theirs = [], []
    for text in asked[WARM_UP:]:
        mine.append(_milliseconds(classify, text))
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
