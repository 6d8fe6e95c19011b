"""Type the fields of nouns: what a value of each type must be, which attribute holds it, how it is compared.

A field is declared once, with its noun. Its other face, how people write and read it, is in `bot.kit.faces`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from storage.errors import Invalid, NotFound
from storage.money import BIGINT, Money
from storage.names import NAME_LIMIT, NOTE_LIMIT, check_email, check_name, check_text
from storage.records import named
from storage.records.named import Named
from storage.records.query import Field, Kind
from storage.workspace import members
from storage.workspace.members import Role

PHONE_LIMIT = 40
ADDRESS_LIMIT = 2_000


@dataclass(frozen=True, kw_only=True)
class RecordField:
    """Declare one field of a noun.

    `key` is what people type before a colon, `at` the attribute that holds the value (the key where it is left out),
    `by` the attribute it is filtered and sorted by; a field without one is neither. Of
    records that are not merged, only one may have a value that is `unique`.
    """

    key: str
    label: str
    at: str = ""
    by: str = ""
    required: bool = False
    unique: bool = False
    example: str = ""
    hint: str = ""

    compares: ClassVar[Kind] = "name"

    def check(self, session: Session, value: Any) -> Any:
        """Return a value as it is stored, None for none; raise Invalid, or NotFound for what it names."""
        if value is None or value == "":
            if self.required:
                raise Invalid("The {name} is missing.", field=self.key, name=self.key)
            return None
        return self.checked(session, value)

    def checked(self, session: Session, value: Any) -> Any:
        """Return a value that is there as it is stored; raise Invalid for one that cannot be."""
        raise NotImplementedError

    def of(self, record: Named) -> Any:
        """Return the value that a record has."""
        return getattr(record, self.at or self.key)

    def to_json(self, value: Any) -> Any:
        """Return a stored value as JSON holds it."""
        return value

    def from_json(self, value: Any) -> Any:
        """Return what `to_json` was given; raise ValueError or TypeError for what it cannot have made."""
        return value

    def comparison(self, model: type[Named]) -> Field | None:
        """Return how records are filtered and sorted by this field, None if they are not."""
        return Field(getattr(model, self.by), self.compares) if self.by else None


@dataclass(frozen=True, kw_only=True)
class TextField(RecordField):
    """Hold one line of text."""

    most: int = NAME_LIMIT

    def checked(self, session: Session, value: Any) -> str:
        """Return the text without the spaces around it; raise Invalid for one that is empty or too long."""
        text = check_name(_text(self, value), field=self.key)
        if len(text) > self.most:
            raise _too_long(self, text, self.most)
        return text


@dataclass(frozen=True, kw_only=True)
class LongTextField(RecordField):
    """Hold text of many lines."""

    most: int = NOTE_LIMIT

    def checked(self, session: Session, value: Any) -> str | None:
        """Return the text without the spaces around it; raise Invalid for one that is too long."""
        text = check_text(_text(self, value), field=self.key).strip()
        if len(text) > self.most:
            raise _too_long(self, text, self.most)
        return text or None


@dataclass(frozen=True, kw_only=True)
class NumberField(RecordField):
    """Hold a whole number."""

    compares: ClassVar[Kind] = "number"

    def checked(self, session: Session, value: Any) -> int:
        """Return the number; raise Invalid for what is none or does not fit a bigint."""
        try:
            number = int(str(value).strip())
        except ValueError:
            number = BIGINT + 1
        if abs(number) > BIGINT:
            raise Invalid("{value} is not a number.", field=self.key, typed=str(value), value=str(value)[:40])
        return number


@dataclass(frozen=True, kw_only=True)
class MoneyField(RecordField):
    """Hold an amount with its currency; `currency` is the attribute with that of the amount it is compared with."""

    currency: str = "currency"
    compares: ClassVar[Kind] = "money"

    def checked(self, session: Session, value: Any) -> Money:
        """Return the amount; raise Invalid for anything else."""
        if not isinstance(value, Money):
            raise Invalid("{value} is not an amount.", field=self.key, typed=str(value), value=str(value)[:40])
        return value

    def to_json(self, value: Money | None) -> Any:
        """Return minor units and currency."""
        return None if value is None else [value.minor, value.currency]

    def from_json(self, value: Any) -> Money | None:
        """Return the amount."""
        return None if value is None else Money(*value)

    def comparison(self, model: type[Named]) -> Field | None:
        """Return how records are filtered and sorted by the amount, within one currency."""
        if not self.by:
            return None
        return Field(getattr(model, self.by), "money", currency=getattr(model, self.currency))


@dataclass(frozen=True, kw_only=True)
class DateField(RecordField):
    """Hold a day; `past` says that it can only have happened."""

    past: bool = False
    compares: ClassVar[Kind] = "date"

    def checked(self, session: Session, value: Any) -> date:
        """Return the day; raise Invalid for anything else."""
        try:
            return value if isinstance(value, date) else date.fromisoformat(str(value))
        except ValueError:
            raise Invalid("Choose a day.", field=self.key, typed=str(value)) from None

    def to_json(self, value: date | None) -> Any:
        """Return the day in ISO's form."""
        return None if value is None else value.isoformat()

    def from_json(self, value: Any) -> date | None:
        """Return the day."""
        return None if value is None else date.fromisoformat(value)

    def comparison(self, model: type[Named]) -> Field | None:
        """Return how records are filtered and sorted by the day."""
        return Field(getattr(model, self.by), "date", past=self.past) if self.by else None


