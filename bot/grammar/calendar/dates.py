"""Read dates and moments as people write them, by the calendar and clock of who writes.

What phrases leave open is decided once, for both languages:

- A bare weekday is the next one after today; "this friday" may be today; "next friday" (下周五) is the Friday of the
  next week, and weeks begin on Monday.
- A day without a year is the next such day, today included. 12/24 and 24/12 are told apart by the writer's locale where
  both can be, 24.12. always has the day first.
- "Next week" and "next month" are their first days; the end of a week is its Friday.
- A moment without a time is at 9:00, a time without a day the next such time. Hours from 1 to 6 without am or pm are
  those of the afternoon; 03:00 is as written. Midnight ends the day it is said with.
- A time that the clocks skip becomes the next that exists; one that comes twice is the first.
"""

import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache

from babel import Locale, UnknownLocaleError

from bot.grammar.calendar import chinese, days, english
from bot.grammar.calendar.zones import place, zone_of
from bot.grammar.entities import INVISIBLE, shown
from storage.errors import Invalid

DATE_EXAMPLES = 'friday, 24.12., 2026-12-24, "next tue", "in 3 days", "end of month", 下周五'
MOMENT_EXAMPLES = 'friday, 9am, "tomorrow 15:00", "next tue 3pm", "in 2 hours", 2026-12-24, 明天下午3点'

_LONGEST = 60
_YEARS = range(1900, 2200)
_MORNING = 9 * 60
_LEADING = re.compile(r"^(?:on|by|due) ")
_REWRITTEN = [
    (re.compile(r"(\d)t(?=\d)"), r"\1 "),
    (re.compile(r"\btonight\b"), "today evening"),
    (re.compile(r"\bthis (?=(?:morning|afternoon|evening)\b)"), "today "),
    (re.compile(r"今(?=[早晚])"), "今天"),
    (re.compile(r"明(?=[早晚])"), "明天"),
]


def parse_date(
    text: str,
    *,
    zone: str | tzinfo,
    now: datetime,
    locale: str = "en-US",
    field: str | None = "date",
    past: bool = False,
) -> date:
    """Return the day a person means, who writes at `now` (with a time zone) in `zone` and reads dates as in `locale`.

    `past` prefers the last such day to the next, for what can only have happened. Raises Invalid for anything that is
    not a day from its first to its last character, and for years before 1900 or after 2199.
    """
    today = _local(now, zone_of(zone)).date()
    day = _read_day(plain_text(text), today, past, locale)
    if day is None or day.year not in _YEARS:
        raise Invalid(
            "{text} is not a date I understand.",
            field=field,
            hint="Write for example {examples}.",
            typed=text,
            text=shown(text),
            examples=DATE_EXAMPLES,
        )
    return day


def parse_moment(
    text: str,
    *,
    zone: str | tzinfo,
    now: datetime,
    locale: str = "en-US",
    field: str = "when",
    examples: str = MOMENT_EXAMPLES,
) -> datetime:
    """Return the moment to come that a person means, in UTC; the parameters are those of `parse_date`.

    `examples` are what to write instead of what is not understood.

    Raises Invalid for anything that is not a moment from its first to its last character, and for one that has passed,
    with the nearest one to come.
    """
    place_in = zone_of(zone)
    local = _local(now, place_in)
    moment = _read_moment(plain_text(text), local, place_in, locale)
    if moment is None or moment.year not in _YEARS:
        raise Invalid(
            "{text} is not a time I understand.",
            field=field,
            hint="Write for example {examples}.",
            typed=text,
            text=shown(text),
            examples=examples,
        )
    if moment <= now:
        raise Invalid(
            "{text} has passed.",
            field=field,
            hint='Did you mean "{near}"?',
            typed=text,
            text=shown(text),
            near=f"{_nearest(moment.astimezone(place_in), local, place_in):%Y-%m-%d %H:%M}",
        )
    return moment


