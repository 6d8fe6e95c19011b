"""Recognise the figures of days and times: dates in every order, clocks, hours, ordinals and years."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.grammar.calendar.vocabulary import EDGE
from bot.grammar.numerals import read_numerals

Kinds = tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class ClockTime:
    """Hold a time of day as it is written: `half` is a or p if it says so, `whole` that its hour has two digits."""

    hour: int
    minute: int = 0
    half: str = ""
    whole: bool = False


@dataclass(frozen=True, slots=True)
class DayFigures:
    """Hold a day written in figures: month and day, in either order unless `ordered`; `ahead` counts years from now."""

    first: int
    second: int
    year: int | None = None
    ahead: int | None = None
    ordered: bool = True


def figures_at(text: str, at: int) -> tuple[Kinds, int]:
    """Return the kinds and values of the figure at a place, and where it ends; nothing and the place for none."""
    for pattern, reader in _FIGURES:
        match = pattern.match(text, at)
        found = reader(match) if match else ()
        if match and found:
            return found, match.end()
    return (), at


def _number(text: str) -> int:
    """Return the number of figures or Chinese numerals; -1 for numerals that are none."""
    found = read_numerals(text)
    return -1 if found is None else int(found)


def _year(digits: str | None) -> int | None:
    return int(digits) + (2000 if len(digits) == 2 else 0) if digits else None


def _instant(match: re.Match[str]) -> Kinds:
    try:
        moment = datetime.fromisoformat(match[0].upper().replace(" ", "T"))
    except ValueError:
        return ()
    return (("I", moment),)


def _year_first(match: re.Match[str]) -> Kinds:
    apart = match[2] or len(match[0].rstrip("t")) == 8
    return (("F", DayFigures(int(match[3]), int(match[4]), int(match[1]))),) if apart else ()


def _with_points(match: re.Match[str]) -> Kinds:
    return (("F", DayFigures(int(match[2]), int(match[1]), _year(match[3]))),)


def _with_slashes(match: re.Match[str]) -> Kinds:
    apart = match[2] == "/" or match[4]
    return (("F", DayFigures(int(match[1]), int(match[3]), _year(match[4]), ordered=False)),) if apart else ()


def _chinese_day(match: re.Match[str]) -> Kinds:
    year = _number(match[1]) if match[1] else None
    ahead = {"今年": 0, "明年": 1, "后年": 2, "去年": -1}.get(match[2] or "")
    return (("F", DayFigures(_number(match[3]), _number(match[4]), year, ahead)),)


def _clock(match: re.Match[str]) -> Kinds:
    hour, minute, half = match["hour"], match["minute"], match.groupdict().get("half") or ""
    return (("c", ClockTime(int(hour), int(minute or 0), half[:1], whole=len(hour) == 2 and not half)),)


def _chinese_clock(match: re.Match[str]) -> Kinds:
    minute = {"": 0, "钟": 0, "整": 0, "半": 30, "一刻": 15, "三刻": 45}.get(match[2] or "")
    return (("c", ClockTime(_number(match[1]), _number(match[3]) if minute is None else minute)),)


def _short(match: re.Match[str]) -> Kinds:
    kinds = {"m": ("t", 1), "d": ("u", ("day", 1)), "w": ("u", ("week", 1))}
    return (("N", int(match[1])), kinds[match[2]])


def _hours_and_a_bit(match: re.Match[str]) -> Kinds:
    return (("N", float(match[1].replace(",", "."))), ("t", 60))


_GERMAN_DAYS = ("mo", "di", "mi", "do", "fr", "sa", "so")
_N = r"(?:\d{1,4}|[零〇一二两三四五六七八九十]{1,4})"
_NO_TIME = r"(?<!\bat )(?<!\bum )(?<!\blas )(?<!\bà )"
_HOUR, _MINUTE = r"(?P<hour>\d{1,2})", r"(?P<minute>\d\d)"
_ROWS: list[tuple[str, Callable[[re.Match[str]], Kinds]]] = [
    (rf"\d{{4}}-\d\d-\d\d[t ]\d\d:\d\d(?::\d\d(?:\.\d{{1,6}})?)?(?:z|[-+]\d\d:?\d\d){EDGE}", _instant),
    (rf"(\d{{4}})([-/.]?)(\d{{1,2}})\2(\d{{1,2}})(?:t(?=\d)|(?![-/.]?\d){EDGE})", _year_first),
    (
        rf"(?:({_N})年|(今年|明年|后年|去年))? ?({_N})月({_N})(?:[日号]|(?![\d点时:零〇一二两三四五六七八九十个]))",
        _chinese_day,
    ),
    (rf"{_HOUR}(?:[:.h]{_MINUTE})? ?(?P<half>am|pm|a\.m\.?|p\.m\.?){EDGE}", _clock),
    (rf"{_HOUR} ?uhr {_MINUTE}{EDGE}", _clock),
    (rf"{_HOUR}(?:[:.]{_MINUTE})? ?uhr{EDGE}", _clock),
    (rf"{_HOUR}[:h]{_MINUTE}(?::00)?(?!:?\d){EDGE}", _clock),
    (rf"{_HOUR}(?P<minute>) ?o'? ?clock{EDGE}", _clock),
    (rf"(\d{{1,4}}[.,]\d) ?(?:h|hours?|hrs?|std|stunden|小时){EDGE}", _hours_and_a_bit),
    (rf"(\d{{1,2}})\.(\d{{1,2}})(?:\.(\d{{4}}|\d\d)?)?(?![.,]?\d){EDGE}", _with_points),
    (rf"(\d{{1,2}})([-/])(\d{{1,2}})(?:\2(\d{{4}}|\d\d))?(?![-/.]?\d){EDGE}", _with_slashes),
    # "At 9. Call" is a time and a sentence's end, "9. März" a day.
    (rf"{_NO_TIME}(\d{{1,2}})(?:(?:st|nd|rd|th|er){EDGE}|\.(?=\s*[^\W\d_]))", lambda match: (("o", int(match[1])),)),
    (rf"({_N}) ?[点时](半|一刻|三刻|钟|整|({_N})分?)?", _chinese_clock),
    (rf"第({_N})个?", lambda match: (("o", _number(match[1])),)),
    (rf"({_N})[号日]", lambda match: (("o", _number(match[1])),)),
    (rf"({_N})月(?!之?[前后]|以[前后]|[底末])", lambda match: (("m", _number(match[1])),)),
    (rf"({_N})个半", lambda match: (("n", _number(match[1]) + 0.5),)),
    (r"(\d{4})年", lambda match: (("y", int(match[1])),)),
    (rf"q([1-4]){EDGE}", lambda match: (("q", int(match[1])),)),
    (rf"(\d{{1,4}}) ?h{EDGE}", lambda match: (("h", int(match[1])),)),
    (rf"(\d{{1,4}})([mdw]){EDGE}", _short),
    (rf"((?:19|20|21)\d\d)(?![.,]?\d){EDGE}", lambda match: (("y", int(match[1])),)),
    (r"(\d{1,4})个?(?!\d|[.,:]\d)", lambda match: (("N", int(match[1])),)),
    (r"([零〇一二两三四五六七八九十]{1,4})个?", lambda match: (("n", _number(match[1])),)),
    # Two letters are a day in German if a point or a figure tells, and "mar" is a Tuesday before a day and its month.
    (rf"({'|'.join(_GERMAN_DAYS)})(?:\.,?|(?=,? \d))", lambda match: (("w", _GERMAN_DAYS.index(match[1])),)),
    (r"mar[.,]? (?=\d{1,2}\.? (?:de )?[a-z])", lambda _match: (("w", 1),)),
]
_FIGURES = [(re.compile(pattern), reader) for pattern, reader in _ROWS]
