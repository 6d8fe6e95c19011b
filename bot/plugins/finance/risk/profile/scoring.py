"""Make a risk level of what a client answered: pure numbers, from 1, which bears least risk, to 5."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from bot.plugins.finance.risk.profile.questions import Topic
from storage.errors import Invalid

LEVELS = ("capital first", "cautious", "balanced", "growth", "speculative")
"""What the levels 1 to 5 are called."""


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """Hold what was asked and answered, as it stood that day, with its topic and points."""

    topic: str
    question: str
    answer: str
    points: int


@dataclass(frozen=True, slots=True)
class Assessed:
    """Hold what is known of a client: a level from 1 to 5 for each topic, and the last day on which it counts."""

    knowledge: int
    capacity: int
    objectives: int
    horizon: int
    expires_on: date

    @property
    def level(self) -> int:
        """Return the risk that suits the client, 1 to 5: no more than capacity, objectives and horizon each allow.

        The least of the three counts: in a mean, a wish for gain would make up for money that is needed soon.
        """
        return min(self.capacity, self.objectives, self.horizon)


def assess(answers: Sequence[GivenAnswer], expires_on: date) -> Assessed:
    """Return the levels of what was answered: of each topic the mean of its points, rounded down.

    Raises Invalid where a topic has no answer, as nothing is known of it then.
    """
    points: Mapping[str, list[int]] = {topic.value: [] for topic in Topic}
    for one in answers:
        points[one.topic].append(one.points)
    if lacking := next((topic for topic, found in points.items() if not found), None):
        raise Invalid(
            "No question asks about {topic}, so the profile cannot be told.",
            hint="An admin adds one with `/crm question add`.",
            topic=lacking,
        )
    return Assessed(**{topic: _mean(found) for topic, found in points.items()}, expires_on=expires_on)


def _mean(points: Iterable[int]) -> int:
    found = list(points)
    return sum(found) // len(found)
