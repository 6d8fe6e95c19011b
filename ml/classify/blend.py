"""Average what words say of a message with what it means, and tell how near it is to any example."""

from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp
from sklearn.linear_model import LogisticRegression

from ml.classify.calibration import fit_temperature, probabilities

Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.integer[Any]]

HEAD_C = 10.0
FEW_HEAD_C = 30.0
NEIGHBOURS = 6_000
"""With so many examples at most a message is compared; 3 MB of whole numbers."""
SCALE = 127.0
TINY = 1e-9
UNKNOWN_MARGIN = -100.0


@dataclass(frozen=True)
class Head:
    """Hold a linear model on sentence vectors: `coef` (512, n_classes) and `intercept` (n_classes,), float32."""

    coef: Floats
    intercept: Floats

    @classmethod
    def fit(
        cls,
        vectors: Floats,
        classes: Integers,
        *,
        few: bool,
        weights: Floats | None = None,
        begin: "Head | None" = None,
    ) -> Self:
        """Fit on vectors (n_samples, 512) and classes (n_samples,) numbered from 0; `few` follows each closely.

        A fit that begins with a head of the same classes is done sooner.
        """
        machine = LogisticRegression(C=FEW_HEAD_C if few else HEAD_C, tol=1e-3, max_iter=200, warm_start=True)
        if begin is not None and begin.coef.shape[1] > 2:
            machine.coef_, machine.intercept_ = begin.coef.T.astype(float), begin.intercept.astype(float)
        machine.fit(vectors, classes, sample_weight=weights)
        coef, intercept = machine.coef_.T, machine.intercept_
        if coef.shape[1] == 1:  # of two classes scikit-learn keeps only the second one's half
            coef, intercept = np.hstack([-coef, coef]), np.array([-1.0, 1.0]) * intercept
        return cls(np.ascontiguousarray(coef, dtype=np.float32), intercept.astype(np.float32))

    def of(self, some: Integers) -> Self:
        """Return what it knows of some of its classes, by their numbers."""
        return replace(self, coef=self.coef[:, some], intercept=self.intercept[some])

    def among(self, some: Integers, n_classes: int) -> Self:
        """Return a head of more classes: its own have the numbers `some`, and the others are never the likeliest."""
        coef = np.zeros((len(self.coef), n_classes), dtype=np.float32)
        intercept = np.full(n_classes, UNKNOWN_MARGIN, dtype=np.float32)
        coef[:, some], intercept[some] = self.coef, self.intercept
        return replace(self, coef=coef, intercept=intercept)

    def margins(self, vectors: Floats) -> Floats:
        """Return the margins (n_samples, n_classes) of vectors."""
        return np.asarray(vectors @ self.coef + self.intercept, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Warmth:
    """Hold both halves' temperatures, and how much less sure to be of what no example is near.

    Margins are divided by `exp(distrust * (1 - cosine to the nearest example))`, beside the temperature that follows.
    """

    words: float
    head: float
    distrust: float

    @classmethod
    def fit(cls, margins: Floats, head_margins: Floats, near: Floats, classes: Integers) -> Self:
        """Learn from what both halves made of messages they had not seen, each (n_samples, n_classes).

        `near` are the cosines and `classes` the truth (n_samples,). The temperatures are learned one by one, the
        distrust together with a temperature, by the log loss.
        """
        alone = cls(fit_temperature(margins, classes), fit_temperature(head_margins, classes), 0.0)
        if not len(classes):
            return alone
        mean, rows = alone.mix(margins, head_margins, near), np.arange(len(classes))

        def loss(exponents: Floats) -> float:
            scaled = mean / np.exp(exponents[0] + exponents[1] * (1 - near))[:, None]
            return float(np.mean(logsumexp(scaled, axis=1) - scaled[rows, classes]))

        found = minimize(loss, np.zeros(2), method="L-BFGS-B", bounds=[(-4.0, 4.0), (0.0, 4.0)])
        return replace(alone, distrust=float(found.x[1]))

    def mix(self, margins: Floats, head_margins: Floats, near: Floats) -> Floats:
        """Return the logarithms of the mean probabilities (n_samples, n_classes), less sure where nothing is near."""
        mean = (probabilities(margins, self.words) + probabilities(head_margins, self.head)) / 2
        return np.asarray(np.log(mean + TINY) / np.exp(self.distrust * (1 - near))[:, None])


@dataclass(frozen=True)
class Blend:
    """Hold a head, the vectors of examples as whole numbers (n_examples, 512), and how both halves are mixed."""

    head: Head
    examples: NDArray[np.int8]
    warmth: Warmth
    _near: Floats = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # Turned once: it would take longer than the comparison.
        object.__setattr__(self, "_near", self.examples.T.astype(np.float32) / SCALE)

    def mix(self, margins: Floats, vectors: Floats) -> tuple[Floats, Floats]:
        """Return what to use as margins (n_samples, n_classes), and the cosine (n_samples,) to the nearest example."""
        near = nearest(vectors, self._near)
        return self.warmth.mix(margins, self.head.margins(vectors), near), near

    def beside_an_example(self, margins: Floats, vectors: Floats) -> Floats:
        """Return the margins (n_samples, n_classes) as if an example said the same, without looking for the nearest.

        A distance makes all classes less sure alike, so it says nothing of what speaks for one of them.
        """
        return self.warmth.mix(margins, self.head.margins(vectors), np.ones(len(vectors)))


@dataclass(frozen=True, slots=True)
class Unseen:
    """Hold what folds made of examples they had not seen; with vectors also the head's margins and nearest cosines."""

    margins: Floats
    belonging: Floats
    truth: Integers
    head: Floats
    near: Floats
    is_mixed: bool = False

    def mixed(self, warmth: Warmth) -> Self:
        """Return the same with what both halves say together as its margins."""
        return replace(self, margins=warmth.mix(self.margins, self.head, self.near), is_mixed=True)


def whole_numbers(vectors: Floats, seed: int) -> NDArray[np.int8]:
    """Return vectors (n_samples, 512) as whole numbers, a random `NEIGHBOURS` of them where there are more."""
    if len(vectors) > NEIGHBOURS:
        chosen = np.random.default_rng(seed).choice(len(vectors), NEIGHBOURS, replace=False)
        vectors = vectors[np.sort(chosen)]
    return np.asarray(np.rint(vectors * SCALE), dtype=np.int8)


def nearest(vectors: Floats, examples: Floats) -> Floats:
    """Return the cosine (n_samples,) of vectors to the nearest of the examples (512, n_examples), 0 without any."""
    if not len(vectors) or not examples.shape[1]:
        return np.zeros(len(vectors))
    return np.asarray((vectors @ examples).max(axis=1), dtype=np.float64)


def belonging(margins: Floats, near: Floats, temperature: float) -> Floats:
    """Return how much each message belongs to any class: the root of its best probability times the nearest cosine."""
    return np.asarray(np.sqrt(probabilities(margins, temperature).max(axis=1, initial=0.0)) * near)
