"""Score how well messages are put into tickets, beside what a person would make of the same conversations.

`python -m ml.evaluate.matters FILE` scores a file's conversations, without a file our own ones, each of them by what
was learned without it.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.base import clone

from ml.matters.conversations import NOBODYS, Conversation, own_conversations, read_conversations
from ml.matters.placing import Placer, placer
from ml.matters.reading import Utterance
from ml.text.encoder import installed

WINDOW_MINUTES = 10
PARTS = 8


@dataclass(frozen=True, slots=True)
class Score:
    """Say how tickets agree with a person's; shares between 0 and 1.

    `exact` is the share of conversations with exactly the same sets of messages; the others are B-cubed (Bagga and
    Baldwin 1998), over all messages that ask for something.
    """

    exact: float
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Return the harmonic mean of B-cubed precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


Grouper = Callable[[Conversation], Sequence[object]]
"""Returns the ticket (n_messages,) of each message of a conversation, by any names that can be compared."""


def score(conversations: Sequence[Conversation], grouper: Grouper) -> Score:
    """Compare what a grouper makes of conversations with what a person does."""
    exact, precise, recalled = [], [], []
    for conversation in conversations:
        given = grouper(conversation)
        rows = [(line.ticket, ours) for line, ours in zip(conversation, given, strict=True) if line.ticket != NOBODYS]
        shares = [_shares(rows, row) for row in rows]
        precise += [precision for precision, _ in shares]
        recalled += [recall for _, recall in shares]
        exact.append(all(share == (1.0, 1.0) for share in shares))
    return Score(sum(exact) / len(exact), sum(precise) / len(precise), sum(recalled) / len(recalled))


def _shares(rows: Sequence[tuple[object, object]], row: tuple[object, object]) -> tuple[float, float]:
    both = sum(other == row for other in rows)
    return both / sum(other[1] == row[1] for other in rows), both / sum(other[0] == row[0] for other in rows)


def all_one(conversation: Conversation) -> list[object]:
    """Put everything that a writer says into one ticket."""
    return [line.author for line in conversation]


def each_its_own(conversation: Conversation) -> list[object]:
    """Make a ticket of every message."""
    return list(range(len(conversation)))


def ten_minutes(conversation: Conversation) -> list[object]:
    """Join what a writer says at most ten minutes after what the same writer said before."""
    tickets: list[object] = []
    last: dict[str, tuple[float, object]] = {}
    for number, line in enumerate(conversation):
        minute, ticket = last.get(line.author, (line.minute - WINDOW_MINUTES - 1, number))
        ticket = ticket if line.minute - minute <= WINDOW_MINUTES else number
        last[line.author] = line.minute, ticket
        tickets.append(ticket)
    return tickets


def by_matter(placer: Placer) -> Grouper:
    """Return what a placer makes of each writer's messages."""

    def grouper(conversation: Conversation) -> list[object]:
        tickets: list[object] = []
        raised: dict[str, list[tuple[int, list[Utterance]]]] = {}
        for number, line in enumerate(conversation):
            mine = raised.setdefault(line.author, [])
            message = Utterance(line.text, line.minute)
            into = placer.place(message, [matter for _, matter in mine]).into
            if into is None:
                mine.append((number, []))
            ticket, matter = mine[-1 if into is None else into]
            matter.append(message)
            tickets.append(ticket)
        return tickets

    return grouper


def unseen_parts(conversations: Sequence[Conversation], placer: Placer) -> Grouper:
    """Return what placers make of these conversations that each learned from all parts of them but one."""
    parts = np.random.default_rng(0).permutation(len(conversations)) % PARTS
    learned = [
        by_matter(clone(placer).fit([one for one, own in zip(conversations, parts, strict=True) if own != part]))
        for part in range(PARTS)
    ]
    part_of = {id(one): int(part) for one, part in zip(conversations, parts, strict=True)}
    return lambda conversation: learned[part_of[id(conversation)]](conversation)


def main() -> None:
    """Print the scores of every way of grouping on the conversations of a file, or by parts on our own."""
    parser = argparse.ArgumentParser(prog="ml.evaluate.matters")
    parser.add_argument("file", type=Path, nargs="?", help="our own conversations without it, each part unseen")
    given = parser.parse_args()
    kinds = {"by matter, words alone": placer(meaning=False)}
    if installed():
        kinds["by matter"] = placer(meaning=True)
    conversations = read_conversations(given.file.read_text("utf-8")) if given.file else own_conversations()
    ways = {name: by_matter(one) if given.file else unseen_parts(conversations, one) for name, one in kinds.items()}
    for name, grouper in (
        ways | {"ten minutes": ten_minutes, "all one": all_one, "each its own": each_its_own}
    ).items():
        found = score(conversations, grouper)
        figures = f"{found.precision:9.3f} {found.recall:9.3f} {found.f1:6.3f}"
        sys.stdout.write(f"{name:24} {found.exact:6.1%} {figures}\n")


if __name__ == "__main__":
    main()
