"""Keep the questionnaire from which a client's risk profile is made, which each workspace may make its own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from sqlalchemy import func, select
from sqlalchemy.orm import Mapped, Session

from storage.database.engine import TENANT, Base, current_workspace, lock_until_end
from storage.errors import Invalid
from storage.names import name_key, short
from storage.records.declaration import Declaration, Values
from storage.records.fields import ChoiceField, LongTextField, TextField
from storage.records.named import Named, named_args, one_of
from storage.workspace.members import Role

MOST = 30
"""As many questions as one sits down to answer."""
ANSWERS = 10
ANSWER_LIMIT = 70
"""As many characters as a menu of Slack's shows of a choice."""
LOWEST, HIGHEST = 1, 5
_ANSWER = re.compile(r"(?P<words>.*\S)\s*=\s*(?P<points>[0-9]{1,3})\s*")


class Topic(StrEnum):
    """Say what a question finds out about a client."""

    KNOWLEDGE = "knowledge"
    CAPACITY = "capacity"
    OBJECTIVES = "objectives"
    HORIZON = "horizon"


@dataclass(frozen=True, slots=True)
class PossibleAnswer:
    """Hold one answer to a question, and its points: 1 bears least risk, 5 most."""

    words: str
    points: int


class Question(Named, Base):
    """Describe a question; `answers` are its possible answers, one a line, each with its points: `Nothing = 1`."""

    __noun__, __letter__, __tablename__ = "question", "QU", "risk_question"
    __setting__ = True
    __audit__ = "questions"
    __table_args__ = (
        *named_args("finance.risk_question"),
        one_of("topic", tuple(Topic)),
        {"schema": "finance", "info": TENANT},
    )

    topic: Mapped[str]
    answers: Mapped[str]

    @property
    def possible(self) -> tuple[PossibleAnswer, ...]:
        """Return its possible answers in their order."""
        return read_answers(self.answers)


FIRST: Sequence[tuple[Topic, str, str]] = (
    (
        Topic.KNOWLEDGE,
        "Which investments has the client held?",
        "None = 1\nDeposits and bonds = 2\nFunds = 3\nShares = 4\nOptions, futures or unlisted companies = 5",
    ),
    (
        Topic.KNOWLEDGE,
        "How often did the client invest in the last three years?",
        "Never = 1\nOnce or twice = 2\nA few times a year = 3\nEvery month = 4\nEvery week = 5",
    ),
    (
        Topic.CAPACITY,
        "How much of what the client owns is invested with us?",
        "Nearly all = 1\nMore than half = 2\nAbout a third = 3\nAbout a fifth = 4\nLess than a tenth = 5",
    ),
    (
        Topic.CAPACITY,
        "What happens if a quarter of it is lost?",
        "Daily life changes = 1\nPlans are given up = 2\nPlans wait = 3\nLittle changes = 4\nNothing changes = 5",
    ),
    (
        Topic.OBJECTIVES,
        "What is the money for?",
        "To keep its value = 1\nA regular income = 2\nIncome and growth = 3\nGrowth = 4\nThe highest gain = 5",
    ),
    (
        Topic.HORIZON,
        "When is the money needed?",
        "Within a year = 1\nIn one to three years = 2\nIn three to five years = 3\nIn five to ten years = 4\n"
        "In more than ten years = 5",
    ),
)
"""The questions that a workspace begins with."""


def read_answers(text: str) -> tuple[PossibleAnswer, ...]:
    """Return the possible answers that are written one a line as `words = points`.

    Raises Invalid for fewer than two or more than ten, for points that are not 1 to 5, and for words that are missing,
    longer than 70 characters or those of another answer.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not 2 <= len(lines) <= ANSWERS:
        raise Invalid(
            "A question has 2 to {most} answers, and this one has {count}.",
            field="answers",
            hint="Write one a line, each with its points: `Nothing = 1`.",
            most=ANSWERS,
            count=len(lines),
        )
    found = tuple(map(_read_answer, lines))
    keys = [name_key(one.words) for one in found]
    if twice := next((one for one, key in zip(found, keys, strict=True) if keys.count(key) > 1), None):
        raise Invalid("The answer {words} is there twice.", field="answers", words=twice.words)
    return found


def _read_answer(line: str) -> PossibleAnswer:
    read = _ANSWER.fullmatch(line)
    if read is None or not LOWEST <= int(read["points"]) <= HIGHEST or not name_key(read["words"]):
        raise Invalid(
            "{line} needs its points, from {lowest} (bears least risk) to {highest} (bears most).",
            field="answers",
            hint="Write one a line: `Nothing = 1`.",
            line=short(line, ANSWER_LIMIT),
            lowest=LOWEST,
            highest=HIGHEST,
        )
    if len(read["words"]) > ANSWER_LIMIT:
        raise Invalid(
            "An answer may have up to {most} characters: {line}",
            field="answers",
            most=ANSWER_LIMIT,
            line=short(read["words"], ANSWER_LIMIT),
        )
    return PossibleAnswer(read["words"], int(read["points"]))


def ready(session: Session) -> list[Question]:
    """Return the questions that are asked, by topic; a workspace that never had any gets the first ones."""
    if session.scalar(select(func.count()).select_from(Question)) == 0:
        lock_until_end(session, f"questionnaire {current_workspace(session)}")
        if session.scalar(select(func.count()).select_from(Question)) == 0:
            for topic, name, answers in FIRST:
                Question.new(session, name=name, topic=topic.value, answers=answers)
    asked = select(Question).where(Question.archived_at.is_(None), Question.merged_into_id.is_(None))
    order = list(Topic)
    return sorted(session.scalars(asked.limit(MOST)), key=lambda one: (order.index(Topic(one.topic)), one.id))


def fingerprint(asked: Sequence[Question]) -> str:
    """Return a word that is another one as soon as any question or answer is."""
    told = "\0".join(f"{one.id}\0{one.topic}\0{one.name}\0{one.answers}" for one in asked)
    return sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _refuse(session: Session, question: Question | None, values: Values) -> None:
    """Raise Invalid for answers that cannot be read, and for one question too many."""
    if "answers" in values:
        read_answers(values["answers"] or "")
    if question is None and len(ready(session)) >= MOST:
        raise Invalid("There are {most} questions already.", hint="Archive one first.", most=MOST)


QUESTION = Declaration(
    model=Question,
    label="Question",
    plural="Questions",
    change=Role.ADMIN,
    fields=(
        TextField(key="name", label="Question", by="name_key", required=True, example="What is the money for?"),
        ChoiceField(
            key="topic", label="Topic", by="topic", required=True, choices=tuple(Topic), example=Topic.OBJECTIVES
        ),
        LongTextField(
            key="answers",
            label="Answers",
            required=True,
            most=ANSWERS * (ANSWER_LIMIT + 10),
            example='"To keep it = 1"',
            hint="One a line, each with its points: 1 bears least risk, 5 most. Growth = 4",
        ),
    ),
    ready=ready,
    refuse=_refuse,
    order=Question.topic,
)
"""A question of the questionnaire from which risk profiles are made."""
