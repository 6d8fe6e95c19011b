"""Measure urgency and mood on messages written apart from the rules: `python -m ml.evaluate.signals FILE`."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from sklearn.metrics import f1_score

from ml.classify.signals import Signals, read_signals

THEN = " // "


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """Hold a message, what was written before it in the same ticket, and what a person says of it."""

    earlier: Sequence[str]
    text: str
    urgency: str
    sentiment: str
    wants_to_cancel: bool


def judged(path: Path) -> list[ReadMessage]:
    """Read lines of `urgency mood leave | earlier // message`; those that begin with # are left out."""
    found = []
    for line in path.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            said, written = line.split(" | ", 1)
            urgency, sentiment, leaves = said.split()
            *earlier, text = written.split(THEN)
            found.append(ReadMessage(earlier, text, urgency, sentiment, leaves == "yes"))
    return found


def figures(messages: Sequence[ReadMessage]) -> Iterator[tuple[str, float]]:
    """Yield each figure by its name, shares between 0 and 1; a macro-F1 is the mean over the levels that occur."""
    found = [_of_thread([read_signals(text) for text in (*one.earlier, one.text)]) for one in messages]
    for name in ("urgency", "sentiment"):
        truth, guess = ([getattr(one, name) for one in every] for every in (messages, found))
        yield f"{name}_right", float(np.mean([a == b for a, b in zip(truth, guess, strict=True)]))
        yield f"{name}_macro_f1", float(f1_score(truth, guess, labels=sorted(set(truth)), average="macro"))
    urgent = [said.urgency for one, said in zip(messages, found, strict=True) if one.urgency == "urgent"]
    yield "urgent_recall", float(np.mean([level == "urgent" for level in urgent]))
    yield "urgent_or_high", float(np.mean([level in ("urgent", "high") for level in urgent]))


def _of_thread(read: Sequence[Signals]) -> Signals:
    """Return what messages come to as a ticket does: the last that says anything counts."""
    urgency = next((one.urgency for one in reversed(read) if one.urgency != "normal"), "normal")
    sentiment = next((one.sentiment for one in reversed(read) if one.sentiment != "neutral"), "neutral")
    return replace(read[-1], urgency=urgency, sentiment=sentiment)


def main(arguments: Sequence[str]) -> int:
    """Print the figures of a file."""
    for name, value in figures(judged(Path(arguments[0]))):
        sys.stdout.write(f"{name:<20}{value:.3f}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
