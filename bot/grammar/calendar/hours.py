"""Read the days of a week and the hours of a day, as people write when they work or want to be left alone."""

import re

from storage.names import name_key
from storage.support.sla.hours import DAY_MINUTES

_DASH = r"[-\u2013\u2014~到至]"
_HOUR = r"(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm)?"
HOURS = rf"{_HOUR}\s*{_DASH}\s*{_HOUR}"
"""What `parse_hours` reads, as a pattern of six groups."""

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_CHINESE = {name: number for number, name in enumerate("一二三四五六日")} | {"天": 6}
_WEEKEND = frozenset({"weekend", "weekends", "周末"})


def parse_weekdays(text: str) -> list[int] | None:
    """Return the days of `sat,sun`, `fri-sun` or `周一到周五`, 0 for Monday, in order; None for anything else."""
    days: set[int] = set()
    joined = re.sub(rf"\s*{_DASH}\s*", "-", name_key(text))
    for word in re.split(r"[\s,，、;；&+/]+|\band\b|和", joined):
        if word in _WEEKEND:
            days |= {5, 6}
        elif word:
            ends = [_day(end) for end in word.split("-")]
            first, last = ends[0], ends[-1]
            if first is None or last is None or len(ends) > 2:
                return None
            days |= {(first + step) % 7 for step in range((last - first) % 7 + 1)}
    return sorted(days) or None


def parse_hours(text: str) -> tuple[int, int] | None:
    """Return from and until which minute of the day `18:00-09:00` or `6pm-9am` says, 0 to 1440; None for others."""
    match = re.fullmatch(HOURS, name_key(text))
    if match is None:
        return None
    parts = match.groups()
    begins, ends = _minute(*parts[:3]), _minute(*parts[3:])
    return None if begins is None or ends is None else (begins, ends)


def _day(word: str) -> int | None:
    chinese = re.fullmatch(r"(?:周|星期|礼拜)?([一二三四五六日天])", word)
    if chinese:
        return _CHINESE[chinese[1]]
    name = word.rstrip(".")
    if name not in _DAYS:
        name = name.removesuffix("s")
    found = [number for number, day in enumerate(_DAYS) if len(name) >= 2 and day.startswith(name)]
    return found[0] if len(found) == 1 else None


def _minute(hour: str, minute: str | None, half: str | None) -> int | None:
    hours, minutes = int(hour), int(minute or 0)
    if half is not None:
        if not 1 <= hours <= 12:
            return None
        hours = hours % 12 + (12 if half == "pm" else 0)
    total = 60 * hours + minutes
    return total if minutes < 60 and total <= DAY_MINUTES else None
