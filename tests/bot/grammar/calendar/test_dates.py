"""Dates and moments as people write them in English and Chinese, by the writer's calendar and clock."""

import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.grammar import Usage, parse_date, parse_moment, warm_up
from bot.grammar.calendar.zones import place
from storage.errors import Invalid
from tests.support.writing import parse

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 25, 11, 0, tzinfo=BERLIN)  # a Wednesday


def day(text: str, *, locale: str = "en-US", past: bool = False, now: datetime = NOW) -> str:
    return parse_date(text, zone="Europe/Berlin", now=now, locale=locale, past=past).isoformat()


def moment(text: str, *, now: datetime = NOW, zone: str = "Europe/Berlin") -> str:
    found = parse_moment(text, zone=zone, now=now)
    assert found.tzinfo is UTC
    return f"{found.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def hint(error: Invalid) -> str:
    return (error.hint or "").format(**error.params)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("today", "2026-11-25"),
        ("Tomorrow", "2026-11-26"),
        ("day after tomorrow", "2026-11-27"),
        ("yesterday", "2026-11-24"),
        ("the day before yesterday", "2026-11-23"),
        ("friday", "2026-11-27"),
        ("by Fri", "2026-11-27"),
        ("on monday,", "2026-11-30"),
        ("wednesday", "2026-12-02"),
        ("this wednesday", "2026-11-25"),
        ("next wednesday", "2026-12-02"),
        ("next tue", "2026-12-01"),
        ("next friday", "2026-12-04"),
        ("friday next week", "2026-12-04"),
        ("next week friday", "2026-12-04"),
        ("last friday", "2026-11-20"),
        ("weekend", "2026-11-28"),
        ("in 3 days", "2026-11-28"),
        ("in three weeks", "2026-12-16"),
        ("a week from today", "2026-12-02"),
        ("two days from tomorrow", "2026-11-28"),
        ("in a fortnight", "2026-12-09"),
        ("in 3 months", "2027-02-25"),
        ("3d", "2026-11-28"),
        ("2w", "2026-12-09"),
        ("3 days ago", "2026-11-22"),
        ("next week", "2026-11-30"),
        ("start of next week", "2026-11-30"),
        ("next month", "2026-12-01"),
        ("next quarter", "2027-01-01"),
        ("next year", "2027-01-01"),
        ("end of month", "2026-11-30"),
        ("end of next month", "2026-12-31"),
        ("eom", "2026-11-30"),
        ("month end", "2026-11-30"),
        ("end of week", "2026-11-27"),
        ("end of the quarter", "2026-12-31"),
        ("end of year", "2026-12-31"),
        ("end of q1", "2027-03-31"),
        ("end of Q2 2026", "2026-06-30"),
        ("the 3rd", "2026-12-03"),
        ("31st", "2026-12-31"),
        ("25th", "2026-11-25"),
    ],
)
def test_english_phrases(text: str, meant: str) -> None:
    assert day(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-12-24", "2026-12-24"),
        ("2026/1/2", "2026-01-02"),
        ("20261224", "2026-12-24"),
        ("24 Dec", "2026-12-24"),
        ("24dec", "2026-12-24"),
        ("25 nov", "2026-11-25"),
        ("24 nov", "2027-11-24"),
        ("Dec 24th, 2027", "2027-12-24"),
        ("24th of December", "2026-12-24"),
        ("Thu 24 Dec", "2026-12-24"),
        ("thursday, 2026-12-24", "2026-12-24"),
        ("24. Dezember", "2026-12-24"),
        ("24 décembre 2027", "2027-12-24"),
        ("29 feb", "2028-02-29"),
        ("2/29", "2028-02-29"),
        ("24.12.", "2026-12-24"),
        ("24.12.2027", "2027-12-24"),
        ("24.12.27", "2027-12-24"),
        ("２０２６-12-24", "2026-12-24"),
        ('"2026-12-24"', "2026-12-24"),
        ("\u20682026-12-24\u2069", "2026-12-24"),
    ],
)
def test_written_dates(text: str, meant: str) -> None:
    assert day(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("今天", "2026-11-25"),
        ("明天", "2026-11-26"),
        ("后天", "2026-11-27"),
        ("後天", "2026-11-27"),
        ("大后天", "2026-11-28"),
        ("昨天", "2026-11-24"),
        ("周五", "2026-11-27"),
        ("星期三", "2026-12-02"),
        ("本周三", "2026-11-25"),
        ("下周五", "2026-12-04"),
        ("下个星期天", "2026-12-06"),
        ("下下周一", "2026-12-07"),
        ("上周五", "2026-11-20"),
        ("周末", "2026-11-28"),
        ("下周", "2026-11-30"),
        ("下个月", "2026-12-01"),
        ("明年", "2027-01-01"),
        ("三天后", "2026-11-28"),
        ("3 天后", "2026-11-28"),
        ("两个月之后", "2027-01-25"),
        ("3天前", "2026-11-22"),
        ("两周以后", "2026-12-09"),
        ("月底", "2026-11-30"),
        ("下月底", "2026-12-31"),
        ("年底", "2026-12-31"),
        ("季度末", "2026-12-31"),
        ("12月24日", "2026-12-24"),
        ("十二月二十四号", "2026-12-24"),
        ("2027年1月5日", "2027-01-05"),
        ("二〇二七年一月五日", "2027-01-05"),
        ("明年3月5日", "2027-03-05"),
        ("15号", "2026-12-15"),
        ("下个月十五号", "2026-12-15"),
    ],
)
def test_chinese_phrases(text: str, meant: str) -> None:
    assert day(text) == meant


