"""Read days, and the weeks, months, quarters and years that are named instead of one.

What phrases leave open is decided once, for all languages:

- A bare weekday is the next one after today; "this friday" may be today; "next friday" (下周五) is the Friday of the
  next week, and weeks begin on Monday. "Past friday" and "last friday" are the last one. "Vendredi prochain" and
  "viernes próximo" are the next one after today, as "kommenden Freitag" is.
- A day without a year is the next such day, today included. 12/24 and 24/12 are told apart by the writer's locale where
  both can be, 24.12. always has the day first.
- "Next week" and "next month" are their first days; the end of a week is its Friday. A month, quarter or year by its
  name alone is its last day: what closes in December does so by its end.
"""

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from bot.grammar.calendar import days
from bot.grammar.calendar.figures import DayFigures
from bot.grammar.calendar.phrases import Around, Longest, Phrase, longest, table
from bot.grammar.calendar.tokens import Tokens
from bot.grammar.calendar.vocabulary import COMING, LAST, NEXT, THIS

Period = tuple[date, date]

_YEARS = range(1900, 2200)
_NAMED = re.compile("i?[mq](?:,?y)?|ym|i?y")


def read_day(tokens: Tokens, at: int, around: Around) -> Longest[date] | None:
    """Return the day that the longest phrase at a token means."""
    found = longest(_DAYS, tokens, at, around)
    return found if found is None or _is_near(found.value) else Longest(None, found.taken)


def read_period(tokens: Tokens, around: Around) -> Longest[Period] | None:
    """Return the first and the last of the days that the longest phrase means."""
    period = longest(_PERIODS, tokens, 0, around)
    day = read_day(tokens, 0, around)
    if day and (period is None or day.taken > period.taken):
        return Longest((day.value, day.value) if day.value else None, day.taken)
    return period if period is None or _is_near(period.value and period.value[1]) else Longest(None, period.taken)


def begins(tokens: Tokens, length: int, around: Around) -> date | None:
    """Return the first day of a month, quarter or year that is named alone by so many tokens: the next to begin."""
    if _NAMED.fullmatch(tokens.letters, 0, length) is None:
        return None
    period = longest(_PERIODS, tokens, 0, around)
    first = period.value[0] if period and period.value else None
    if first is None or first > around.today or "y" in tokens.letters[:length]:
        return first
    return first.replace(year=first.year + 1)


def _is_near(day: date | None) -> bool:
    return day is not None and day.year in _YEARS


def weekday(around: Around, which: Any, number: int) -> date:
    """Return the day that a weekday means, with `this`, `next` or `last` before it or alone."""
    today = around.today
    if which is None or which == COMING:
        return days.bare_weekday(today, number, past=around.past and which is None)
    if which == THIS:
        return days.this_weekday(today, number)
    if which == LAST:
        return days.bare_weekday(today, number, past=True)
    return days.weekday_of_week(today, number, which)


def _start(around: Around, which: Any, unit: tuple[str, int]) -> date | None:
    """Return a period's first day; "this week" as a day to come would be a day that has passed."""
    ahead = NEXT if which == COMING else which
    return days.start_of(around.today, unit[0], ahead) if around.past or ahead != THIS else None


def _end(around: Around, which: Any, unit: tuple[str, int]) -> date | None:
    ahead = {None: 0, COMING: 1}.get(which, which)
    return around.today if unit[0] == "day" and not ahead else days.end_of(around.today, unit[0], ahead)


def _counted(around: Around, phrase: Phrase, *, before: bool = False) -> date | None:
    """Return the day so many days or weeks away; without "in" or "ago" it is on the side that is preferred."""
    count, (unit, size) = phrase[2], phrase[3]
    if count != int(count) or count < 0:
        return None
    suffix = phrase.has(4)
    back = before or (around.past and not phrase.has(1) and not suffix)
    start = days.moved(around.today, "day", 1) if suffix and phrase[4] == 1 else around.today
    steps = int(count) * size * (3 if unit == "quarter" else 1)
    return days.moved(start, "month" if unit == "quarter" else unit, -steps if back else steps)


def _ago(around: Around, phrase: Phrase) -> date | None:
    return _counted(around, phrase, before=True)


def day_of_figures(around: Around, figures: DayFigures) -> date | None:
    """Return the day that is written in figures, in the writer's order where both can be."""
    year = figures.year if figures.ahead is None else around.today.year + figures.ahead
    orders = [(figures.first, figures.second)]
    if not figures.ordered:
        orders = [(figures.second, figures.first), *orders] if around.day_first else [*orders, orders[0][::-1]]
    for month, day in orders:
        found = month_day(around, month, day, year)
        if found:
            return found
    return None


def month_day(around: Around, month: int, day: int, year: int | None) -> date | None:
    """Return a day of a month, the nearest one where no year is given."""
    if year is not None:
        return days.real_day(year, month, day)
    return days.day_of_year(around.today, month, day, past=around.past)


def _checked(day: date | None, number: int) -> date | None:
    """Return a day if it is that weekday."""
    return day if day and day.weekday() == number else None


def _of_month(around: Around, phrase: Phrase) -> date | None:
    first = days.start_of(around.today, "month", {COMING: 1}.get(phrase[1], phrase[1]))
    return days.real_day(first.year, first.month, phrase[3]) if phrase[2][0] == "month" else None


