"""Say how a field of each type is read from a cell of a table and written into one.

What a value must be is the field's own business (`storage.records.fields`); here only its writing is. What is written
is read back as it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from babel.numbers import get_currency_name, get_currency_symbol

from storage.errors import Invalid
from storage.money import LARGEST, Money, exponent
from storage.names import email_key, name_key, short
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
from storage.transfer.written import Notation, read_day, read_moment, read_number, refuse_cut

YES = frozenset({"yes", "y", "true", "1", "x", "✓", "ja", "oui", "sí", "si", "是", "on"})
NO = frozenset({"no", "n", "false", "0", "-", "nein", "non", "否", "off"})
NOTHING = frozenset(
    ("-", "--", "–", "—", "n/a", "#n/a", "null", "(null)", "(none)", "(no value)", "(blank)", "(empty)")
)
"""What programs and people write where there is no value."""
NOBODY = frozenset({"no agent", "no owner", "unassigned", "not assigned", "nobody", "none", "niemand"})
ELSEWHERE: Mapping[str, frozenset[str]] = {
    "new": frozenset({"to do", "not started", "unassigned"}),
    "open": frozenset(
        (
            *("working", "in progress", "waiting on us", "waiting for support", "assigned", "escalated", "reopened"),
            *("active", "being processed", "in review"),
        )
    ),
    "waiting": frozenset(
        (
            *("waiting on contact", "waiting on customer", "waiting for customer", "waiting on third party", "on hold"),
            *("on-hold", "hold", "pending", "awaiting reply", "awaiting customer", "snoozed"),
        )
    ),
    "resolved": frozenset({"solved", "fixed", "done", "completed", "problem solved"}),
    "closed": frozenset({"archived", "cancelled", "canceled"}),
    "won": frozenset({"closed won", "closed - won", "successful"}),
    "lost": frozenset({"closed lost", "closed - lost", "abandoned", "cancelled", "canceled", "suspended"}),
    "normal": frozenset({"medium", "moderate", "standard"}),
    "low": frozenset({"lowest", "minor", "trivial"}),
    "high": frozenset({"major", "important"}),
    "urgent": frozenset({"critical", "highest", "blocker", "emergency"}),
}
"""What CRMs and help desks call the states of deals, and states and priorities of tickets, by what they are here."""
_DANGEROUS = re.compile(r"'*[=+\-@\t\r\n]")
_SIGNED = re.compile(r"[^\d\s.,'’()+\-−\u00a0\u202f]+")


@dataclass(frozen=True)
class CellReading:
    """Hold what the reading of a column's cells depends on.

    `person`, `record` and `setting` find who and what a cell names: the id of a member, the number of a record of the
    field's noun, or of a setting. `currency` is that of an amount which names none.
    """

    written: Notation
    currency: str
    zone: str
    person: Callable[[str], str]
    record: Callable[[LinkField, str], int]
    setting: Callable[[SettingField, str], int]


class Cell:
    """Read and write one type of field; the plain one, for text, is the rule for those that do not differ."""

    def read(self, field: Any, cell: str, reading: CellReading) -> Any:
        """Return the value of a cell, which is not empty; raise CrmError for what cannot be one."""
        return cell

    def write(self, field: Any, value: Any, named: Callable[[Any, Any], str]) -> Any:
        """Return a stored value as a cell: a text, or a value that workbooks have cells of their own for.

        `named` gives the text for a person or a record.
        """
        return str(value)

    def key(self, field: Any, value: Any) -> Any:
        """Return the form in which two values of a field that identifies a record are compared."""
        return value


class NumberCell(Cell):
    """Hold a number."""

    def read(self, field: NumberField, cell: str, reading: CellReading) -> Any:
        """Return the number as its column is written."""
        number = read_number(cell, reading.written)
        if field.decimals:
            return number
        if number != int(number):
            raise Invalid("{value} is not a whole number.", field=field.key, typed=cell, value=short(cell))
        return int(number)

    def write(self, field: NumberField, value: int, named: Callable[[Any, Any], str]) -> Any:
        """Return the number itself."""
        return value


class MoneyCell(Cell):
    """Hold an amount, with its currency before or behind it or in a column of its own."""

    def read(self, field: MoneyField, cell: str, reading: CellReading) -> Any:
        """Return the amount as its column is written."""
        signs = [sign for sign in _SIGNED.findall(cell) if sign]
        number = read_number(cell, reading.written)
        currency = currency_of(signs[0], reading.currency, number) if signs else reading.currency
        minor = number * Decimal(10) ** exponent(currency)
        if minor != int(minor) or abs(minor) > LARGEST:
            template = "{value} is not an amount of {currency}."
            raise Invalid(template, field=field.key, value=short(cell), currency=currency)
        return Money(int(minor), currency)

    def write(self, field: MoneyField, value: Money, named: Callable[[Any, Any], str]) -> Any:
        """Return the amount itself, with its currency."""
        return value


class DateCell(Cell):
    """Hold a day."""

    def read(self, field: DateField, cell: str, reading: CellReading) -> Any:
        """Return the day as its column is written."""
        return read_day(cell, reading.written)

    def write(self, field: DateField, value: date, named: Callable[[Any, Any], str]) -> Any:
        """Return the day itself."""
        return value


class MomentCell(Cell):
    """Hold a moment."""

    def read(self, field: MomentField, cell: str, reading: CellReading) -> Any:
        """Return the moment as its column is written, in UTC."""
        return read_moment(cell, reading.written, reading.zone)

    def write(self, field: MomentField, value: datetime, named: Callable[[Any, Any], str]) -> str:
        """Return the moment in ISO's form, in UTC."""
        return value.astimezone(UTC).isoformat(" ").replace("+00:00", "Z")


