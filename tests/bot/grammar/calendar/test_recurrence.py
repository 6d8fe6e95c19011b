"""Show that what recurs comes once on each of its local dates, through clock changes, leap days and left-out dates."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.grammar.calendar.recurrence import next_time
from storage.digests.schedules import Digest, first_time
from storage.local_times import placed

ZONES = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "SystemV/")))[
    ::10
]
BERLIN = "Europe/Berlin"


def moments(recurrence: str, zone: str, after: datetime, until: datetime) -> list[datetime]:
    found: list[datetime] = []
    while (moment := next_time(recurrence, zone, after)) is not None and moment < until:
        found.append(moment)
        after = moment
    return found


def local(moment: datetime | None, zone: str = BERLIN) -> str:
    assert moment is not None
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")


def at(text: str, zone: str = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def test_a_daily_time_comes_once_on_each_local_date_of_two_years_in_each_zone(long_form: bool) -> None:
    @settings(max_examples=20 if long_form else 1, deadline=None)
    @given(draw=st.randoms(use_true_random=False))
    def check(draw: random.Random) -> None:
        for zone in ZONES:
            start = date(2009, 1, 1) + timedelta(days=draw.randrange(26 * 365))
            once_on_each_date(
                zone, time(draw.choice([0, 1, 2, 3, draw.randrange(24)]), draw.choice([0, 15, 30, 59])), start
            )

    assert len(ZONES) >= 50
    check()


def once_on_each_date(zone: str, at: time, start: date) -> None:
    after = datetime.combine(start, time(), UTC)
    found = moments(f"FREQ=DAILY;{at:%H:%M}", zone, after, after + timedelta(days=731))
    days = [moment.astimezone(ZoneInfo(zone)).date() for moment in found]
    assert len(days) == len(set(days))
    missing = {days[0] + timedelta(days=n) for n in range((days[-1] - days[0]).days + 1)} - set(days)
    assert all(placed(day, time(12), ZoneInfo(zone)) is None for day in missing)
    for moment in found:
        shown = moment.astimezone(ZoneInfo(zone))
        assert shown.replace(tzinfo=None) >= datetime.combine(shown.date(), at)
        assert shown.fold == 0


@settings(max_examples=60, deadline=None)
@given(
    zones=st.lists(st.sampled_from(ZONES), min_size=2, max_size=4),
    hour=st.integers(0, 23),
    start=st.datetimes(datetime(2024, 1, 1), datetime(2026, 1, 1), timezones=st.just(UTC)),
)
def test_who_moves_to_another_zone_misses_no_date_and_has_none_twice(
    zones: list[str], hour: int, start: datetime
) -> None:
    after = start
    for zone in zones:
        days = []
        for _day in range(5):
            moment = next_time(f"FREQ=DAILY;{hour:02}:00", zone, after)
            assert moment is not None
            # A day, an hour of a clock change, and the hour that a gap moves it by.
            assert after < moment <= after + timedelta(hours=26)
            days.append(moment.astimezone(ZoneInfo(zone)).date())
            after = moment
        assert len(set(days)) == len(days)


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    after=st.datetimes(datetime(2009, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),
    day=st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"]),
)
def test_the_next_time_is_later_and_nothing_lies_between(zone: str, after: datetime, day: str) -> None:
    rule = f"FREQ=WEEKLY;BYDAY={day};BYHOUR=9;BYMINUTE=30;BYSECOND=0"
    moment = next_time(rule, zone, after)
    assert moment is not None
    assert after < moment <= after + timedelta(days=15)
    assert next_time(rule, zone, moment - timedelta(microseconds=1)) == moment
    assert moment.astimezone(ZoneInfo(zone)).strftime("%a").upper().startswith(day)


def test_a_time_that_a_clock_change_leaves_out_moves_to_the_next_that_exists() -> None:
    found = moments("FREQ=DAILY;02:30", BERLIN, at("2026-03-27 12:00"), at("2026-03-31"))
    assert [local(moment) for moment in found] == ["2026-03-28 02:30", "2026-03-29 03:00", "2026-03-30 02:30"]


def test_a_time_that_comes_twice_is_the_first() -> None:
    found = moments("FREQ=DAILY;02:30", BERLIN, at("2026-10-24 12:00"), at("2026-10-26"))
    assert found == [datetime(2026, 10, 25, 0, 30, tzinfo=UTC)]
    second = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert local(next_time("FREQ=DAILY;02:30", BERLIN, second)) == "2026-10-26 02:30"


def test_half_an_hours_change_is_a_change_too() -> None:
    found = moments("FREQ=DAILY;02:15", "Australia/Lord_Howe", at("2026-10-03 12:00"), at("2026-10-05"))
    assert local(found[0], "Australia/Lord_Howe") == "2026-10-04 02:30"


def test_midnight_that_does_not_exist_is_an_hour_later_on_the_same_date() -> None:
    found = next_time("FREQ=DAILY;00:00", "America/Santiago", at("2026-09-05 12:00", "America/Santiago"))
    assert local(found, "America/Santiago") == "2026-09-06 01:00"


def test_a_date_that_the_zone_leaves_out_has_no_occurrence() -> None:
    found = moments(
        "FREQ=DAILY;09:00", "Pacific/Apia", at("2011-12-28 12:00", "Pacific/Apia"), at("2012-01-01", "Pacific/Apia")
    )
    assert [local(moment, "Pacific/Apia") for moment in found] == ["2011-12-29 09:00", "2011-12-31 09:00"]


@pytest.mark.parametrize(
    ("rule", "after", "wanted"),
    [
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;09:00", "2026-01-01", "2028-02-29 09:00"),
        ("FREQ=MONTHLY;BYMONTHDAY=31;09:00", "2026-03-31 09:00", "2026-05-31 09:00"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1;17:00", "2028-02-01", "2028-02-29 17:00"),
        ("FREQ=MONTHLY;BYDAY=1MO;17:00", "2026-01-06", "2026-02-02 17:00"),
        ("FREQ=WEEKLY;BYDAY=MO,TH;17:00", "2026-01-06", "2026-01-08 17:00"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;09:00", "2026-01-06", "2026-01-12 09:00"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;09:00", "2026-01-13", "2026-01-26 09:00"),
        (
            "RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=8;BYMINUTE=15;BYSECOND=0",
            "2026-01-09 08:15",
            "2026-01-12 08:15",
        ),
        ("FREQ=DAILY", "2020-02-28 12:00", "2020-02-29 00:00"),
    ],
)
def test_rules_mean_what_they_say(rule: str, after: str, wanted: str) -> None:
    assert local(next_time(rule, BERLIN, at(after))) == wanted


@pytest.mark.parametrize("rule", ["FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;UNTIL=20250101"])
def test_what_never_comes_again_is_none(rule: str) -> None:
    assert next_time(rule, BERLIN, at("2026-01-01")) is None


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "daily",
        "FREQ=HOURLY",
        "FREQ=DAILY;25:00",
        "FREQ=DAILY;COUNT=3",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=DAILY;BYHOUR=x",
    ],
)
def test_what_cannot_be_read_is_refused(rule: str) -> None:
    with pytest.raises(ValueError):
        next_time(rule, BERLIN, at("2026-01-01"))


@pytest.mark.parametrize("zone", ["", "Europe/Atlantis", "../etc/passwd", "Europe"])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(ValueError, match="zone"):
        next_time("FREQ=DAILY", zone, at("2026-01-01"))


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Havana", "Pacific/Apia", "Australia/Lord_Howe"])
@pytest.mark.parametrize("clock", [time(0, 0), time(0, 30), time(1, 45), time(2, 30), time(9, 0)])
@pytest.mark.parametrize(("frequency", "weekday"), [("daily", None), ("weekly", 6)])
def test_a_digest_comes_first_when_its_recurrence_says(
    zone: str, clock: time, frequency: str, weekday: int | None
) -> None:
    digest = Digest(at_time=clock, zone=zone, frequency=frequency, weekday=weekday)
    hours = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(hours=n) for year in (2011, 2026) for n in range(0, 8760, 31)]
    for after in hours:
        assert first_time(digest, after) == next_time(digest.recurrence, zone, after)


def test_what_recurs_each_hour_comes_at_its_minute_of_every_hour() -> None:
    at = datetime(2026, 3, 29, 0, 59, 30, tzinfo=UTC)
    found = [next_time("FREQ=HOURLY;00:10", "Europe/Berlin", at)]
    for _ in range(2):
        assert found[-1] is not None
        found.append(next_time("FREQ=HOURLY;00:10", "Europe/Berlin", found[-1]))
    assert found == [datetime(2026, 3, 29, hour, 10, tzinfo=UTC) for hour in (1, 2, 3)]
    assert next_time("FREQ=HOURLY;00:00", "UTC", datetime(2026, 1, 1, tzinfo=UTC)) == datetime(
        2026, 1, 1, 1, tzinfo=UTC
    )
