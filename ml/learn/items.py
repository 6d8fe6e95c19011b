"""Name what a model is fitted on and judged by: a message, and what people said last of it."""

import zlib
from dataclasses import dataclass

HELD_OUT = 5
"""One label in five is held out of every fit, so that every version can be judged on it."""


@dataclass(frozen=True, slots=True)
class Item:
    """Hold one message and what people said last of it.

    `key` is the message's id, or below zero for an example somebody wrote down. `unseen` says that the current model
    was not fitted on it. `accepted` says that nobody said anything: the message was dealt with as what it was guessed
    to be. Such items judge models, and none is fitted on them. `unseen_by_day` says that the head that answers by day
    was not fitted on it either.
    """

    key: int
    text: str
    category: str
    unseen: bool = True
    accepted: bool = False
    unseen_by_day: bool = False


def into(merged: dict[str, str], key: str) -> str:
    """Return the category that one was merged into, itself if it was not."""
    seen = {key}
    while (into := merged.get(key)) is not None and into not in seen:
        seen.add(into)
        key = into
    return key


def is_held_out(key: int) -> bool:
    """Tell whether a message is in the part that no model is ever fitted on; by its id, so that it stays there."""
    return key >= 0 and zlib.crc32(str(key).encode()) % HELD_OUT == 0