class ChoiceCell(Cell):
    """Hold one of a few values, by what people call it."""

    def read(self, field: ChoiceField, cell: str, reading: CellReading) -> Any:
        """Return the choice, or what the field of the same meaning has here for what programs call it elsewhere."""
        return chosen(field, cell) or cell

    def write(self, field: ChoiceField, value: str, named: Callable[[Any, Any], str]) -> str:
        """Return what people call the choice."""
        return field.name_of(value)


def chosen(field: ChoiceField, cell: str) -> str | None:
    """Return the choice that a cell names or means, None for none that the field has."""
    typed = name_key(cell)
    known = {name_key(name) for choice in field.choices for name in (choice, field.name_of(choice))}
    if typed in known:
        return cell
    meant = (choice for choice in field.choices if typed in ELSEWHERE.get(choice, ()))
    return None if field.custom_id else next(meant, None)


class PersonCell(Cell):
    """Hold a person, by address, name or Slack's id."""

    def read(self, field: PersonField, cell: str, reading: CellReading) -> Any:
        """Return the id of the person."""
        return reading.person(cell)

    def write(self, field: PersonField, value: str, named: Callable[[Any, Any], str]) -> str:
        """Return the address of the person, the id where there is none."""
        return named(field, value)


class YesNoCell(Cell):
    """Hold yes or no."""

    def read(self, field: YesNoField, cell: str, reading: CellReading) -> Any:
        """Return what the word means."""
        word = name_key(cell)
        return True if word in YES else False if word in NO else cell

    def write(self, field: YesNoField, value: bool, named: Callable[[Any, Any], str]) -> str:
        """Return yes or no."""
        return "yes" if value else "no"


class PhoneCell(Cell):
    """Hold a telephone number."""

    def read(self, field: PhoneField, cell: str, reading: CellReading) -> Any:
        """Return the number as it is written, of several the first, unless a spreadsheet has cut it."""
        refuse_cut(cell)
        return re.split(r"\s*(?::::|[;\n])\s*", cell)[0]


class EmailCell(Cell):
    """Hold an address, perhaps with a name before it."""

    def read(self, field: EmailField, cell: str, reading: CellReading) -> Any:
        """Return the address alone; of several, the first."""
        found = re.search(r"<([^<>]+@[^<>]+)>", cell)
        return found[1] if found else re.split(r"[;,\s]+", cell.removeprefix("mailto:"))[0]

    def key(self, field: EmailField, value: str) -> Any:
        """Return the form in which addresses are compared."""
        return email_key(value)


