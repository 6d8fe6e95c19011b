"""Read days and times of day as people write them in English, and in figures."""

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from threading import Lock
from typing import Any

from dateparser.date import DateDataParser

from bot.grammar.calendar import days

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKDAY = r"(mon(?:day)?|tue(?:s|sday)?|wed(?:s|nesday)?|thu(?:r|rs|rsday)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)"
_UNIT = r"(day|week|month|quarter|year)"
_SHORT = {"d": "day", "w": "week", "eow": "week", "eom": "month", "eoq": "quarter", "eoy": "year"}
_AHEAD = {"this": 0, "the": 0, "next": 1, "last": -1, "": 0}

# An hour without am or pm that would be before seven in the morning is one of the afternoon.
_EARLIEST_HOUR = 7
_PARTS = {"noon": 12, "midday": 12, "midnight": 24, "morning": 9, "afternoon": 14, "evening": 18, "eod": 17}
_PARTS |= {"end of day": 17, "close of business": 17, "cob": 17, "in the morning": 9, "in the afternoon": 14}
_PARTS |= {"in the evening": 18, "first thing": 9, "lunchtime": 12}
_CLOCK = re.compile(r"(?:at |@ ?)?(\d{1,2})(?:[:.h](\d{2}))? ?(am|pm|a\.m\.?|p\.m\.?)")
_CLOCK_24 = re.compile(r"(?:at |@ ?)?(\d{1,2})[:h](\d{2})(?::00)?")
_HOUR = re.compile(r"(?:(?:at |@ ?)(\d{1,2})|(?:at )?(\d{1,2}) ?o'?clock)")
_SPAN = re.compile(r"(in )?(an?|half an|\d{1,4}(?:\.5)?) ?(minutes?|mins?|m|hours?|hrs?|h)( from now| later)?")

# dateparser is asked only for what has the shape of a day and a month's name: it reads "1.5" as the fifth of January,
# "a week from today" as a week ago, and leaves a wrong weekday unread.
_DAY_MONTH = re.compile(
    r"(\d{1,2})(?:st|nd|rd|th|\.|er)?(?: of| de)? ?[^\W\d_]{3,10}\.?,?(?:(?: de)? \d{4})?"
    r"|[^\W\d_]{3,10}\.? (\d{1,2})(?:st|nd|rd|th)?(?:,? \d{4})?"
)
_LANGUAGES = ["en", "de", "fr", "es"]
_ONE_AT_A_TIME = Lock()  # dateparser keeps what it learned from one text for the next, in plain dictionaries
_NAMED = re.compile(rf"{_WEEKDAY},? (.+)")

_COUNTS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_NUMBERS = {"a": 1, "an": 1, "a couple of": 2} | {word: number for number, word in enumerate(_COUNTS, 1)}
_COUNT = re.compile(
    rf"(in )?(\d{{1,4}}|{'|'.join(sorted(_NUMBERS, key=len, reverse=True))}) ?"
    r"(d|w|day|week|fortnight|month|year)s?(?: (from now|from today|from tomorrow|later|ago))?"
)

Reader = Callable[[date, bool, "re.Match[str]"], date | None]


def read_day(text: str, today: date, *, past: bool, day_first: bool) -> date | None:
    """Return the day that all of a folded text means, or None.

    `past` prefers the last such day to the next, `day_first` reads 1/2 as the first of February.
    """
    for pattern, reader in _PHRASES:
        match = pattern.fullmatch(text)
        if match:
            return reader(today, past, match)
    numeric = _read_figures(text, today, past, day_first)
    if numeric:
        return numeric
    named = _NAMED.fullmatch(text)
    if named:
        day = read_day(named[2], today, past=past, day_first=day_first)
        return day if day and day.weekday() == _weekday(named[1]) else None
    return _read_month_name(text, today, past)


def read_time(text: str) -> int | None:
    """Return the minutes from the day's beginning that a time of day means (midnight ends the day), or None."""
    part = _PARTS.get(text.removeprefix("at "))
    if part:
        return part * 60
    match = _CLOCK.fullmatch(text)
    if match:
        hour, minute = int(match[1]), int(match[2] or 0)
        return ((hour % 12) + 12 * (match[3][0] == "p")) * 60 + minute if 1 <= hour <= 12 and minute < 60 else None
    match = _CLOCK_24.fullmatch(text)
    if match:
        return minutes_of_day(int(match[1]), int(match[2]))
    match = _HOUR.fullmatch(text)
    return bare_hour(int(match[1] or match[2])) if match else None


def read_span(text: str) -> timedelta | None:
    """Return the hours or minutes from now that a text means (`in 2 hours`, `90 min`, `in half an hour`), or None."""
    match = _SPAN.fullmatch(text)
    if match is None:
        return None
    count = {"a": 1.0, "an": 1.0, "half an": 0.5}.get(match[2]) or float(match[2])
    return timedelta(minutes=count * (60 if match[3].startswith("h") else 1))


def minutes_of_day(hour: int, minute: int) -> int | None:
    """Return the minutes from the day's beginning to a time on a 24-hour clock, or None if there is none."""
    return hour * 60 + minute if hour < 24 and minute < 60 else None


def bare_hour(hour: int, minute: int = 0) -> int | None:
    """Return the minutes to an hour said without its half of the day: "at 3" is in the afternoon."""
    return minutes_of_day(hour + 12 if 1 <= hour < _EARLIEST_HOUR else hour, minute)


def warm_up(today: date) -> None:
    """Load dateparser's languages, which takes a tenth of a second, before somebody waits for them."""
    # Each language is loaded by a text that the ones before it could not read.
    for text in ("24 dec", "31 nov", "24 set"):
        _read_month_name(text, today, past=False)


