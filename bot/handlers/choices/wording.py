"""Say which choices a team may call as it likes, and read which one a person means."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from bot.kit import blocks as b
from bot.plugin import _
from storage.errors import Invalid, NotFound
from storage.names import choice_key, name_key
from storage.records.declaration import declared
from storage.records.fields import ChoiceField
from storage.records.schema import choice_definitions, extended
from storage.records.schema.choice_rows import ChoiceRow, declared_choices


@dataclass(frozen=True)
class Choices:
    """Name a field whose choices a team may call as it likes: the words its commands begin with, and its title.

    `empty` is said where there is none yet; the settings of the plugin `asked_by` say when people are asked for one.
    """

    noun: str
    field: str
    word: str
    plural: str
    title: str
    about: str
    empty: str = ""
    asked_by: str = ""

    @property
    def kinds(self) -> Sequence[str]:
        """Return the kinds that choices of the team's own may count as; none where each is its own."""
        return tuple(getattr(declared()[self.noun].field(self.field), "own", ()))

    @property
    def grows(self) -> bool:
        """Tell whether a team may add some of its own."""
        return bool(self.kinds) or not declared_choices(self.noun, self.field)

    def now(self, session: Session) -> ChoiceField | None:
        """Return the field as the workspace has it, None where any word goes."""
        field = extended(session, declared()[self.noun]).field(self.field)
        return field if isinstance(field, ChoiceField) else None

    def offered(self, session: Session) -> Mapping[str, str]:
        """Return the names of the choices that are in use, in order, by what is stored."""
        field = self.now(session)
        return {} if field is None else {key: field.name_of(key) for key in field.choices}

    def called(self, session: Session, typed: str) -> str:
        """Return the choice that a person means, as it is stored; raise NotFound naming all."""
        offered = self.offered(session)
        wanted, word = choice_key(typed), name_key(typed)
        for key, name in offered.items():
            if wanted == choice_key(name) or word == key:
                return key
        raise NotFound(
            "There is no {word} {name}.",
            field=self.word,
            hint="There are {names}." if offered else None,
            word=_(self.word),
            name=typed[: choice_definitions.LIMIT] or "-",
            names=", ".join(offered.values()),
        )

    def retired(self, session: Session) -> list[ChoiceRow]:
        """Return those that are not in use any more."""
        rows = choice_definitions.all_rows(session, self.noun, self.field)
        return [row for row in rows if row.retired_at is not None]


STATUS = Choices(
    "ticket",
    "status",
    "status",
    "statuses",
    "*Statuses of tickets*",
    "Clocks, figures and alerts go by the kind alone.",
)
PRIORITY = Choices(
    "ticket", "priority", "priority", "priorities", "*Priorities of tickets*", "Promises and alerts go by what it was."
)
TIER = Choices(
    "customer",
    "tier",
    "tier",
    "tiers",
    "*Tiers of customers*",
    "Once there is one, customers have only those.",
    "None yet: customers may have any word.",
)
REASON = Choices(
    "deal",
    "closed_reason",
    "reason",
    "reasons",
    "*Reasons for which deals are won and lost*",
    "Who closes a deal chooses one.",
    "None yet: who loses a deal says why in their own words.",
    "deals",
)
ALL: Mapping[str, Choices] = {one.word: one for one in (STATUS, PRIORITY, TIER, REASON)}


def control(of: Choices, key: str = "", what: str = "") -> b.Control:
    """Return what a control carries about a choice."""
    return b.Control(detail=f"{what} {of.word} {key}")


def read(control: b.Control) -> tuple[Choices, str, str]:
    """Return the choices of a control, what is asked and about which one; raise Invalid for anything else."""
    found = re.fullmatch(r"(\w*) (\w+) (.*)", control.detail, re.DOTALL)
    if found is None or found[2] not in ALL:
        raise Invalid("This button no longer works.", hint="Please repeat the command.")
    return ALL[found[2]], found[1], found[3]
