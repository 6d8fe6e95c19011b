"""Read days and moments as people write them, by the calendar and clock of who writes.

What phrases leave open is said in `periods` for days and in `clock` for times. Beside that:

- A moment without a time is at 9:00, a time without a day the next such time. A month, quarter or
  year by its name alone is the moment at which the next one begins.
- A time that the clocks skip becomes the next that exists; one that comes twice is the first.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache
from typing import TypeVar

from babel import Locale, UnknownLocaleError

from bot.grammar.calendar import days
from bot.grammar.calendar.clock import either, read_span, read_time
from bot.grammar.calendar.periods import Period, begins, read_day, read_period
from bot.grammar.calendar.phrases import Around, Longest
from bot.grammar.calendar.tokens import Tokens
from bot.grammar.calendar.zones import place, zone_of
from bot.grammar.entities import Decoded, shown
from bot.grammar.reading import Folded, Reading, Several, Writer, all_of, ends_value
from storage.errors import Invalid

V = TypeVar("V")

DATE_EXAMPLES = 'friday, 24.12., 2026-12-24, "next tue", "in 3 days", "end of month", 下周五'
MOMENT_EXAMPLES = 'friday, 9am, "tomorrow 15:00", "next tue 3pm", "in 2 hours", 2026-12-24, 明天下午3点'
MORNING = 9 * 60

_YEARS = range(1900, 2200)
_QUOTES = "\"“”„'‘’"


def date_in(text: Decoded, writer: Writer, *, past: bool = False) -> Reading[date] | None:
    """Read as much of a text as is a day; `past` prefers the last such day to the next."""
    folded = Folded(text.mask)
    return taken(read_day(Tokens(folded.text), 0, around(writer, past=past)), folded)


def period_in(text: Decoded, writer: Writer, *, past: bool) -> Reading[Period] | None:
    """Read as much of a text as is a day, a week, month, quarter or year: the first and the last day that is meant."""
    folded = Folded(text.mask)
    return taken(read_period(Tokens(folded.text), around(writer, past=past)), folded)


def moment_in(text: Decoded, writer: Writer) -> Reading[datetime] | Several | None:
    """Read as much of a text as is a moment to come, in UTC; raise Invalid for one that has passed."""
    folded = Folded(text.mask)
    tokens = Tokens(folded.text)
    local = local_time(writer)
    found = _moment(tokens, local, writer)
    reading = taken(found, folded, tokens)
    if reading is None:
        return None
    hours = either(tokens) if found and found.taken == 1 else None
    if hours is not None:
        return Several((f"{hours % 24}:00", f"in {hours} hours"), reading.end)
    if reading.value.year not in _YEARS:
        return None
    if reading.value <= writer.now:
        typed = text.text[: reading.end]
        raise Invalid(
            "{text} has passed.",
            hint='Did you mean "{near}"?',
            text=shown(typed),
            near=f"{_nearest(reading.value.astimezone(local.tzinfo), local):%Y-%m-%d %H:%M}",
        )
    return reading


def parse_date(
    text: str,
    *,
    zone: str | tzinfo,
    now: datetime,
    locale: str = "en-US",
    field: str | None = "date",
    past: bool = False,
) -> date:
    """Return the day a person means, who writes at `now` (with a time zone) in `zone` and reads dates as in `locale`.

    `past` prefers the last such day to the next, for what can only have happened. Raises Invalid for anything that is
    not a day from its first to its last character, and for years before 1900 or after 2199.
    """
    writer = Writer("", "", zone, now, locale)
    return whole(text, lambda bare: date_in(bare, writer, past=past), no_date, field)


def parse_moment(
    text: str, *, zone: str | tzinfo, now: datetime, locale: str = "en-US", field: str = "when"
) -> datetime:
    """Return the moment to come that a person means, in UTC; the parameters are those of `parse_date`.

    Raises Invalid for anything that is not a moment from its first to its last character, and for one that has passed,
    with the nearest one to come.
    """
    writer = Writer("", "", zone, now, locale)
    return whole(text, lambda bare: moment_in(bare, writer), no_moment, field)


def no_date(typed: str) -> Invalid:
    """Return the error for what is no day."""
    return unreadable("{text} is not a date I understand.", typed, DATE_EXAMPLES)


def no_moment(typed: str) -> Invalid:
    """Return the error for what is no moment."""
    return unreadable("{text} is not a time I understand.", typed, MOMENT_EXAMPLES)


def unreadable(template: str, typed: str, examples: str) -> Invalid:
    """Return the error for a text that is none of the values there are examples of."""
    return Invalid(template, hint="Write for example {examples}.", text=shown(typed), examples=examples)


def whole(
    text: str,
    read: Callable[[Decoded], Reading[V] | Several | None],
    refusal: Callable[[str], Invalid],
    field: str | None,
) -> V:
    """Return what all of a text means, without quotes around it, or raise Invalid."""
    bare = text.strip()
    if bare[:1] in tuple(_QUOTES) and bare[-1:] in tuple(_QUOTES):
        bare = bare[1:-1]
    try:
        return all_of(Decoded(bare, bare), read, refusal, field=field)
    except Invalid as error:
        error.typed = text
        raise


def local_time(writer: Writer) -> datetime:
    """Return the writer's time where they are; raise ValueError for a time without a zone."""
    if writer.now.tzinfo is None:
        raise ValueError("now must have a time zone")
    return writer.now.astimezone(zone_of(writer.zone))


