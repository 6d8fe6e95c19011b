"""Score how well messages are put into tickets, beside what a person would make of the same conversations."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

WINDOW_MINUTES = 10
NOBODYS = "-"
"""The ticket of a message that asks for nothing, wherever it is put."""
_LINE = re.compile(r"(?P<author>\w+) (?P<minute>\d+) (?P<ticket>\S+) (?P<text>.+)")


@dataclass(frozen=True, slots=True)
class Line:
    """Hold one message of a conversation: who wrote it in which minute, and the ticket that a person puts it into."""

    author: str
    minute: int
    ticket: str
    text: str


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


Conversation = Sequence[Line]
Grouper = Callable[[Conversation], Sequence[object]]
"""Returns the ticket (n_messages,) of each message of a conversation, by any names that can be compared."""


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
    last: dict[str, tuple[int, object]] = {}
    for number, line in enumerate(conversation):
        minute, ticket = last.get(line.author, (line.minute - WINDOW_MINUTES - 1, number))
        ticket = ticket if line.minute - minute <= WINDOW_MINUTES else number
        last[line.author] = line.minute, ticket
        tickets.append(ticket)
    return tickets
