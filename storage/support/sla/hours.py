"""Measure time as a team works: business seconds between two moments, and the moment some of them later.

Pure functions over the hours of a week, the holidays and a time zone. A day's hours are times on the wall there: one
that a change of the clock skips is the moment of the change, one that it shows twice is the first of the two.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from storage.errors import Invalid

DAY_MINUTES = 24 * 60
LEAST_MINUTES = 30
"""The shortest day, so that a promise of many hours is not counted over centuries."""

_ONE_DAY = timedelta(days=1)
_ONE_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Hours:
    """Hold when a team works: for each weekday, Monday first, from and until which minute of the day, None if off.

    A week without any hours means always. `zone` is an IANA name; on holidays nobody works.
    """

    zone: str = "UTC"
    week: tuple[tuple[int, int] | None, ...] = (None,) * 7
    holidays: frozenset[date] = frozenset()

    @property
    def always(self) -> bool:
        """Tell whether no hours were set, so that only holidays are off."""
        return not any(self.week)

    def of(self, day: date) -> tuple[int, int] | None:
        """Return from and until which minute of a day the team works, None if it is off."""
        if day in self.holidays:
            return None
        return (0, DAY_MINUTES) if self.always else self.week[day.weekday()]


def from_stored(zone: str, hours: Mapping[str, Any], holidays: frozenset[date] = frozenset()) -> Hours:
    """Return the hours that a row of `business_hours` holds: weekdays ("0" for Monday) to ["09:00", "17:00"]."""
    week = tuple(_span(hours[str(day)]) if str(day) in hours else None for day in range(7))
    return Hours(zone, week, holidays)


def to_stored(hours: Hours) -> dict[str, list[str]]:
    """Return the hours of a week as a row of `business_hours` holds them."""
    return {str(day): [_clock(minute) for minute in span] for day, span in enumerate(hours.week) if span}


def check_span(begins: int, ends: int) -> tuple[int, int]:
    """Return the hours of a day in minutes after midnight; raise Invalid if they end before they begin or too soon."""
    if not 0 <= begins < ends <= DAY_MINUTES:
        raise Invalid(
            "Hours must begin before they end, on the same day.",
            field="hours",
            hint="Write for example 09:00-17:00, or 00:00-24:00 for the whole day.",
        )
    if ends - begins < LEAST_MINUTES:
        raise Invalid("The hours of a day are at least {minutes} minutes.", field="hours", minutes=LEAST_MINUTES)
    return begins, ends


def seconds_between(hours: Hours, begins: datetime, ends: datetime) -> int:
    """Return the whole business seconds from one aware moment to a later one, rounded down; 0 if it is not later."""
    total = timedelta()
    for opens, closes in _spans(hours, begins):
        if opens >= ends:
            break
        total += min(closes, ends) - opens
    return total // timedelta(seconds=1)


def after(hours: Hours, begins: datetime, seconds: int) -> datetime:
    """Return the first moment by which so many business seconds have passed since an aware moment, in UTC."""
    left = timedelta(seconds=seconds)
    if left <= timedelta():
        return begins.astimezone(UTC)
    for opens, closes in _spans(hours, begins):
        if closes - opens >= left:
            return opens + left
        left -= closes - opens
    raise AssertionError("business time never ends")


def is_open(hours: Hours, at: datetime) -> bool:
    """Tell whether the team works at an aware moment."""
    return next(_spans(hours, at))[0] <= at


def _spans(hours: Hours, since: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield the times of work after a moment, in UTC, the first of them from that moment if it lies within."""
    begins = since.astimezone(UTC)
    # A zone may be a day ahead, and one that left out a day reaches further back.
    day = begins.astimezone(ZoneInfo(hours.zone)).date() - _ONE_DAY
    while True:
        if span := hours.of(day):
            opens, closes = _moment(hours.zone, day, span[0]), _moment(hours.zone, day, span[1])
            if closes > begins and closes > opens:
                yield max(opens, begins), closes
        day += _ONE_DAY


@lru_cache(maxsize=8192)
def _moment(zone: str, day: date, minute: int) -> datetime:
    place = ZoneInfo(zone)
    local = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)
    while True:
        moment = local.replace(tzinfo=place).astimezone(UTC)
        if moment.astimezone(place).replace(tzinfo=None) == local:
            return moment
        local += _ONE_MINUTE


def _span(stored: Any) -> tuple[int, int]:
    begins, ends = (int(text[:2]) * 60 + int(text[3:]) for text in stored)
    return begins, ends


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
