"""Read days and times of day as people write them in Chinese."""

import re
from collections.abc import Callable
from datetime import date, timedelta

from bot.grammar.calendar import days
from bot.grammar.calendar.english import bare_hour, minutes_of_day

_DIGITS = dict(zip("零〇一二两三四五六七八九", (0, 0, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9), strict=True))
_N = r"(\d{1,4}|[零〇一二两三四五六七八九十]{1,4})"
_WEEK = "(?:周|星期|礼拜)"
_DAYS = {"今": 0, "今天": 0, "今日": 0, "明": 1, "明天": 1, "明日": 1, "后天": 2, "大后天": 3}
_DAYS |= {"昨天": -1, "昨日": -1, "前天": -2, "大前天": -3}
_UNITS = {
    "天": "day",
    "日": "day",
    "周": "week",
    "星期": "week",
    "礼拜": "week",
    "月": "month",
    "季度": "quarter",
    "年": "year",
}
_YEARS = {"今年": 0, "明年": 1, "后年": 2, "去年": -1}

# Traditional characters are read as their simplified ones.
_SIMPLIFIED = str.maketrans("後週禮號點時鐘這個兩間半", "后周礼号点时钟这个两间半")

_PARTS = {"凌晨": 0, "清晨": 7, "早上": 9, "早晨": 9, "早": 9, "上午": 9, "中午": 12, "下午": 14, "傍晚": 18}
_PARTS |= {"晚上": 18, "晚": 18, "夜里": 21, "半夜": 24, "午夜": 24}
_CLOCK = re.compile(
    rf"({'|'.join(sorted(_PARTS, key=len, reverse=True))})?{_N}(?:[点时](半|一刻|三刻|钟|整|{_N}分?)?|:(\d\d))"
)
_SPAN = re.compile(rf"(?:{_N}|(半))个?(半)?(小时|钟头|分钟)(?:之?后|以后)")

Reader = Callable[[date, bool, "re.Match[str]"], date | None]


def is_chinese(text: str) -> bool:
    """Tell whether a text has Chinese characters."""
    return any("\u4e00" <= character <= "\u9fff" or character == "〇" for character in text)


def compact(text: str) -> str:
    """Return a text without spaces, in simplified characters."""
    return "".join(text.split()).translate(_SIMPLIFIED)


def read_day(text: str, today: date, *, past: bool) -> date | None:
    """Return the day that all of a compact text means, or None; `past` prefers the last such day to the next."""
    for pattern, reader in _PHRASES:
        match = pattern.fullmatch(text)
        if match:
            return reader(today, past, match)
    return None


def read_time(text: str) -> int | None:
    """Return the minutes from the day's beginning that a time of day means, or None."""
    if text in _PARTS:
        return _PARTS[text] * 60 or None
    match = _CLOCK.fullmatch(text)
    if match is None:
        return None
    hour, minute = _number(match[2]), _minute(match)
    part = match[1]
    if part is None:
        return minutes_of_day(hour, minute) if match[5] else bare_hour(hour, minute)
    if hour == 12 and part in {"凌晨", "晚上", "晚", "半夜", "午夜"}:
        return minute if part == "凌晨" else 24 * 60 + minute
    late = _PARTS[part] >= 12 and hour < (11 if part == "中午" else 12)
    return minutes_of_day(hour + 12 if late else hour, minute)


def read_span(text: str) -> timedelta | None:
    """Return the hours or minutes from now that a text means (`两小时后`, `半小时后`), or None."""
    match = _SPAN.fullmatch(text)
    if match is None:
        return None
    count = 0.5 if match[2] else _number(match[1]) + (0.5 if match[3] else 0)
    return timedelta(minutes=count * (1 if match[4] == "分钟" else 60))


def _number(text: str) -> int:
    """Return the number that figures or Chinese numerals up to 99 stand for, digits read one by one where no 十 is."""
    if text.isdigit():
        return int(text)
    if "十" not in text:
        return int("".join(str(_DIGITS[character]) for character in text))
    tens, _, ones = text.partition("十")
    return (_DIGITS.get(tens, 10) if tens else 1) * 10 + (_DIGITS.get(ones, 90) if ones else 0)


def _minute(match: re.Match[str]) -> int:
    said = match[3]
    if match[5]:
        return int(match[5])
    if not said or said in {"钟", "整"}:
        return 0
    return {"半": 30, "一刻": 15, "三刻": 45}.get(said) or _number(match[4])


def _weeks(word: str) -> int:
    return word.count("下") - word.count("上")


def _read_weekday(today: date, past: bool, match: re.Match[str]) -> date:
    which = match[1]
    weekday = days.SATURDAY if match[2] == "末" else "一二三四五六日".find(match[2].replace("天", "日"))
    if which and _weeks(which):
        return days.weekday_of_week(today, weekday, _weeks(which))
    return (
        days.this_weekday(today, weekday) if which or match[2] == "末" else days.bare_weekday(today, weekday, past=past)
    )


def _read_start(today: date, past: bool, match: re.Match[str]) -> date | None:
    ahead = {"明": 1, "去": -1, "今": 0}.get(match[1] or match[3], _weeks(match[1] or ""))
    unit = _UNITS[match[2]] if match[2] else "year"
    return days.start_of(today, unit, ahead) if past or ahead else None


def _read_count(today: date, _past: bool, match: re.Match[str]) -> date:
    count = _number(match[1])
    return days.moved(today, _UNITS[match[2]], count if "后" in match[3] else -count)


def _read_end(today: date, _past: bool, match: re.Match[str]) -> date:
    ahead = {"明": 1, "今": 0}.get(match[1], _weeks(match[1] or ""))
    return days.end_of(today, {"季": "quarter"}.get(match[2]) or _UNITS[match[2]], ahead)


def _read_month_day(today: date, past: bool, match: re.Match[str]) -> date | None:
    month, day = _number(match[3]), _number(match[4])
    if match[1] or match[2]:
        year = _number(match[1]) if match[1] else today.year + _YEARS[match[2]]
        return days.real_day(year, month, day)
    return days.day_of_year(today, month, day, past=past)


def _read_day_number(today: date, past: bool, match: re.Match[str]) -> date | None:
    if not match[1]:
        return days.day_of_month(today, _number(match[2]), past=past)
    first = days.start_of(today, "month", _weeks(match[1]))
    return days.real_day(first.year, first.month, _number(match[2]))


_PHRASES: list[tuple[re.Pattern[str], Reader]] = [
    (re.compile("|".join(_DAYS)), lambda today, _past, match: days.moved(today, "day", _DAYS[match[0]])),
    (re.compile(rf"(下下|上上|下|上|这|本)?个?{_WEEK}([一二三四五六日天末])"), _read_weekday),
    (re.compile(r"(下下|下|上|这|本)个?(周|星期|礼拜|月|季度)|(今|明|去)年"), _read_start),
    (re.compile(rf"{_N}个?(天|日|周|星期|礼拜|月|年)(之?后|以后|之?前|以前)"), _read_count),
    (re.compile(r"(下|本|这|今|明)?个?(月|年|季)度?[底末]"), _read_end),
    (re.compile(rf"(?:{_N}年|(今年|明年|后年|去年))?{_N}月{_N}[日号]?"), _read_month_day),
    (re.compile(rf"(下|上|本|这)个?月{_N}[日号]"), _read_day_number),
    (re.compile(rf"(){_N}[日号]"), _read_day_number),
]
