"""Show money, days and moments as their reader writes them, and the lines that cards of every noun share.

Language and time zone are the reader's, through Babel.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Literal, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.dates import (
    format_date,
    format_interval,
    format_skeleton,
    format_time,
    format_timedelta,
    get_datetime_format,
)
from babel.numbers import format_currency, format_decimal
from babel.numbers import format_percent as _format_percent
from babel.units import format_unit
from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.i18n import DEFAULT_LOCALE, _, known_locale
from bot.kit import blocks as b
from storage.crm import notes
from storage.money import Money
from storage.records import history, named
from storage.records.about import Subject
from storage.records.named import Record
from storage.support.messages import IncomingMessage
from storage.workspace import api_keys
from storage.workspace.members import Member
from storage.workspace.workspaces import Workspace

# Slack keeps 2,000 characters in a button, of which a control needs a few.
VALUE_LIMIT = 1_900
NOTES_SHOWN = 3
NOTE_CUT = 300
_NEAR_DAYS = 180
_UNITS = (365 * 86_400, 30 * 86_400, 7 * 86_400, 86_400, 3_600, 60)
"""The units of spans in seconds, as Babel counts them."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Hold what decides how amounts and times are shown to one person: language, place, and the time it is."""

    locale: str
    zone: ZoneInfo
    now: datetime

    @property
    def today(self) -> date:
        """Return the day it is where the reader is."""
        return self.now.astimezone(self.zone).date()

    def money(self, amount: Money) -> str:
        """Show an amount in its own currency."""
        return money(amount, self.locale)

    def totals(self, amounts: Iterable[Money | None]) -> list[str]:
        """Show the sum of amounts, one for each currency."""
        return totals(amounts, self.locale)

    def number(self, value: Decimal, *, least: int = 0) -> str:
        """Show a number with all of its decimals, `least` of them at least, and marks between thousands."""
        return number(value, self.locale, least=least)

    def day(self, on: date) -> str:
        """Show a day, a near one by its weekday."""
        return day(on, self.locale, today=self.today)

    def moment(self, when: datetime) -> str:
        """Show a day and the time of day where the reader is."""
        return moment(when, self.zone, self.locale, now=self.now)

    def ago(self, when: datetime) -> str:
        """Show how long ago something was, or how far ahead it is."""
        return ago(when, self.now, self.locale)


def reader(person: Member | None, workspace: Workspace, now: datetime) -> Reader:
    """Return how things are shown to a person now; to everybody in a channel where it is None."""
    return Reader(locale_of(person, workspace), zone_of(person, workspace), now)


def locale_of(person: Member | None, workspace: Workspace) -> str:
    """Return the locale a person reads in; the workspace's for a channel and for people who have none."""
    return (person.locale if person else None) or workspace.locale or DEFAULT_LOCALE


def zone_of(person: Member | None, workspace: Workspace) -> ZoneInfo:
    """Return the time zone a person lives in; the workspace's for a channel and for people who have none."""
    return zone((person.zone if person else None) or workspace.zone)


