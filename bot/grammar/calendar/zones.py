"""Place local times in a time zone, whatever daylight saving does to them."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo


def zone_of(zone: str | tzinfo) -> tzinfo:
    """Return a time zone by its IANA name; raises ZoneInfoNotFoundError where there is none."""
    return ZoneInfo(zone) if isinstance(zone, str) else zone


def place(day: date, minutes: int, zone: tzinfo) -> datetime:
    """Return the moment, in UTC, so many minutes by the clock after a day begins.

    A time that the clock skips becomes the next it shows, one that it shows twice the first of the two.
    """
    local = datetime.combine(day, time()) + timedelta(minutes=minutes)
    while True:
        moment = local.replace(tzinfo=zone).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None) == local:
            return moment
        local += timedelta(minutes=1)
