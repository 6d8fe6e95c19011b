"""Classify a customer's message, say how sure that is, and why."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.special import logsumexp
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import f1_score
from sklearn.utils.validation import check_is_fitted

from ml.classify.blend import Blend, Head, Unseen, Warmth
from ml.classify.calibration import (
    FILTER_PRECISION,
    MEANING_STRANGERS,
    STRANGERS,
    Calibration,
    calibration_error,
    choose_threshold,
    fit_temperature,
    folds,
    probabilities,
)
from ml.classify.linear import are_few, fit_margins
from ml.classify.reasons import Reason, explain
from ml.classify.topics import topic_folds
from ml.text.corpus import Corpus, Counts
from ml.text.encoder import installed
from ml.text.features import TextFeatures, count, counted
from ml.text.meaning import encoder
from ml.text.neighbours import Nearness, Neighbours, chosen
from ml.text.terms import looks_like_code, read, terms

Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.integer[Any]]
Booleans = NDArray[np.bool_]
Strings = NDArray[np.str_]

# Links, mentions, emoji by name, and all but letters: where nothing else is left, there is nothing to understand.
_NO_LETTERS = re.compile(r"<[^>]*>|:[a-z0-9_+'-]+:|[\W\d_]+")
# Who writes more than this wants more than to say thanks, whatever the first words are.
LONGEST_CHATTER = 160
# Sentence vectors know what is like an example far better, so more has to be left out for it to be unlike: with four
# topics less is answered, with six or ten more is wrong (measured on messages of bank customers, see docs/models).
MEANING_TOPICS = 5
# From so many examples on how sure to be is learned more quickly.
MANY = 8_000
# Examples in one hand's writing make even topics apart look alike: with the temperature that fits those, 97 % are
# promised to bank customers and 83 % kept; with so many times as much, 84 %. What is answered hardly depends on it.
CAUTION = 1.8


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the model makes of one message.

    `category` is the best guess, also when the model abstains, and None where it could read nothing; `confidence` is
    its calibrated probability, `second` the runner-up, `reasons` the words that speak most for it. `chatter` says that
    the message asks for nothing. `promised` is the share of such answers that were right in this workspace, None where
    that is not known well enough (see `ml.classify.track_record`).
    """

    category: str | None
    confidence: float
    second: str | None
    abstained: bool
    reasons: list[Reason] = field(default_factory=list)
    version: str = ""
    chatter: bool = False
    promised: float | None = None


class MessageClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Classify messages by a linear support vector machine over words and characters, with calibrated probabilities.

    With few examples a class (see `ml.classify.linear`), logistic regression takes the machine's place.
    Temperature and thresholds are learned on predictions for folds the model had not seen; with `n_topics`, folds of
    whole topics, so that they hold for messages unlike the examples. It abstains below `threshold_`, below
    `scope_threshold_` of belonging (see `belonging`), and where the message reads like program code.

    Parameters: `c` the inverse regularisation, `n_folds` how many folds, `precision` what the answers should reach (by
    a lower confidence bound), `min_gram_df` in how many messages a character sequence must occur, `filter_label` the
    class of messages that ask for nothing, `name` the prefix of the version; with `meaning`, and where the encoder is
    installed, logistic regression on sentence vectors and the nearest examples have their say (`Blend`). Fitted state:
    `classes_` (n_classes,) sorted, `features_`, `coef_` (n_features, n_classes) float32, `intercept_` (n_classes,),
    `temperature_`, `threshold_` and `filter_threshold_` (None: never reached, so always abstain), `scope_threshold_`,
    `figures_`, `version_`; with meaning `blend_`, and `plain_`, the calibration of the words alone, else None.
    """

    def __init__(
        self,
        c: float = 1.0,
        n_folds: int = 5,
        precision: float = 0.9,
        min_gram_df: int = 2,
        filter_label: str | None = "chatter",
        name: str = "model",
        seed: int = 0,
        n_topics: int | None = None,
        meaning: bool = False,
    ) -> None:
        self.c = c
        self.n_folds = n_folds
        self.precision = precision
        self.min_gram_df = min_gram_df
        self.filter_label = filter_label
        self.name = name
        self.seed = seed
        self.n_topics = n_topics
        self.meaning = meaning

    def fit(self, texts: Sequence[str], labels: Sequence[str], weights: Sequence[float] | None = None) -> Self:
        """Learn from texts and labels, both (n_samples,); raise ValueError below two classes or if lengths differ.

        `weights` (n_samples,) say how much each example counts, all the same without them.
        """
        if len(texts) != len(labels):
            raise ValueError(f"{len(texts)} texts but {len(labels)} labels")
        return self.fit_counted(Corpus.of([counted(text) for text in texts]), texts, labels, weights)

    def fit_counted(
        self, corpus: Corpus, texts: Sequence[str], labels: Sequence[str], weights: Sequence[float] | None = None
    ) -> Self:
        """Do what `fit` does with texts (n_samples,) that were counted before, as `corpus`."""
        names = np.asarray(labels, dtype=str)
        self.classes_: Strings = np.unique(names)
        if len(self.classes_) < 2:
            raise ValueError("a classifier needs examples of at least two classes")
        truth = np.searchsorted(self.classes_, names)
        self._weights = np.ones(len(truth)) if weights is None else np.asarray(weights, dtype=float)
        every = np.arange(len(truth))
        part = corpus.part(every, self.min_gram_df)
        self.features_ = TextFeatures(self.min_gram_df)
        self.features_.set_part(part)
        rows = part.rows(every)
        vectors = encoder().vectors(texts) if self.meaning and installed() else None
        alike = self._unseen(corpus, vectors, truth, folds(truth, self.n_folds, self.seed))
        unlike = alike
        # So many examples say as well by one deal of topics how sure words alone may be, in three quarters of the time.
        topics_by = vectors if len(truth) >= MANY else None
        if self.n_topics is not None:
            unlike = self._unseen(corpus, topics_by, truth, self._topics(rows, topics_by, truth))
        coef, self.intercept_ = self._fit_words(rows, truth, slice(None))
        self.coef_ = coef.astype(np.float32)
        self.plain_: Calibration | None = None
        self.blend_: Blend | None = None
        self._calibrate(alike, unlike)
        if vectors is not None:
            self.plain_ = self.calibration
            if self.n_topics is not None and topics_by is None:
                unlike = self._unseen(corpus, vectors, truth, self._topics(rows, vectors, truth))
            warmth = Warmth.fit(unlike.margins, unlike.head, unlike.near, unlike.truth)
            usual, neighbours = alike.usual(warmth), Neighbours.of(vectors, truth, chosen(len(truth), self.seed))
            self.blend_ = Blend(self._fit_head(vectors, truth, slice(None)), neighbours, warmth, usual)
            caution = 1.0 if self.n_topics is None else CAUTION
            self._calibrate(alike.mixed(warmth, usual), unlike.mixed(warmth, usual), caution)
        del self._weights
        self.version_ = f"{self.name}-{self._digest()}"
        return self

    def decision_function(self, texts: Sequence[str]) -> Floats:
        """Return the margins (n_samples, n_classes) of texts (n_samples,), before the temperature."""
        check_is_fitted(self, "coef_")
        return self._judged(texts)[0]

    def predict_proba(self, texts: Sequence[str]) -> Floats:
        """Return calibrated probabilities (n_samples, n_classes) of texts (n_samples,), columns as in `classes_`."""
        return probabilities(self.decision_function(texts), self.temperature_)

    def predict(self, texts: Sequence[str]) -> Strings:
        """Return the most likely class (n_samples,) of each text, sure or not."""
        best = self.decision_function(texts).argmax(axis=1)
        return np.asarray(self.classes_[best])

    def belonging(self, texts: Sequence[str]) -> Floats:
        """Return how much each text (n_samples,) is like the examples at all, whichever class it is.

        By words alone the largest margin plus the share of its words and pairs that training saw, chosen on CLINC150's
        validation part. With meaning what `ml.classify.blend.Usual` makes of the margin and of the nearest examples.
        """
        check_is_fitted(self, "coef_")
        return self._judged(texts)[1]

    def answers(self, texts: Sequence[str]) -> Booleans:
        """Tell for each text (n_samples,) whether the model is sure enough to answer."""
        return self.judge(texts)[1]

    def judge(self, texts: Sequence[str]) -> tuple[Floats, Booleans]:
        """Return what `predict_proba` and `answers` do, reading texts (n_samples,) once for both."""
        check_is_fitted(self, "coef_")
        margins, belonging = self._judged(texts)
        probability = probabilities(margins, self.temperature_)
        return probability, self._sure(probability.max(axis=1, initial=0.0), belonging)

    @property
    def calibration(self) -> Calibration:
        """Return how sure the model is, and from where on it answers."""
        return Calibration(self.temperature_, self.threshold_, self.filter_threshold_, self.scope_threshold_)

    @calibration.setter
    def calibration(self, now: Calibration) -> None:
        self.temperature_, self.threshold_ = now.temperature, now.threshold
        self.filter_threshold_, self.scope_threshold_ = now.filter_threshold, now.scope_threshold

    def classify(self, text: str, *, reasons: bool = True) -> Verdict:
        """Return the category of one message, or an abstention, with reasons: these take several times as long."""
        check_is_fitted(self, "coef_")
        counts = counted(text)
        columns, values = self.features_.vector(counts)
        if not len(columns) and (self.blend_ is None or not _NO_LETTERS.sub("", text)):
            return Verdict(None, 0.0, None, abstained=True, version=self.version_)
        words = np.asarray(values @ self.coef_[columns] + self.intercept_)[None]
        margins, belonging = self._with_meaning(words, [counts], [text])
        probability = probabilities(margins[0], self.temperature_)
        ranked = [int(i) for i in np.argsort(-probability, kind="stable")]
        chatter = len(text) <= LONGEST_CHATTER and self._asks_nothing(probability, belonging, self.calibration)
        if chatter and self.plain_ is not None:
            # Who is filtered out is not heard: what it means is not enough, the words must say so too.
            plain, known = probabilities(words[0], self.plain_.temperature), self.features_.known([counts])
            chatter = self._asks_nothing(plain, _belonging(words, known), self.plain_)
        if not chatter:
            ranked = [i for i in ranked if self.classes_[i] != self.filter_label]
        best, confidence = ranked[0], float(probability[ranked[0]])
        judge = None if self.blend_ is None or chatter else partial(self._log_odds, column=best)
        return Verdict(
            category=str(self.classes_[best]),
            confidence=confidence,
            second=str(self.classes_[ranked[1]]) if len(ranked) > 1 else None,
            abstained=not chatter and (not self._sure(np.array([confidence]), belonging)[0] or looks_like_code(text)),
            reasons=explain(text, self.features_, self.coef_, probability, best, judge) if reasons else [],
            version=self.version_,
            chatter=chatter,
        )

    def _log_odds(self, texts: Sequence[str], column: int) -> Floats:
        """Return the log odds (n_samples,) of one class of texts that nobody asks for again."""
        words = self.features_.rows([count(terms(read(text))) for text in texts]) @ self.coef_ + self.intercept_
        assert self.blend_ is not None, "without meaning nothing is left out"
        margins = self.blend_.beside_an_example(np.asarray(words), encoder().vectors(texts, remember=False))
        scaled = margins / self.temperature_
        return np.asarray(scaled[:, column] - logsumexp(np.delete(scaled, column, axis=1), axis=1))

    def _judged(self, texts: Sequence[str]) -> tuple[Floats, Floats]:
        """Return margins (n_samples, n_classes) and belonging (n_samples,) of texts."""
        counts = [counted(text) for text in texts]
        words = np.asarray(self.features_.rows(counts) @ self.coef_ + self.intercept_)
        return self._with_meaning(words, counts, texts)

    def _with_meaning(self, words: Floats, counts: Sequence[Counts], texts: Sequence[str]) -> tuple[Floats, Floats]:
        if self.blend_ is None:
            return words, _belonging(words, self.features_.known(counts))
        return self.blend_.mix(words, encoder().vectors(texts))

    def _sure(self, confidence: Floats, belonging: Floats) -> Booleans:
        if self.threshold_ is None:
            return np.zeros(len(confidence), dtype=bool)
        return np.asarray((confidence >= self.threshold_) & (belonging >= self.scope_threshold_))

    def _asks_nothing(self, probability: Floats, belonging: Floats, by: Calibration) -> bool:
        best = int(probability.argmax())
        is_sure = by.filter_threshold is not None and float(probability[best]) >= by.filter_threshold
        return bool(is_sure and belonging[0] >= by.scope_threshold and self.classes_[best] == self.filter_label)

    def _topics(self, rows: csr_matrix, vectors: Floats | None, truth: Integers) -> Integers:
        by = (rows, self.n_topics or 1) if vectors is None else (vectors, MEANING_TOPICS)
        dealt = topic_folds(by[0], truth, self.n_folds, by[1], self.seed)
        # Thanks and greetings are alike everywhere.
        one_by_one = folds(truth, self.n_folds, self.seed)
        return np.where(self.classes_[truth] == self.filter_label, one_by_one, dealt)

    def _fit_words(self, rows: csr_matrix, truth: Integers, seen: Integers | slice) -> tuple[Floats, Floats]:
        classes, weights = truth[seen], self._weights[seen]
        return fit_margins(rows, classes, len(self.classes_), c=self.c, seed=self.seed, weights=weights)

    def _fit_head(self, vectors: Floats, truth: Integers, seen: Integers | slice) -> Head:
        few = are_few(truth[seen], len(self.classes_))
        return Head.fit(vectors[seen], truth[seen], few=few, weights=self._weights[seen])

    def _unseen(self, corpus: Corpus, vectors: Floats | None, truth: Integers, fold_of: Integers) -> Unseen:
        """Return what each fold makes of the examples (n_judged,) of the others.

        Every fold learns its own vocabulary, as a stranger's message meets a vocabulary that never saw it.
        """
        margins, known = np.zeros((len(truth), len(self.classes_))), np.zeros(len(truth))
        head, near, kept = np.zeros_like(margins), Nearness.none(*margins.shape), chosen(len(truth), self.seed)
        for fold in range(self.n_folds):
            judged = np.flatnonzero(fold_of == fold)
            if not len(judged):
                continue
            seen = np.flatnonzero(fold_of != fold)
            part = corpus.part(seen, self.min_gram_df)
            coef, intercept = self._fit_words(part.rows(seen), truth, seen)
            margins[judged], known[judged] = part.rows(judged) @ coef + intercept, part.known(judged)
            if vectors is not None:
                head[judged] = self._fit_head(vectors, truth, seen).margins(vectors[judged])
                beside = Neighbours.of(vectors, truth, (fold_of != fold) & kept)
                near.put(judged, beside.near(vectors[judged], margins.shape[1]))
        rows = fold_of >= 0
        return Unseen(margins[rows], _belonging(margins[rows], known[rows]), truth[rows], head[rows], near.rows(rows))

    def _calibrate(self, alike: Unseen, unlike: Unseen, caution: float = 1.0) -> None:
        """Learn how sure to be, and from where on to answer, from what is unlike the examples.

        What asks for nothing and what belongs to no class is learned from what is like them.
        """
        self.temperature_ = caution * fit_temperature(unlike.margins, unlike.truth)
        guess, confidence, filtered = self._guesses(unlike.margins)
        right = guess == unlike.truth
        self.threshold_ = choose_threshold(confidence[~filtered], right[~filtered], self.precision)
        truth, guess, confidence, filtered = alike.truth, *self._guesses(alike.margins)
        right, belongs = guess == truth, alike.belonging
        # Of what is too unsure to be answered belonging has nothing to say.
        sure = ~filtered & right & (confidence >= (self.threshold_ or 0.0))
        few = STRANGERS if self.blend_ is None else MEANING_STRANGERS
        self.scope_threshold_ = float(np.quantile(belongs[sure], few)) if sure.any() else 0.0
        self.filter_threshold_ = choose_threshold(confidence[filtered], right[filtered], FILTER_PRECISION)
        self.figures_ = {"examples": float(len(truth)), "ece": calibration_error(confidence, right)}
        if len(truth):
            answered = ~filtered & self._sure(confidence, belongs)
            self.figures_ |= {
                "accuracy": float(right.mean()),
                "macro_f1": float(f1_score(truth, guess, average="macro")),
                "coverage": float(answered.sum() / max(1, (~filtered).sum())),
            }

    def _guesses(self, margins: Floats) -> tuple[Integers, Floats, Booleans]:
        """Return guess, confidence and whether it is the filter's class, each (n_samples,), of margins."""
        probability = probabilities(margins, self.temperature_)
        guess = probability.argmax(axis=1)
        return guess, probability.max(axis=1, initial=0.0), self.classes_[guess] == self.filter_label

    def _digest(self) -> str:
        """Return a short name for exactly these weights and thresholds."""
        digest = hashlib.sha256(self.coef_.tobytes() + self.intercept_.tobytes() + self.features_.idf_.tobytes())
        if self.blend_ is not None:
            digest.update(self.blend_.head.coef.tobytes() + self.blend_.neighbours.examples.tobytes())
        thresholds = (self.threshold_, self.filter_threshold_, self.scope_threshold_)
        digest.update(repr((self.classes_.tolist(), self.temperature_, thresholds)).encode())
        return digest.hexdigest()[:8]


def _belonging(margins: Floats, known: Floats) -> Floats:
    """Return the belonging (n_samples,) of margins (n_samples, n_classes) and known shares (n_samples,)."""
    return np.asarray(margins.max(axis=1, initial=-1.0) + known)
