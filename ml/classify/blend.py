"""Add up what words say of a message, what it means and what the nearest examples are."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp
from sklearn.linear_model import LogisticRegression

from ml.classify.calibration import fit_temperature
from ml.text.neighbours import Nearness, Neighbours

Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.integer[Any]]

HEAD_C = 10.0
FEW_HEAD_C = 30.0
PULL = 10.0
"""What a class gains per cosine of its nearest example: 10 and 15 did equally well, 3 and 6 a little worse (docs)."""
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
    def fit(cls, margins: Floats, head_margins: Floats, near: Nearness, classes: Integers) -> Self:
        """Learn from what both halves made of messages they had not seen, each (n_samples, n_classes).

        `classes` are the truth (n_samples,). The temperatures are learned one by one, the distrust together with a
        temperature, by the log loss.
        """
        alone = cls(fit_temperature(margins, classes), fit_temperature(head_margins, classes), 0.0)
        if not len(classes):
            return alone
        together, rows = alone.together(margins, head_margins, near), np.arange(len(classes))
        far = 1 - near.best

        def loss(exponents: Floats) -> float:
            scaled = together / np.exp(exponents[0] + exponents[1] * far)[:, None]
            return float(np.mean(logsumexp(scaled, axis=1) - scaled[rows, classes]))

        found = minimize(loss, np.zeros(2), method="L-BFGS-B", bounds=[(-4.0, 4.0), (0.0, 4.0)])
        return replace(alone, distrust=float(found.x[1]))

    def together(self, margins: Floats, head_margins: Floats, near: Nearness) -> Floats:
        """Return the sum (n_samples, n_classes) of what words, the head and the nearest example of each class say."""
        return np.asarray(margins / self.words + head_margins / self.head + PULL * near.of_class)

    def mix(self, margins: Floats, head_margins: Floats, near: Nearness) -> Floats:
        """Return what to use as margins (n_samples, n_classes): the sum, less sure where nothing is near."""
        together = self.together(margins, head_margins, near)
        return np.asarray(together / np.exp(self.distrust * (1 - near.best))[:, None])


@dataclass(frozen=True, slots=True)
class Usual:
    """Hold what is usual of messages like the examples: mean and spread of two signs that a message belongs to them.

    `strength` is the largest margin of all together, `near` the mean cosine to the nearest few examples.
    """

    strength: float
    strength_spread: float
    near: float
    near_spread: float

    @classmethod
    def fit(cls, strength: Floats, near: Floats) -> Self:
        """Learn from messages that were not seen, both (n_samples,)."""
        if not len(near):
            return cls(0.0, 1.0, 0.0, 1.0)
        spreads = [max(float(sign.std()), TINY) for sign in (strength, near)]
        return cls(float(strength.mean()), spreads[0], float(near.mean()), spreads[1])

    def belonging(self, strength: Floats, near: Floats) -> Floats:
        """Return how much messages (n_samples,) are like the examples, 0 as much as usual; both signs count alike."""
        far = (strength - self.strength) / self.strength_spread
        return np.asarray(far + (near - self.near) / self.near_spread)


@dataclass(frozen=True)
class Blend:
    """Hold a head, the examples that messages are compared with, and how all are mixed."""

    head: Head
    neighbours: Neighbours
    warmth: Warmth
    usual: Usual

    def mix(self, margins: Floats, vectors: Floats) -> tuple[Floats, Floats]:
        """Return what to use as margins (n_samples, n_classes), and the belonging (n_samples,) of messages."""
        near, head = self.neighbours.near(vectors, margins.shape[1]), self.head.margins(vectors)
        strength = self.warmth.together(margins, head, near).max(axis=1, initial=-np.inf)
        return self.warmth.mix(margins, head, near), self.usual.belonging(strength, near.few)

    def beside_an_example(self, margins: Floats, vectors: Floats) -> Floats:
        """Return the margins (n_samples, n_classes) of words and head, without looking for the nearest examples.

        That would take as long as all the rest, and what words speak for a class these two know.
        """
        return np.asarray(margins / self.warmth.words + self.head.margins(vectors) / self.warmth.head)


@dataclass(frozen=True, slots=True)
class Unseen:
    """Hold what folds made of examples they had not seen; with vectors also the head's margins and what is near."""

    margins: Floats
    belonging: Floats
    truth: Integers
    head: Floats
    near: Nearness

    def usual(self, warmth: Warmth) -> Usual:
        """Return what is usual of these, once it is known how both halves are mixed."""
        return Usual.fit(self._strength(warmth), self.near.few)

    def mixed(self, warmth: Warmth, usual: Usual) -> Self:
        """Return the same with what is said together as its margins, and the belonging by meaning."""
        belonging = usual.belonging(self._strength(warmth), self.near.few)
        return replace(self, margins=warmth.mix(self.margins, self.head, self.near), belonging=belonging)

    def _strength(self, warmth: Warmth) -> Floats:
        return np.asarray(warmth.together(self.margins, self.head, self.near).max(axis=1, initial=-np.inf))
