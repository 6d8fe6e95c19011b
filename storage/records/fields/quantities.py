"""Type the fields of nouns that hold how much or when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy.orm import Session

from storage.errors import Invalid
from storage.money import BIGINT, Money
from storage.names import short
from storage.records.comparisons import Field, Kind, ValueRows, scaled_number
from storage.records.fields.field import RecordField
from storage.records.named import Named


@dataclass(frozen=True, kw_only=True)
class NumberField(RecordField):
    """Hold a whole number, or one of up to so many `decimals`, from `least` to `most`.

    Shifted by its decimals, so whole, it is compared.
    """

    decimals: int = 0
    least: int = -BIGINT
    most: int = BIGINT
    compares: ClassVar[Kind] = "number"
    column: ClassVar[str | None] = "number"

    def checked(self, session: Session, value: Any) -> int | Decimal:
        """Return the number; raise Invalid for what is none, has more decimals or is beyond its bounds."""
        try:
            scaled = scaled_number(str(value), self.decimals)
        except Invalid as error:
            raise error.on_field(self.key) from None
        number = Decimal(scaled).scaleb(-self.decimals) if self.decimals else scaled
        if not self.least <= number <= self.most:
            raise Invalid(
                "A number from {least} to {most}, please.",
                field=self.key,
                typed=str(value),
                least=self.least,
                most=self.most,
            )
        return number

    def to_json(self, value: int | Decimal | None) -> Any:
        """Return a whole number as such, another as text, as JSON's own numbers are not exact."""
        if value is None or isinstance(value, int):
            return value
        return int(value) if value == int(value) else f"{value.normalize():f}"

    def from_json(self, value: Any) -> int | Decimal | None:
        """Return the number."""
        return None if value is None else Decimal(value) if self.decimals else int(value)

    def derived(self, value: int | Decimal) -> dict[str, Any]:
        """Return what is whole of the number, shifted."""
        return {"number": int(Decimal(value).scaleb(self.decimals))}

    def compared(self, column: Any, currency: Any = None, rows: ValueRows | None = None) -> Field:
        """Return how numbers are compared."""
        return Field(column, "number", decimals=self.decimals, rows=rows)


@dataclass(frozen=True, kw_only=True)
class MoneyField(RecordField):
    """Hold an amount with its currency; `currency` is the attribute with that of the amount it is compared with.

    Amounts of several records are `summed` where that tells what they are worth: not so what one piece costs.
    """

    currency: str = "currency"
    summed: bool = True
    compares: ClassVar[Kind] = "money"
    column: ClassVar[str | None] = "number"

    def checked(self, session: Session, value: Any) -> Money:
        """Return the amount; raise Invalid for anything else."""
        if not isinstance(value, Money):
            raise Invalid("{value} is not an amount.", field=self.key, typed=str(value), value=short(value))
        return value

    def to_json(self, value: Money | None) -> Any:
        """Return minor units and currency."""
        return None if value is None else [value.minor, value.currency]

    def from_json(self, value: Any) -> Money | None:
        """Return the amount."""
        return None if value is None else Money(*value)

    def derived(self, value: Money) -> dict[str, Any]:
        """Return minor units and currency."""
        return {"number": value.minor, "key": value.currency}

    def comparison(self, model: type[Named]) -> Field | None:
        """Return how records are filtered and sorted by the amount, within one currency."""
        return self.compared(getattr(model, self.by), getattr(model, self.currency)) if self.by else None

    def compared(self, column: Any, currency: Any = None, rows: ValueRows | None = None) -> Field:
        """Return how amounts are compared, within one currency."""
        return Field(column, "money", currency=currency, rows=rows)


@dataclass(frozen=True, kw_only=True)
class DateField(RecordField):
    """Hold a day; `past` says that it can only have happened."""

    past: bool = False
    compares: ClassVar[Kind] = "date"
    column: ClassVar[str | None] = "day"

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

    def compared(self, column: Any, currency: Any = None, rows: ValueRows | None = None) -> Field:
        """Return how days are compared."""
        return Field(column, "date", past=self.past, rows=rows)


@dataclass(frozen=True, kw_only=True)
class MomentField(RecordField):
    """Hold a moment, in UTC; `past` says that it can only have happened."""

    past: bool = False
    compares: ClassVar[Kind] = "moment"
    column: ClassVar[str | None] = "at"

    def checked(self, session: Session, value: Any) -> datetime:
        """Return the moment; raise Invalid for anything else and for one without a zone."""
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise Invalid("{value} is not a time.", field=self.key, typed=str(value), value=short(value))
        return value

    def to_json(self, value: datetime | None) -> Any:
        """Return the moment in ISO's form."""
        return None if value is None else value.isoformat()

    def from_json(self, value: Any) -> datetime | None:
        """Return the moment."""
        return None if value is None else datetime.fromisoformat(value)

    def compared(self, column: Any, currency: Any = None, rows: ValueRows | None = None) -> Field:
        """Return how moments are compared."""
        return Field(column, "moment", past=self.past, rows=rows)
