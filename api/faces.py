"""Say how programs write and read the fields of nouns: as JSON, one face for each type, with its schema.

What a value must be and how it is stored is the other face, in `storage.records.fields`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

from sqlalchemy.orm import Session

from storage.errors import CrmError, Invalid
from storage.money import LARGEST, Money, currencies, exponent
from storage.names import EMAIL_LIMIT, NAME_LIMIT, short
from storage.records import named
from storage.records.fields import (
    AddressField,
    ChoiceField,
    DateField,
    EmailField,
    LinkField,
    LongTextField,
    MomentField,
    MoneyField,
    NumberField,
    PersonField,
    PhoneField,
    RecordField,
    SettingField,
    TextField,
    YesNoField,
)
from storage.records.fields.texts import ADDRESS_LIMIT, PHONE_LIMIT

Schema = dict[str, Any]

REFERENCE = r"^[^\s-]+-[1-9][0-9]{0,17}$"
_AMOUNT = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,4})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class PlainJson:
    """Write and read one type of field; the plain one, for text, is the rule for those that do not differ."""

    def schema(self, field: Any) -> Schema:
        """Return the JSON Schema of a value that is there."""
        return {"type": "string", "minLength": 1, "maxLength": getattr(field, "most", NAME_LIMIT)}

    def read(self, field: Any, value: Any, session: Session) -> Any:
        """Return what the field checks next; raise Invalid for JSON of another type."""
        return _text(field, value)

    def write(self, field: Any, value: Any, session: Session) -> Any:
        """Return a stored value as JSON."""
        return field.to_json(value)


class NumberJson(PlainJson):
    """Write a number as such."""

    def schema(self, field: NumberField) -> Schema:
        """Return the schema of what fits a bigint."""
        most = (2**63 - 1) // 10**field.decimals
        if field.decimals:
            return {"type": "number", "minimum": -most, "maximum": most}
        return {"type": "integer", "minimum": -(2**63) + 1, "maximum": 2**63 - 1}

    def read(self, field: NumberField, value: Any, session: Session) -> Any:
        """Take numbers alone, whole ones where the field has no decimals."""
        if isinstance(value, bool) or not isinstance(value, int | float if field.decimals else int):
            raise _not(field, "a number" if field.decimals else "a whole number")
        return f"{Decimal(str(value)):f}" if isinstance(value, float) else value

    def write(self, field: NumberField, value: Any, session: Session) -> Any:
        """Return the number."""
        return float(value) if isinstance(value, Decimal) and value != int(value) else value and int(value)


class MoneyJson(PlainJson):
    """Write an amount as a decimal in a text, with its currency."""

    def schema(self, field: MoneyField) -> Schema:
        """Return the schema of an amount."""
        return {
            "type": "object",
            "required": ["amount", "currency"],
            "additionalProperties": False,
            "properties": {
                "amount": {"type": "string", "pattern": rf"^{_AMOUNT.pattern}$"},
                "currency": {"type": "string", "enum": sorted(currencies())},
            },
        }

    def read(self, field: MoneyField, value: Any, session: Session) -> Any:
        """Take an amount with no more decimals than its currency has."""
        if not isinstance(value, dict) or set(value) != {"amount", "currency"}:
            raise _not(field, "an object with amount and currency")
        amount, currency = value["amount"], value["currency"]
        if not isinstance(currency, str) or currency not in currencies():
            raise Invalid("{code} is not a currency I know.", field=field.key, code=short(currency))
        if not isinstance(amount, str) or _AMOUNT.fullmatch(amount) is None:
            raise _not(field, 'an amount such as "12.50"')
        try:
            minor = Decimal(amount).scaleb(exponent(currency))
        except InvalidOperation:
            raise _not(field, 'an amount such as "12.50"') from None
        if minor != minor.to_integral_value() or abs(minor) > LARGEST:
            raise Invalid("{amount} {code} cannot be stored exactly.", field=field.key, amount=amount, code=currency)
        return Money(int(minor), currency)

    def write(self, field: MoneyField, value: Money | None, session: Session) -> Any:
        """Write the amount with all decimals of its currency."""
        return None if value is None else {"amount": str(value.major), "currency": value.currency}


class DateJson(PlainJson):
    """Write a day as ISO 8601 has it."""

    def schema(self, field: DateField) -> Schema:
        """Return the schema of a day."""
        return {"type": "string", "format": "date"}

    def read(self, field: DateField, value: Any, session: Session) -> Any:
        """Take a whole day."""
        try:
            if _DAY.fullmatch(_text(field, value)):
                return date.fromisoformat(value)
        except ValueError:
            pass
        raise _not(field, "a day such as 2031-05-01")


class MomentJson(PlainJson):
    """Write a moment as RFC 3339 has it."""

    def schema(self, field: MomentField) -> Schema:
        """Return the schema of a moment."""
        return {"type": "string", "format": "date-time"}

    def read(self, field: MomentField, value: Any, session: Session) -> Any:
        """Take a moment with its zone."""
        return moment(field.key, value)


class ChoiceJson(PlainJson):
    """Write a choice by its name."""

    def schema(self, field: ChoiceField) -> Schema:
        """Return the schema that lists the choices."""
        return {"type": "string", "enum": [field.name_of(choice) for choice in field.choices]}

    def write(self, field: ChoiceField, value: str | None, session: Session) -> Any:
        """Write what people call the choice."""
        return None if value is None else field.name_of(value)


class PersonJson(PlainJson):
    """Write a person by the id Slack knows them by."""

    def schema(self, field: PersonField) -> Schema:
        """Return the schema of Slack's ids."""
        return {"type": "string", "pattern": "^[A-Z0-9]{2,30}$"}


