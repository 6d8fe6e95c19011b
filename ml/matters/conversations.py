"""Read conversations with the tickets that a person put their messages into."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

NOBODYS = "-"
"""The ticket of a message that asks for nothing, wherever it is put."""
_LINE = re.compile(r"(?P<author>\w+) (?P<minute>\d+) (?P<ticket>\S+) (?P<text>.+)")


@dataclass(frozen=True, slots=True)
class Line:
    """Hold one message of a conversation: who wrote it in which minute, and the ticket that a person puts it into."""

    author: str
    minute: float
    ticket: str
    text: str


Conversation = Sequence[Line]


def read_conversations(text: str) -> list[list[Line]]:
    """Read conversations, each after a line that begins with #, a message a line; raise ValueError for any other."""
    found: list[list[Line]] = []
    for line in text.splitlines():
        if line.startswith("#"):
            found.append([])
        elif (parts := _LINE.fullmatch(line)) is not None and found:
            found[-1].append(Line(parts["author"], int(parts["minute"]), parts["ticket"], parts["text"]))
        else:
            raise ValueError(f"not a message of a conversation: {line!r}")
    return found


def own_conversations() -> list[list[Line]]:
    """Read the conversations that were written for this product, to learn from."""
    return read_conversations((files(__package__) / "conversations.txt").read_text(encoding="utf-8"))
