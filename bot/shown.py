"""Show money, days and moments as their reader writes them: in the reader's language and time zone, through Babel."""

from collections.abc import Iterable
from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.core import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time, format_timedelta, get_datetime_format
from babel.numbers import format_currency
from babel.numbers import format_percent as _format_percent

from storage.members import Member
from storage.money import Money
from storage.workspaces import Workspace

DEFAULT_LOCALE = "en-US"
_NEAR_DAYS = 180


def locale_of(reader: Member | None, workspace: Workspace) -> str:
    """Return the locale a person reads in; the workspace's for a channel and for people who have none."""
    return (reader.locale if reader else None) or workspace.locale or DEFAULT_LOCALE


def zone_of(reader: Member | None, workspace: Workspace) -> ZoneInfo:
    """Return the time zone a person lives in; the workspace's for a channel and for people who have none."""
    return zone((reader.zone if reader else None) or workspace.zone)


def zone(name: str | None) -> ZoneInfo:
    """Return a time zone by its IANA name, UTC for one this machine does not know."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def today(reader: Member | None, workspace: Workspace, now: datetime) -> date:
    """Return the day it is for a person at a moment."""
    return now.astimezone(zone_of(reader, workspace)).date()


def money(amount: Money, locale: str | None) -> str:
    """Show an amount in its own currency, without decimals where they are all zero: €12,000 but €12,000.50."""
    known = _locale(locale)
    if amount.major != amount.major.to_integral_value():
        return str(format_currency(amount.major, amount.currency, locale=known))
    pattern = known.currency_formats["standard"].pattern.replace(".00", "")
    return str(
        format_currency(amount.major, amount.currency, format=pattern, locale=known, currency_digits=False)
    ).strip()


def totals(amounts: Iterable[Money | None], locale: str | None) -> list[str]:
    """Show the sum of amounts, one for each currency, by its code; amounts of different currencies are never added."""
    sums: dict[str, Money] = {}
    for amount in amounts:
        if amount is not None:
            sums[amount.currency] = sums.get(amount.currency, Money(0, amount.currency)) + amount
    return [money(sums[currency], locale) for currency in sorted(sums)]


def percent(share: float, locale: str | None) -> str:
    """Show a share between 0 and 1 as a whole percentage."""
    return str(_format_percent(share, locale=_locale(locale)))


def day(on: date, locale: str | None, *, today: date | None = None) -> str:
    """Show a day; with `today` given, a near one by weekday and without its year: Fri, Nov 28."""
    known = _locale(locale)
    if today is None or abs((on - today).days) > _NEAR_DAYS:
        return str(format_date(on, "medium", locale=known))
    return str(format_skeleton("MMMEd", on, locale=known))


def moment(when: datetime, place: ZoneInfo, locale: str | None, *, now: datetime | None = None) -> str:
    """Show a day and the time of day in a place; `when` and `now` are aware, and near days are shown as by `day`."""
    known = _locale(locale)
    local = when.astimezone(place)
    shown_day = day(local.date(), locale, today=now.astimezone(place).date() if now else None)
    # CLDR puts a narrow no-break space before AM and PM, which nobody can type or search for.
    shown_time = str(format_time(local, "short", tzinfo=place, locale=known)).replace("\u202f", " ")
    return str(get_datetime_format("medium", locale=known)).format(shown_time, shown_day)


def ago(when: datetime, now: datetime, locale: str | None) -> str:
    """Show how long ago something was, or how far ahead it is: 3 days ago, in 2 hours."""
    return str(format_timedelta(when - now, add_direction=True, locale=_locale(locale)))


@cache
def _locale(name: str | None) -> Locale:
    try:
        return Locale.parse((name or DEFAULT_LOCALE).replace("_", "-"), sep="-")
    except (ValueError, UnknownLocaleError):
        return Locale.parse(DEFAULT_LOCALE, sep="-")
