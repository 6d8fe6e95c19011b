"""Classify a customer's message, say how sure that is, and why."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.svm import LinearSVC
from sklearn.utils.validation import check_is_fitted

from ml.classify.calibration import calibration_error, choose_threshold, fit_temperature, folds, probabilities
from ml.classify.reasons import Reason, explain
from ml.classify.topics import topic_folds
from ml.text.features import Counts, TextFeatures, counted
from ml.text.terms import looks_like_code, read, terms_of

Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.integer[Any]]
Booleans = NDArray[np.bool_]
Strings = NDArray[np.str_]
_Unseen = tuple[Floats, Floats, Integers]

# A customer who writes more than this wants more than to say thanks, whatever the first words are.
LONGEST_CHATTER = 160
# Who is filtered out is not heard, so the filter must be right more often than an answer.
FILTER_PRECISION = 0.95
# Of messages like the examples, one in fifty may be held for none of them.
STRANGERS = 0.02
# Below as many examples a class logistic regression is two to three points better than a support vector machine, far
# above them it is a point worse and takes ten times as long (measured on parts of Banking77's training data).
FEW_EXAMPLES = 20
# A few examples are best followed closely: 10 to 30 did equally well, 100 worse.
FEW_C = 30.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the model makes of one message.

    `category` is the best guess, also when the model abstains, and None where it could read nothing; `confidence` is
    its calibrated probability, `second` the runner-up, `reasons` the words that speak most for it, `version` the
    model's. `chatter` says that the message asks for nothing. `promised` is the share of such answers that were right
    in this workspace, None where that is not known well enough (see `ml.classify.track_record`).
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

    With fewer than `FEW_EXAMPLES` examples a class, logistic regression takes the machine's place.
    Temperature and thresholds are learned on predictions for folds the model had not seen; with `n_topics`, folds of
    whole topics, so that they hold for messages unlike the examples. It abstains below
    `threshold_`, and below `scope_threshold_` of belonging (see `belonging`); what reads like program code it guesses
    at and abstains.

    Parameters: `c` the inverse regularisation, `n_folds` how many folds, `precision` what the answers should reach (by
    a lower confidence bound), `min_gram_df` in how many messages a character sequence must occur, `filter_label` the
    class of messages that ask for nothing, `name` the prefix of the version. Fitted state: `classes_` (n_classes,)
    sorted, `features_`, `coef_` (n_features, n_classes) float32, `intercept_` (n_classes,), `temperature_`,
    `threshold_` and `filter_threshold_` (None: never reached, so always abstain), `scope_threshold_`, `figures_`,
    `version_`.
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
    ) -> None:
        self.c = c
        self.n_folds = n_folds
        self.precision = precision
        self.min_gram_df = min_gram_df
        self.filter_label = filter_label
        self.name = name
        self.seed = seed
        self.n_topics = n_topics

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> Self:
        """Learn from texts and labels, both (n_samples,); raise ValueError below two classes or if lengths differ."""
        if len(texts) != len(labels):
            raise ValueError(f"{len(texts)} texts but {len(labels)} labels")
        names = np.asarray(labels, dtype=str)
        self.classes_: Strings = np.unique(names)
        if len(self.classes_) < 2:
            raise ValueError("a classifier needs examples of at least two classes")
        truth = np.searchsorted(self.classes_, names)
        counts = _count_all(texts)
        self.features_ = TextFeatures(self.min_gram_df)
        rows = self.features_.learn(counts)
        alike = self._unseen(counts, truth, folds(truth, self.n_folds, self.seed))
        unlike = alike
        if self.n_topics is not None:
            unlike = self._unseen(counts, truth, self._topics(rows, truth))
        self._calibrate(alike, unlike)
        coef, self.intercept_ = self._fit_margins(rows, truth)
        self.coef_ = coef.astype(np.float32)
        self.version_ = f"{self.name}-{self._digest()}"
        return self

    def decision_function(self, texts: Sequence[str]) -> Floats:
        """Return the margins (n_samples, n_classes) of texts (n_samples,), before the temperature."""
        check_is_fitted(self, "coef_")
        return self._margins(_count_all(texts))

    def predict_proba(self, texts: Sequence[str]) -> Floats:
        """Return calibrated probabilities (n_samples, n_classes) of texts (n_samples,), columns as in `classes_`."""
        return probabilities(self.decision_function(texts), self.temperature_)

    def predict(self, texts: Sequence[str]) -> Strings:
        """Return the most likely class (n_samples,) of each text, sure or not."""
        best = self.decision_function(texts).argmax(axis=1)
        return np.asarray(self.classes_[best])

    def belonging(self, texts: Sequence[str]) -> Floats:
        """Return how much each text (n_samples,) is like the examples at all, whichever class it is.

        The largest margin plus the share of its words and pairs that training saw: chosen on CLINC150's validation
        part, where it tells messages of no class from the others better than the probability or the margin alone.
        """
        check_is_fitted(self, "coef_")
        counts = _count_all(texts)
        return _belonging(self._margins(counts), self.features_.known(counts))

    def answers(self, texts: Sequence[str]) -> Booleans:
        """Tell for each text (n_samples,) whether the model is sure enough to answer."""
        check_is_fitted(self, "coef_")
        counts = _count_all(texts)
        margins = self._margins(counts)
        belonging = _belonging(margins, self.features_.known(counts))
        return self._sure(probabilities(margins, self.temperature_).max(axis=1), belonging)

    def classify(self, text: str) -> Verdict:
        """Return the category of one message with its confidence and its reasons, or an abstention that says so."""
        check_is_fitted(self, "coef_")
        counts = counted(text)
        columns, values = self.features_.vector(counts)
        if not len(columns):
            return Verdict(None, 0.0, None, abstained=True, version=self.version_)
        margins = values @ self.coef_[columns] + self.intercept_
        probability = probabilities(margins, self.temperature_)
        ranked = [int(i) for i in np.argsort(-probability, kind="stable")]
        belonging = _belonging(margins[None], self.features_.known([counts]))
        chatter = self._asks_nothing(text, ranked[0], float(probability[ranked[0]]), float(belonging[0]))
        if not chatter:
            ranked = [i for i in ranked if self.classes_[i] != self.filter_label]
        best, confidence = ranked[0], float(probability[ranked[0]])
        sure = self._sure(np.array([confidence]), belonging)[0]
        return Verdict(
            category=str(self.classes_[best]),
            confidence=confidence,
            second=str(self.classes_[ranked[1]]) if len(ranked) > 1 else None,
            abstained=not chatter and (not sure or looks_like_code(text)),
            reasons=explain(read(text), terms_of(text), self.features_, self.coef_, probability, best),
            version=self.version_,
            chatter=chatter,
        )

    def _margins(self, counts: Sequence[Counts]) -> Floats:
        return np.asarray(self.features_.rows(counts) @ self.coef_ + self.intercept_)

    def _sure(self, confidence: Floats, belonging: Floats) -> Booleans:
        if self.threshold_ is None:
            return np.zeros(len(confidence), dtype=bool)
        return np.asarray((confidence >= self.threshold_) & (belonging >= self.scope_threshold_))

    def _asks_nothing(self, text: str, best: int, confidence: float, belonging: float) -> bool:
        return (
            self.classes_[best] == self.filter_label
            and self.filter_threshold_ is not None
            and confidence >= self.filter_threshold_
            and belonging >= self.scope_threshold_
            and len(text) <= LONGEST_CHATTER
        )

    def _fit_margins(self, rows: csr_matrix, truth: Integers) -> tuple[Floats, Floats]:
        """Return coefficients (n_features, n_classes) and intercepts (n_classes,) of a linear model.

        Those of logistic regression are scaled so that examples have margin one for their own class on average, about
        as a support vector machine's have: belonging then means the same for both.
        """
        few = len(truth) < FEW_EXAMPLES * len(self.classes_)
        machine = LogisticRegression(C=FEW_C * self.c, tol=1e-3) if few else LinearSVC(C=self.c, random_state=self.seed)
        machine.fit(rows, truth)
        coef, intercept = np.ascontiguousarray(machine.coef_.T), machine.intercept_
        if coef.shape[1] == 1:  # of two classes scikit-learn keeps only the second one's half
            coef, intercept = np.hstack([-coef, coef]), np.array([-1.0, 1.0]) * intercept
        if few:
            own = float(np.mean((rows @ coef + intercept)[np.arange(len(truth)), truth]))
            coef, intercept = coef / own, intercept / own
        return coef, intercept

    def _topics(self, rows: csr_matrix, truth: Integers) -> Integers:
        dealt = topic_folds(rows, truth, self.n_folds, self.n_topics or 1, self.seed)
        # Thanks and greetings are alike everywhere.
        one_by_one = folds(truth, self.n_folds, self.seed)
        return np.where(self.classes_[truth] == self.filter_label, one_by_one, dealt)

    def _unseen(self, counts: list[Counts], truth: Integers, fold_of: Integers) -> tuple[Floats, Floats, Integers]:
        """Return margins (n_judged, n_classes), known shares and classes (n_judged,) where each fold judges the others.

        Every fold learns its own vocabulary, as a stranger's message meets a vocabulary that never saw it.
        """
        margins, known = np.zeros((len(truth), len(self.classes_))), np.zeros(len(truth))
        for fold in range(self.n_folds):
            judged = np.flatnonzero(fold_of == fold)
            if not len(judged):
                continue
            seen = np.flatnonzero(fold_of != fold)
            features, strangers = TextFeatures(self.min_gram_df), [counts[i] for i in judged]
            coef, intercept = self._fit_margins(features.learn([counts[i] for i in seen]), truth[seen])
            margins[judged], known[judged] = features.rows(strangers) @ coef + intercept, features.known(strangers)
        return margins[fold_of >= 0], known[fold_of >= 0], truth[fold_of >= 0]

    def _calibrate(self, alike: _Unseen, unlike: _Unseen) -> None:
        """Learn temperature and thresholds, and keep what the unseen predictions were worth.

        How sure to be, and from where on to answer, is learned from what is unlike the examples; what asks for nothing
        and what belongs to no class at all, from what is like them.
        """
        margins, _, truth = unlike
        self.temperature_ = fit_temperature(margins, truth)
        guess, confidence, filtered = self._guesses(margins)
        right = guess == truth
        self.threshold_ = choose_threshold(confidence[~filtered], right[~filtered], self.precision)
        margins, known, truth = alike
        guess, confidence, filtered = self._guesses(margins)
        right = guess == truth
        belonging = _belonging(margins, known)
        self.scope_threshold_ = float(np.quantile(belonging, STRANGERS)) if len(truth) else 0.0
        self.filter_threshold_ = choose_threshold(confidence[filtered], right[filtered], FILTER_PRECISION)
        self.figures_ = {"examples": float(len(truth)), "ece": calibration_error(confidence, right)}
        if len(truth):
            answered = ~filtered & self._sure(confidence, belonging)
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
        digest = hashlib.sha256(self.coef_.tobytes())
        digest.update(self.intercept_.tobytes() + self.features_.idf_.tobytes())
        thresholds = (self.threshold_, self.filter_threshold_, self.scope_threshold_)
        digest.update(repr((self.classes_.tolist(), self.temperature_, thresholds)).encode())
        return digest.hexdigest()[:8]


def _count_all(texts: Sequence[str]) -> list[Counts]:
    return [counted(text) for text in texts]


def _belonging(margins: Floats, known: Floats) -> Floats:
    """Return the belonging (n_samples,) of margins (n_samples, n_classes) and known shares (n_samples,)."""
    return np.asarray(margins.max(axis=1, initial=-1.0) + known)
