"""List the control sequences in a message's texts, so that a test can see which of them nobody meant."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

SEQUENCE = re.compile(r"<([!@#][^<>\n]*|(?:https?|mailto|tel|slack):[^<>\n]*)>", re.IGNORECASE)
KINDS = {"!": "special", "@": "user", "#": "channel"}
RAW = ("plain_text", "raw_text", "raw_number")


@dataclass(frozen=True)
class Sequence:
    """Name one control sequence: special (`<!...>`), user, channel or link, and where it stands."""

    kind: str
    body: str
    pointer: str


def in_text(text: str, pointer: str = "") -> list[Sequence]:
    """Return the control sequences of one mrkdwn text."""
    return [Sequence(KINDS.get(found[1][0], "link"), found[1], pointer) for found in SEQUENCE.finditer(text)]


def texts(node: Any, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Yield pointer and text of everything that Slack would read as mrkdwn: not plain_text, not ids or values."""
    if isinstance(node, list):
        for number, one in enumerate(node):
            yield from texts(one, f"{pointer}/{number}")
    elif isinstance(node, dict):
        for key, value in node.items():
            read = key in ("text", "fallback", "pretext", "footer") and node.get("type") not in RAW
            if read and isinstance(value, str):
                yield f"{pointer}/{key}", value
            elif isinstance(value, dict | list) and key != "metadata":
                yield from texts(value, f"{pointer}/{key}")


def control_sequences(message: Any) -> list[Sequence]:
    """Return the control sequences in any text of a message, view or list of blocks."""
    return [one for pointer, text in texts(message) for one in in_text(text, pointer)]
