"""What is shown of a value reads as the same value, and the words and marks around it change nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.grammar import Several, Writer, parse_amount, said
from bot.grammar.entities import Decoded
from bot.grammar.reading import ValueType, read_whole
from bot.grammar.types import AMOUNT, DAY, MOMENT, WHEN
from bot.kit import format
from storage.money import Money, exponent
from tests.support.recurring_phrases import CHINESE, ENGLISH, GERMAN
from tests.support.writing import BERLIN, NOW, WRITER

LOCALES = ("en-US", "en-GB", "de-DE", "de-CH", "zh-CN", "fr-FR", "es-ES")
DATES = st.dates(NOW.date() + timedelta(days=1), date(2199, 12, 31))
SOON = st.dates(NOW.date() + timedelta(days=1), NOW.date() + timedelta(days=400))

DAYS = (
    "tomorrow", "next monday", "March 1", "24 Dec 2027", "in 3 days", "end of month", "2026-12-24", "24.12.", "friday",
    "übermorgen", "nächsten Montag", "24. Dezember", "in drei Wochen", "Ende nächster Woche",
    "明天", "下周五", "12月24日", "三天后", "月底", "下个月十五号",
)  # fmt: skip
TIMES = ("3pm", "at 3:30", "15:00", "at noon", "um 15 Uhr", "halb vier", "下午3点", "8h", "at 10")
AMOUNTS = ("12k", "12 000", "500 USD", "1.5 million", "€1,200.50", "CHF 500.-", "2,5 Mio. €", "120万", "₹12,34,567")
# A bare number is an hour only where nothing follows it.
RECURRING = tuple(one for one in (*ENGLISH, *GERMAN, *CHINESE) if one != "every monday 10")
WORDS = st.lists(
    st.sampled_from(
        ["call", "back", "about", "pricing", "anrufen", "wegen", "Angebot", "打电话", "给客户", "Acme", "x-y"]
    ),
    min_size=1,
    max_size=5,
).map(" ".join)
MARKS = st.sampled_from([",", ".", ";", "!", "?", ")", "，", "。", "…", ", ", " "])


def writer(locale: str) -> Writer:
    return replace(WRITER, locale=locale)


def read(kind: ValueType[Any], text: str, locale: str = "en-US") -> tuple[Any, str]:
    found = kind.read(Decoded(text, text), writer(locale))
    assert found is not None, text
    return found.texts if isinstance(found, Several) else found.value, text[found.end :]


@given(DATES, st.sampled_from(LOCALES))
def test_a_day_reads_as_it_is_shown(on: date, locale: str) -> None:
    text = format.day(on, locale, today=NOW.date())
    assert read_whole(DAY, Decoded(text, text), writer(locale), field=None) == on


@given(SOON, st.integers(0, 24 * 60 - 1), st.sampled_from(LOCALES))
def test_a_moment_reads_as_it_is_shown(on: date, minute: int, locale: str) -> None:
    when = datetime(on.year, on.month, on.day, minute // 60, minute % 60, tzinfo=BERLIN).astimezone(UTC)
    text = format.moment(when, BERLIN, locale, now=NOW)
    found = read_whole(MOMENT, Decoded(text, text), writer(locale), field=None)
    # In German and French a time has two digits; of 2:30 in Chinese nothing says that it is at night.
    assert found.astimezone(BERLIN).strftime("%H:%M")[-2:] == f"{minute % 60:02}"
    assert found == when or abs(found - when) == timedelta(hours=12) or _skipped(when)


def _skipped(when: datetime) -> bool:
    """Tell whether the clock shows this time twice, of which the first is meant."""
    local = when.astimezone(BERLIN)
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


@given(
    st.integers(0, 10**11),
    st.sampled_from(["EUR", "USD", "GBP", "CHF", "INR", "TRY", "PLN"]),
    st.sampled_from(LOCALES),
)
def test_an_amount_reads_as_it_is_shown(minor: int, currency: str, locale: str) -> None:
    amount = Money(minor, currency)
    assert parse_amount(format.money(amount, locale), currency="EUR", locale=locale) == amount


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("typed", RECURRING)
def test_what_recurs_reads_as_it_is_said(typed: str, locale: str) -> None:
    when, rest = read(WHEN, typed, locale)
    assert not rest
    again, rest = read(WHEN, said(when.recurrence, locale), locale)
    assert not rest
    assert _days(again.recurrence) == _days(when.recurrence)


def _days(recurrence: str) -> str:
    """Return a rule without the day it counts from and the time of day, which are shown beside it."""
    return ";".join(part for part in recurrence.split(";")[:-1] if not part.startswith("DTSTART"))


def examples() -> list[tuple[ValueType[Any], str]]:
    moments = [f"{day} {time}" for day in DAYS for time in TIMES]
    rows: list[tuple[ValueType[Any], Any]] = [
        (DAY, DAYS),
        (AMOUNT, AMOUNTS),
        (MOMENT, moments),
        (WHEN, moments),
        (WHEN, RECURRING),
    ]
    return [(kind, text) for kind, texts in rows for text in texts]


EXAMPLES = st.sampled_from(examples())


@given(EXAMPLES, WORDS)
def test_words_behind_a_value_stay_as_text(example: tuple[ValueType[Any], str], words: str) -> None:
    kind, text = example
    value, rest = read(kind, text)
    assert not rest
    # "At 10" says an hour where nothing follows it, and with "at" anywhere.
    assert read(kind, f"{text} {words}") == (value, f" {words}")


@example((WHEN, "every weekday at 9"), ".", "call")
@example((MOMENT, "24.12. at 10"), ".", "call")
@given(EXAMPLES, MARKS, WORDS | st.just(""))
def test_punctuation_around_a_value_changes_nothing(example: tuple[ValueType[Any], str], mark: str, words: str) -> None:
    kind, text = example
    value, _rest = read(kind, text)
    found, rest = read(kind, f"{text}{mark} {words}")
    assert found == value
    assert rest.strip(" .,;!?)，。…") == words


@given(EXAMPLES)
def test_a_value_does_not_depend_on_width_case_or_spaces(example: tuple[ValueType[Any], str]) -> None:
    kind, text = example
    value, _rest = read(kind, text)
    wide = "".join(chr(ord(one) + 0xFEE0) if one.isdigit() and one.isascii() else one for one in text)
    for changed in (wide, text.upper().replace("Ä", "ä").replace("Ü", "ü"), text.replace(" ", "\u00a0")):
        assert read(kind, changed)[0] == value


def test_every_currency_of_the_samples_has_two_decimals() -> None:
    assert {exponent(code) for code in ("EUR", "USD", "GBP", "CHF", "INR", "TRY", "PLN")} == {2}
