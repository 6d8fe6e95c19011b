"""Say spans of business time, the hours of a week and what a clock measures in words, and read what people write."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time

from babel.units import format_unit
from sqlalchemy.orm import Session

from bot.grammar import parse_hours, parse_weekdays
from bot.grammar.calendar.hours import HOURS
from bot.grammar.entities import Decoded
from bot.grammar.reading import Reading, Writer
from bot.grammar.types import SpanType
from bot.i18n import known_locale
from bot.kit import blocks as b
from bot.kit import fields, format
from bot.plugin import _
from storage.crm.customers import CUSTOMER, tiers_called
from storage.errors import CrmError, Invalid
from storage.names import name_key, short
from storage.records.fields import ChoiceField
from storage.records.schema import extended
from storage.support.sla import FIRST_RESPONSE, SlaTarget
from storage.support.sla.calendar import Week
from storage.support.sla.hours import DAY_MINUTES, Hours, check_span
from storage.support.tickets import TICKET

_PART = re.compile(rf"(?P<days>\D+?)\s*(?P<hours>{HOURS})(?!\d)")
_SEPARATORS = " ,;，；、"
SPAN = SpanType(
    "Write hours or minutes, such as 90m, 1h30m or 8h."
    " They count in your business hours, so a day is only as long as your working day."
)
_ANSWER = frozenset({"answer", "answered", "reply", "respond", "response", "antwort", "antworten"})
_RESOLVE = frozenset({"resolve", "resolved", "solve", "solved", "solution", "fix", "lösung", "lösen"})
_FILLING = frozenset({"first", "in", "within", "and", "for", "to", "tier", "priority", "tickets", "customers", "all"})
ALWAYS = frozenset({"always", "24/7", "around the clock", "全天", "全年无休"})


def span_words(minutes: int, locale: str) -> str:
    """Show a span of business time, never in days, as nobody knows how long these are."""
    hours, rest = divmod(minutes, 60)
    parts = [(hours, "duration-hour")] if hours else []
    parts += [(rest, "duration-minute")] if rest or not hours else []
    name = str(known_locale(locale))
    return " ".join(str(format_unit(number, unit, length="short", locale=name)) for number, unit in parts)


def read_week(text: str) -> Week:
    """Return the hours of a week such as `mon-fri 09:00-17:00, sat 10-14`; days not named are off.

    Raises Invalid with an example.
    """
    typed = name_key(text)
    if typed in ALWAYS:
        return [None] * 7
    week: list[tuple[int, int] | None] = [None] * 7
    rest = typed.strip(_SEPARATORS)
    while rest:
        match = _PART.match(rest)
        if match is None:
            raise _unreadable(text)
        days, hours = parse_weekdays(match["days"]), parse_hours(match["hours"])
        if days is None or hours is None:
            raise _unreadable(text)
        for day in days:
            week[day] = check_span(*hours)
        rest = rest[match.end() :].strip(_SEPARATORS)
    if not any(week):
        raise _unreadable(text)
    return week


def week_words(hours: Hours, locale: str) -> str:
    """Say when a team works: neighbouring days of the same hours together."""
    if hours.always:
        return _("around the clock")
    names = known_locale(locale).days["format"]["abbreviated"]
    parts: list[str] = []
    first = 0
    while first < 7:
        last = first
        while last < 6 and hours.week[last + 1] == hours.week[first]:
            last += 1
        if span := hours.week[first]:
            days = names[first] if first == last else f"{names[first]}-{names[last]}"
            parts.append(f"{days} {_time(span[0], locale)}-{_time(span[1], locale)}")
        first = last + 1
    return ", ".join(parts)


def typed_week(hours: Hours) -> str:
    """Return the hours of a week as one would type them."""
    if hours.always:
        return "always"
    english = week_words(Hours(hours.zone, hours.week), "en-GB")
    return english.lower()


def kind_words(kind: str) -> str:
    """Return what a clock measures."""
    return _("first answer") if kind == FIRST_RESPONSE else _("solution")


def priority_words(session: Session, priority: str) -> str:
    """Return what people call a priority."""
    return fields.called(session, TICKET, "priority", priority)


def tier_words(session: Session, tier: str) -> str:
    """Return what people call a tier."""
    return fields.called(session, CUSTOMER, "tier", tier, tier)


def typed_tier(session: Session, typed: str | None) -> str | None:
    """Return the tier that was typed as it is stored; raise Invalid where it is none of the team's."""
    tier = extended(session, CUSTOMER).field("tier")
    return tier.checked(session, typed) if typed and isinstance(tier, ChoiceField) else typed


