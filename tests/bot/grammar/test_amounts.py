"""Amounts as people write them, and only those."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.grammar import Usage, parse_amount
from storage.errors import Invalid
from storage.money import LARGEST, Money
from tests.support.writing import parse


def euro(text: str, locale: str = "en-US") -> Money:
    return parse_amount(text, currency="EUR", locale=locale)


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("12k", 12_000_00),
        ("12K", 12_000_00),
        ("1.5m", 1_500_000_00),
        ("2bn", 2_000_000_000_00),
        ("2 million", 2_000_000_00),
        (".5m", 500_000_00),
        ("0", 0),
        ("0.500", 50),
        ("12,5", 12_50),
        ("12 000", 12_000_00),
        ("12\u00a0000", 12_000_00),
        ("12\u202f000,50", 12_000_50),
        ("12'000.50", 12_000_50),
        ("12’000", 12_000_00),
        ("1 234 567,8", 1_234_567_80),
        ("12,000", 12_000_00),
        ("1,234,567", 1_234_567_00),
        ("1.234.567,89", 1_234_567_89),
        ("12,34,567", 12_34_567_00),
        ("1.500k", 1_500_00),
        ("1,500k", 1_500_000_00),
        ("1234.50", 1_234_50),
        ("１２０００", 12_000_00),
        ("١٢٠٠", 1_200_00),
        ("12k,", 12_000_00),
        ("12.", 12_00),
        ("\u200b12k\u2069", 12_000_00),
        ("120万", 1_200_000_00),
        ("1.2亿", 120_000_000_00),
        ("3亿", 300_000_000_00),
        ("5千", 5_000_00),
        ("3.5万", 35_000_00),
        ("三万五", 35_000_00),
        ("三万零五", 30_005_00),
        ("1亿2千万", 120_000_000_00),
        ("1,200万", 12_000_000_00),
        ("2.5 crore", 25_000_000_00),
        ("3 lakh", 300_000_00),
        ("1.5 million", 1_500_000_00),
        ("12 Tsd.", 12_000_00),
    ],
)
def test_numbers_with_units_and_separators(text: str, minor: int) -> None:
    assert euro(text) == Money(minor, "EUR")


@pytest.mark.parametrize(
    ("text", "money"),
    [
        ("€12,000.50", Money(12_000_50, "EUR")),
        ("12.000,50 €", Money(12_000_50, "EUR")),
        ("USD 500", Money(500_00, "USD")),
        ("500usd", Money(500_00, "USD")),
        ("$500", Money(500_00, "USD")),
        ("$500 CAD", Money(500_00, "CAD")),
        ("£1.5m", Money(1_500_000_00, "GBP")),
        ("12k GBP", Money(12_000_00, "GBP")),
        ("12kgbp", Money(12_000_00, "GBP")),
        ("500 mxn", Money(500_00, "MXN")),
        ("Fr. 500", Money(500_00, "CHF")),
        ("人民币120万", Money(1_200_000_00, "CNY")),
        ("1.2亿日元", Money(120_000_000, "JPY")),
        ("100万美元", Money(1_000_000_00, "USD")),
        ("JPY 500.00", Money(500, "JPY")),
        ("0.001k JPY", Money(1, "JPY")),
        ("1.234 KWD", Money(1_234, "KWD")),
        ("1,234 KWD", Money(1_234_000, "KWD")),
        ("2,5 Mio. €", Money(2_500_000_00, "EUR")),
        ("CHF 500.-", Money(500_00, "CHF")),
        ("500,-- CHF", Money(500_00, "CHF")),
        ("€ 1.200,50", Money(1_200_50, "EUR")),
        ("₹12,34,567", Money(12_34_567_00, "INR")),
        ("12 000 $US", Money(12_000_00, "USD")),
        ("500 try", Money(500_00, "TRY")),
    ],
)
def test_a_named_currency_is_taken(text: str, money: Money) -> None:
    assert euro(text) == money


@pytest.mark.parametrize(
    ("text", "currency", "meant"),
    [
        ("¥500", "JPY", "JPY"),
        ("￥500", "CNY", "CNY"),
        ("$5", "CAD", "CAD"),
        ("5 kr", "NOK", "NOK"),
        ("5元", "TWD", "TWD"),
    ],
)
def test_a_shared_sign_is_the_workspaces_own_currency(text: str, currency: str, meant: str) -> None:
    assert parse_amount(text, currency=currency).currency == meant


@pytest.mark.parametrize(("text", "choice"), [("¥500", "CNY or JPY"), ("￥12k", "CNY or JPY"), ("5 kr", "SEK or NOK")])
def test_a_shared_sign_elsewhere_is_asked_about(text: str, choice: str) -> None:
    with pytest.raises(Invalid, match=choice) as caught:
        euro(text)
    assert (caught.value.hint or "").format(**caught.value.params).startswith("Say which, for example 500 ")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("-5", "cannot be negative: -5"),
        ("−5k", "cannot be negative"),
        ("$-5", "cannot be negative"),
        ("-$5", "cannot be negative"),
        ("(500)", "cannot be negative"),
        ("12.3456", "more decimals than EUR, which has 2"),
        ("12.5 JPY", "more decimals than JPY, which has 0"),
        ("9999999999999999", "the most is 15 digits"),
        ("999999bn", "the most is 15 digits"),
        ("9" * 300, "the most is 15 digits"),
        *((text, "is not an amount I understand") for text in ("", "k", "lots", "D-88", "12-13", "1e5", "NaN", "inf")),
        *((text, "is not an amount I understand") for text in ("1,2,3", "12 0", "1.2.3", "1,234.5.6", "1.23,456", "½")),
        *((text, "is not an amount I understand") for text in ("1k k", "$5 EUR", "5 xyz", "12k deal", "x" * 300)),
        *((text, "is not an amount I understand") for text in ("1,234,56.7.8", "1234,567,8", "--5", "5-")),
    ],
)
def test_anything_else_is_refused_with_what_was_typed(text: str, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence) as caught:
        parse_amount(text, currency="EUR", field="budget")
    assert caught.value.field == "budget"
    assert caught.value.typed == text
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("text", "locale", "minor"),
    [
        ("12.000", "de-DE", 12_000_00),
        ("12.000", "fr-FR", 12_000_00),
        ("12,000", "de-CH", 12_000_00),
        ("1.500k", "de-DE", 1_500_000_00),
        ("1,500k", "de-DE", 1_500_00),
        ("1.500k", "en-US", 1_500_00),
    ],
)
def test_a_separator_with_three_digits_behind_it_is_the_writers(text: str, locale: str, minor: int) -> None:
    assert euro(text, locale) == Money(minor, "EUR")


@pytest.mark.parametrize(
    ("text", "locale", "texts"),
    [
        ("1.234", "en-US", "Write amount:1234 or amount:1.23."),
        ("$1.234", "en-US", 'Write amount:"1234 $" or amount:"1.23 $".'),
        ("1,234", "de-DE", "Write amount:1234 or amount:1,23."),
        ("12,000 EUR", "fr-FR", 'Write amount:"12000 eur" or amount:"12,00 eur".'),
    ],
)
def test_a_number_of_two_readings_is_asked_about(text: str, locale: str, texts: str) -> None:
    with pytest.raises(Invalid, match="can be read in more than one way") as caught:
        euro(text, locale)
    assert (caught.value.hint or "").format(**caught.value.params) == texts


def test_an_argument_is_an_amount_of_the_workspaces_currency() -> None:
    usage = Usage.parse("<name> [amount:12k]")
    assert parse("x amount:12k", usage, currency="CNY").amount("amount") == Money(12_000_00, "CNY")
    assert parse("x", usage).amount("amount") is None
    with pytest.raises(Invalid) as caught:
        parse("x amount:lots", usage).amount("amount")
    assert caught.value.field == "amount"
    assert "12k, 1.5m" in (caught.value.hint or "").format(**caught.value.params)


def test_a_shared_sign_elsewhere_is_that_of_the_writers_country() -> None:
    assert euro("3.5万元", "zh-CN") == Money(35_000_00, "CNY")
    assert euro("5 kr", "sv_SE") == Money(5_00, "SEK")


@given(st.text())
def test_any_text_is_an_amount_or_refused(text: str) -> None:
    try:
        money = euro(text)
    except Invalid as error:
        assert str(error)
        (error.hint or "").format(**error.params)
    else:
        assert 0 <= money.minor <= LARGEST


@given(st.integers(0, LARGEST), st.sampled_from(["{:,}.{:02}", "{}.{:02}", "{},{:02} EUR", "€ {:,}.{:02}"]))
def test_every_amount_comes_back_as_it_was_written(minor: int, style: str) -> None:
    assert euro(style.format(*divmod(minor, 100))) == Money(minor, "EUR")
