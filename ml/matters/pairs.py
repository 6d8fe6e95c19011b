"""Compare a message with each matter that its writer has raised, in numbers that a model can weigh."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.matters.reading import Matter, Read, Utterance, read

Floats = NDArray[np.floating[Any]]
Vectors = Callable[[Sequence[str]], Floats]
"""Gives what texts mean, (n_samples, 512) of length one."""


def pairs(message: Utterance, matters: Sequence[Matter], vectors: Vectors | None) -> list[dict[str, float]]:
    """Return what is to be weighed for each of a writer's matters, by name; without `vectors` not what they mean.

    Every matter has at least one message.
    """
    text, reads = read(message.text), [[read(one.text) for one in matter] for matter in matters]
    newest = latest(matters)
    shared = [len(text.words & _words(said)) for said in reads]
    alike = _alike(message, matters, vectors) if vectors is not None else None
    quiet = message.minute - matters[newest][-1].minute
    found = []
    for number, (matter, said) in enumerate(zip(matters, reads, strict=True)):
        gap, last = message.minute - matter[-1].minute, number == newest
        others = max((count for one, count in enumerate(shared) if one != number), default=0)
        same = bool(text.numbers & frozenset().union(*(one.numbers for one in said)))
        values = {
            "last": last,
            "gap": math.log1p(max(gap, 0.0)),
            "quiet": math.log1p(max(quiet, 0.0)),
            "at once": gap <= 1,
            "soon": gap <= 3,
            "within ten minutes": gap <= 10,
            "after an hour": gap > 60,
            "after a day's work": gap > 480,
            "words shared": min(3, shared[number]),
            "words shared with others": min(3, others),
            "most words shared": shared[number] > others,
            "numbers shared": same,
            "another number": bool(text.named) and not same and any(one.named for one in said),
            "several matters": len(matters) > 1,
            "many matters": len(matters) > 2,
            "closed": said[-1].closes,
            "only opened": len(matter) == 1 and said[0].opens,
            "asked last": said[-1].questions,
            "short before": said[-1].is_short,
            **_of_message(message.text, text),
            "last, turns": last and text.turns,
            "last, no turn, soon": last and not text.turns and gap <= 3,
            "last, refers": last and text.refers,
            "last, chases": last and text.chases,
            "last, adds": last and text.adds,
            "last, short": last and text.is_short,
            "last, question": last and text.questions,
            "last, short question": last and text.is_short and text.questions,
            "last, joins": last and text.joins,
            "last, size": last * text.size,
            "earlier, words shared": (not last) * shared[number],
        }
        if alike is not None:
            mine = alike[number]
            other = max((float(one.max()) for i, one in enumerate(alike) if i != number), default=0.0)
            values |= {
                "alike": mine.max(),
                "alike the last": mine[-1],
                "alike the first": mine[0],
                "alike on average": mine.mean(),
                "more alike than others": mine.max() - other if len(matters) > 1 else 0.2,
                "last, alike": last * mine.max(),
                "asks, alike": (text.asks or text.questions) * mine.max(),
            }
        found.append({name: float(value) for name, value in values.items()})
    return found


def latest(matters: Sequence[Matter]) -> int:
    """Return the number of the matter that was written to last."""
    return max(range(len(matters)), key=lambda one: (matters[one][-1].minute, one))


def _of_message(text: str, read: Read) -> dict[str, float]:
    return {
        "turns": read.turns,
        "turns later": read.turns_later,
        "chases": read.chases,
        "adds": read.adds,
        "refers": read.refers,
        "asks": read.asks,
        "asks later": read.asks_later,
        "question": read.questions,
        "joins": read.joins,
        "attached": read.attached,
        "bare": read.bare,
        "size": read.size,
        "short": read.is_short,
        "tiny": read.length <= 2,
        "closes": read.closes,
        "opens": read.opens,
        "digits": any(one.isdigit() for one in text),
        "telling words": min(4, len(read.words)),
        "capital": read.capital,
    }


def _words(said: Sequence[Read]) -> frozenset[str]:
    return frozenset().union(*(one.words for one in said))


def _alike(message: Utterance, matters: Sequence[Matter], vectors: Vectors) -> list[Floats]:
    """Return for each matter the cosine (n_messages,) of each of its messages with the new one."""
    found = vectors([message.text, *(one.text for matter in matters for one in matter)])
    ends = np.cumsum([len(matter) for matter in matters])[:-1]
    return np.split(found[1:] @ found[0], ends)
