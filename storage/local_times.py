"""Place a local time on a clock that is put forward and back, in one way for what is planned and what recurs.

A local time that a clock change leaves out moves to the first that exists after it, one that comes twice is the first
of the two.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def placed(day: date, at: time, zone: ZoneInfo) -> datetime | None:
    """Return the moment of a local time, in UTC; None on a date that the zone leaves out."""
    wanted = datetime.combine(day, at)
    moment = wanted.replace(tzinfo=zone).astimezone(UTC)
    if _local(moment, zone) == wanted:
        return moment
    first = _end_of_gap(wanted, zone)
    midnight = datetime.combine(day, time())
    left_out = _local(first, zone).date() != day and _local(_end_of_gap(midnight, zone), zone).date() != day
    return None if left_out else first


def _end_of_gap(wanted: datetime, zone: ZoneInfo) -> datetime:
    """Return the first moment whose local time is not before the wanted one."""
    # Read with the offset from before the change a local time in the gap is late, with that from after it early.
    late = wanted.replace(tzinfo=zone, fold=0).astimezone(UTC)
    early = wanted.replace(tzinfo=zone, fold=1).astimezone(UTC)
    while late - early > timedelta(seconds=1):
        middle = (early + (late - early) / 2).replace(microsecond=0)
        if _local(middle, zone) < wanted:
            early = middle
        else:
            late = middle
    return late


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)
