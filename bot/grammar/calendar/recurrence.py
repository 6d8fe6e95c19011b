"""Say when something that recurs comes next, on the calendar of the person's own zone.

The days come from dateutil's rrule, without any zone; each is then placed in the zone (`storage.local_times`), and a
date that the zone leaves out altogether (Samoa, 30 December 2011) has no occurrence.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil.rrule import rrule, rrulestr

from storage.local_times import placed

HOURLY = "FREQ=HOURLY;"
"""Begins what recurs each hour, at the minute of the local time that follows: work of ours alone, nobody types it."""
FREQUENCIES = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
HORIZON = timedelta(days=3653)
"""A rule that has no day in ten years has none."""

_ANCHOR = datetime(2024, 1, 1)  # a Monday; rules that count every second week count from it
_TIME_PARTS = ("BYHOUR", "BYMINUTE", "BYSECOND")


def next_time(recurrence: str, zone: str, after: datetime) -> datetime | None:
    """Return the first occurrence after a moment, in UTC; None if there is none within ten years.

    `recurrence` is an RRULE (RFC 5545) that recurs by days or longer, with its local time as BYHOUR and BYMINUTE, or as
    a last part of its own (`FREQ=WEEKLY;BYDAY=MO;09:00`), and perhaps the day it counts from (`DTSTART=20261122`).
    Raises ValueError if it or the zone cannot be read.
    """
    if recurrence.startswith(HOURLY):
        at_minute = after.replace(
            minute=time.fromisoformat(recurrence.removeprefix(HOURLY)).minute, second=0, microsecond=0
        )
        return (at_minute if at_minute > after else at_minute + timedelta(hours=1)).astimezone(UTC)
    rule, at, begins = _read(recurrence)
    try:
        place = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise ValueError(f"there is no time zone {zone!r}") from exc
    # A day earlier, as midnight of `after` may lie on either side of a clock change.
    start = datetime.combine(after.astimezone(place).date() - timedelta(days=1), time())
    for day in _anchored(rule, start, begins).xafter(start, inc=True):
        if day > start + HORIZON:
            return None
        moment = placed(day.date(), at, place)
        if moment is not None and moment > after:
            return moment
    return None


@lru_cache(maxsize=512)
def _read(recurrence: str) -> tuple[str, time, datetime | None]:
    """Split an RRULE into its days, its local time, and the day it counts from if it says so."""
    given: dict[str, str] = {}
    at: time | None = None
    for part in recurrence.strip().removeprefix("RRULE:").split(";"):
        name, equals, value = part.partition("=")
        if equals:
            given[name.strip().upper()] = value.strip().upper()
        else:
            at = time.fromisoformat(part.strip())
    if given.get("FREQ") not in FREQUENCIES:
        raise ValueError(f"{recurrence!r} does not recur by days, weeks, months or years")
    if "COUNT" in given:
        raise ValueError(f"{recurrence!r} counts its times, and nobody remembers how many there were")
    hour, minute, second = (int(given.pop(name, "0")) for name in _TIME_PARTS)
    begins = given.pop("DTSTART", None)
    days = ";".join(f"{name}={value}" for name, value in given.items())
    rrulestr(days, dtstart=_ANCHOR)
    return days, at or time(hour, minute, second), datetime.strptime(begins, "%Y%m%d") if begins else None


def _anchored(days: str, start: datetime, begins: datetime | None) -> rrule:
    """Make the rule; one that says itself on which days it falls need not count from long ago."""
    parts = dict(part.split("=", 1) for part in days.split(";"))
    free = parts.get("INTERVAL", "1") == "1" and (parts["FREQ"] == "DAILY" or "BYDAY" in parts or "BYMONTHDAY" in parts)
    anchor = begins or (start if free and parts["FREQ"] != "YEARLY" else min(_ANCHOR, start))
    rule = rrulestr(days, dtstart=anchor)
    assert isinstance(rule, rrule)
    return rule if "UNTIL" in parts else rule.replace(until=start + HORIZON + timedelta(days=1))
