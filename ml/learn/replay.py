"""Compare what two models, or one at two thresholds, make of the same messages, before anything is changed."""

import copy
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ml.classify.classifier import MessageClassifier, Verdict
from ml.starter import CHATTER

NO_TICKET = "no ticket"
Judge = Callable[[str], Verdict]
"""Says what a card is to show of a text: a model, and what its workspace makes of the model's answer."""


@dataclass(frozen=True, slots=True)
class Past:
    """Hold one message of the past: what it is called (a ticket's reference or its time), and what people said.

    `remembered` says that its card shows what people said, whichever model there is.
    """

    name: str
    text: str
    said: str | None
    remembered: bool = False


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


def replay(messages: Iterable[Past], current: Judge, candidate: Judge) -> Iterator[tuple[Difference, bool]]:
    """Yield for each message what both make of it, and whether its card would have been another."""
    for past in messages:
        found = Difference(past, current(past.text), candidate(past.text))
        yield found, not past.remembered and shown(found.before) != shown(found.after)


def is_right(past: Past, verdict: Verdict) -> bool:
    """Tell whether a card would show what people said."""
    return shown(verdict) == (NO_TICKET if past.said == CHATTER else past.said)


def shown(verdict: Verdict) -> str:
    """Say what a card shows of a verdict: the category, not sure with its best guess, or no card at all."""
    if verdict.chatter:
        return NO_TICKET
    if verdict.category is None:
        return "not sure"
    return f"not sure ({verdict.category}?)" if verdict.abstained else verdict.category
