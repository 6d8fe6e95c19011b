"""Show when people and channels may be disturbed, by their own clocks, and how wishes are set and taken back."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from storage.errors import Conflict, Invalid
from storage.notifications import preferences
from storage.notifications.preferences import Attention, Notice, next_allowed
from storage.records import history

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
EVENING = (time(18), time(9))
WEEKEND = [5, 6]


def wishes(hours: tuple[time, time] | None = None, off: list[int] | None = None) -> Attention:
    begins, ends = hours or (None, None)
    return Attention(target="U1", quiet_from=begins, quiet_until=ends, days_off=off or [], muted=[])


def local(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("hours", "off", "at", "until"),
    [
        (None, [], "2026-06-01 03:00", "2026-06-01 03:00"),
        (EVENING, [], "2026-06-01 17:59", "2026-06-01 17:59"),
        (EVENING, [], "2026-06-01 18:00", "2026-06-02 09:00"),
        (EVENING, [], "2026-06-02 08:59", "2026-06-02 09:00"),
        (EVENING, [], "2026-06-02 09:00", "2026-06-02 09:00"),
        ((time(12), time(13)), [], "2026-06-02 12:30", "2026-06-02 13:00"),
        ((time(0), time(7)), [], "2026-06-02 00:00", "2026-06-02 07:00"),
        ((time(20), time(0)), [], "2026-06-02 23:00", "2026-06-03 00:00"),
        (None, WEEKEND, "2026-06-06 12:00", "2026-06-08 00:00"),
        (EVENING, WEEKEND, "2026-06-05 18:00", "2026-06-08 09:00"),
        (EVENING, WEEKEND, "2026-06-07 12:00", "2026-06-08 09:00"),
        # A Friday evening ends on a day off.
        ((time(22), time(2)), WEEKEND, "2026-06-05 23:00", "2026-06-08 02:00"),
        # 02:30 is skipped on 29 March, and is there twice on 25 October.
        ((time(22), time(2, 30)), [], "2026-03-28 23:00", "2026-03-29 03:00"),
        ((time(22), time(2, 30)), [], "2026-10-24 23:00", "2026-10-25 02:30"),
    ],
)
def test_what_comes_too_early_waits_until_then(
    hours: tuple[time, time] | None, off: list[int], at: str, until: str
) -> None:
    assert next_allowed(wishes(hours, off), BERLIN, local(at)) == local(until).astimezone(UTC)


def test_an_hour_that_comes_twice_is_quiet_twice() -> None:
    again = datetime(2026, 10, 25, 2, 10, tzinfo=BERLIN, fold=1)
    assert next_allowed(wishes((time(22), time(2, 30))), BERLIN, again) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_who_wishes_nothing_is_told_at_once() -> None:
    at = local("2026-06-01 03:00", NEW_YORK)
    assert next_allowed(None, NEW_YORK, at) == at


def test_a_date_that_a_zone_left_out_is_over_at_once() -> None:
    apia = ZoneInfo("Pacific/Apia")  # there was no 30 December 2011, a Friday
    assert next_allowed(wishes(off=[3]), apia, local("2011-12-29 12:00", apia)) == local("2011-12-31 00:00", apia)


ZONES = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))
MINUTES = st.integers(0, 24 * 60 - 1).map(lambda minute: time(minute // 60, minute % 60))
HOURS = st.none() | st.tuples(MINUTES, MINUTES).filter(lambda pair: pair[0] != pair[1])
OFF = st.sets(st.integers(0, 6), max_size=6).map(sorted)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))


@given(HOURS, OFF, st.sampled_from(ZONES), MOMENTS)
def test_it_is_the_first_moment_that_is_allowed(
    hours: tuple[time, time] | None, off: list[int], name: str, at: datetime
) -> None:
    zone, wish = ZoneInfo(name), wishes(hours, off)
    until = next_allowed(wish, zone, at)
    assert at <= until <= at + timedelta(days=16)
    assert next_allowed(wish, zone, until) == until
    shown = until.astimezone(zone)
    assert shown.weekday() not in off
    if hours is not None:
        assert not _is_quiet(hours, shown.time())
    # A clock that is set back shows times again that were not quiet.
    if at < until and _offset(zone, at) <= _offset(zone, until):
        assert next_allowed(wish, zone, at + (until - at) / 2) == until


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()


def _is_quiet(hours: tuple[time, time], at: time) -> bool:
    begins, ends = hours
    return begins <= at < ends if begins < ends else at >= begins or at < ends


def test_wishes_are_kept_and_taken_back(session: Session) -> None:
    assert preferences.get(session, "UREP") is None
    with history.recording(session, actor_id="UREP", source="slash"):
        preferences.set_quiet(session, "UREP", EVENING, WEEKEND)
    with history.recording(session, actor_id="UREP", source="slash"):
        preferences.mute(session, "UREP", Notice.NEWS)
    found = preferences.get(session, "UREP")
    assert found is not None
    assert (found.quiet_from, found.quiet_until, found.days_off, found.muted) == (*EVENING, WEEKEND, ["news"])
    for _ in range(2):
        with history.recording(session, actor_id="UREP", source="slash"):
            history.undo(session, "UREP")
    found = preferences.get(session, "UREP")
    assert found is not None
    assert (found.quiet_from, found.days_off, found.muted) == (None, [], [])


def test_kinds_are_muted_one_by_one_and_let_through_again(session: Session) -> None:
    preferences.mute(session, "UREP", Notice.WARNINGS)
    with pytest.raises(Conflict, match="Warnings are already muted"):
        preferences.mute(session, "UREP", Notice.WARNINGS)
    preferences.mute(session, "UREP", Notice.NEWS)
    assert preferences.unmute(session, "UREP", Notice.NEWS).muted == ["warnings"]
    with pytest.raises(Conflict, match="None of these"):
        preferences.unmute(session, "UREP", Notice.NEWS)
    assert preferences.unmute(session, "UREP").muted == []
    with pytest.raises(Conflict, match="None of these"):
        preferences.unmute(session, "UREP")


def test_a_budget_is_set_and_lifted(session: Session) -> None:
    assert preferences.set_budget(session, "C1", 20).daily_budget == 20
    assert preferences.set_budget(session, "C1", None).daily_budget is None
    for wrong in (-1, 100_000):
        with pytest.raises(Invalid, match="between 0 and 1000"):
            preferences.set_budget(session, "C1", wrong)


def test_some_time_is_left(session: Session) -> None:
    with pytest.raises(Invalid, match="nothing would ever arrive"):
        preferences.set_quiet(session, "UREP", None, range(7))
    with pytest.raises(Invalid, match="different times"):
        preferences.set_quiet(session, "UREP", (time(9), time(9)))
    with pytest.raises(ValueError, match="0 to 6"):
        preferences.set_quiet(session, "UREP", None, [7])


def test_a_clock_that_skips_all_that_is_left_of_a_day_leaves_the_next() -> None:
    only = wishes((time(3), time(2)))  # from two to three alone
    at = local("2026-03-29 12:00") - timedelta(hours=11)
    assert next_allowed(only, BERLIN, at) == datetime.combine(date(2026, 3, 30), time(2), BERLIN)