def _read_figures(text: str, today: date, past: bool, day_first: bool) -> date | None:
    match = re.fullmatch(r"(\d{4})([-/.]?)(\d{1,2})\2(\d{1,2})", text)
    if match and (match[2] or len(text) == 8):
        return days.real_day(int(match[1]), int(match[3]), int(match[4]))
    match = re.fullmatch(r"(\d{1,2})([-/.])(\d{1,2})(?:\2(\d{4}|\d{2})|\.)?", text)
    if match is None or (match[2] == "-" and not match[4]):
        return None
    first, second = int(match[1]), int(match[3])
    year = int(match[4]) + (2000 if len(match[4]) == 2 else 0) if match[4] else None
    orders = [(second, first), (first, second)] if day_first or match[2] == "." else [(first, second), (second, first)]
    for month, day in orders[:1] if match[2] == "." else orders:
        found = days.real_day(year, month, day) if year else days.day_of_year(today, month, day, past=past)
        if found:
            return found
    return None


def _read_month_name(text: str, today: date, past: bool) -> date | None:
    match = _DAY_MONTH.fullmatch(text)
    if match is None:
        return None
    with _ONE_AT_A_TIME:
        found: datetime | None = _dateparser(today).get_date_data(text).date_obj
    if found is None or found.day != int(match[1] or match[2]):
        return None
    return found.date() if re.search(r"\d{4}", text) else days.day_of_year(today, found.month, found.day, past=past)


@lru_cache(maxsize=8)
def _dateparser(today: date) -> Any:
    """Return a parser for one day: dateparser keeps every settings object for ever, so there may be few of them."""
    settings = {
        "RELATIVE_BASE": datetime.combine(today, time()),
        "PREFER_DATES_FROM": "future",
        "REQUIRE_PARTS": ["day", "month"],
        "PARSERS": ["relative-time", "absolute-time"],
        "TIMEZONE": "UTC",
        "RETURN_AS_TIMEZONE_AWARE": False,
    }
    return DateDataParser(languages=_LANGUAGES, settings=settings)


def _weekday(name: str) -> int:
    return _WEEKDAYS.index(name[:3])


def _read_weekday(today: date, past: bool, match: re.Match[str]) -> date:
    which, weekday = match[1], _weekday(match[2])
    if which == "next":
        return days.weekday_of_week(today, weekday, 1)
    if which == "last":
        return days.bare_weekday(today, weekday, past=True)
    return days.this_weekday(today, weekday) if which == "this" else days.bare_weekday(today, weekday, past=past)


def _read_end(today: date, _past: bool, match: re.Match[str]) -> date:
    return days.end_of(today, match[2] or _SHORT.get(match[0]) or match[3], _AHEAD[match[1] or ""])


def _read_quarter(today: date, past: bool, match: re.Match[str]) -> date:
    year = int(match[2]) if match[2] else today.year
    end = days.end_of(date(year, int(match[1]) * 3, 1), "month", 0)
    return end if match[2] or past or end >= today else days.moved(end, "year", 1)


def _read_start(today: date, past: bool, match: re.Match[str]) -> date | None:
    """Return a period's first day; "this week" as a day to come would be a day that has passed."""
    return days.start_of(today, match[2], _AHEAD[match[1]]) if past or match[1] != "this" else None


def _read_count(today: date, past: bool, match: re.Match[str]) -> date | None:
    """Return the day so many days or weeks away; without "in" or "ago" it is on the side that is preferred."""
    said, direction = match[1], match[4]
    if said and direction:
        return None
    count = _NUMBERS.get(match[2]) or int(match[2])
    unit = _SHORT.get(match[3], match[3])
    if unit == "fortnight":
        unit, count = "week", 2 * count
    back = direction == "ago" or (past and not said and not direction)
    start = days.moved(today, "day", 1) if direction == "from tomorrow" else today
    return days.moved(start, unit, -count if back else count)


_PHRASES: list[tuple[re.Pattern[str], Reader]] = [
    (re.compile(r"today|tod"), lambda today, _past, _match: today),
    (re.compile(r"tomorrow|tmrw?|tom"), lambda today, _past, _match: days.moved(today, "day", 1)),
    (re.compile(r"(?:the )?day after tomorrow"), lambda today, _past, _match: days.moved(today, "day", 2)),
    (re.compile(r"yesterday"), lambda today, _past, _match: days.moved(today, "day", -1)),
    (re.compile(r"(?:the )?day before yesterday"), lambda today, _past, _match: days.moved(today, "day", -2)),
    (re.compile(rf"(?:(this|next|last|coming|past) )?{_WEEKDAY}"), _read_weekday),
    (
        re.compile(rf"{_WEEKDAY} next week|next week (?:on )?{_WEEKDAY}"),
        lambda today, _past, match: days.weekday_of_week(today, _weekday(match[1] or match[2]), 1),
    ),
    (
        re.compile(r"(?:this |the )?weekend"),
        lambda today, _past, _match: days.this_weekday(today, days.SATURDAY),
    ),
    (re.compile(rf"(?:the )?end of (?:(the|this|next|last) )?{_UNIT}|(?:eow|eom|eoq|eoy)|{_UNIT} end"), _read_end),
    (re.compile(r"(?:the )?end of q([1-4])(?: (\d{4}))?"), _read_quarter),
    (
        re.compile(rf"(?:(?:the )?(?:start|beginning) of )?(this|next|last) {_UNIT}"),
        _read_start,
    ),
    (_COUNT, _read_count),
    (
        re.compile(r"(?:the )?(\d{1,2})(?:st|nd|rd|th)"),
        lambda today, past, match: days.day_of_month(today, int(match[1]), past=past),
    ),
]
