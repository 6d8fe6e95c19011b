"""Type the fields of nouns that hold one of several: a choice, yes or no, a person, a record of another noun."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from sqlalchemy.orm import Session

from storage.errors import Invalid, NotFound
from storage.names import choice_key, name_key, short
from storage.records import named
from storage.records.comparisons import Field, Kind, ValueRows
from storage.records.fields.field import RecordField
from storage.records.named import Named
from storage.references import in_force, reference
from storage.workspace import members
from storage.workspace.members import Role


@dataclass(frozen=True, kw_only=True)
class ChoiceField(RecordField):
    """Hold one of a few values; those that people know by another name than the one that is stored have one in `names`.

    Of a workspace's own field the names alone are what people type: a choice can be renamed and keeps what it is. One
    that has a name and is none of the `choices` is not offered any more: whoever has it keeps it. To a declared field
    that is `named`, a workspace may give names, and choices of its own that count as one of the `own` kinds: `kinds`
    says as which.
    """

    choices: Sequence[str]
    names: Mapping[str, str] = field(default_factory=dict, hash=False)
    named: bool = False
    own: Sequence[str] = ()
    kinds: Mapping[str, str] = field(default_factory=dict, hash=False)
    compares: ClassVar[Kind] = "choice"

    def kind_of(self, choice: str) -> str:
        """Return the kind that a choice counts as."""
        return self.kinds.get(choice, choice)

    def name_of(self, choice: str) -> str:
        """Return what people call a choice."""
        return self.names.get(choice, choice)

    def derived(self, value: str) -> dict[str, Any]:
        """Return the choice as it is stored."""
        return {"key": value}

    def checked(self, session: Session, value: Any) -> str:
        """Return the choice that was meant, whatever its case; raise Invalid naming all for anything else."""
        wanted, word = choice_key(str(value)), name_key(str(value))
        for choice in self.choices:
            if value == choice or choice_key(self.name_of(choice)) == wanted:
                return choice
        if word in self.choices:
            # By the word that it came with, under whatever name it is now.
            return word
        if value in self.names:
            return str(value)
        raise Invalid(
            "{value} is not a {name}.",
            field=self.key,
            hint="There are {choices}." if self.choices else None,
            typed=str(value),
            value=short(value),
            name=self.key,
            choices=", ".join(map(self.name_of, self.choices)),
        )

    def compared(self, column: Any, currency: Any = None, rows: ValueRows | None = None) -> Field:
        """Return how choices are compared: by the names that people know."""
        if self.choices and not self.names:
            return Field(column, "choice", choices=self.choices, rows=rows)
        return Field(column, "keys", resolve=self._called, rows=rows)

    def _called(self, session: Session, said: str) -> list[str]:
        """Return the choices that are called so or of a kind that is, also those that are not offered any more.

        Raises Invalid naming all.
        """
        kind = name_key(said)
        if kind in self.kinds.values():
            return [*([kind] if kind in self.choices else []), *(key for key, of in self.kinds.items() if of == kind)]
        found = [choice for choice, name in self.names.items() if choice_key(name) == choice_key(said)]
        return found or [self.checked(session, said)]


@dataclass(frozen=True, kw_only=True)
class PersonField(RecordField):
    """Hold a person in Slack, by id: one of our own people who has `role`, or anybody where there is none."""

    role: Role | None = None
    mine: bool = False
    """Whoever adds a record has it where nobody is named."""
    compares: ClassVar[Kind] = "member"

    def derived(self, value: str) -> dict[str, Any]:
        """Return the id."""
        return {"key": value}

    def checked(self, session: Session, value: Any) -> str:
        """Return the id; raise Invalid for somebody nobody has met, or who may not have it."""
        member = members.get(session, str(value))
        if member is None:
            raise Invalid("I do not know this person yet.", field=self.key, hint="They must use Rapport once first.")
        if self.role is None or member.has(self.role):
            return member.id
        if not member.is_ours:
            raise Invalid("{name} is not on your team, so cannot be given anything.", field=self.key, name=member.name)
        raise Invalid(
            "{name} lacks the role {role}, so cannot be given this.",
            field=self.key,
            name=member.name,
            role=self.role.value,
            hint="An admin can change that with `/crm role`.",
        )


@dataclass(frozen=True, kw_only=True)
class YesNoField(RecordField):
    """Hold yes or no."""

    compares: ClassVar[Kind] = "choice"

    def derived(self, value: bool) -> dict[str, Any]:
        """Return the word for it."""
        return {"key": "yes" if value else "no"}

    def compared(self, column: Any, currency: Any = None, rows: ValueRows | None = None) -> Field:
        """Return how yes and no are compared, by their words."""
        return Field(column, "choice", choices=("yes", "no"), rows=rows)

    def checked(self, session: Session, value: Any) -> bool:
        """Return the value; raise Invalid for anything but True and False."""
        if not isinstance(value, bool):
            raise Invalid("This is yes or no, and I cannot tell which {value} is.", field=self.key, value=short(value))
        return value


@dataclass(frozen=True, kw_only=True)
class LinkField(RecordField):
    """Hold a record of another noun, by its number; `resolve` finds the one a person means."""

    to: type[Named]
    resolve: Callable[[Session, str], Named]
    whose: bool = False
    """It says whose a record is: those of two are merged only where that is meant."""
    compares: ClassVar[Kind] = "record"
    column: ClassVar[str | None] = "number"

    def checked(self, session: Session, value: Any) -> int:
        """Return the number of the record that is there, or that it was merged into; raise NotFound for none."""
        try:
            return named.get(session, self.to, value if type(value) is int else 0).id
        except NotFound as error:
            raise error.on_field(self.key) from None

    def linked(self, session: Session, record: Named) -> Named | None:
        """Return the record that this one is linked to, None for none and for one that is gone."""
        return self.at_number(session, self.of(record))

    def at_number(self, session: Session, number: int | None) -> Named | None:
        """Return the record of a number, or the one it was merged into; None where there is none."""
        try:
            return None if number is None else named.get(session, self.to, number)
        except NotFound:
            # No foreign key holds a link of a workspace's own field.
            return None

    def reference_of(self, session: Session, number: int) -> str | None:
        """Return the reference of a record by its number, None for one that is gone with its noun."""
        letters = in_force(session)
        if self.to.__noun__ in letters:
            return reference(self.to.__noun__, number, letters)
        # A noun that is retired has no letter in force; its records have theirs.
        found = self.at_number(session, number)
        return found.reference if found else None

    def compared(self, column: Any, currency: Any = None, rows: ValueRows | None = None) -> Field:
        """Return how records are filtered by what they are linked to."""
        return Field(column, "record", resolve=self.resolve, rows=rows)
