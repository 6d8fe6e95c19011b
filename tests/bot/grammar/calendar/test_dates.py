"""Days as people write them in English, German and Chinese, by the writer's calendar."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.grammar import parse_date, parse_moment
from storage.errors import Invalid
from tests.support.writing import BERLIN, NOW


def day(text: str, *, locale: str = "en-US", past: bool = False, now: datetime = NOW) -> str:
    return parse_date(text, zone="Europe/Berlin", now=now, locale=locale, past=past).isoformat()


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
        ("past friday", "2026-11-20"),
        ("coming friday", "2026-11-27"),
        ("december", "2026-12-31"),
        ("March 2027", "2027-03-31"),
        ("end of march", "2027-03-31"),
        ("q1", "2027-03-31"),
        ("2027", "2027-12-31"),
        ("next month on the 15th", "2026-12-15"),
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
        ("24 de diciembre", "2026-12-24"),
        ("vendredi prochain", "2026-11-27"),
        ("le prochain vendredi", "2026-11-27"),
        ("mercredi dernier", "2026-11-18"),
        ("el viernes próximo", "2026-11-27"),
        ("el próximo viernes", "2026-11-27"),
        ("lunes pasado", "2026-11-23"),
        ("enero proximo", "2027-01-31"),
        ("March 1", "2027-03-01"),
        ("1 März", "2027-03-01"),
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
        ("heute", "2026-11-25"),
        ("übermorgen", "2026-11-27"),
        ("am Freitag", "2026-11-27"),
        ("nächsten Montag", "2026-11-30"),
        ("kommenden Freitag", "2026-11-27"),
        ("letzten Freitag", "2026-11-20"),
        ("in drei Wochen", "2026-12-16"),
        ("vor 3 Tagen", "2026-11-22"),
        ("nächste Woche", "2026-11-30"),
        ("Ende nächster Woche", "2026-12-04"),
        ("Ende des Monats", "2026-11-30"),
        ("Monatsende", "2026-11-30"),
        ("Ende Dezember", "2026-12-31"),
        ("Anfang Dezember", "2026-12-01"),
        ("am 3. Dezember", "2026-12-03"),
        ("Fr., 27. Nov.", "2026-11-27"),
        ("bis zum 24.12.", "2026-12-24"),
    ],
)
def test_german_phrases(text: str, meant: str) -> None:
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
        ("三月", "2027-03-31"),
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
