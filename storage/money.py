"""Hold amounts of money without rounding."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from babel.core import get_global

from storage.errors import Invalid

BIGINT = 2**63 - 1

# The largest amount a person may enter, in minor units: sums of millions of them still fit a bigint, and JSON's
# 53 bits hold each exactly.
LARGEST = 10**15 - 1


@dataclass(frozen=True)
class Money:
    """Hold an amount in the minor units of one currency (cents, or yen, which have none).

    `minor` fits a bigint and `currency` is an ISO 4217 code, also of a currency that has gone since it was stored;
    raises ValueError for anything else, since people's input is checked before it comes here.
    """

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if self.currency not in _ever_used():
            raise ValueError(f"{self.currency!r} is not a currency")
        if not -BIGINT <= self.minor <= BIGINT:
            raise ValueError(f"{self.minor} minor units do not fit a bigint")

    @property
    def major(self) -> Decimal:
        """Return the amount in major units, exactly: 12.50 for 1,250 cents."""
        return Decimal(self.minor).scaleb(-exponent(self.currency))

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other).minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other).minor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._same(other).minor

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._same(other).minor

    def __gt__(self, other: "Money") -> bool:
        return self.minor > self._same(other).minor

    def __ge__(self, other: "Money") -> bool:
        return self.minor >= self._same(other).minor

    def _same(self, other: "Money") -> "Money":
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} cannot be added or compared")
        return other


@cache
def currencies() -> frozenset[str]:
    """Return the ISO 4217 codes of the currencies that are legal tender somewhere today (CLDR, through Babel)."""
    return frozenset(code for code, _, until, tender in _uses() if until is None and tender)


@cache
def _ever_used() -> frozenset[str]:
    return frozenset(code for code, *_ in _uses())


def _uses() -> Iterator[tuple[str, Any, Any, bool]]:
    """Yield code, first day, last day and whether it is legal tender, for each currency of each territory."""
    for uses in get_global("territory_currencies").values():
        yield from uses


def is_currency(code: str) -> bool:
    """Tell whether a code is that of a currency in use, in capitals."""
    return code in currencies()


def check_currency(text: str, *, field: str = "currency") -> str:
    """Return the code of a currency as it is stored; raise Invalid if there is none of that name."""
    code = text.strip().upper()
    if not is_currency(code):
        raise Invalid(
            "{code} is not a currency I know.",
            field=field,
            hint="Write its three letters, for example EUR, USD, GBP, CNY or JPY.",
            typed=text,
            code=text.strip(),
        )
    return code


def exponent(currency: str) -> int:
    """Return how many decimals a currency has: 2 for EUR, 0 for JPY, 3 for KWD (CLDR, through Babel).

    Stored amounts depend on it, so a test holds the figures of every currency that differs from 2.
    """
    fractions = get_global("currency_fractions")
    return int(fractions.get(currency, fractions["DEFAULT"])[0])
