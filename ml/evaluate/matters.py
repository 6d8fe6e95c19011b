"""Score how well messages are put into tickets, beside what a person would make of the same conversations.

`python -m ml.evaluate.matters FILE --model FOLDER` scores a file's conversations, with the starter model of FOLDER.
"""

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ml.matters.rules import Utterance, place

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


def by_matter(sure_of: Callable[[str], str | None]) -> Grouper:
    """Return what the rules make of each writer's messages; `sure_of` names the category of a text, if it is sure."""

    def grouper(conversation: Conversation) -> list[object]:
        tickets: list[object] = []
        raised: dict[str, list[tuple[int, list[Utterance]]]] = {}
        for number, line in enumerate(conversation):
            mine = raised.setdefault(line.author, [])
            message = Utterance(line.text, line.minute, sure_of(line.text))
            into = place(message, [matter for _, matter in mine]).into
            if into is None:
                mine.append((number, []))
            ticket, matter = mine[-1 if into is None else into]
            matter.append(message)
            tickets.append(ticket)
        return tickets

    return grouper


def main() -> None:
    """Print the scores of every way of grouping on the conversations of a file."""
    parser = argparse.ArgumentParser(prog="ml.evaluate.matters")
    parser.add_argument("file", type=Path)
    parser.add_argument("--model", type=Path, required=True, help="where the starter model is kept, or trained into")
    given = parser.parse_args()
    from ml.learn.train import ensure_starter

    model = ensure_starter(given.model)

    def sure_of(text: str) -> str | None:
        verdict = model.classify(text)
        return None if verdict.abstained or verdict.chatter else verdict.category

    conversations = read_conversations(given.file.read_text("utf-8"))
    ways = {"by matter": by_matter(sure_of), "by matter, no model": by_matter(lambda _: None)}
    for name, grouper in (
        ways | {"ten minutes": ten_minutes, "all one": all_one, "each its own": each_its_own}
    ).items():
        found = score(conversations, grouper)
        figures = f"{found.precision:9.3f} {found.recall:9.3f} {found.f1:6.3f}"
        sys.stdout.write(f"{name:20} {found.exact:6.1%} {figures}\n")


if __name__ == "__main__":
    main()
