"""Read times of day and spans of hours.

Hours from 1 to 6 without am or pm are those of the afternoon, with minutes too: "at 3" and "at 3:30"; 03:30, with two
digits, is as written. Midnight ends the day it is said with. "15h" is a time and "2h" a span of hours; from 7h to 12h
and with 24h both can be meant, unless a day, "at" or "in" stands beside it.
"""

from datetime import timedelta

from bot.grammar.calendar.figures import ClockTime
from bot.grammar.calendar.phrases import Around, Longest, Phrase, longest, table
from bot.grammar.calendar.tokens import Tokens

_EARLIEST_HOUR = 7
_DAY = 24


def read_time(tokens: Tokens, at: int, around: Around, *, beside_day: bool) -> Longest[int] | None:
    """Return the minutes from the day's beginning that the longest phrase at a token means (midnight ends the day)."""
    return longest(_BESIDE if beside_day else _ALONE, tokens, at, around)


def read_span(tokens: Tokens, around: Around) -> Longest[timedelta] | None:
    """Return the hours or minutes from now that the longest phrase means."""
    return longest(_SPANS, tokens, 0, around)


def either(tokens: Tokens) -> int | None:
    """Return the number of hours that may as well be the hour of a day, where nothing tells which: 8 of "8h"."""
    hours = tokens.items[0].value if tokens.letters[:1] == "h" and tokens.letters[:2] != "hf" else 0
    return hours if _EARLIEST_HOUR <= hours <= 12 or hours == _DAY else None


def minutes_of_day(hour: int, minute: int) -> int | None:
    """Return the minutes from the day's beginning to a time on a 24-hour clock, or None if there is none."""
    return hour * 60 + minute if 0 <= hour < _DAY and 0 <= minute < 60 else None


def _clock(clock: ClockTime) -> int | None:
    if clock.half:
        hour = clock.hour % 12 + 12 * (clock.half == "p")
        return minutes_of_day(hour, clock.minute) if 1 <= clock.hour <= 12 else None
    return minutes_of_day(clock.hour, clock.minute) if clock.whole else _bare(clock.hour, clock.minute)


def _bare(hour: int, minute: int = 0) -> int | None:
    """Return the minutes to an hour said without its half of the day: "at 3" is in the afternoon."""
    return minutes_of_day(hour + 12 if 1 <= hour < _EARLIEST_HOUR else hour, minute)


def _in_part(part: int, clock: ClockTime) -> int | None:
    """Return a time said with its part of the day: 8 in the evening, 下午3点."""
    if clock.half:
        return _clock(clock)
    hour, minute = clock.hour, clock.minute
    if hour == 12 and part in {0, 18, 21, 24}:
        return minute if part == 0 else _DAY * 60 + minute
    late = part >= 12 and hour < (11 if part == 12 else 12)
    return minutes_of_day(hour + 12 if late else hour, minute)


def _near(phrase: Phrase) -> int | None:
    """Return a time said by the quarters before or after an hour: half past three, halb vier."""
    offset, given = phrase[1], phrase[2]
    hour = given.hour if isinstance(given, ClockTime) else int(given)
    about = _bare(hour) if hour == given or isinstance(given, ClockTime) else None
    return None if about is None else (about + offset) % (_DAY * 60)


_ALONE_ROWS = [
    ("@?(c)", lambda _around, phrase: _clock(phrase[1])),
    ("@?(p)", lambda _around, phrase: phrase[1] * 60 or None),
    ("@([N])", lambda _around, phrase: _bare(phrase[1]) if phrase[1] < _DAY else None),
    ("@?(p)@?(c)", lambda _around, phrase: _in_part(phrase[1], phrase[2])),
    ("@?(c)(p)", lambda _around, phrase: _in_part(phrase[2], phrase[1])),
    ("@?(p)@?([Nn])", lambda _around, phrase: _in_part(phrase[1], ClockTime(phrase[2]))),
    ("@?([Nn])(p)", lambda _around, phrase: _in_part(phrase[2], ClockTime(phrase[1]))),
    ("@?(H)([nNc])", lambda _around, phrase: _near(phrase)),
    ("@(h)", lambda _around, phrase: minutes_of_day(phrase[1], 0)),
    ("(h)", lambda _around, phrase: minutes_of_day(phrase[1], 0) if phrase[1] > 12 else None),
]
_ALONE = table(_ALONE_ROWS)
_BESIDE = table(
    [
        *_ALONE_ROWS[:-1],
        ("(h)", lambda _around, phrase: minutes_of_day(phrase[1], 0)),
        # "Monday 10" and nothing more: of "monday 10 licences" the number is no hour.
        (r"(N)(?=\$)", lambda _around, phrase: _bare(phrase[1]) if phrase[1] < _DAY else None),
    ]
)


def _span(phrase: Phrase) -> timedelta:
    return timedelta(minutes=float(phrase[1]) * phrase[2] + float(phrase[3] or 0) * (phrase[4] or 0))


_SPANS = table(
    [
        ("i?([nN])(t)(?:,?([nN])(t))?f?", lambda _around, phrase: _span(phrase)),
        ("i(h)(?:,?([nN])(t))?|(h)(?:f|,?([nN])(t))", lambda _around, phrase: _hours(phrase)),
        ("(h)", lambda _around, phrase: timedelta(hours=phrase[1]) if not 12 < phrase[1] < _DAY else None),
    ]
)


def _hours(phrase: Phrase) -> timedelta:
    hours = phrase[1] if phrase.has(1) else phrase[4]
    count, unit = (phrase[2], phrase[3]) if phrase.has(1) else (phrase[5], phrase[6])
    return timedelta(hours=hours, minutes=float(count or 0) * (unit or 0))
