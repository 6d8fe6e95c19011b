"""Learn from a workspace's own conversations which messages are one matter, and say honestly whether that is better.

Run as `python -m ml.matters.learning FOLDER` it is a process of its own, so that learning keeps nobody waiting.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import clone

from ml.learn.fit import NICENESS
from ml.learn.gate import FEWEST, Decision, decide
from ml.matters.conversations import Conversation, Line, own_conversations
from ml.matters.placing import Placer, placer

PARTS = 3
WEIGHT = 5
"""As many of our own conversations one of a workspace's counts as: with one, half as much was put right."""
JOB, OUTCOME = "conversations.json", "placer.json"


@dataclass(frozen=True, slots=True)
class Settled:
    """Hold what one writer wrote and which tickets it was in the end; `moved` says that people moved some of it."""

    lines: Conversation
    moved: bool


def learn(settled: Sequence[Settled], shipped: Placer) -> tuple[Placer, Decision]:
    """Return what learns from our own conversations and those in which people moved messages, and if it is better.

    It is judged beside the `shipped` one, which learned from our own alone, on every message that may belong to an
    earlier matter: those that people left where they were put, which nothing learns from, and those they moved, by
    what learned from other conversations. Without the former the shipped one would be wrong by construction. Raises
    ValueError where people moved nothing, or there are fewer than seven messages to judge by.
    """
    own = own_conversations()
    moved, left = [one.lines for one in settled if one.moved], [one.lines for one in settled if not one.moved]
    if not moved:
        raise ValueError("nobody moved a message")
    candidate = clone(shipped).fit([*own, *moved * WEIGHT])
    right, right_now = [candidate.right(left)], [shipped.right(left)]
    part_of = np.random.default_rng(0).permutation(len(moved)) % PARTS
    for part in range(PARTS):
        judged = [one for one, its in zip(moved, part_of, strict=True) if its == part]
        others = [one for one, its in zip(moved, part_of, strict=True) if its != part]
        right.append(clone(shipped).fit([*own, *others * WEIGHT]).right(judged) if judged else np.zeros(0, dtype=bool))
        right_now.append(shipped.right(judged))
    found = decide(np.concatenate(right), np.concatenate(right_now))
    if found.judged < FEWEST:
        raise ValueError(f"only {found.judged} messages: too few to judge by")
    return candidate, found


def write_job(folder: Path, settled: Sequence[Settled]) -> None:
    """Write what `python -m ml.matters.learning` reads."""
    job = [{"moved": one.moved, "lines": [asdict(line) for line in one.lines]} for one in settled]
    (folder / JOB).write_text(json.dumps(job), encoding="utf-8")


def read_outcome(folder: Path) -> dict[str, Any]:
    """Return the fields of the decision, and under `kept` what was learned if it is better, as the process wrote it."""
    found: dict[str, Any] = json.loads((folder / OUTCOME).read_text("utf-8"))
    return found


def main(arguments: Sequence[str]) -> int:
    """Learn in this process, politely; what cannot be learned from is a sentence on stderr and exit code 1."""
    with suppress(OSError):
        os.nice(NICENESS)
    folder = Path(arguments[0])
    job = json.loads((folder / JOB).read_text("utf-8"))
    settled = [Settled([Line(**line) for line in one["lines"]], one["moved"]) for one in job]
    try:
        candidate, found = learn(settled, placer(meaning=False))
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    outcome = asdict(found) | {"kept": candidate.kept() if found.better else None}
    (folder / OUTCOME).write_text(json.dumps(outcome), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
