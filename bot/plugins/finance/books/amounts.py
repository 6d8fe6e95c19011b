"""Multiply quantities, prices and rates into whole minor units of a currency, exactly until they are rounded."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from storage.errors import Invalid
from storage.money import LARGEST, Money, check_currency, exponent
from storage.records.comparisons import scaled_number

PLACES = 8
"""Decimals of a quantity and of a price."""
MOST = Decimal(10**11)
"""No quantity and no price comes to it, so that eight decimals fit the twenty digits there are for both."""


def rounded(number: Fraction) -> int:
    """Return the whole number that is nearest, of two the one that is further from zero, as banks round."""
    half = Fraction(1, 2)
    return int(number + half) if number >= 0 else -int(half - number)


def worth(quantity: Decimal, price: Decimal, currency: str) -> Money:
    """Return what so many at a price come to; raise Invalid for more than an amount can be."""
    minor = rounded(Fraction(quantity) * Fraction(price) * 10 ** exponent(currency))
    if abs(minor) > LARGEST:
        raise Invalid("This comes to more than an amount can be.", field="quantity")
    return Money(minor, currency)


def converted(amount: Money, currency: str, rate: Fraction) -> Money:
    """Return an amount in another currency, of which one unit of the amount's own is worth `rate`."""
    return Money(rounded(Fraction(amount.major) * rate * 10 ** exponent(currency)), currency)


def part(whole: int, of: Decimal, taken: Decimal) -> int:
    """Return what a part of something cost, of what all of it cost in minor units."""
    return rounded(whole * Fraction(taken) / Fraction(of))


def decimal(typed: str, *, field: str, zero: bool = False, currency: str = "") -> Decimal:
    """Return a number of up to eight decimals above zero, or `zero` too; raise Invalid naming the field otherwise.

    The code of the `currency` that it is in may stand behind it, and no other.
    """
    number_of, _between, code = typed.strip().rpartition(" ")
    if currency and number_of and code.isalpha():
        if check_currency(code, field=field) != currency:
            raise Invalid("This is in {currency} here, not in {other}.", field=field, currency=currency, other=code)
        typed = number_of
    try:
        number = Decimal(scaled_number(typed, PLACES)).scaleb(-PLACES)
    except Invalid as error:
        raise error.on_field(field) from None
    if number < 0 or (number == 0 and not zero):
        said = "A number from zero on, please." if zero else "A number above zero, please."
        raise Invalid(said, field=field, typed=typed)
    if number >= MOST:
        raise Invalid("A number below {most}, please.", field=field, typed=typed, most=f"{MOST:,}")
    return number
