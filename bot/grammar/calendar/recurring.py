"""Read what recurs ("every monday 9am", 每两周周五下午3点) and say it again in words.

What a phrase leaves open is decided as for single moments (see `dates`), and:

- Without a time it is at 9:00.
- "Every two weeks" without a day counts from today, so that the first time is in two weeks; with a day it begins on the
  next such day.
- "Every third thursday" is the third of each month, "every third week" every three weeks. "Every second friday" can be
  both, and is asked about; "every other friday" is every two weeks.
- The 29th, 30th and 31st are the last day of months that are shorter.
- A working day is Monday to Friday.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any

from babel.dates import format_skeleton, get_day_names
from babel.lists import format_list

from bot.grammar.calendar import days
from bot.grammar.calendar.clock import read_time
from bot.grammar.calendar.dates import MORNING, around, moment_in, taken, unreadable, whole
from bot.grammar.calendar.periods import day_of_figures
from bot.grammar.calendar.phrases import Around, Longest, Phrase, longest, table
from bot.grammar.calendar.recurrence import next_time
from bot.grammar.calendar.tokens import Tokens
from bot.grammar.calendar.vocabulary import LAST
from bot.grammar.calendar.zones import zone_of
from bot.grammar.entities import Decoded
from bot.grammar.reading import Folded, Reading, Several, Writer
from bot.i18n import _, known_locale
from storage.errors import Invalid

WHEN_EXAMPLES = 'friday, "next tue 3pm", "in 2 hours", 明天下午3点, "every monday 9am", "last weekday of the month"'
_DAY_CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_WORKDAYS = "MO,TU,WE,TH,FR"
_MOST = 100
_UNITS = {"day": "DAILY", "week": "WEEKLY", "month": "MONTHLY", "quarter": "MONTHLY", "year": "YEARLY"}
_WORDS = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}
_ORDINALS = {"1": "first", "2": "second", "3": "third", "4": "fourth", "-1": "last"}
_ENGLISH_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

Rule = dict[str, str]


@dataclass(frozen=True, slots=True)
class When:
    """Hold when something is due first, in UTC, and its recurrence (`bot.grammar.calendar.recurrence`)."""

    at: datetime
    recurrence: str | None = None


def when_in(text: Decoded, writer: Writer) -> Reading[When] | Several | None:
    """Read as much of a text as is a moment to come, or what recurs; raise Invalid for a moment that has passed."""
    folded = Folded(text.mask)
    tokens = Tokens(folded.text)
    recurring = taken(_recurrence(tokens, around(writer)), folded, tokens)
    if recurring and isinstance(recurring.value, tuple):
        day = next(token for token in tokens.items if token.kind in "wW")
        behind = text.text[folded.end(day.end) : recurring.end]
        return Several(tuple(one + behind for one in recurring.value), recurring.end)
    try:
        once = moment_in(text, writer)
    except Invalid:
        if recurring is None:
            raise
        once = None
    if recurring is None or (once is not None and once.end > recurring.end):
        return once if once is None or isinstance(once, Several) else Reading(When(once.value), once.end)
    rule = str(recurring.value)
    first = next_time(rule, str(zone_of(writer.zone)), writer.now)
    return None if first is None else Reading(When(first, rule), recurring.end)


def parse_when(text: str, *, zone: str | tzinfo, now: datetime, locale: str = "en-US", field: str = "when") -> When:
    """Return the moment, or the recurrence with its first moment, that a person means; see `parse_moment`.

    Raises Invalid for anything that is neither, and for a moment that has passed.
    """
    writer = Writer("", "", zone, now, locale)
    return whole(text, lambda bare: when_in(bare, writer), no_when, field)


def no_when(typed: str) -> Invalid:
    """Return the error for what is neither a moment nor recurs."""
    return unreadable("{text} is not a time I understand.", typed, WHEN_EXAMPLES)


def _recurrence(tokens: Tokens, by: Around) -> Longest[str | tuple[str, ...]] | None:
    """Return the recurrence at the beginning of the tokens, with the time of day before or behind it."""
    rule = longest(_RULES, tokens, 0, by)
    if rule:
        # A time on the clock behind it: "every monday 10" too, but not "every 2 weeks 10 licences".
        comma = tokens.letters[rule.taken : rule.taken + 1] == ","
        time = read_time(tokens, rule.taken + comma, by, beside_day=True)
        return _at(rule, time, time.taken if time else rule.taken)
    time = read_time(tokens, 0, by, beside_day=True)
    rule = longest(_RULES, tokens, time.taken, by) if time else None
    return _at(rule, time, rule.taken) if rule else None


def _at(rule: Longest[Any], time: Longest[int] | None, length: int) -> Longest[str | tuple[str, ...]]:
    minutes = time.value if time else MORNING
    if isinstance(rule.value, tuple):
        return Longest(rule.value, length)
    if rule.value is None or minutes is None or minutes >= 24 * 60:
        return Longest(None, length)
    parts = [f"{name}={value}" for name, value in rule.value.items()]
    return Longest(";".join([*parts, f"{minutes // 60:02}:{minutes % 60:02}"]), length)


def _every(today: date, count: float, unit: str, codes: str = "") -> Rule | None:
    """Return every so many days, weeks, months or years, from today on or on the given weekdays."""
    if not 1 <= count <= _MOST or count != int(count) or (codes and unit != "week"):
        return None
    months = int(count) * 3 if unit == "quarter" else int(count)
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


def _codes(numbers: Sequence[int]) -> str:
    return ",".join(_DAY_CODES[number] for number in sorted(set(numbers)))


def _weekly(numbers: Sequence[int]) -> Rule:
    return {"FREQ": "WEEKLY", "BYDAY": _codes(numbers)}


def _nth(position: int, kind: str, value: Any) -> Rule | None:
    """Return one day a month: the first Monday, the last working day, the last day."""
    if kind == "u":
        return (
            {"FREQ": "MONTHLY", "BYMONTHDAY": str(position)}
            if value[0] == "day" and position in _DAYS_OF_MONTH
            else None
        )
    code = _WORKDAYS if kind == "k" else _DAY_CODES[value]
    return {"FREQ": "MONTHLY", "BYDAY": code, "BYSETPOS": str(position)} if str(position) in _ORDINALS else None


def _nth_of_month(phrase: Phrase, nth: int, unit: Any) -> Rule | None:
    """Return the nth of a month; the groups at and behind `nth` are its number and what is counted."""
    position = phrase[nth]
    return _nth(position, phrase.kind(nth + 1), phrase[nth + 1]) if unit[0] == "month" else None


def _nth_weekday(_around: Around, phrase: Phrase) -> Rule | tuple[str, ...] | None:
    nth, day = phrase[1], _ENGLISH_DAYS[phrase[2]]
    return (f"every 2 weeks on {day}", f"second {day} of every month") if nth == 2 else _nth(nth, "w", phrase[2])


def _interval(around: Around, phrase: Phrase) -> Rule | None:
    """Return every so many days, weeks, months or years; "every other" is every second, 每隔两天 every third."""
    counts = {"O": 2, "": 1}
    count = counts.get(phrase.kind(2)) or phrase[2]
    unit, size = phrase[3]
    return _every(around.today, (count + phrase[1]) * size, unit, _codes(phrase.all(4)))


def _adverb(around: Around, phrase: Phrase) -> Rule | None:
    unit, count = phrase[1]
    if phrase.has(3):
        return {"FREQ": "MONTHLY"} | _day_of_month(phrase[3]) if unit == "month" and phrase[3] in range(1, 32) else None
    return _every(around.today, count, unit, _codes(phrase.all(2)))


def _month_day(_around: Around, unit: Any, day: int) -> Rule | None:
    return {"FREQ": "MONTHLY"} | _day_of_month(day) if unit[0] == "month" and day in range(1, 32) else None


def _months_on(around: Around, phrase: Phrase) -> Rule | None:
    """Return every so many months on a day by its number."""
    rule = _every(around.today, phrase[1] or 1, phrase[2][0])
    fits = rule and phrase[2][0] == "month" and phrase[3][0] == "day" and phrase[4] in range(1, 32)
    if not rule or not fits:
        return None
    rule.pop("BYSETPOS", None)
    return rule | _day_of_month(phrase[4])


def _yearly(around: Around, phrase: Phrase) -> Rule | None:
    """Return a day of every year."""
    if phrase.has(1) and phrase[1][0] != "year":
        return None
    if phrase.has(6):
        day = day_of_figures(around, phrase[6])
        found = (day.month, day.day) if day else None
    else:
        found = (phrase[3], int(phrase[2])) if phrase.has(2) else (phrase[4], int(phrase[5]))
    first = days.day_of_year(around.today, *found, past=False) if found else None
    if first is None:
        return None
    return {"FREQ": "YEARLY", "BYMONTH": str(first.month)} | _day_of_month(first.day) | {"DTSTART": f"{first:%Y%m%d}"}


_DAYS_OF_MONTH = frozenset([*range(1, 29), LAST])
_LIST = "([wW](?:,*[wW])*)"
_RULES = table(
    [
        (f"v{_LIST}", lambda _around, phrase: _weekly(phrase.all(1))),
        ("(W(?:,*W)*)", lambda _around, phrase: _weekly(phrase.all(1))),
        ("vu?k|v?K", lambda _around, _phrase: {"FREQ": "WEEKLY", "BYDAY": _WORKDAYS}),
        (f"vO{_LIST}", lambda around, phrase: _every(around.today, 2, "week", _codes(phrase.all(1)))),
        (f"v([nN]){_LIST}", lambda around, phrase: _every(around.today, phrase[1], "week", _codes(phrase.all(2)))),
        ("v([ox])([wW])", _nth_weekday),
        (f"(v)([nNOo]?)(u)(?:,?{_LIST})?", _interval),
        (f"(A)(?:,?{_LIST}|/?(o))?", _adverb),
        ("v(u)/?,?(o)", lambda around, phrase: _month_day(around, phrase[1], phrase[2])),
        ("v?(o)(?:/v?|v)(u)", lambda around, phrase: _month_day(around, phrase[2], phrase[1])),
        ("v?([ox])([wuk])(?:/v?|v)(u)", lambda _around, phrase: _nth_of_month(phrase, 1, phrase[3])),
        ("v(u)/?([ox])([wuk])", lambda _around, phrase: _nth_of_month(phrase, 2, phrase[1])),
        ("v([nN]?)(u)(u)(N)", _months_on),
        ("v(u?)/?(?:([oN])/?(m)|(m)([oN])|(F))", _yearly),
        ("v(?=@?[pc])", lambda around, _phrase: _every(around.today, 1, "day")),
    ]
)


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
    if rule["FREQ"] == "YEARLY":
        day = date(2024, int(rule["BYMONTH"]), int(rule["BYMONTHDAY"].split(",")[-1]))
        return f"{every} {_('on {day}').format(day=format_skeleton('MMMMd', day, locale=known_locale(locale)))}"
    return every


def _weekdays(codes: str, locale: str) -> str:
    if codes == _WORKDAYS:
        return _("weekday")
    known = known_locale(locale)
    names = get_day_names("wide", locale=known)
    return format_list([names[_DAY_CODES.index(code)] for code in codes.split(",")], locale=known)
