"""Read wishes to be left alone from what people type, and say them in words."""

from __future__ import annotations

from datetime import time

from bot.grammar import Args, did_you_mean, parse_hours, parse_weekdays
from bot.grammar.entities import EntityKind
from bot.kit import blocks as b
from bot.kit import format
from bot.kit.format import Reader
from bot.plugin import Member, Notice, Role, _
from storage.errors import Invalid, Refused
from storage.names import name_key
from storage.notifications.preferences import Attention

NONE = frozenset({"off", "none", "never", "no", "关", "无"})
_KINDS = {"cards": Notice.TICKETS, "sla": Notice.WARNINGS, "followups": Notice.REMINDERS}


def target_of(args: Args, place: str, actor: Member) -> tuple[str, str]:
    """Return whose wishes are meant and the other words: one's own, or those of a channel that is mentioned.

    Raises Refused unless a manager means a channel's.
    """
    value = args.values.get(place)
    if value is None:
        return actor.id, ""
    mentioned = [entity for entity in value.entities if entity.kind is EntityKind.CHANNEL]
    if not mentioned:
        return actor.id, value.text.strip()
    if not actor.has(Role.MANAGER):
        raise Refused("Only a manager can decide that for a channel.", field=place)
    rest = value.without((entity.start, entity.end) for entity in mentioned).text
    return mentioned[0].id, rest.strip()


def read_hours(text: str) -> tuple[time, time]:
    """Return from and until when, such as `18:00-09:00` or `6pm-9am`; raise Invalid with an example."""
    found = parse_hours(text)
    if found is None:
        raise Invalid(
            "I do not understand these hours: {hours}.",
            field="hours",
            typed=text,
            hours=text,
            hint="Write for example `/crm quiet 18:00-09:00 off:sat,sun`, or `/crm quiet off`.",
        )
    begins, ends = (time(minute // 60 % 24, minute % 60) for minute in found)
    return begins, ends


def read_days(text: str) -> list[int]:
    """Return weekdays such as `sat,sun` or `fri-sun`, 0 for Monday; raise Invalid with an example."""
    if name_key(text) in NONE:
        return []
    days = parse_weekdays(text)
    if days is None:
        raise Invalid(
            "I do not understand {days} as days of the week.",
            field="off",
            typed=text,
            days=text,
            hint="Write for example off:sat,sun or off:fri-sun.",
        )
    return days


def read_kind(text: str) -> Notice:
    """Return the kind of messages a person means; raise Invalid with the nearest or all."""
    typed = name_key(text)
    found = {notice for notice in Notice if typed and notice.value.startswith(typed)}
    if typed in _KINDS or len(found) == 1:
        return _KINDS.get(typed) or found.pop()
    near = did_you_mean(typed, [*Notice, *_KINDS])
    raise Invalid(
        "There is no kind of message called {kind}.",
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
        begins, ends = (format.clock(at, reader.locale) for at in (wishes.quiet_from, wishes.quiet_until))
        parts.append(_("{begins} to {ends}").format(begins=begins, ends=ends))
    if wishes is not None and wishes.days_off:
        names = format.weekdays(reader.locale)
        parts.append(_("all of {days}").format(days=", ".join(names[day] for day in wishes.days_off)))
    return _(" and ").join(parts)


def muted_words(wishes: Attention) -> str:
    """Name the kinds that are muted."""
    return ", ".join(_(notice.words) for notice in Notice if notice in wishes.muted)


def whose(target: str, actor: Member) -> b.Markup:
    """Name whom wishes are for."""
    return b.esc(_("you")) if target == actor.id else b.channel(target)