def around(writer: Writer, *, past: bool = False) -> Around:
    """Return what a writer's days are read against."""
    return Around(local_time(writer).date(), past, _day_first(writer.locale))


def taken(found: Longest[V] | None, folded: Folded, tokens: Tokens | None = None) -> Reading[V] | None:
    """Return what tokens mean as a reading of the text they were taken from; None where a word goes on behind it."""
    if found is None or found.value is None:
        return None
    items = (tokens or Tokens(folded.text)).items
    end = items[found.taken - 1].end
    return Reading(found.value, folded.end(end)) if ends_value(folded.text, end) else None


def _moment(tokens: Tokens, local: datetime, writer: Writer) -> Longest[datetime] | None:
    by = around(writer)
    zone = zone_of(writer.zone)
    found: list[Longest[datetime]] = []
    if tokens.letters.startswith("I"):
        return Longest(tokens.items[0].value.astimezone(UTC), 1)
    span = read_span(tokens, by)
    if span and span.value is not None:
        found.append(Longest(local.astimezone(UTC) + span.value, span.taken))
    time = read_time(tokens, 0, by, beside_day=False)
    if time:
        found.append(Longest(None if time.value is None else _next(time.value, local, zone), time.taken))
    for first, second in _both(tokens, by):
        at = None if first.value is None or second.value is None else place(first.value, second.value, zone)
        found.append(Longest(at, max(first.taken, second.taken)))
    day = read_day(tokens, 0, by)
    if day:
        value = begins(tokens, day.taken, by) or day.value
        found.append(Longest(place(value, MORNING, zone) if value else None, day.taken))
    return max(found, key=lambda one: one.taken, default=None)


def _both(tokens: Tokens, by: Around) -> list[tuple[Longest[date], Longest[int]]]:
    """Return the day and the time that follow each other, in either order."""
    found = []
    day = read_day(tokens, 0, by)
    if day:
        time = read_time(tokens, _past_comma(tokens, day.taken), by, beside_day=True)
        found += [(day, time)] if time else []
    time = read_time(tokens, 0, by, beside_day=True)
    if time:
        day = read_day(tokens, _past_comma(tokens, time.taken), by)
        found += [(day, time)] if day else []
    this = tokens.letters.startswith("xp") and tokens.items[0].value == 0
    time = read_time(tokens, 1, by, beside_day=True) if this else None
    return [*found, (Longest(by.today, 1), time)] if time else found


def _past_comma(tokens: Tokens, at: int) -> int:
    return at + (tokens.letters[at : at + 1] == ",")


def _next(minutes: int, local: datetime, zone: tzinfo) -> datetime:
    today = local.date()
    first = place(today, minutes, zone)
    return first if first > local else place(today + timedelta(1), minutes, zone)


def _nearest(moment: datetime, local: datetime) -> datetime:
    """Return the moment to come nearest to one that has passed: today, tomorrow, or the same day of another year."""
    minutes = moment.hour * 60 + moment.minute
    today, zone = local.date(), local.tzinfo
    assert zone is not None
    day: date | None = today
    if (today - moment.date()).days > 7:
        day = days.day_of_year(today, moment.month, moment.day, past=False)
    day = day or today
    found = place(day, minutes, zone)
    return (found if found > local else place(day + timedelta(1), minutes, zone)).astimezone(zone)


@cache
def _day_first(locale: str) -> bool:
    """Tell whether a locale writes the day before the month (CLDR's short date); one that is unknown does not."""
    try:
        pattern = Locale.parse(locale.replace("-", "_")).date_formats["short"].pattern
    except (UnknownLocaleError, ValueError):
        return False
    return bool(pattern.find("d") < pattern.find("M"))
