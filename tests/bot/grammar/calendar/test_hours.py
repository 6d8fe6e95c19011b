"""Show which days of a week and hours of a day are understood."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.grammar import parse_hours, parse_weekdays


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("mon-fri", [0, 1, 2, 3, 4]),
        ("Mon – Fri", [0, 1, 2, 3, 4]),
        ("sat,sun", [5, 6]),
        ("sat and sun", [5, 6]),
        ("fri-mon", [0, 4, 5, 6]),
        ("Fridays", [4]),
        ("tues. thu", [1, 3]),
        ("weekend", [5, 6]),
        ("周一到周五", [0, 1, 2, 3, 4]),
        ("周末和星期三", [2, 5, 6]),
        ("礼拜天", [6]),
        ("sun, sun", [6]),
    ],
)
def test_days_of_the_week_are_read(text: str, days: list[int]) -> None:
    assert parse_weekdays(text) == days


@pytest.mark.parametrize("text", ["", "s", "t", "someday", "mon-wed-fri", "mon-", "-fri", "12", "fri-never", "周八"])
def test_what_is_no_day_of_the_week_is_not_guessed(text: str) -> None:
    assert parse_weekdays(text) is None


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("18:00-09:00", (18 * 60, 9 * 60)),
        ("9-17", (9 * 60, 17 * 60)),
        ("6pm - 9am", (18 * 60, 9 * 60)),
        ("12am–12pm", (0, 12 * 60)),
        ("9.30到17.45", (9 * 60 + 30, 17 * 60 + 45)),
        ("0-24", (0, 24 * 60)),
        ("0:00-24:00", (0, 24 * 60)),
    ],
)
def test_hours_of_a_day_are_read(text: str, hours: tuple[int, int]) -> None:
    assert parse_hours(text) == hours


@pytest.mark.parametrize("text", ["", "9", "9-", "25-26", "9:60-10", "24:01-25", "13pm-2pm", "0am-1am", "9-17-18"])
def test_what_is_no_span_of_hours_is_not_guessed(text: str) -> None:
    assert parse_hours(text) is None


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    days, hours = parse_weekdays(text), parse_hours(text)
    assert days is None or (days == sorted(set(days)) and all(0 <= day < 7 for day in days))
    assert hours is None or all(0 <= minute <= 24 * 60 for minute in hours)