def which_words(session: Session, target: SlaTarget) -> b.Markup:
    """Say for which tickets a promise is."""
    if target.priority is None and target.tier is None:
        return b.markup("*{all}*", all=_("All other tickets"))
    if target.tier is None:
        return b.markup("*{priority}*", priority=priority_words(session, str(target.priority)))
    if target.priority is None:
        return b.markup(_("Tier *{tier}*"), tier=tier_words(session, target.tier))
    return b.markup(
        _("Tier *{tier}*, *{priority}*"),
        tier=tier_words(session, target.tier),
        priority=priority_words(session, target.priority),
    )


def promise_line(session: Session, target: SlaTarget, locale: str) -> b.Markup:
    """Say what is promised for which tickets."""
    said = []
    if target.first_response_minutes is not None:
        said.append(b.markup(_("answer within {time}"), time=span_words(target.first_response_minutes, locale)))
    if target.resolution_minutes is not None:
        said.append(b.markup(_("solve within {time}"), time=span_words(target.resolution_minutes, locale)))
    return b.markup("• {which}: {said}", which=which_words(session, target), said=b.join(said, ", "))


def _time(minute: int, locale: str) -> str:
    return "24:00" if minute == DAY_MINUTES else format.clock(time(minute // 60, minute % 60), locale)


def _unreadable(typed: str) -> Invalid:
    return Invalid(
        "I do not understand these hours: {hours}",
        field="hours",
        typed=typed,
        hours=typed,
        hint="Write for example `/crm hours mon-fri 09:00-17:00, sat 10:00-14:00`, or `/crm hours always`.",
    )


def examples(targets: Sequence[SlaTarget]) -> b.Markup:
    """Say how promises are changed."""
    hint = _("Change: `/crm sla set priority:urgent tier:gold answer:1h resolve:8h`.")
    more = _("Take back: `/crm sla remove priority:urgent`.") if targets else ""
    return b.Markup(f"{hint} {more}".strip())


@dataclass(slots=True)
class PromiseWords:
    """Hold what a promise names: for which tickets, and minutes; `either` is a time that may be for both."""

    priority: str | None = None
    tier: str | None = None
    answer: int | None = None
    resolve: int | None = None
    either: int | None = None


def read_promise(session: Session, typed: str, writer: Writer) -> PromiseWords:
    """Return what words promise; of two times without a word before them, the first is for the answer.

    Raises Invalid naming the word that says nothing here.
    """
    said, wanted, bare = PromiseWords(), "", []
    rest = typed.replace(",", " ").strip()
    while rest:
        word = rest.split()[0]
        span = SPAN.read(Decoded(rest, rest), writer)
        lower = word.casefold().rstrip(":")
        if span is not None:
            if wanted:
                setattr(said, wanted, span.value)
            else:
                bare.append(span.value)
            wanted, rest = "", rest[span.end :].strip()
            continue
        if lower in _ANSWER | _RESOLVE:
            wanted = "answer" if lower in _ANSWER else "resolve"
        elif lower not in _FILLING:
            _which(session, word, said, writer)
        rest = rest[len(word) :].strip()
    if len(bare) > 2 or (bare and (said.answer or said.resolve)):
        raise Invalid("Which time is for what?", field="promise", typed=typed, hint="Write `answer:1h resolve:8h`.")
    if len(bare) == 2:
        said.answer, said.resolve = bare
    elif bare:
        said.either = bare[0]
    return said


def _which(session: Session, word: str, said: PromiseWords, writer: Writer) -> None:
    kind = fields.choice_type(session, TICKET, "priority")
    found = kind.read(Decoded(word, word), writer)
    if isinstance(found, Reading) and not said.priority and found.end == len(word):
        said.priority = found.value
        return
    tier = extended(session, CUSTOMER).field("tier")
    try:
        known = tier.checked(session, word) if isinstance(tier, ChoiceField) and tier.choices else ""
        said.tier = known or tiers_called(session, word)[0]
    except CrmError:
        raise Invalid(
            "{word} is neither a priority, a tier nor a time.",
            field="promise",
            typed=word,
            word=short(word),
            hint="Write for example `/crm sla set priority:urgent tier:gold answer:1h resolve:8h`.",
        ) from None
