"""Show that business time adds up and leads back, in every zone, over changes of the clock and holidays."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import Invalid
from storage.support.sla.hours import Hours, after, check_span, from_stored, is_open, seconds_between, to_stored

ZONES = (
    "UTC",
    "Europe/Berlin",
    "Europe/London",
    "Europe/Dublin",
    "America/New_York",
    "America/Los_Angeles",
    "America/Sao_Paulo",
    "America/St_Johns",
    "America/Santiago",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Shanghai",
    "Asia/Tokyo",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Australia/Adelaide",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Pacific/Apia",
    "Pacific/Kiritimati",
)
NINE_TO_FIVE = (9 * 60, 17 * 60)
WORKDAYS = (*[NINE_TO_FIVE] * 5, None, None)
BERLIN = Hours("Europe/Berlin", WORKDAYS)
FIRST, LAST = datetime(2025, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)

moments = st.integers(0, int((LAST - FIRST).total_seconds())).map(lambda s: FIRST + timedelta(seconds=s))
spans = st.tuples(st.integers(0, 1440), st.integers(0, 1440)).map(sorted).filter(lambda s: s[1] - s[0] >= 30).map(tuple)
weeks = st.tuples(*[st.none() | spans] * 7)
days = st.integers(0, 729).map(lambda n: date(2025, 1, 1) + timedelta(days=n))
all_hours = st.builds(Hours, st.sampled_from(ZONES), weeks, st.frozensets(days, max_size=20))


def local(text: str, zone: str = "Europe/Berlin") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@given(all_hours, st.lists(moments, min_size=3, max_size=3).map(sorted))
def test_time_adds_up(hours: Hours, three: list[datetime]) -> None:
    first, second, third = three
    whole = seconds_between(hours, first, third)
    assert whole == seconds_between(hours, first, second) + seconds_between(hours, second, third)
    assert 0 <= whole <= (third - first).total_seconds()
    assert seconds_between(hours, third, first) == 0


@given(all_hours, moments, st.integers(0, 60 * 60 * 100))
def test_the_moment_after_so_many_seconds_leads_back(hours: Hours, begins: datetime, seconds: int) -> None:
    then = after(hours, begins, seconds)
    assert seconds_between(hours, begins, then) == seconds
    if seconds:
        # It is the first such moment, so the second before it was worked.
        assert seconds_between(hours, begins, then - timedelta(seconds=1)) == seconds - 1


@given(all_hours, moments, st.integers(0, 10**6), st.integers(0, 10**6))
def test_one_part_after_the_other_is_the_same_as_both(hours: Hours, begins: datetime, one: int, two: int) -> None:
    assert after(hours, after(hours, begins, one), two) == after(hours, begins, one + two)


@given(all_hours, moments)
def test_seconds_count_just_while_the_team_works(hours: Hours, at: datetime) -> None:
    place = at.astimezone(ZoneInfo(hours.zone))
    worked = seconds_between(hours, at, at + timedelta(seconds=1))
    assert worked == is_open(hours, at)
    on = hours.of(place.date())
    minute = place.hour * 60 + place.minute
    if on is None:
        assert worked == 0
    elif place.fold == 0 and place.replace(fold=1).utcoffset() == place.utcoffset():
        assert worked == (on[0] <= minute < on[1])


def test_a_working_day_and_a_weekend() -> None:
    assert seconds_between(BERLIN, local("2026-11-20 08:00"), local("2026-11-20 20:00")) == 8 * 3600
    assert seconds_between(BERLIN, local("2026-11-20 16:00"), local("2026-11-23 10:00")) == 2 * 3600
    assert after(BERLIN, local("2026-11-20 16:30"), 3600) == local("2026-11-23 09:30")
    assert after(BERLIN, local("2026-11-20 09:00"), 8 * 3600) == local("2026-11-20 17:00")
    assert (is_open(BERLIN, local("2026-11-20 16:59")), is_open(BERLIN, local("2026-11-20 17:00"))) == (True, False)


def test_a_holiday_is_off_also_where_no_hours_are_set() -> None:
    christmas = frozenset({date(2026, 12, 25)})
    assert after(Hours("Europe/Berlin", WORKDAYS, christmas), local("2026-12-24 16:00"), 7200) == local(
        "2026-12-28 10:00"
    )
    always = Hours("Europe/Berlin", holidays=christmas)
    assert seconds_between(always, local("2026-12-24 12:00"), local("2026-12-26 12:00")) == 24 * 3600
    assert Hours().always
    assert seconds_between(Hours(), local("2026-12-24 12:00"), local("2026-12-26 12:00")) == 48 * 3600


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_a_whole_day_is_as_long_as_the_clock_makes_it(day: str, hours: int) -> None:
    whole = Hours("Europe/Berlin", ((0, 1440),) * 7)
    assert seconds_between(whole, local(f"{day} 00:00"), local(f"{day} 00:00") + timedelta(days=1)) == hours * 3600


def test_an_hour_that_the_clock_skips_is_the_moment_of_the_change() -> None:
    night = Hours("Europe/Berlin", ((150, 300),) * 7)
    # From 02:30, which is 03:00 that day, until 05:00.
    assert seconds_between(night, local("2026-03-29 00:00"), local("2026-03-29 12:00")) == 2 * 3600
    # From the first 02:30 on the day that has two.
    assert seconds_between(night, local("2026-10-25 00:00"), local("2026-10-25 12:00")) == int(3.5 * 3600)


def test_a_day_that_a_zone_left_out_has_no_hours() -> None:
    samoa = Hours("Pacific/Apia", ((0, 1440),) * 7)
    before, behind = local("2011-12-29 12:00", "Pacific/Apia"), local("2011-12-31 12:00", "Pacific/Apia")
    assert seconds_between(samoa, before, behind) == 24 * 3600 == (behind - before.astimezone(UTC)).total_seconds()


@given(all_hours)
def test_what_is_stored_is_read_back(hours: Hours) -> None:
    assert from_stored(hours.zone, to_stored(hours), hours.holidays) == hours


@pytest.mark.parametrize(("begins", "ends"), [(540, 540), (1020, 540), (540, 1441), (-1, 600), (540, 560)])
def test_hours_that_cannot_be_are_refused(begins: int, ends: int) -> None:
    with pytest.raises(Invalid):
        check_span(begins, ends)