def test_the_locale_decides_the_order_only_where_both_can_be() -> None:
    assert day("3/4") == "2027-03-04"
    assert day("3/4", locale="en-GB") == "2027-04-03"
    assert day("3/4/2027", locale="de-DE") == "2027-04-03"
    assert day("3/4", locale="zh-CN") == "2027-03-04"
    assert day("3/4", locale="xx-nonsense") == "2027-03-04"
    assert day("12/24", locale="en-GB") == day("24/12") == "2026-12-24"


def test_a_bare_weekday_said_on_that_day_is_a_week_away() -> None:
    friday = datetime(2026, 11, 27, 8, 0, tzinfo=BERLIN)
    assert day("friday", now=friday) == "2026-12-04"
    assert day("this friday", now=friday) == "2026-11-27"
    assert day("周五", now=friday) == "2026-12-04"
    assert day("end of week", now=friday) == "2026-11-27"
    assert day("end of week", now=friday + timedelta(days=1)) == "2026-12-04"


def test_what_can_only_have_happened_is_looked_for_in_the_past() -> None:
    assert day("friday", past=True) == "2026-11-20"
    assert day("wednesday", past=True) == "2026-11-18"
    assert day("12/24", past=True) == "2025-12-24"
    assert day("24 dec", past=True) == "2025-12-24"
    assert day("25 nov", past=True) == "2026-11-25"
    assert day("the 30th", past=True) == "2026-10-30"
    assert day("30d", past=True) == "2026-10-26"
    assert day("this week", past=True) == "2026-11-23"
    assert day("last month", past=True) == "2026-10-01"
    assert day("本月", past=True) == "2026-11-01"
    assert day("12月24日", past=True) == "2025-12-24"


def test_today_is_the_writers() -> None:
    late = datetime(2026, 11, 25, 23, 30, tzinfo=UTC)
    assert parse_date("today", zone="Asia/Shanghai", now=late) == date(2026, 11, 26)
    assert parse_date("today", zone="America/New_York", now=late) == date(2026, 11, 25)
    with pytest.raises(ValueError, match="time zone"):
        parse_date("today", zone="UTC", now=datetime(2026, 1, 1))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "someday",
        "soon",
        "may",
        "december",
        "10",
        "0",
        "1.5.7",
        "12 24",
        "24 dec foo",
        "call 24 dec",
        "31 nov",
        "2026-02-30",
        "30 feb",
        "2026-13-01",
        "32.1.",
        "mon 24 dec",
        "friday 3pm",
        "friday foo",
        "next",
        "in",
        "3 so",
        "in 99999 days",
        "in 9999 years",
        "in 3 days ago",
        "this week",
        "1850-01-01",
        "x" * 500,
        "99th",
        "下周八",
        "十三月一日",
        "三月",
        "明天吧",
        "9999年1月1日",
        "0000-01-01",
        "\x00",
        "今年",
    ],
)
def test_anything_else_is_no_date(text: str) -> None:
    with pytest.raises(Invalid, match="is not a date I understand") as caught:
        parse_date(text, zone="UTC", now=NOW, field="close")
    assert caught.value.field == "close"
    assert caught.value.typed == text
    assert "friday" in hint(caught.value)
    assert len(str(caught.value)) < 150


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
    ("text", "near"),
    [
        ("today", "2026-11-26 09:00"),
        ("today 9am", "2026-11-26 09:00"),
        ("yesterday 15:00", "2026-11-25 15:00"),
        ("昨天", "2026-11-26 09:00"),
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


PIECES = (
    "mon friday next last this in 3 31 1.5 am pm at noon days weeks ago from now 24 dec feb . / - : 2026 99 下 周 五 "
    "月 日 号 点 半 后 前 底 十 二 年 上午 小时 0 T Z + the end of week month q1 tonight"
)


@given(
    st.one_of(st.text(max_size=80), st.lists(st.sampled_from([*PIECES.split(), " "]), max_size=8).map("".join)),
    st.booleans(),
)
def test_any_text_is_a_date_or_refused(text: str, past: bool) -> None:
    try:
        assert 1900 <= parse_date(text, zone=BERLIN, now=NOW, past=past).year < 2200
    except Invalid as error:
        assert str(error)
    try:
        assert parse_moment(text, zone=BERLIN, now=NOW) > NOW
    except Invalid as error:
        assert hint(error)


@given(
    st.dates(date(2026, 11, 26), date(2190, 1, 1)), st.sampled_from(["%Y-%m-%d", "%d %b %Y", "%B %d, %Y", "%d.%m.%Y"])
)
def test_every_day_comes_back_as_it_was_written(written: date, style: str) -> None:
    assert day(written.strftime(style)) == written.isoformat()


def test_after_warming_up_no_date_takes_long() -> None:
    warm_up()
    started = time.process_time()
    for text in (
        "24 dec",
        "31 nov",
        "24 foo",
        "someday soon",
        "next tue 3pm",
        "下周五上午9点",
        "24 décembre 10:30",
    ) * 10:
        try:
            parse_moment(text, zone=BERLIN, now=NOW)
        except Invalid:
            continue
    # An average of 20 ms would be 1.4 s; this is the bound of a fault, the time itself is held in bench.
    assert time.process_time() - started < 1.4
