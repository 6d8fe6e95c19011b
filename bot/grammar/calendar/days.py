"""Count days on the calendar, from the day a person writes on."""

from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

MONDAY, FRIDAY, SATURDAY = 0, 4, 5

# A 29 February may be eight years away, around a century that has no leap day.
_YEARS = 9


def bare_weekday(today: date, weekday: int, *, past: bool) -> date:
    """Return the next such weekday after today, or the last before it: "friday" on a Friday is never today."""
    return today - timedelta((today.weekday() - weekday - 1) % 7 + 1) if past else this_weekday(_after(today), weekday)


def this_weekday(today: date, weekday: int) -> date:
    """Return the first such weekday from today on: "this friday" on a Friday is today."""
    return today + timedelta((weekday - today.weekday()) % 7)


def weekday_of_week(today: date, weekday: int, weeks: int) -> date:
    """Return a weekday of the calendar week, Monday to Sunday, so many weeks from this one."""
    return start_of(today, "week", weeks) + timedelta(weekday)


def start_of(today: date, unit: str, ahead: int) -> date:
    """Return the first day of a week, month, quarter or year, so many from the present one."""
    if unit == "week":
        return today - timedelta(today.weekday()) + timedelta(weeks=ahead)
    if unit == "year":
        return date(today.year + ahead, 1, 1)
    months = 3 if unit == "quarter" else 1
    first = today.replace(month=(today.month - 1) // months * months + 1, day=1)
    return _date(first + relativedelta(months=months * ahead))


def end_of(today: date, unit: str, ahead: int) -> date:
    """Return the last day of a month, quarter or year, and the Friday of a week: work ends then."""
    if unit == "week":
        friday = weekday_of_week(today, FRIDAY, ahead)
        return friday if ahead or friday >= today else friday + timedelta(weeks=1)
    return start_of(today, unit, ahead + 1) - timedelta(1)


def moved(today: date, unit: str, count: int) -> date:
    """Return the day so many days, weeks, months or years away; a month without that day ends it earlier."""
    steps = {"day": {"days": count}, "week": {"weeks": count}, "month": {"months": count}, "year": {"years": count}}
    return _date(today + relativedelta(**steps[unit]))  # type: ignore[arg-type]  # the stubs want each key alone


def day_of_year(today: date, month: int, day: int, *, past: bool) -> date | None:
    """Return the nearest such day, today included: the next one, or the last one."""
    for years in range(_YEARS):
        found = real_day(today.year + (-years if past else years), month, day)
        if found and (found <= today if past else found >= today):
            return found
    return None


def day_of_month(today: date, day: int, *, past: bool) -> date | None:
    """Return the nearest day with this number, today included, skipping months that have none."""
    for months in range(3):
        first = start_of(today, "month", -months if past else months)
        found = real_day(first.year, first.month, day)
        if found and (found <= today if past else found >= today):
            return found
    return None


def real_day(year: int, month: int, day: int) -> date | None:
    """Return a day of the calendar, or None if there is no such day."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _after(today: date) -> date:
    return today + timedelta(1)


def _date(moment: date) -> date:
    return date(moment.year, moment.month, moment.day)
