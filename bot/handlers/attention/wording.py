"""Read the hours, days and kinds that people type, and say wishes in words."""

from __future__ import annotations

import re
from datetime import time

from bot import blocks as b
from bot import shown
from bot.grammar import Args, did_you_mean
from bot.grammar.entities import Kind
from bot.plugin import Member, Notice, Role, _
from bot.shown import Reader
from storage.attention import Attention
from storage.errors import Invalid, Refused
from storage.names import name_key

_HOUR = r"(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm)?"
_HOURS = re.compile(rf"{_HOUR}\s*[-\u2013\u2014~到至]\s*{_HOUR}")
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_CHINESE = {name: number for number, name in enumerate("一二三四五六日")} | {"天": 6}
_WEEKEND = {"weekend", "weekends", "周末"}
NONE = frozenset({"off", "none", "never", "no", "关", "无"})
_KINDS = {"cards": Notice.TICKETS, "sla": Notice.WARNINGS, "followups": Notice.REMINDERS}


def target_of(args: Args, place: str, actor: Member) -> tuple[str, str]:
    """Return whose wishes are meant and the other words: one's own, or those of a channel that is mentioned.

    Raises Refused unless a manager means a channel's.
    """
    value = args.values.get(place)
    if value is None:
        return actor.id, ""
    mentioned = [entity for entity in value.entities if entity.kind is Kind.CHANNEL]
    if not mentioned:
        return actor.id, value.text.strip()
    if not actor.has(Role.MANAGER):
        raise Refused("Only a manager can decide that for a channel.", field=place)
    rest = value.without((entity.start, entity.end) for entity in mentioned).text
    return mentioned[0].id, rest.strip()


def read_hours(text: str) -> tuple[time, time]:
    """Return from and until when, such as `18:00-09:00` or `6pm-9am`; raise Invalid with an example."""
    match = _HOURS.fullmatch(name_key(text))
    if match is None:
        raise _unreadable(text)
    parts = match.groups()
    return _time(parts[:3], text), _time(parts[3:], text)


def read_days(text: str) -> list[int]:
    """Return weekdays such as `sat,sun` or `fri-sun`, 0 for Monday; raise Invalid with an example."""
    typed = name_key(text)
    if typed in NONE:
        return []
    days: set[int] = set()
    for word in re.split(r"[\s,，、;&+/]+|\band\b|和", typed):
        if word in _WEEKEND:
            days |= {5, 6}
        elif word:
            first, *rest = (_day(end, text) for end in re.split(r"[-\u2013\u2014~到至]", word))
            if len(rest) > 1:
                raise _no_day(text)
            days |= {(first + step) % 7 for step in range(((rest or [first])[0] - first) % 7 + 1)}
    if not days:
        raise _no_day(text)
    return sorted(days)


def read_kind(text: str) -> Notice:
    """Return the kind of messages a person means; raise Invalid with the nearest or all."""
    typed = name_key(text)
    found = {notice for notice in Notice if typed and notice.value.startswith(typed)}
    if typed in _KINDS or len(found) == 1:
        return _KINDS.get(typed) or found.pop()
    near = did_you_mean(typed, [*Notice, *_KINDS])
    raise Invalid(
        "There is no kind of messages called {kind}.",
        field="kind",
        typed=text,
        kind=text,
        hint="Did you mean {near}?" if near else "There are {all}.",
        near=near or "",
        all=", ".join(Notice),
    )


def quiet_words(wishes: Attention | None, reader: Reader) -> str:
    """Say when a person or channel is left alone."""
    parts = []
    if wishes is not None and wishes.quiet_from is not None and wishes.quiet_until is not None:
        begins, ends = (shown.clock(at, reader.locale) for at in (wishes.quiet_from, wishes.quiet_until))
        parts.append(_("{begins} to {ends}").format(begins=begins, ends=ends))
    if wishes is not None and wishes.days_off:
        names = shown.weekdays(reader.locale)
        parts.append(_("all of {days}").format(days=", ".join(names[day] for day in wishes.days_off)))
    return _(" and ").join(parts)


def muted_words(wishes: Attention) -> str:
    """Name the kinds that are muted."""
    return ", ".join(_(notice.words) for notice in Notice if notice in wishes.muted)


def whose(target: str, actor: Member) -> b.Markup:
    """Name whom wishes are for."""
    return b.esc(_("you")) if target == actor.id else b.channel(target)


def _day(word: str, typed: str) -> int:
    chinese = re.fullmatch(r"(?:周|星期)?([一二三四五六日天])", word)
    if chinese:
        return _CHINESE[chinese[1]]
    name = word.rstrip(".").removesuffix("s") if word not in _DAYS else word
    found = [number for number, day in enumerate(_DAYS) if len(name) >= 2 and day.startswith(name)]
    if len(found) != 1:
        raise _no_day(typed)
    return found[0]


def _time(parts: tuple[str | None, ...], typed: str) -> time:
    hour, minute, half = int(parts[0] or 0), int(parts[1] or 0), parts[2]
    if half is not None:
        if not 1 <= hour <= 12:
            raise _unreadable(typed)
        hour = hour % 12 + (12 if half == "pm" else 0)
    if hour == 24 and minute == 0:
        hour = 0
    if hour > 23 or minute > 59:
        raise _unreadable(typed)
    return time(hour, minute)


def _no_day(typed: str) -> Invalid:
    return Invalid(
        "I do not understand {days} as days of the week.",
        field="off",
        typed=typed,
        days=typed,
        hint="Write for example off:sat,sun or off:fri-sun.",
    )


def _unreadable(typed: str) -> Invalid:
    return Invalid(
        "I do not understand these hours: {hours}",
        field="hours",
        typed=typed,
        hours=typed,
        hint="Write for example `/crm quiet 18:00-09:00 off:sat,sun`, or `/crm quiet off`.",
    )
