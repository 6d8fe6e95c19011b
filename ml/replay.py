"""Compare what two models, or one at two thresholds, make of the same messages, before anything is changed."""

import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ml.classifier import MessageClassifier, Verdict


@dataclass(frozen=True, slots=True)
class Past:
    """Hold one message of the past: what it is called (a ticket's reference or its time), and what people said."""

    name: str
    text: str
    said: str | None


@dataclass(frozen=True, slots=True)
class Difference:
    """Hold a message whose card would have been another."""

    past: Past
    before: Verdict
    after: Verdict


def at_threshold(model: MessageClassifier, threshold: float) -> MessageClassifier:
    """Return the same model that answers from another confidence on; raise ValueError for none between 0 and 1."""
    if not 0 <= threshold <= 1:
        raise ValueError(f"a threshold is between 0 and 1, not {threshold}")
    changed = copy.copy(model)
    changed.threshold_ = threshold
    return changed


def replay(
    messages: Iterable[Past], current: MessageClassifier, candidate: MessageClassifier
) -> Iterator[tuple[Difference, bool]]:
    """Yield for each message what both make of it, and whether its card would have been another."""
    for past in messages:
        found = Difference(past, current.classify(past.text), candidate.classify(past.text))
        yield found, shown(found.before) != shown(found.after)


def shown(verdict: Verdict) -> str:
    """Say what a card shows of a verdict: the category, not sure with its best guess, or no card at all."""
    if verdict.chatter:
        return "no ticket"
    if verdict.category is None:
        return "not sure"
    return f"not sure ({verdict.category}?)" if verdict.abstained else verdict.category