def _month(around: Around, month: int, year: int | None) -> Period:
    """Return the days of a month: without a year the one that is not over yet, or the last that has begun."""
    first = date(year or around.today.year, month, 1)
    if year is None:
        if around.past and first > around.today:
            first = first.replace(year=first.year - 1)
        elif not around.past and days.end_of(first, "month", 0) < around.today:
            first = first.replace(year=first.year + 1)
    return first, days.end_of(first, "month", 0)


def _quarter(around: Around, quarter: int, year: int | None) -> Period:
    first = _month(around, quarter * 3, year)[0]
    if year is None and not around.past and days.start_of(around.today, "quarter", 0).month == quarter * 3 - 2:
        first = around.today
    return days.start_of(first, "quarter", 0), days.end_of(first, "quarter", 0)


def _unit(around: Around, which: Any, unit: tuple[str, int]) -> Period:
    ahead = {None: 0, COMING: 1}.get(which, which)
    if unit[0] == "day":
        return (days.moved(around.today, "day", ahead),) * 2
    first = days.start_of(around.today, unit[0], ahead)
    return first, days.start_of(around.today, unit[0], ahead + 1) - timedelta(1)


def _weekend(around: Around, which: Any) -> date:
    ahead = 1 if which == NEXT else 0 if which in (None, THIS, COMING) else which
    if ahead == 0:
        return days.this_weekday(around.today, days.SATURDAY)
    return days.weekday_of_week(around.today, days.SATURDAY, ahead)


_ANY_DATE = r"(?:([No])/?(m)(?:,?(y))?|(m)([No])(?:,?(y))?)"


def _any_date(around: Around, phrase: Phrase, at: int = 1) -> date | None:
    if phrase.has(at):
        return month_day(around, phrase[at + 1], int(phrase[at]), phrase[at + 2])
    return month_day(around, phrase[at + 3], int(phrase[at + 4]), phrase[at + 5])


_PERIOD_ROWS = [
    ("(x)(u)", lambda around, phrase: _unit(around, phrase[1], phrase[2])),
    ("i?(m)(?:,?(y))?", lambda around, phrase: _month(around, phrase[1], phrase[2])),
    ("(X)(m)", lambda around, phrase: _month(replace(around, past=phrase[1] == LAST), phrase[2], None)),
    ("(m)(X)", lambda around, phrase: _month(replace(around, past=phrase[2] == LAST), phrase[1], None)),
    ("(y)(m)", lambda around, phrase: _month(around, phrase[2], phrase[1])),
    ("i?(q)(?:,?(y))?", lambda around, phrase: _quarter(around, phrase[1], phrase[2])),
    ("i?(y)", lambda _around, phrase: (date(phrase[1], 1, 1), date(phrase[1], 12, 31))),
    ("(x?)e", lambda around, phrase: (_weekend(around, phrase[1]), _weekend(around, phrase[1]) + timedelta(1))),
]
_PERIODS = table(_PERIOD_ROWS)
_DAYS = table(
    [
        ("(d)", lambda around, phrase: days.moved(around.today, "day", phrase[1])),
        ("([xX]?)(w)", lambda around, phrase: weekday(around, phrase[1], phrase[2])),
        ("(w)(X)", lambda around, phrase: weekday(around, phrase[2], phrase[1])),
        ("(w)(x)u", lambda around, phrase: days.weekday_of_week(around.today, phrase[1], phrase[2])),
        ("(x)u(w)", lambda around, phrase: days.weekday_of_week(around.today, phrase[2], phrase[1])),
        ("(x?)e", lambda around, phrase: _weekend(around, phrase[1])),
        ("(?:S/?)?(x)(u)", lambda around, phrase: _start(around, phrase[1], phrase[2])),
        ("E/?(x?)(u)", lambda around, phrase: _end(around, phrase[1], phrase[2])),
        ("(x?)(u)Z", lambda around, phrase: _end(around, phrase[1], phrase[2])),
        ("E/?(q)(?:,?(y))?", lambda around, phrase: _quarter(around, phrase[1], phrase[2])[1]),
        ("E/?(m)(?:,?(y))?|(m)Z", lambda around, phrase: _month(around, phrase[1] or phrase[3], phrase[2])[1]),
        ("S/?(m)(?:,?(y))?", lambda around, phrase: month_day(around, phrase[1], 1, phrase[2])),
        ("(i?)([nN])(u)([f]?)", _counted),
        ("()([nN])(u)(b)", _ago),
        ("(g)([nN])(u)()", _ago),
        (_ANY_DATE, _any_date),
        ("(o)", lambda around, phrase: days.day_of_month(around.today, phrase[1], past=around.past)),
        ("(x)(u),?(o)", _of_month),
        ("(F)", lambda around, phrase: day_of_figures(around, phrase[1])),
        ("(w),?(F)", lambda around, phrase: _checked(day_of_figures(around, phrase[2]), phrase[1])),
        ("(F),?(w)", lambda around, phrase: _checked(day_of_figures(around, phrase[1]), phrase[2])),
        (rf"(w),?{_ANY_DATE}", lambda around, phrase: _checked(_any_date(around, phrase, 2), phrase[1])),
        *((pattern, lambda around, phrase, read=read: read(around, phrase)[1]) for pattern, read in _PERIOD_ROWS[1:-1]),
    ]
)
