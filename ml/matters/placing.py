"""Decide which of the matters that its writer has raised a message belongs to, or that it raises another.

Learned from conversations that were written for this product, with the tickets a person would make of them: how a
message, its time, its words and its meaning compare with each matter. The same conversation always comes to the same
matters.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import dataclass
from functools import cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import softmax
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from ml.matters.conversations import NOBODYS, Conversation, own_conversations
from ml.matters.pairs import Vectors, latest, pairs
from ml.matters.reading import Matter, Utterance, read
from ml.text.meaning import encoder

Booleans = NDArray[np.bool_]
Floats = NDArray[np.floating[Any]]

ENOUGH = 0.5
"""A message belongs to an old matter, the likeliest, where that is likelier than this of all old ones together."""
UNSURE = 0.15
"""So near to that a person should be asked."""


@dataclass(frozen=True, slots=True)
class Placing:
    """Say where a message belongs: `into` is the number of a matter, None a new one; `nearest` the likeliest of all.

    `sure` is False where a person should be asked.
    """

    into: int | None
    nearest: int | None
    sure: bool


class Placer(BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Weigh how a message compares with each matter by a conditional logit, in which a new matter weighs 0.

    See McFadden 1974. With `vectors` also what both mean is compared; `penalty` is that on the squares of the weights.
    Fitted state: `names_`, what is weighed, `weights_` (n_names,) and `intercept_`.
    """

    def __init__(self, penalty: float = 2.0, vectors: Vectors | None = None) -> None:
        self.penalty = penalty
        self.vectors = vectors

    def fit(self, conversations: Sequence[Conversation]) -> Self:
        """Learn from conversations, each message compared with what its writer has raised by then."""
        rows: list[dict[str, float]] = []
        belongs: list[bool] = []
        choice: list[int] = []
        for number, (message, matters, own) in enumerate(_choices(conversations)):
            rows += pairs(message, matters, self.vectors)
            belongs += own
            choice += [number] * len(own)
        self.names_ = list(rows[0])
        values = np.array([list(row.values()) for row in rows])
        mean, spread = values.mean(axis=0), values.std(axis=0)
        spread[spread == 0] = 1.0
        fitted = _conditional_logit((values - mean) / spread, np.array(belongs), np.array(choice), self.penalty)
        self.weights_: Floats = fitted[:-1] / spread
        self.intercept_ = float(fitted[-1] - self.weights_ @ mean)
        return self

    def place(self, message: Utterance, matters: Sequence[Matter]) -> Placing:
        """Return which of a writer's matters a message belongs to, each with at least one message."""
        check_is_fitted(self, "weights_")
        if not matters:
            return Placing(None, None, sure=True)
        likely = self.likely(message, matters)
        nearest = max(range(len(matters)), key=lambda one: (likely[one], matters[one][-1].minute, one))
        old = float(likely.sum())
        if old <= ENOUGH and read(message.text).closes and not read(message.text).questions:
            # A word of thanks is no matter of its own.
            return Placing(latest(matters), nearest, sure=True)
        return Placing(nearest if old > ENOUGH else None, nearest, sure=abs(old - ENOUGH) > UNSURE)

    def likely(self, message: Utterance, matters: Sequence[Matter]) -> Floats:
        """Return how likely a message belongs to each of the matters (n_matters,); what is left is a new one."""
        rows = np.array([list(row.values()) for row in pairs(message, matters, self.vectors)])
        scores = np.append(rows @ self.weights_ + self.intercept_, 0.0)
        return np.asarray(softmax(scores)[:-1])

    def right(self, conversations: Sequence[Conversation]) -> Booleans:
        """Tell of each message (n_choices,) that is not its writer's first whether it goes where a person put it.

        What was written before it is where a person put it, too.
        """
        found = []
        for message, matters, own in _choices(conversations):
            into = self.place(message, matters).into
            found.append(not any(own) if into is None else own[into])
        return np.array(found, dtype=bool)

    def kept(self) -> dict[str, Any]:
        """Return what was learned, as JSON can hold it."""
        check_is_fitted(self, "weights_")
        return {"weights": dict(zip(self.names_, self.weights_.tolist(), strict=True)), "intercept": self.intercept_}

    def taught(self, kept: Mapping[str, Any]) -> Placer:
        """Return a placer like this one with what another had `kept`; raise ValueError if it weighs something else."""
        check_is_fitted(self, "weights_")
        weights = kept["weights"]
        if set(weights) != set(self.names_):
            raise ValueError("it was learned from other observations")
        other = copy(self)
        other.weights_ = np.array([weights[name] for name in self.names_], dtype=float)
        other.intercept_ = float(kept["intercept"])
        return other


def _choices(conversations: Sequence[Conversation]) -> Iterator[tuple[Utterance, list[list[Utterance]], list[bool]]]:
    """Give each message that may belong to what its writer raised before, those matters, and to which it belongs."""
    for conversation in conversations:
        raised: dict[str, dict[str, list[Utterance]]] = {}
        for line in conversation:
            mine, message = raised.setdefault(line.author, {}), Utterance(line.text, line.minute)
            matters = list(mine.values())
            if line.ticket == NOBODYS:
                if matters:
                    matters[latest(matters)].append(message)
                continue
            if matters:
                yield message, matters, [ticket == line.ticket for ticket in mine]
            mine.setdefault(line.ticket, []).append(message)


def _conditional_logit(
    values: Floats, chosen: NDArray[np.bool_], choice: NDArray[np.integer[Any]], penalty: float
) -> Floats:
    """Return weights (n_features + 1,), the last one what every old matter has before a new one.

    `values` are (n_pairs, n_features), `chosen` (n_pairs,) tells which pair was right, `choice` (n_pairs,) numbers the
    messages they are of; where none was, a new matter was.
    """
    values = np.column_stack([values, np.ones(len(values))])
    penalties = np.append(np.full(values.shape[1] - 1, penalty), 0.0)
    size = int(choice.max()) + 1

    def loss(weights: Floats) -> tuple[float, Floats]:
        scores = np.clip(values @ weights, -30.0, 30.0)
        odds = np.exp(scores)
        total = 1 + np.bincount(choice, weights=odds, minlength=size)
        gradient = values.T @ (odds / total[choice] - chosen) + penalties * weights
        return float(np.log(total).sum() - scores[chosen].sum() + penalties @ weights**2 / 2), gradient

    return np.asarray(minimize(loss, np.zeros(values.shape[1]), jac=True, method="L-BFGS-B").x)


def place(message: Utterance, matters: Sequence[Matter], kept: Mapping[str, Any] | None = None) -> Placing:
    """Do what `Placer.place` does, with what was learned from our own conversations, or with what a workspace `kept`.

    By words alone: on conversations by others meaning made it no better, and so it is the same in every process. What
    was learned from other observations, by the release before, counts as nothing.
    """
    learned = placer(meaning=False)
    if kept is not None:
        with suppress(ValueError):
            learned = learned.taught(kept)
    return learned.place(message, matters)


@cache
def placer(*, meaning: bool) -> Placer:
    """Return what learned from our own conversations; with `meaning` the encoder must be installed."""
    return Placer(vectors=_vectors if meaning else None).fit(own_conversations())


def _vectors(texts: Sequence[str]) -> Floats:
    return encoder().vectors(texts)
