"""Moments as people write them in English, German and Chinese, by the writer's clock."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.grammar import Usage, parse_moment
from bot.grammar.calendar.zones import place
from storage.errors import Invalid
from tests.support.writing import BERLIN, NOW, parse


def moment(text: str, *, now: datetime = NOW, zone: str = "Europe/Berlin") -> str:
    found = parse_moment(text, zone=zone, now=now)
    assert found.tzinfo is UTC
    return f"{found.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def hint(error: Invalid) -> str:
    return (error.hint or "").format(**error.params)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("friday", "2026-11-27 09:00"),
        ("friday 9am", "2026-11-27 09:00"),
        ("friday at noon", "2026-11-27 12:00"),
        ("friday midnight", "2026-11-28 00:00"),
        ("next tue 3pm", "2026-12-01 15:00"),
        ("3pm friday", "2026-11-27 15:00"),
        ("9am on friday", "2026-11-27 09:00"),
        ("friday @ 3:30 p.m.", "2026-11-27 15:30"),
        ("friday, 15:30", "2026-11-27 15:30"),
        ("friday 12am", "2026-11-27 00:00"),
        ("friday at 3", "2026-11-27 15:00"),
        ("friday at 10", "2026-11-27 10:00"),
        ("friday 3 o'clock", "2026-11-27 15:00"),
        ("friday 03:00", "2026-11-27 03:00"),
        ("9am", "2026-11-26 09:00"),
        ("15:00", "2026-11-25 15:00"),
        ("eod", "2026-11-25 17:00"),
        ("tonight", "2026-11-25 18:00"),
        ("this afternoon", "2026-11-25 14:00"),
        ("tomorrow morning", "2026-11-26 09:00"),
        ("tomorrow first thing", "2026-11-26 09:00"),
        ("in 2 hours", "2026-11-25 13:00"),
        ("in an hour", "2026-11-25 12:00"),
        ("in half an hour", "2026-11-25 11:30"),
        ("90 min", "2026-11-25 12:30"),
        ("1.5h", "2026-11-25 12:30"),
        ("2 hours from now", "2026-11-25 13:00"),
        ("in 3 days", "2026-11-28 09:00"),
        ("in 3 days at 4pm", "2026-11-28 16:00"),
        ("24 Dec 10:30", "2026-12-24 10:30"),
        ("dec 24, 9.30am", "2026-12-24 09:30"),
        ("2026-12-24T10:30", "2026-12-24 10:30"),
        ("2026-12-24T10:30:00Z", "2026-12-24 11:30"),
        ("2026-12-24 10:30+02:00", "2026-12-24 09:30"),
        ("tomorrow at 3:30", "2026-11-26 15:30"),
        ("tomorrow 03:30", "2026-11-26 03:30"),
        ("tomorrow 9:30", "2026-11-26 09:30"),
        ("tonight 8pm", "2026-11-25 20:00"),
        ("tonight at 8", "2026-11-25 20:00"),
        ("3 in the afternoon tomorrow", "2026-11-26 15:00"),
        ("half past 3", "2026-11-25 15:30"),
        ("tomorrow quarter to 5", "2026-11-26 16:45"),
        ("friday 10", "2026-11-27 10:00"),
        ("15h", "2026-11-25 15:00"),
        ("2h", "2026-11-25 13:00"),
        ("36h", "2026-11-26 23:00"),
        ("in 15h", "2026-11-26 02:00"),
        ("at 8h", "2026-11-26 08:00"),
        ("tomorrow 8h", "2026-11-26 08:00"),
        ("1h 30m", "2026-11-25 12:30"),
        ("december", "2026-12-01 09:00"),
        ("november", "2027-11-01 09:00"),
        ("q1", "2027-01-01 09:00"),
        ("morgen um 15 Uhr", "2026-11-26 15:00"),
        ("morgen um 3 Uhr", "2026-11-26 15:00"),
        ("Montag Morgen", "2026-11-30 09:00"),
        ("heute Abend um 8", "2026-11-25 20:00"),
        ("Freitag halb vier", "2026-11-27 15:30"),
        ("Freitag 9 Uhr 30", "2026-11-27 09:30"),
        ("in anderthalb Stunden", "2026-11-25 12:30"),
        ("in einer halben Stunde", "2026-11-25 11:30"),
        ("明天", "2026-11-26 09:00"),
        ("明天下午3点", "2026-11-26 15:00"),
        ("明天 下午 3 点半", "2026-11-26 15:30"),
        ("明天3点", "2026-11-26 15:00"),
        ("下周五上午9点", "2026-12-04 09:00"),
        ("下周五 9am", "2026-12-04 09:00"),
        ("今晚8点", "2026-11-25 20:00"),
        ("明早", "2026-11-26 09:00"),
        ("后天十点一刻", "2026-11-27 10:15"),
        ("后天十点二十五分", "2026-11-27 10:25"),
        ("周五15：30", "2026-11-27 15:30"),
        ("12月24日9点", "2026-12-24 09:00"),
        ("明天中午1点", "2026-11-26 13:00"),
        ("明天中午", "2026-11-26 12:00"),
        ("晚上十二点", "2026-11-26 00:00"),
        ("凌晨2点", "2026-11-26 02:00"),
        ("凌晨12点10分", "2026-11-26 00:10"),
        ("两小时后", "2026-11-25 13:00"),
        ("半小时后", "2026-11-25 11:30"),
        ("一个半小时后", "2026-11-25 12:30"),
        ("20分钟后", "2026-11-25 11:20"),
    ],
)
def test_moments(text: str, meant: str) -> None:
    assert moment(text) == meant


@pytest.mark.parametrize(
    ("text", "texts"),
    [("8h", 'Write when:8:00 or when:"in 8 hours".'), ("24h", 'Write when:0:00 or when:"in 24 hours".')],
)
def test_hours_that_may_be_a_time_are_asked_about(text: str, texts: str) -> None:
    with pytest.raises(Invalid, match="can be read in more than one way") as caught:
        moment(text)
    assert hint(caught.value) == texts


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("today", "2026-11-26 09:00"),
        ("today 9am", "2026-11-26 09:00"),
        ("yesterday 15:00", "2026-11-25 15:00"),
        ("昨天", "2026-11-26 09:00"),
        ("past friday", "2026-11-26 09:00"),
        ("2020-12-24 10:00", "2026-12-24 10:00"),
        ("2020-03-01", "2027-03-01 09:00"),
        ("2020-02-29", "2028-02-29 09:00"),
        ("2019-11-25T08:00:00Z", "2026-11-26 09:00"),
    ],
)
def test_a_moment_that_has_passed_is_refused_with_the_nearest_to_come(text: str, near: str) -> None:
    with pytest.raises(Invalid, match="has passed") as caught:
        parse_moment(text, zone="Europe/Berlin", now=NOW)
    assert caught.value.field == "when"
    assert hint(caught.value) == f'Did you mean "{near}"?'
    assert moment(near) == near


@pytest.mark.parametrize(
    "text",
    [
        "",
        "someday",
        "next",
        "friday 25:00",
        "friday 13pm",
        "friday 0am",
        "friday 10:75",
        "friday 9am foo",
        "9am 10am",
        "in 0.5 days",
        "friday at 30",
        "下周五25点",
        "明天下午15点75分",
        "晚上二十五点",
        "2026-12-24T99:00Z",
        "in 9999999 hours",
        "3:30+99:99",
    ],
)
def test_anything_else_is_no_moment(text: str) -> None:
    with pytest.raises(Invalid, match="is not a time I understand") as caught:
        parse_moment(text, zone="UTC", now=NOW)
    assert "friday" in hint(caught.value)


def test_a_time_the_clocks_skip_moves_to_the_next_that_exists() -> None:
    assert moment("2027-03-28 02:30") == "2027-03-28 03:00"
    assert moment("2027-03-28 03:00") == "2027-03-28 03:00"
    # Samoa went without the thirtieth of December 2011.
    assert place(date(2011, 12, 30), 9 * 60, ZoneInfo("Pacific/Apia")).isoformat() == "2011-12-30T10:00:00+00:00"


def test_a_time_that_comes_twice_is_the_first() -> None:
    assert parse_moment("2027-10-31 02:30", zone=BERLIN, now=NOW) == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)


def test_hours_from_now_are_hours_also_while_clocks_change() -> None:
    eve = datetime(2027, 3, 28, 1, 30, tzinfo=BERLIN)
    assert moment("in 2 hours", now=eve) == "2027-03-28 04:30"


def test_arguments_are_read_as_dates_and_moments() -> None:
    usage = Usage.parse('<name> [close:friday] [when:"friday 9am"]')
    args = parse("x close:friday when:“next tue 3pm”", usage)
    assert args.date("close") == date(2026, 11, 27)
    assert args.moment("when") == datetime(2026, 12, 1, 14, 0, tzinfo=UTC)
    empty = parse("x", usage)
    assert empty.date("close") is None
    assert empty.moment("when") is None
    with pytest.raises(Invalid) as caught:
        parse("x when:someday", usage).moment("when")
    assert caught.value.field == "when"