@dataclass(frozen=True, kw_only=True)
class MomentField(RecordField):
    """Hold a moment, in UTC."""

    compares: ClassVar[Kind] = "moment"

    def checked(self, session: Session, value: Any) -> datetime:
        """Return the moment; raise Invalid for anything else and for one without a zone."""
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise Invalid("{value} is not a time.", field=self.key, typed=str(value), value=str(value)[:40])
        return value

    def to_json(self, value: datetime | None) -> Any:
        """Return the moment in ISO's form."""
        return None if value is None else value.isoformat()

    def from_json(self, value: Any) -> datetime | None:
        """Return the moment."""
        return None if value is None else datetime.fromisoformat(value)


@dataclass(frozen=True, kw_only=True)
class ChoiceField(RecordField):
    """Hold one of a few values."""

    choices: Sequence[str]
    compares: ClassVar[Kind] = "choice"

    def checked(self, session: Session, value: Any) -> str:
        """Return the choice that was meant, whatever its case; raise Invalid naming all for anything else."""
        wanted = str(value).strip().casefold()
        for choice in self.choices:
            if choice.casefold() == wanted:
                return choice
        raise Invalid(
            "{value} is not a {name}.",
            field=self.key,
            hint="There are {choices}.",
            typed=str(value),
            value=str(value)[:40],
            name=self.key,
            choices=", ".join(self.choices),
        )

    def comparison(self, model: type[Named]) -> Field | None:
        """Return how records are filtered by the choice."""
        return Field(getattr(model, self.by), "choice", choices=self.choices) if self.by else None


@dataclass(frozen=True, kw_only=True)
class PersonField(RecordField):
    """Hold a person in Slack, by id: one of our own people who has `role`, or anybody where there is none."""

    role: Role | None = None
    mine: bool = False
    """Whoever adds a record has it where nobody is named."""
    compares: ClassVar[Kind] = "member"

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

    def checked(self, session: Session, value: Any) -> bool:
        """Return the value; raise Invalid for anything but True and False."""
        if not isinstance(value, bool):
            raise Invalid(
                "This is yes or no, and I cannot tell which {value} is.", field=self.key, value=str(value)[:40]
            )
        return value


@dataclass(frozen=True, kw_only=True)
class EmailField(RecordField):
    """Hold an e-mail address."""

    def checked(self, session: Session, value: Any) -> str:
        """Return the address; raise Invalid for what does not look like one."""
        return check_email(_text(self, value), field=self.key)


@dataclass(frozen=True, kw_only=True)
class PhoneField(RecordField):
    """Hold a telephone number as it was typed."""

    def checked(self, session: Session, value: Any) -> str:
        """Return the number; raise Invalid if it has no digit or more than 40 characters."""
        phone = check_text(_text(self, value), field=self.key).strip()
        if len(phone) > PHONE_LIMIT or not any(character.isdigit() for character in phone):
            raise Invalid(
                "This does not look like a telephone number: {phone}", field=self.key, typed=phone, phone=phone
            )
        return phone


@dataclass(frozen=True, kw_only=True)
class AddressField(RecordField):
    """Hold a web address."""

    def checked(self, session: Session, value: Any) -> str:
        """Return the address, with https:// where it has no scheme; raise Invalid for what is none."""
        typed = check_text(_text(self, value), field=self.key).strip()
        address = typed if "://" in typed else f"https://{typed}"
        try:
            parts = urlsplit(address)
            good = parts.scheme in {"http", "https"} and "." in (parts.hostname or "")
        except ValueError:
            good = False
        if not good or len(address) > ADDRESS_LIMIT or any(character.isspace() for character in address):
            raise Invalid(
                "This does not look like a web address: {address}", field=self.key, typed=typed, address=typed
            )
        return address


@dataclass(frozen=True, kw_only=True)
class LinkField(RecordField):
    """Hold a record of another noun, by its number; `resolve` finds the one a person means."""

    to: type[Named]
    resolve: Callable[[Session, str], Named]
    compares: ClassVar[Kind] = "record"

    def checked(self, session: Session, value: Any) -> int:
        """Return the number of the record that is there, or that it was merged into; raise NotFound for none."""
        try:
            return named.get(session, self.to, int(value)).id
        except NotFound as error:
            raise error.on_field(self.key) from None

    def linked(self, session: Session, record: Named) -> Named | None:
        """Return the record that this one is linked to, None for none."""
        return None if (number := self.of(record)) is None else named.get(session, self.to, number)

    def comparison(self, model: type[Named]) -> Field | None:
        """Return how records are filtered by what they are linked to."""
        return Field(getattr(model, self.by), "record", resolve=self.resolve) if self.by else None


def _text(field: RecordField, value: Any) -> str:
    if not isinstance(value, str):
        raise Invalid("{value} is no text.", field=field.key, typed=str(value), value=str(value)[:40])
    return value


def _too_long(field: RecordField, text: str, limit: int) -> Invalid:
    return Invalid(
        "The {name} may have up to {limit} characters; this one has {length}.",
        field=field.key,
        typed=text,
        name=field.key,
        limit=limit,
        length=len(text),
    )
