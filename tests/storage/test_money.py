"""Money is exact, and never mixes currencies."""

from decimal import Decimal

import pytest

from storage.errors import Invalid
from storage.money import BIGINT, Money, check_currency, currencies, exponent, is_currency


def test_amounts_of_one_currency_add_and_compare() -> None:
    assert Money(150, "EUR") + Money(50, "EUR") == Money(200, "EUR")
    assert Money(150, "EUR") - Money(200, "EUR") == Money(-50, "EUR")
    assert Money(1, "EUR") < Money(2, "EUR")
    assert Money(2, "EUR") <= Money(2, "EUR")
    assert Money(3, "EUR") > Money(2, "EUR")
    assert Money(2, "EUR") >= Money(2, "EUR")
    assert Money(1, "EUR") != Money(1, "USD")


@pytest.mark.parametrize("operation", ["__add__", "__sub__", "__lt__", "__le__", "__gt__", "__ge__"])
def test_two_currencies_never_meet(operation: str) -> None:
    with pytest.raises(ValueError, match="EUR and USD"):
        getattr(Money(1, "EUR"), operation)(Money(1, "USD"))


@pytest.mark.parametrize(("minor", "currency"), [(1, "eur"), (1, "XXY"), (1, "EURO"), (1, ""), (BIGINT + 1, "EUR")])
def test_what_is_no_amount_of_money_is_refused(minor: int, currency: str) -> None:
    with pytest.raises(ValueError, match=r"not a currency|bigint"):
        Money(minor, currency)


def test_a_currency_that_has_gone_can_be_read_but_not_entered() -> None:
    assert Money(100, "DEM").major == Decimal(1)
    with pytest.raises(Invalid):
        check_currency("DEM")


def test_major_units_are_exact() -> None:
    assert Money(1250, "EUR").major == Decimal("12.50")
    assert Money(1250, "JPY").major == Decimal(1250)
    assert Money(1250, "KWD").major == Decimal("1.250")
    assert Money(BIGINT, "EUR").major == Decimal("92233720368547758.07")


def test_a_currency_is_three_letters_of_any_case() -> None:
    assert check_currency(" eur ") == "EUR"
    assert is_currency("CNY")
    with pytest.raises(Invalid, match="Euro is not a currency") as caught:
        check_currency("Euro")
    assert caught.value.field == "currency"


def test_decimals_of_stored_amounts_do_not_change_with_a_library() -> None:
    unusual = {code: exponent(code) for code in sorted(currencies()) if exponent(code) != 2}
    none = (
        "AFN ALL BIF CLP DJF GNF IQD IRR ISK JPY KMF KPW KRW LAK LBP MGA MMK PYG RSD RWF SOS SYP UGX VND VUV XAF XOF "
        "XPF YER"
    )
    three = "BHD JOD KWD LYD OMR TND"
    assert unusual == dict.fromkeys(none.split(), 0) | dict.fromkeys(three.split(), 3)
