"""Read a clock: from when it ran, when it was paused and the hours people work to what is used and when it is due.

Pure: what is shown, warned of and counted follows from the facts alone, so a clock may be set anew at any time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.support.sla.hours import Hours, after, seconds_between

WARN_AT = 0.8
"""The share of a target after which somebody is warned, though never less than `WARN_BEFORE` ahead of its end."""
WARN_BEFORE = timedelta(minutes=5)
ESCALATE_AFTER = 0.2
"""How much later, as a share of the target, a breach goes up the ladder, though not before `ESCALATE_LEAST`."""
ESCALATE_LEAST = timedelta(minutes=15)

Stretch = tuple[datetime, datetime | None]


@dataclass(frozen=True, slots=True)
class ClockReading:
    """Say where a clock stands; the times to tell somebody are empty while it does not run."""

    used_seconds: int
    running_since: datetime | None
    due_at: datetime | None
    breached_at: datetime | None
    warn_at: datetime | None
    escalate_at: datetime | None


def read(
    hours: Hours,
    *,
    started_at: datetime,
    pauses: Sequence[Stretch],
    met_at: datetime | None,
    target_minutes: int,
    now: datetime,
) -> ClockReading:
    """Return where a clock stands at `now`; `pauses` are in order and do not overlap, an endless one lasts still.

    The target is missed at the first moment by which so much business time was used, if it was not met by then.
    """
    ran = _stretches(started_at, pauses, met_at)
    running_since = ran[-1][0] if ran and ran[-1][1] is None else None
    used = sum(seconds_between(hours, begins, ends) for begins, ends in ran if ends is not None)
    target = target_minutes * 60
    missed_at = _moment(hours, ran, target)
    running = running_since is not None
    return ClockReading(
        used_seconds=used,
        running_since=running_since,
        due_at=missed_at if running else None,
        breached_at=missed_at if missed_at is not None and missed_at < (met_at or now) else None,
        warn_at=_moment(hours, ran, _warning(target)) if running and _warning(target) > 0 else None,
        escalate_at=_moment(hours, ran, target + _extra(target)) if running else None,
    )


def _warning(target: int) -> int:
    return min(int(target * WARN_AT), target - int(WARN_BEFORE.total_seconds()))


def _extra(target: int) -> int:
    return max(int(target * ESCALATE_AFTER), int(ESCALATE_LEAST.total_seconds()))


def _stretches(started_at: datetime, pauses: Sequence[Stretch], met_at: datetime | None) -> list[Stretch]:
    """Return the times in which the clock ran, the last without an end if it still does."""
    ran: list[Stretch] = []
    begins: datetime | None = started_at
    for pause_begins, pause_ends in pauses:
        if begins is None or (met_at is not None and pause_begins >= met_at):
            break
        if pause_begins > begins:
            ran.append((begins, pause_begins))
        begins = None if pause_ends is None else max(begins, pause_ends)
    if begins is not None and (met_at is None or met_at > begins):
        ran.append((begins, met_at))
    return ran


def _moment(hours: Hours, ran: Sequence[Stretch], seconds: int) -> datetime | None:
    left = seconds
    for begins, ends in ran:
        if ends is None:
            return after(hours, begins, left)
        if (worked := seconds_between(hours, begins, ends)) >= left:
            return after(hours, begins, left)
        left -= worked
    return None