class YesNoJson(PlainJson):
    """Write yes and no as true and false."""

    def schema(self, field: YesNoField) -> Schema:
        """Return the schema of a boolean."""
        return {"type": "boolean"}

    def read(self, field: YesNoField, value: Any, session: Session) -> Any:
        """Take true and false alone."""
        if not isinstance(value, bool):
            raise _not(field, "true or false")
        return value


class EmailJson(PlainJson):
    """Write an e-mail address."""

    def schema(self, field: EmailField) -> Schema:
        """Return the schema of an address."""
        return {"type": "string", "format": "email", "maxLength": EMAIL_LIMIT}


class PhoneJson(PlainJson):
    """Write a telephone number as it was typed."""

    def schema(self, field: PhoneField) -> Schema:
        """Return the schema of a number."""
        return {"type": "string", "pattern": "[0-9]", "maxLength": PHONE_LIMIT}


class AddressJson(PlainJson):
    """Write a web address."""

    def schema(self, field: AddressField) -> Schema:
        """Return the schema of an address."""
        return {"type": "string", "format": "uri", "maxLength": ADDRESS_LIMIT}


class LinkJson(PlainJson):
    """Write a record of another noun by its reference."""

    def schema(self, field: LinkField) -> Schema:
        """Return the schema of references."""
        return {"type": "string", "pattern": REFERENCE, "description": f"The reference of a {field.to.__noun__}."}

    def read(self, field: LinkField, value: Any, session: Session) -> Any:
        """Take the reference of a record that is there."""
        try:
            found = named.by_reference(session, field.to, _text(field, value))
        except CrmError as error:
            raise error.on_field(field.key) from None
        if found is None:
            raise _not(field, f"the reference of a {field.to.__noun__}")
        return found.id

    def write(self, field: LinkField, value: int | None, session: Session) -> Any:
        """Write the reference."""
        return None if value is None else field.reference_of(session, value)


class SettingJson(PlainJson):
    """Write a setting of the workspace by its name."""

    def schema(self, field: SettingField) -> Schema:
        """Return the schema of a name."""
        return {"type": "string", "maxLength": NAME_LIMIT}

    def read(self, field: SettingField, value: Any, session: Session) -> Any:
        """Take the name of a setting that is there."""
        try:
            return field.resolve(session, _text(field, value)).id
        except CrmError as error:
            raise error.on_field(field.key) from None

    def write(self, field: SettingField, value: int | None, session: Session) -> Any:
        """Write the name of the setting."""
        found = field.linked(session, value)
        return found.name if found else None


FACES: Mapping[type[RecordField], PlainJson] = {
    TextField: PlainJson(),
    LongTextField: PlainJson(),
    NumberField: NumberJson(),
    MoneyField: MoneyJson(),
    DateField: DateJson(),
    MomentField: MomentJson(),
    ChoiceField: ChoiceJson(),
    PersonField: PersonJson(),
    YesNoField: YesNoJson(),
    EmailField: EmailJson(),
    PhoneField: PhoneJson(),
    AddressField: AddressJson(),
    LinkField: LinkJson(),
    SettingField: SettingJson(),
}
"""How programs write and read each type of field."""


def face(field: RecordField) -> PlainJson:
    """Return how programs write and read a field."""
    kind: Any = type(field)
    return _of_type(kind)


@cache
def _of_type(kind: Any) -> PlainJson:
    return next(FACES[each] for each in kind.__mro__ if each in FACES)


def schema(field: RecordField) -> Schema:
    """Return the JSON Schema of a field's value, null among them where it may be empty."""
    own = face(field).schema(field)
    shown = {"title": field.label} | ({"description": field.hint} if field.hint else {})
    if field.required:
        return own | shown
    return {"anyOf": [own, {"type": "null"}]} | shown


def moment(name: str, value: Any) -> datetime:
    """Return a moment from JSON; raise Invalid, naming the field, for anything but a time with its zone."""
    try:
        read = datetime.fromisoformat(value) if isinstance(value, str) else None
        if read is not None and read.tzinfo is not None:
            return read.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise Invalid("{name} is to be a time such as 2031-05-01T09:00:00Z.", field=name, name=name)


def _text(field: RecordField, value: Any) -> str:
    if not isinstance(value, str):
        raise _not(field, "a text")
    return value


def _not(field: RecordField, what: str) -> Invalid:
    return Invalid("{name} is to be {what}.", field=field.key, name=field.key, what=what)
