"""What recurs, as people write it in two languages."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.grammar import parse_when, said
from bot.grammar.calendar.recurrence import next_time
from storage.errors import Invalid

NOW = datetime(2026, 11, 22, 19, 0, tzinfo=UTC)
BERLIN = "Europe/Berlin"
WORKDAYS = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"

ENGLISH = {
    "every monday 9am": "FREQ=WEEKLY;BYDAY=MO;09:00",
    "Every Mon, Wed and Fri at 10:30": "FREQ=WEEKLY;BYDAY=MO,WE,FR;10:30",
    "every 2 weeks": "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU;DTSTART=20261206;09:00",
    "biweekly": "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU;DTSTART=20261206;09:00",
    "every 2 weeks on friday 3pm": "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR;DTSTART=20261127;15:00",
    "every other friday": "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR;DTSTART=20261127;09:00",
    "every week on mon and thu": "FREQ=WEEKLY;BYDAY=MO,TH;09:00",
    "9am every monday": "FREQ=WEEKLY;BYDAY=MO;09:00",
    "mondays and fridays 9am": "FREQ=WEEKLY;BYDAY=MO,FR;09:00",
    "daily 8:30": "FREQ=DAILY;08:30",
    "every day at noon": "FREQ=DAILY;12:00",
    "every weekday at 9": f"{WORKDAYS};09:00",
    "weekdays": f"{WORKDAYS};09:00",
    "last weekday of the month": "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;09:00",
    "the last friday of every month": "FREQ=MONTHLY;BYDAY=FR;BYSETPOS=-1;09:00",
    "first monday of every month 10am": "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1;10:00",
    "last day of the month": "FREQ=MONTHLY;BYMONTHDAY=-1;09:00",
    "1st of every month": "FREQ=MONTHLY;BYMONTHDAY=1;09:00",
    "every month on the 31st": "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1;09:00",
    "monthly": "FREQ=MONTHLY;BYMONTHDAY=22;09:00",
    "every quarter": "FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=22;DTSTART=20270222;09:00",
    "every year": "FREQ=YEARLY;BYMONTH=11;BYMONTHDAY=22;DTSTART=20271122;09:00",
    "every 3rd thursday": "FREQ=MONTHLY;BYDAY=TH;BYSETPOS=3;09:00",
    "every last friday at 4": "FREQ=MONTHLY;BYDAY=FR;BYSETPOS=-1;16:00",
    "every third week": "FREQ=WEEKLY;INTERVAL=3;BYDAY=SU;DTSTART=20261213;09:00",
    "every 2 fridays": "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR;DTSTART=20261127;09:00",
    "every 24 december": "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24;DTSTART=20261224;09:00",
    "every morning": "FREQ=DAILY;09:00",
    "every monday 10": "FREQ=WEEKLY;BYDAY=MO;10:00",
}
GERMAN = {
    "jeden Montag um 9 Uhr": "FREQ=WEEKLY;BYDAY=MO;09:00",
    "montags und freitags 15 Uhr": "FREQ=WEEKLY;BYDAY=MO,FR;15:00",
    "werktags um 9": f"{WORKDAYS};09:00",
    "täglich 8:30": "FREQ=DAILY;08:30",
    "jeden Morgen um 8": "FREQ=DAILY;08:00",
    "alle 2 Wochen freitags": "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR;DTSTART=20261127;09:00",
    "jeden ersten Montag im Monat": "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1;09:00",
    "letzter Freitag im Monat": "FREQ=MONTHLY;BYDAY=FR;BYSETPOS=-1;09:00",
    "jeden 1. des Monats": "FREQ=MONTHLY;BYMONTHDAY=1;09:00",
    "monatlich": "FREQ=MONTHLY;BYMONTHDAY=22;09:00",
}
CHINESE = {
    "每周一上午9点": "FREQ=WEEKLY;BYDAY=MO;09:00",
    "每周一、三、五": "FREQ=WEEKLY;BYDAY=MO,WE,FR;09:00",
    "每星期一和星期四": "FREQ=WEEKLY;BYDAY=MO,TH;09:00",
    "每天早上8点": "FREQ=DAILY;08:00",
    "每个工作日9点": f"{WORKDAYS};09:00",
    "每两周周五下午3点": "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR;DTSTART=20261127;15:00",
    "每隔一周": "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU;DTSTART=20261206;09:00",
    "每隔两天": "FREQ=DAILY;INTERVAL=3;DTSTART=20261125;09:00",
    "每月1号": "FREQ=MONTHLY;BYMONTHDAY=1;09:00",
    "每月最后一天": "FREQ=MONTHLY;BYMONTHDAY=-1;09:00",
    "每月最后一个工作日下午5点": "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;17:00",
    "每月第一个周一": "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1;09:00",
    "每周一三五 9点": "FREQ=WEEKLY;BYDAY=MO,WE,FR;09:00",
    "每年12月24日": "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24;DTSTART=20261224;09:00",
}


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