class LinkCell(Cell):
    """Hold a record of another noun, by reference, name, or the number it had elsewhere."""

    def read(self, field: LinkField, cell: str, reading: CellReading) -> Any:
        """Return the number of the record."""
        return reading.record(field, cell)

    def write(self, field: LinkField, value: int, named: Callable[[Any, Any], str]) -> str:
        """Return the reference of the record."""
        return named(field, value)


class SettingCell(Cell):
    """Hold a setting of the workspace, by its name."""

    def read(self, field: SettingField, cell: str, reading: CellReading) -> Any:
        """Return the number of the setting."""
        return reading.setting(field, cell)

    def write(self, field: SettingField, value: int, named: Callable[[Any, Any], str]) -> str:
        """Return the name of the setting."""
        return named(field, value)


CELLS: Mapping[type[RecordField], Cell] = {
    TextField: Cell(),
    LongTextField: Cell(),
    NumberField: NumberCell(),
    MoneyField: MoneyCell(),
    DateField: DateCell(),
    MomentField: MomentCell(),
    ChoiceField: ChoiceCell(),
    PersonField: PersonCell(),
    YesNoField: YesNoCell(),
    EmailField: EmailCell(),
    PhoneField: PhoneCell(),
    AddressField: Cell(),
    LinkField: LinkCell(),
    SettingField: SettingCell(),
}
"""How each type of field is written in tables."""


def cell(field: RecordField) -> Cell:
    """Return how a field is written in tables."""
    return next(CELLS[kind] for kind in type(field).__mro__ if kind in CELLS)


def defuse(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula (OWASP, CSV injection); `plain` gives it back."""
    return f"'{text}" if _DANGEROUS.match(text) else text


def plain(text: str) -> str:
    """Return a cell as it was before it was defused."""
    return text[1:] if text.startswith("'") and _DANGEROUS.match(text[1:]) else text


def currency_of(sign: str, workspace: str, number: Decimal = Decimal(0)) -> str:
    """Return the currency a sign, code or name stands for: the workspace's where it may be that.

    An amount that is written with cents is of a currency that has some: `¥1,200.50` are yuan and no yen.
    """
    with suppress(ValueError):  # also of a currency that has gone since it was stored
        return Money(0, sign.upper()).currency
    meant = _signs().get(sign.casefold())
    if meant is None:
        raise Invalid("{sign} is not a currency I know.", typed=sign, sign=short(sign, 20))
    if int(number.as_tuple().exponent) <= -2:
        meant = tuple(code for code in meant if exponent(code) > 0) or meant
    return workspace if workspace in meant else meant[0]


@cache
def _signs() -> Mapping[str, tuple[str, ...]]:
    """Return the currencies of each sign, the one that is meant most first."""
    from storage.money import currencies

    shared = {"$": ["USD"], "¥": ["JPY", "CNY"], "£": ["GBP"]}
    signs: dict[str, list[str]] = {}
    for code in sorted(currencies()):
        for locale in ("en", "de", "pl", "cs", "zh", "ru", "pt"):
            sign = get_currency_symbol(code, locale).casefold()
            signs.setdefault(sign, list(shared.get(sign, ())))
            if code not in signs[sign]:
                signs[sign].append(code)
            for count in (1, 2):
                named = signs.setdefault(get_currency_name(code, count, locale).casefold(), [])
                named += [] if code in named else [code]
    dollars = [code for code in sorted(currencies()) if code.endswith("D") and code != "USD"]
    signs["$"] = ["USD", *dollars]
    own = dict.fromkeys(("元", "yuan", "rmb"), ("CNY",)) | {"fr": ("CHF",), "us$": ("USD",)}
    return {sign: tuple(codes) for sign, codes in signs.items()} | own | {"kr": ("SEK", "NOK", "DKK", "ISK")}
