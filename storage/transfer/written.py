"""Read numbers and days as they are written in a column, once the whole column says which way round they are meant.

`1,234` and `03/04/2026` mean two things each. So no cell is read by itself: `Habits` looks at all cells of a column,
and where one decides, all are read so; where none does, a person is asked.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

from babel.dates import get_month_names

from storage.errors import Invalid
from storage.names import short

LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "da", "nb", "tr", "ru")
"""Whose names of months are read."""
_CENTURY_FROM = 70
"""A year of two digits from here on is of the last century, as POSIX has it."""

_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_HAN = re.compile(r"(\d{4})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*日?")
_THREE = re.compile(r"(\d{1,2})([-/.])\s?(\d{1,2})\2\s?(\d{4}|\d{2})")
_DAY_MONTH = re.compile(r"(\d{1,2})(?:\.|st|nd|rd|th)?[\s-]*(?:de\s+)?([^\W\d_]{3,})\.?,?[\s-]+(?:de\s+)?(\d{4}|\d{2})")
_MONTH_DAY = re.compile(r"([^\W\d_]{3,})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4}|\d{2})")
_TIME = re.compile(
    r"(?:T|,?\s+|\s*at\s+)(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*([ap])?\.?(?:m\.?)?\s*"
    r"(Z|UTC|GMT|[+-]\d{2}:?\d{2})?$",
    re.IGNORECASE,
)
_CUT = re.compile(r"[+-]?\d(?:[.,]\d+)?E\+\d{2,3}", re.IGNORECASE)
_DIGITS = re.compile(r"\d[\d.,'’\s\u00a0\u202f]*|[.,]\d+")


@dataclass(frozen=True, slots=True)
class Notation:
    """Say how a column is written: its decimal mark, and whether the day comes before the month.

    None where nothing decides it: nothing is written both ways, or all of it could be.
    """

    decimal: str | None = None
    day_first: bool | None = None


class Habits:
    """Find out how a column is written, from its cells one after the other."""

    def __init__(self) -> None:
        self._votes: dict[str, int] = {}

    def see(self, cell: str) -> None:
        """Take a cell into account."""
        for vote in _votes(cell):
            self._votes[vote] = self._votes.get(vote, 0) + 1

    @property
    def written(self) -> Notation:
        """Return what most of the cells that decide it say; the others are refused one by one."""
        point, comma = (self._votes.get(mark, 0) for mark in ".,")
        day, month = (self._votes.get(order, 0) for order in ("day", "month"))
        return Notation(
            None if point == comma else "." if point > comma else ",", None if day == month else day > month
        )

    @property
    def asks_decimal(self) -> bool:
        """Tell whether there are numbers that nothing decides: all of them as `1,234`."""
        return "mark" in self._votes and self.written.decimal is None

    @property
    def asks_order(self) -> bool:
        """Tell whether there are days that nothing decides: all of them as `03/04/2026`."""
        return "order" in self._votes and self.written.day_first is None


def _votes(cell: str) -> tuple[str, ...]:
    day = _THREE.match(cell)
    if day is not None:
        first, second = int(day[1]), int(day[3])
        if first > 12 >= second or day[2] == ".":
            return ("day",)
        return ("month",) if second > 12 >= first else ("order",)
    found = _DIGITS.search(cell)
    if found is None or _ISO.match(cell):
        return ()
    number = found[0].rstrip(".,'’ \u00a0\u202f\n\t")
    marks = [mark for mark in number if mark in ".,"]
    if not marks:
        return ()
    last = marks[-1]
    if len(set(marks)) == 2:
        return (last,)
    other = "," if last == "." else "."
    if len(marks) > 1:
        return (other,)
    whole, _, rest = number.partition(last)
    if len(rest) != 3 or not 1 <= len(whole) <= 3 or whole == "0" or re.search(r"['’\s]", number):
        return (last,)
    return ("mark",)


def refuse_cut(cell: str) -> None:
    """Raise Invalid for a number of which a spreadsheet has kept only the first digits, such as `4.9E+12`."""
    if _CUT.fullmatch(cell):
        raise Invalid(
            "{value} is a number of which a spreadsheet has kept only the first digits.",
            typed=cell,
            value=cell,
            hint="Let its column show whole numbers or text there, and export it again.",
        )


def read_number(cell: str, written: Notation) -> Decimal:
    """Return the number of a cell, whatever stands around it; in parentheses it is below zero.

    Raises Invalid where its marks are not those of its column.
    """
    refuse_cut(cell)
    text = unicodedata.normalize("NFKC", cell)
    digits = _DIGITS.findall(text)
    if len(digits) != 1:
        raise Invalid("{value} is not a number.", typed=cell, value=short(cell))
    number = re.sub(r"['’\s]", "", digits[0]).rstrip(".,")
    mark = written.decimal or "."
    other = "," if mark == "." else "."
    whole, _, fraction = number.partition(mark)
    if other in whole and not re.fullmatch(rf"\d{{1,3}}(?:\{other}\d{{2,3}})*\{other}\d{{3}}", whole):
        raise _other_way(cell)
    if not re.fullmatch(r"\d*", fraction):
        raise _other_way(cell)
    negative = re.search(r"[-−]\s*\D{0,4}\d", text) or re.search(r"\(.*\)|\d\s*-$", text)
    value = Decimal(f"{whole.replace(other, '') or 0}.{fraction or 0}")
    return -value if negative else value


def _other_way(cell: str) -> Invalid:
    return Invalid("{value} is not written as the rest of its column.", typed=cell, value=short(cell))


def read_day(cell: str, written: Notation) -> date:
    """Return the day of a cell, without the time that may follow; raise Invalid for what is none."""
    return _split(cell, written)[0]


def read_moment(cell: str, written: Notation, zone: str) -> datetime:
    """Return the moment of a cell, in UTC; where it has no time it is noon, where it has no zone it is in this one."""
    day, rest = _split(cell, written)
    if not rest:
        return datetime.combine(day, time(12), ZoneInfo(zone)).astimezone(UTC)
    found = _TIME.fullmatch(rest)
    if found is None:
        raise _no_day(cell)
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    if found[4]:
        hour = hour % 12 + (12 if found[4].lower() == "p" else 0)
    try:
        local = datetime.combine(day, time(hour, minute, second))
    except ValueError:
        raise _no_day(cell) from None
    if not found[5]:
        return local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    if found[5][0] not in "+-":
        return local.replace(tzinfo=UTC)
    apart = timedelta(hours=int(found[5][1:3]), minutes=int(found[5][-2:]))
    return (local - apart if found[5][0] == "+" else local + apart).replace(tzinfo=UTC)


def _split(cell: str, written: Notation) -> tuple[date, str]:
    text = unicodedata.normalize("NFKC", cell).strip()
    for pattern, order in ((_HAN, "ymd"), (_ISO, "ymd"), (_COMPACT, "ymd")):
        if found := pattern.match(text):
            year, month, day = (int(found["ymd".index(part) + 1]) for part in order)
            return _day(cell, year, month, day), _rest(cell, text[found.end() :])
    if found := _THREE.match(text):
        first, second = int(found[1]), int(found[3])
        day_first = written.day_first if written.day_first is not None else found[2] == "."
        day, month = (first, second) if day_first else (second, first)
        return _day(cell, _year(found[4]), month, day), _rest(cell, text[found.end() :])
    for pattern, number, name in ((_DAY_MONTH, 1, 2), (_MONTH_DAY, 2, 1)):
        found = pattern.match(text.casefold())
        if found is not None and found[name] in _months():
            day, month = int(found[number]), _months()[found[name]]
            return _day(cell, _year(found[3]), month, day), _rest(cell, text[found.end() :])
    raise _no_day(cell)


def _rest(cell: str, rest: str) -> str:
    if rest.strip() and _TIME.fullmatch(rest) is None:
        raise _no_day(cell)
    return rest if rest.strip() else ""


def _year(digits: str) -> int:
    year = int(digits)
    return year if len(digits) == 4 else year + (1900 if year >= _CENTURY_FROM else 2000)


def _day(cell: str, year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise _no_day(cell) from None


def _no_day(cell: str) -> Invalid:
    return Invalid("{value} is not a day as its column has them.", typed=cell, value=short(cell))


@cache
def _months() -> Mapping[str, int]:
    """Return the number of each month by its names, long and short, without a dot."""
    names: dict[str, int] = {}
    for language in LANGUAGES:
        for width in ("abbreviated", "wide"):
            for context in ("format", "stand-alone"):
                for number, name in get_month_names(width, context, language).items():
                    names.setdefault(name.casefold().rstrip("."), number)
    return names | {"sept": 9, "mrz": 3}
