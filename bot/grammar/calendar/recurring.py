"""Read what recurs ("every monday 9am", 每两周周五下午3点) and say it again in words.

What a phrase leaves open is decided as for single moments (see `dates`), and:

- Without a time it is at 9:00.
- "Every two weeks" without a day counts from today, so that the first time is in two weeks; with a day it begins on the
  next such day.
- The 29th, 30th and 31st are the last day of months that are shorter.
- A working day is Monday to Friday.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from babel.dates import get_day_names
from babel.lists import format_list

from bot.grammar.calendar import chinese, days
from bot.grammar.calendar.dates import divisions, parse_moment, plain_text, read_time
from bot.grammar.calendar.recurrence import next_time
from bot.grammar.calendar.zones import zone_of
from bot.i18n import _, known_locale

WHEN_EXAMPLES = 'friday, "next tue 3pm", "in 2 hours", 明天下午3点, "every monday 9am", "last weekday of the month"'
_MORNING = 9 * 60
_DAY_CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_WORKDAYS = "MO,TU,WE,TH,FR"
_MOST = 100

_WEEKDAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?s?"
_WEEKDAYS = rf"({_WEEKDAY}(?:(?:,| and|, and| &) ?{_WEEKDAY}| {_WEEKDAY})*)"
_PLURAL = _WEEKDAY.removesuffix("(?:day)?s?") + "days"
_NTH = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4, "last": -1}
_COUNTS = {
    "other": 2,
    "second": 2,
    "2nd": 2,
    "third": 3,
    "3rd": 3,
    "fourth": 4,
    "4th": 4,
    "two": 2,
    "three": 3,
    "four": 4,
}
_UNITS = {"day": "DAILY", "week": "WEEKLY", "month": "MONTHLY", "quarter": "MONTHLY", "year": "YEARLY"}
_ADVERBS = {
    "daily": "every day",
    "weekly": "every week",
    "biweekly": "every 2 weeks",
    "fortnightly": "every 2 weeks",
    "monthly": "every month",
    "quarterly": "every quarter",
    "yearly": "every year",
    "annually": "every year",
}
_WORDS = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}
_ORDINALS = {"1": "first", "2": "second", "3": "third", "4": "fourth", "-1": "last"}
_NUMERALS = {"一": 1, "两": 2, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6}
_CHINESE_DAYS = "一二三四五六日"

Rule = dict[str, str]
Reader = Callable[[date, "re.Match[str]"], Rule | None]


@dataclass(frozen=True, slots=True)
class When:
    """Hold when something is due first, in UTC, and its recurrence (`bot.grammar.calendar.recurrence`)."""

    at: datetime
    recurrence: str | None = None


def parse_when(text: str, *, zone: str | tzinfo, now: datetime, locale: str = "en-US", field: str = "when") -> When:
    """Return the moment, or the recurrence with its first moment, that a person means; see `parse_moment`.

    Raises Invalid for anything that is neither, and for a moment that has passed.
    """
    place = zone_of(zone)
    recurrence = parse_recurrence(text, today=now.astimezone(place).date())
    first = next_time(recurrence, str(place), now) if recurrence else None
    if first is None:
        return When(parse_moment(text, zone=zone, now=now, locale=locale, field=field, examples=WHEN_EXAMPLES))
    return When(first, recurrence)


def parse_recurrence(text: str, *, today: date) -> str | None:
    """Return the recurrence that all of a text means, as `bot.grammar.calendar.recurrence` reads it, or None."""
    plain = plain_text(text)
    rule, minutes = _read_rule(plain, today), _MORNING
    if rule is None:
        for rule_text, time_text in divisions(plain):
            at = read_time(time_text)
            rule = None if at is None or at >= 24 * 60 else _read_rule(rule_text.removesuffix(" at"), today)
            if rule is not None and at is not None:
                minutes = at
                break
    if rule is None:
        return None
    parts = [f"{name}={value}" for name, value in rule.items()]
    return ";".join([*parts, f"{minutes // 60:02}:{minutes % 60:02}"])


def _read_rule(text: str, today: date) -> Rule | None:
    is_chinese = chinese.is_chinese(text)
    close = chinese.compact(text) if is_chinese else re.sub(r"\w+", _adverb, text, count=1)
    for pattern, reader in _CHINESE if is_chinese else _ENGLISH:
        match = pattern.fullmatch(close)
        if match:
            return reader(today, match)
    return None


def _adverb(match: re.Match[str]) -> str:
    return _ADVERBS.get(match[0], match[0])


def _every(today: date, count: int, unit: str, codes: str = "") -> Rule | None:
    """Return every so many days, weeks, months or years, from today on or on the given weekdays."""
    if not 1 <= count <= _MOST or (codes and unit != "week"):
        return None
    months = count * 3 if unit == "quarter" else count
    rule: Rule = {"FREQ": _UNITS[unit]}
    if months > 1:
        rule["INTERVAL"] = str(months)
    if codes:
        rule["BYDAY"] = codes
        first = min(days.bare_weekday(today, _DAY_CODES.index(code), past=False) for code in codes.split(","))
    else:
        first = days.moved(today, "month" if unit == "quarter" else unit, months)
        rule |= _on(unit, today)
    if months > 1 or unit == "year":
        rule["DTSTART"] = f"{first:%Y%m%d}"
    return rule


def _on(unit: str, day: date) -> Rule:
    if unit == "week":
        return {"BYDAY": _DAY_CODES[day.weekday()]}
    if unit == "year":
        return {"BYMONTH": str(day.month)} | _day_of_month(day.day)
    return {} if unit == "day" else _day_of_month(day.day)


def _day_of_month(day: int) -> Rule:
    if day <= 28:
        return {"BYMONTHDAY": str(day)}
    return {"BYMONTHDAY": ",".join(str(number) for number in range(28, day + 1)), "BYSETPOS": "-1"}


def _nth(position: int, code: str) -> Rule:
    """Return one day a month: the first Monday, the last working day, the last day."""
    if code == "day":
        return {"FREQ": "MONTHLY", "BYMONTHDAY": str(position)}
    return {"FREQ": "MONTHLY", "BYDAY": code, "BYSETPOS": str(position)}


def _codes(words: str) -> str:
    found = {word[:2].upper() for word in re.findall(r"[a-z]+", words) if word != "and"}
    return ",".join(code for code in _DAY_CODES if code in found)


def _code(word: str) -> str:
    return {"weekday": _WORKDAYS, "workday": _WORKDAYS, "day": "day"}.get(word) or _codes(word)


def _month_day(_today: date, match: re.Match[str]) -> Rule | None:
    day = int(match[1])
    return {"FREQ": "MONTHLY"} | _day_of_month(day) if 1 <= day <= 31 else None


def _count(word: str | None) -> int:
    return 1 if not word else _COUNTS.get(word) or int(word)


_COUNT = rf"(?:({'|'.join(_COUNTS)}|\d{{1,3}}) )?"
_ENGLISH: list[tuple[re.Pattern[str], Reader]] = [
    (
        re.compile(r"(?:every|each) (?:weekday|workday|working day)s?|weekdays|workdays"),
        lambda _today, _match: {"FREQ": "WEEKLY", "BYDAY": _WORKDAYS},
    ),
    (
        re.compile(rf"(?:every|each) {_WEEKDAYS}|({_PLURAL}(?:(?:,| and|, and| &) ?{_PLURAL})*)"),
        lambda _today, match: {"FREQ": "WEEKLY", "BYDAY": _codes(match[1] or match[2])},
    ),
    (
        re.compile(rf"every (other|second|2nd|third|3rd|fourth|4th) {_WEEKDAYS}"),
        lambda today, match: _every(today, _count(match[1]), "week", _codes(match[2])),
    ),
    (
        re.compile(rf"(?:every|each) {_COUNT}(day|week|month|quarter|year)s?(?: on {_WEEKDAYS})?"),
        lambda today, match: _every(today, _count(match[1]), match[2], _codes(match[3] or "")),
    ),
    (re.compile(r"(?:every|each) month on (?:the )?(\d{1,2})(?:st|nd|rd|th)?"), _month_day),
    (re.compile(r"(?:on )?(?:the )?(\d{1,2})(?:st|nd|rd|th) of (?:every|each|the) month"), _month_day),
    (
        re.compile(
            rf"(?:every |each )?(?:month on )?(?:the )?({'|'.join(_NTH)}) (weekday|workday|day|{_WEEKDAY})"
            r"(?: (?:of|in) (?:the|every|each|a) month)?"
        ),
        lambda _today, match: _nth(_NTH[match[1]], _code(match[2])) if "month" in match[0] else None,
    ),
]


def _chinese_codes(text: str) -> str:
    found = {_DAY_CODES[_CHINESE_DAYS.index(one.replace("天", "日"))] for one in text if one in _CHINESE_DAYS + "天"}
    return ",".join(code for code in _DAY_CODES if code in found)


def _chinese_number(text: str) -> int:
    return int(text) if text.isdigit() else _NUMERALS.get(text, 0)


def _chinese_count(today: date, match: re.Match[str]) -> Rule | None:
    unit = {"天": "day", "日": "day", "月": "month", "季度": "quarter", "年": "year"}.get(match[3], "week")
    count = _chinese_number(match[2]) if match[2] else 1
    codes = _chinese_codes(match[4] or "")
    if not match[1] and not match[2] and codes:
        return {"FREQ": "WEEKLY", "BYDAY": codes} if unit == "week" else None
    return _every(today, count + 1 if match[1] else count, unit, codes)


_CHINESE_UNIT = "(天|日|周|星期|礼拜|月|季度|年)"
_CHINESE: list[tuple[re.Pattern[str], Reader]] = [
    (
        re.compile("每个?工作日|每天工作日"),
        lambda _today, _match: {"FREQ": "WEEKLY", "BYDAY": _WORKDAYS},
    ),
    (
        re.compile(
            rf"每(隔)?(\d{{1,2}}|[一二两三四五六])?个?{_CHINESE_UNIT}"
            r"(?:的?(?:周|星期|礼拜)?((?:[一二三四五六日天](?:[和、,及]?(?:周|星期|礼拜)?)?)+))?"
        ),
        _chinese_count,
    ),
    (re.compile(r"每个?月的?(\d{1,2})[号日]"), _month_day),
    (
        re.compile(r"每个?月(?:的)?最后(?:一)?(?:个)?(天|工作日|(?:周|星期|礼拜)([一二三四五六日天]))"),
        lambda _today, match: _nth(
            -1, "day" if match[1] == "天" else _WORKDAYS if match[1] == "工作日" else _chinese_codes(match[2])
        ),
    ),
    (
        re.compile(r"每个?月(?:的)?第([一二三四])个?(工作日|(?:周|星期|礼拜)([一二三四五六日天]))"),
        lambda _today, match: _nth(
            _NUMERALS[match[1]], _WORKDAYS if match[2] == "工作日" else _chinese_codes(match[3])
        ),
    ),
]


def said(recurrence: str, locale: str) -> str:
    """Say a recurrence in words, with the weekdays' names as in `locale`: "every Monday", "every 2 weeks on Friday"."""
    *named, _at = recurrence.split(";")
    rule = dict(part.split("=", 1) for part in named)
    count, unit = int(rule.get("INTERVAL", "1")), _WORDS[rule["FREQ"]]
    every = (
        _("every {unit}").format(unit=_(unit)) if count == 1 else _("every {n} {unit}s").format(n=count, unit=_(unit))
    )
    position = rule.get("BYSETPOS") if rule.get("BYDAY") else rule.get("BYMONTHDAY", "")
    which = _weekdays(rule["BYDAY"], locale) if "BYDAY" in rule else _("day")
    if position == "-1" or (position and "BYDAY" in rule):
        return _("on the {nth} {day} of the month").format(nth=_(_ORDINALS[position]), day=which)
    if rule["FREQ"] == "WEEKLY":
        return _("every {day}").format(day=which) if count == 1 else f"{every} {_('on {day}').format(day=which)}"
    if rule["FREQ"] == "MONTHLY":
        return f"{every} {_('on day {number}').format(number=rule['BYMONTHDAY'].split(',')[-1])}"
    return every


def _weekdays(codes: str, locale: str) -> str:
    if codes == _WORKDAYS:
        return _("weekday")
    known = known_locale(locale)
    names = get_day_names("wide", locale=known)
    return format_list([names[_DAY_CODES.index(code)] for code in codes.split(",")], locale=known)