def warm_up() -> None:
    """Load what the first date would otherwise wait for."""
    english.warm_up(datetime.now(UTC).date())
    _day_first("en-US")


def _local(now: datetime, zone: tzinfo) -> datetime:
    if now.tzinfo is None:
        raise ValueError("now must have a time zone")
    return now.astimezone(zone)


def plain_text(text: str) -> str:
    """Return a text in half width and lower case, with single spaces and without quotes around it."""
    folded = unicodedata.normalize("NFKC", re.sub(f"[{INVISIBLE}]", "", text)).casefold()
    plain = " ".join(folded.split()).strip("\"“”„'‘’ ,;、。!")
    plain = _LEADING.sub("", plain)
    for pattern, replacement in _REWRITTEN:
        plain = pattern.sub(replacement, plain)
    return plain if len(plain) <= _LONGEST else ""


def _read_day(plain: str, today: date, past: bool, locale: str) -> date | None:
    try:
        if chinese.is_chinese(plain):
            return chinese.read_day(chinese.compact(plain), today, past=past)
        return english.read_day(plain, today, past=past, day_first=_day_first(locale))
    except (OverflowError, ValueError):
        # Years that the calendar does not reach, however they were counted.
        return None


def read_time(plain: str) -> int | None:
    """Return the minutes from the day's beginning that all of a plain text means, or None."""
    return chinese.read_time(chinese.compact(plain)) if chinese.is_chinese(plain) else english.read_time(plain)


def _read_moment(plain: str, local: datetime, zone: tzinfo, locale: str) -> datetime | None:
    span = english.read_span(plain) or chinese.read_span(chinese.compact(plain))
    if span is not None:
        return local.astimezone(UTC) + span
    if re.search(r"\d[-+]\d\d:?\d\d$|\dz$", plain):
        return _read_instant(plain)
    today = local.date()
    minutes = read_time(plain)
    if minutes is not None:
        first = place(today, minutes, zone)
        return first if first > local else place(today + timedelta(1), minutes, zone)
    day = _read_day(plain, today, False, locale)
    if day is not None:
        return place(day, _MORNING, zone)
    for day_text, time_text in divisions(plain):
        minutes = read_time(time_text)
        day = None if minutes is None else _read_day(day_text, today, False, locale)
        if day is not None and minutes is not None:
            return place(day, minutes, zone)
    return None


def _read_instant(plain: str) -> datetime | None:
    """Return a moment written with its distance from UTC, as programs do."""
    try:
        moment = datetime.fromisoformat(plain.upper())
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None


def divisions(plain: str) -> Iterator[tuple[str, str]]:
    """Yield the ways in which a text can be a day and a time, the longest time first."""
    if chinese.is_chinese(plain):
        close = chinese.compact(plain)
        yield from ((close[:i], close[i:]) for i in range(1, len(close)))
    words = plain.split()
    for i in range(1, len(words)):
        before, after = " ".join(words[:i]).rstrip(","), " ".join(words[i:])
        yield before, after
        yield after.removeprefix("on "), before


def _nearest(moment: datetime, local: datetime, zone: tzinfo) -> datetime:
    """Return the moment to come nearest to one that has passed: today, tomorrow, or the same day of another year."""
    minutes = moment.hour * 60 + moment.minute
    today = local.date()
    day: date | None = today
    if (today - moment.date()).days > 7:
        day = days.day_of_year(today, moment.month, moment.day, past=False)
    day = day or today
    found = place(day, minutes, zone)
    return (found if found > local else place(day + timedelta(1), minutes, zone)).astimezone(zone)


@cache
def _day_first(locale: str) -> bool:
    """Tell whether a locale writes the day before the month (CLDR's short date); one that is unknown does not."""
    try:
        pattern = Locale.parse(locale.replace("-", "_")).date_formats["short"].pattern
    except (UnknownLocaleError, ValueError):
        return False
    return bool(pattern.find("d") < pattern.find("M"))