def zone(name: str | None) -> ZoneInfo:
    """Return a time zone by its IANA name, UTC for one this machine does not know."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def today(person: Member | None, workspace: Workspace, now: datetime) -> date:
    """Return the day it is for a person at a moment."""
    return now.astimezone(zone_of(person, workspace)).date()


def money(amount: Money, locale: str | None) -> str:
    """Show an amount in its own currency, without decimals where they are all zero: €12,000 but €12,000.50."""
    known = known_locale(locale)
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
    """Show a share between 0 and 1 as a whole percentage, rounded down: nothing uncertain is shown as 100 %."""
    return str(_format_percent(math.floor(share * 100 + 1e-9) / 100, locale=known_locale(locale)))


def decimal(number: float, locale: str | None) -> str:
    """Show a number with one place behind the point: 4.2."""
    return str(format_decimal(number, format="0.0", locale=known_locale(locale)))


def number(value: Decimal, locale: str | None, *, least: int = 0) -> str:
    """Show a number with all of its decimals, `least` of them at least, and marks between thousands: 1,234.5."""
    places = max(least, -int(value.normalize().as_tuple().exponent))
    return str(format_decimal(value, format=f"#,##0.{'0' * places}".rstrip("."), locale=known_locale(locale)))


def day(on: date, locale: str | None, *, today: date | None = None) -> str:
    """Show a day; with `today` given, a near one by weekday and without its year: Fri, Nov 28."""
    known = known_locale(locale)
    if today is None or abs((on - today).days) > _NEAR_DAYS:
        return str(format_date(on, "medium", locale=known))
    return str(format_skeleton("MMMEd", on, locale=known))


def days(first: date, last: date, locale: str | None) -> str:
    """Show the days from one to another, a whole month, quarter or year by its name: Q4 2026."""
    known = known_locale(locale)
    after = last + timedelta(days=1)
    months = (after.year - first.year) * 12 + after.month - first.month
    whole = {1: "yMMMM", 3: "yQQQ", 12: "y"} if first.day == after.day == 1 and (first.month - 1) % months == 0 else {}
    if months in whole:
        return str(format_skeleton(whole[months], first, locale=known))
    return (
        day(first, locale)
        if first == last
        else str(format_interval(first, last, "yMMMd", locale=known)).replace("\u2009", " ")
    )


def moment(when: datetime, place: ZoneInfo, locale: str | None, *, now: datetime | None = None) -> str:
    """Show a day and the time of day in a place; `when` and `now` are aware, and near days are shown as by `day`."""
    known = known_locale(locale)
    local = when.astimezone(place)
    shown_day = day(local.date(), locale, today=now.astimezone(place).date() if now else None)
    # CLDR puts a narrow no-break space before AM and PM, which nobody can type or search for.
    shown_time = str(format_time(local, "short", tzinfo=place, locale=known)).replace("\u202f", " ")
    return str(get_datetime_format("medium", locale=known)).format(shown_time, shown_day)


def ago(when: datetime, now: datetime, locale: str | None) -> str:
    """Show how long ago something was, or how far ahead it is: 3 days ago, in 2 hours."""
    if abs(when - now) < timedelta(minutes=1):
        return _("just now")
    return _span(when - now, locale, add_direction=True)


def duration(length: timedelta, locale: str | None) -> str:
    """Show how long something took: 3 hours."""
    return _span(-length, locale)


def _span(ahead: timedelta, locale: str | None, *, add_direction: bool = False) -> str:
    """Show a span in its largest unit: what is past in whole ones that are over, what is ahead to the nearest one."""
    seconds = abs(ahead.total_seconds())
    unit = next((unit for unit in _UNITS if seconds >= unit), 1)
    count = math.floor(seconds / unit + (0.5 if ahead > timedelta(0) else 0)) * unit
    whole = timedelta(seconds=math.copysign(count, ahead.total_seconds() if add_direction else 1))
    return str(format_timedelta(whole, threshold=1, add_direction=add_direction, locale=known_locale(locale)))


def clock(at: time, locale: str | None) -> str:
    """Show a time of day: 9:00 AM."""
    return str(format_time(at, "short", locale=known_locale(locale))).replace("\u202f", " ")


def weekdays(locale: str | None) -> list[str]:
    """Return the names of the days of the week, Monday first."""
    names = known_locale(locale).days["format"]["wide"]
    return [str(names[number]) for number in range(7)]


class Noted(Protocol):
    """Stand for what somebody wrote down about a record."""

    @property
    def text(self) -> str:
        """Return what was written down."""

    @property
    def at(self) -> datetime:
        """Return when it was."""

    @property
    def created_by(self) -> str | None:
        """Return who wrote it down, None for Rapport itself."""


def last_notes(session: Session, record: Subject, reader: Reader) -> list[Block]:
    """Show the last notes about a record in small text; nothing where there is none."""
    return note_lines(session, notes.about(session, record, limit=NOTES_SHOWN), reader)


def note_lines(session: Session, found: Sequence[Noted], reader: Reader) -> list[Block]:
    """Show notes in small text; nothing where there is none."""
    lines = [
        b.markup(
            _("{who}, {ago}: {text}"),
            who=who(session, note.created_by),
            ago=reader.ago(note.at),
            text=b.cut(note.text, NOTE_CUT),
        )
        for note in found
    ]
    return [b.context(*lines)] if lines else []


def who(session: Session, actor_id: str | None) -> b.Text:
    """Name who did something: mention a person, call an API key and Rapport itself by name."""
    if actor_id is None or api_keys.is_key(actor_id):
        return history.actor_name(session, actor_id)
    return b.person(actor_id)


def paragraphs(lines: Iterable[b.Text]) -> list[Block]:
    """Draw lines in as few paragraphs as Slack's limit allows, no line cut in two."""
    parts: list[list[b.Markup]] = [[]]
    for line in map(b.esc, lines):
        if parts[-1] and sum(len(one) + 1 for one in parts[-1]) + len(line) > b.SECTION_LIMIT:
            parts.append([])
        parts[-1].append(line)
    return [b.section(b.join(part)) for part in parts if part]


def said(message: IncomingMessage) -> str:
    """Return the words of a message, without the names of its files, which are shown below them."""
    named = f"[{', '.join(one['name'] for one in message.files or ())}]"
    return (message.text.removesuffix(named) if message.files else message.text).strip()


def quoted(message: IncomingMessage, limit: int) -> b.Markup:
    """Quote what a customer wrote, shortened; what its author deleted is not repeated."""
    if message.deleted_at is not None:
        return b.Markup(_(">_This message was deleted by its author._"))
    shown = b.cut(said(message) or (_("(only files)") if message.files else _("(no text)")), limit)
    return b.Markup("\n".join(f">{line}" for line in shown.splitlines()))


def size(amount: int, locale: str | None) -> str:
    """Show the size of a file: 340 bytes, 12 kB, 2.4 MB."""
    steps = (("megabyte", 1_000_000, "#,##0.#"), ("kilobyte", 1_000, "#,##0"), ("byte", 1, "#,##0"))
    unit, step, pattern = next((one for one in steps if amount >= one[1]), steps[-1])
    length: Literal["long", "short"] = "long" if step == 1 else "short"
    shown = format_unit(amount / step, f"digital-{unit}", length, format=pattern, locale=known_locale(locale))
    return str(shown)


def undo_hint() -> Block:
    """Say, under a change, how it is taken back."""
    return b.context(_("`/crm undo` takes this back."))


def overtaken(session: Session, record: Record, control: b.Control) -> b.Markup | None:
    """Say who changed a record since the card with this control was drawn; None if the card is up to date."""
    if named.is_current(session, record, control.version):
        return None
    who = history.last_actor(session, record.__noun__, record.id)
    if history.is_last_actor(session, record.__noun__, record.id):
        return b.esc(_("Nothing was done: you have changed this meanwhile. Here it is as it stands now."))
    return b.markup(_("Nothing was done: {who} has changed this meanwhile. Here it is as it stands now."), who=who)
