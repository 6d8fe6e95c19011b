"""What recurs, as people write it in two languages."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.grammar import parse_when, said
from bot.grammar.calendar.recurrence import next_time
from storage.errors import Invalid
from tests.support.recurring_phrases import CHINESE, ENGLISH, GERMAN

NOW = datetime(2026, 11, 22, 19, 0, tzinfo=UTC)
BERLIN = "Europe/Berlin"


def recurring(typed: str) -> str | None:
    try:
        return parse_when(typed, zone=BERLIN, now=NOW).recurrence
    except Invalid:
        return None


SAID = {
    "every mon, wed and fri": "every Monday, Wednesday, and Friday",
    "every other friday": "every 2 weeks on Friday",
    "daily": "every day",
    "weekdays": "every weekday",
    "last weekday of the month": "on the last weekday of the month",
    "last day of the month": "on the last day of the month",
    "every month on the 31st": "every month on day 31",
    "every year": "every year on November 22",
}


@pytest.mark.parametrize(("typed", "recurrence"), [*ENGLISH.items(), *GERMAN.items(), *CHINESE.items()])
def test_a_phrase_is_read_as_its_recurrence(typed: str, recurrence: str) -> None:
    assert recurring(typed) == recurrence


@pytest.mark.parametrize(
    "typed",
    ["monday", "last friday", "every", "every 0 days", "every 1000 days", "every monday 25:00", "周五", "someday", ""],
)
def test_what_does_not_recur_is_no_recurrence(typed: str) -> None:
    assert recurring(typed) is None


@pytest.mark.parametrize(("typed", "words"), SAID.items())
def test_a_recurrence_is_said_in_words(typed: str, words: str) -> None:
    assert said(str(recurring(typed)), "en-US") == words


@pytest.mark.parametrize(
    ("typed", "texts"),
    [
        ("every second friday 9am", ["every 2 weeks on friday 9am", "second friday of every month 9am"]),
        ("jeden zweiten Montag", ["every 2 weeks on monday", "second monday of every month"]),
    ],
)
def test_a_second_weekday_is_asked_about(typed: str, texts: list[str]) -> None:
    with pytest.raises(Invalid, match="can be read in more than one way") as refused:
        parse_when(typed, zone=BERLIN, now=NOW)
    written = [f'when:"{text}"' for text in texts]
    assert refused.value.params["texts"] == " or ".join(written)
    assert all(recurring(text) for text in texts)


def test_names_of_days_are_the_readers(locale: str = "de-DE") -> None:
    assert "Montag" in said("FREQ=WEEKLY;BYDAY=MO;09:00", locale)
    assert "Monday" in said("FREQ=WEEKLY;BYDAY=MO;09:00", "xx-XX")


def test_what_recurs_has_its_first_time_in_the_writers_zone() -> None:
    when = parse_when("every monday 9am", zone=BERLIN, now=NOW)
    assert (when.at, when.recurrence) == (datetime(2026, 11, 23, 8, tzinfo=UTC), "FREQ=WEEKLY;BYDAY=MO;09:00")


def test_a_single_moment_does_not_recur() -> None:
    assert parse_when("monday 9am", zone=BERLIN, now=NOW).recurrence is None


@pytest.mark.parametrize("typed", ["someday", "every someday", "每某天", "every blue moon"])
def test_an_unknown_time_is_asked_back_with_examples(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_when(typed, zone=BERLIN, now=NOW)
    assert "every monday 9am" in str(refused.value.params["examples"])


def test_every_second_week_counts_from_the_day_it_was_said() -> None:
    when = parse_when("every 2 weeks on friday", zone=BERLIN, now=NOW)
    assert when.recurrence
    second = next_time(when.recurrence, BERLIN, when.at)
    assert second is not None
    assert (second - when.at).days == 14


@given(st.text(max_size=70))
def test_any_text_is_a_time_or_is_refused(typed: str) -> None:
    try:
        when = parse_when(typed, zone=BERLIN, now=NOW)
    except Invalid:
        return
    assert when.at > NOW
    if when.recurrence:
        assert said(when.recurrence, "en-US")
