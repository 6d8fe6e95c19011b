"""Save and apply how a workspace answers its customers: categories, routes, hours, quiet channels, replies, promises.

Channels and people are named as Slack calls them, as their ids differ between workspaces; a route to somebody who is
not there is left out, and said so.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.names import name_key, short
from storage.notifications import preferences
from storage.notifications.preferences import Attention
from storage.support import categories, replies, routes, sla
from storage.support.channels import Channel
from storage.support.sla import BusinessHours, Holiday, hours
from storage.support.sla.hours import from_stored
from storage.support.tickets import Ticket
from storage.templates.parts import LEFT_OUT, SetupSection, Surroundings, at
from storage.templates.reading import FilePart
from storage.workspace import members
from storage.workspace.members import Role

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _save_categories(session: Session) -> Any:
    written: dict[str, list[str]] = {}
    for example in categories.examples_of(session):
        written.setdefault(example.category, []).append(example.text)
    rows = {row.key: row for row in categories.all_of(session) if not row.is_shipped}
    saved = []
    for key in dict.fromkeys([*rows, *written]):
        row = rows.get(key)
        one: dict[str, Any] = {"key": key}
        one |= {"name": row.name} if row else {}
        one |= {"into": row.merged_into} if row and row.merged_into else {}
        saved.append(one | ({"examples": written[key]} if key in written else {}))
    return saved


def _apply_categories(session: Session, part: FilePart, known: Surroundings) -> list[str]:
    changed = []
    for one in part.each():
        one.only("key", "name", "into", "examples")
        there = dict(known.categories(session))
        key = name_key(one.text("key", one.text("name", "")))
        name = one.text("name", "")
        found = next(
            (k for k, called in there.items() if k == key or (name and name_key(called) == name_key(name))), None
        )
        given = one.get("examples")
        texts = [str(text.value) for text in given.each()] if given else []
        with at(one):
            if found is None:
                if categories.by_key(session, key):
                    # It was merged here.
                    continue
                categories.add(session, name or key, texts, taken=there)
                changed.append(f"+ category: {name or key}")
                continue
            row = categories.by_key(session, found)
            if name and there[found] != name and (row is None or row.is_shipped):
                categories.rename(session, found, name, taken=there)
                changed.append(f"+ category: {there[found]} → {name}")
            if texts and (added := categories.add_examples(session, found, texts)):
                changed.append(f"+ examples: {name or there[found]}, {len(added)}")
    for one in part.each():
        there = dict(known.categories(session))
        key, into = name_key(one.text("key", "")), name_key(one.text("into", ""))
        if not into or key not in there or into not in there or _has_tickets(session, key):
            continue
        with at(one):
            categories.merge(session, key, into, taken=there)
            routes.follow(session, key, into)
        changed.append(f"+ category: {there[key]} into {there[into]}")
    return changed


def _has_tickets(session: Session, category: str) -> bool:
    return session.scalar(select(Ticket.id).where(Ticket.category == category).limit(1)) is not None


def _channel_names(session: Session) -> dict[str, str]:
    known = session.execute(select(Channel.id, Channel.name).where(Channel.name.is_not(None)).order_by(Channel.id))
    return {str(number): str(name) for number, name in known}


def _save_routes(session: Session) -> Any:
    called = {row.key: row.name for row in categories.all_of(session)}
    channels = _channel_names(session)
    people = {one.id: one.email or one.name for one in members.staff(session)}
    saved = []
    for route in routes.list_routes(session):
        one: dict[str, Any] = {"category": called.get(route.category, route.category)} if route.category else {}
        one |= {"tier": route.tier} if route.tier else {}
        one |= {"language": route.language} if route.language else {}
        one |= {"channel": channels[route.channel_id]} if route.channel_id in channels else {}
        named = [people[who] for who in route.people if who in people]
        one |= {"people": named, "turns": route.strategy} if named else {}
        saved.append(one)
    return [one for one in saved if one.keys() & {"channel", "people"}]


def _apply_routes(session: Session, part: FilePart, known: Surroundings) -> list[str]:
    changed = []
    channels = {name: number for number, name in _channel_names(session).items()}
    staff = members.staff(session, Role.AGENT)
    for one in part.each():
        one.only("category", "tier", "language", "channel", "people", "turns")
        for_what = _conditions(session, one, known)
        if any(
            (row.category, row.tier, row.language) == tuple(for_what.values()) for row in routes.list_routes(session)
        ):
            continue
        channel, turns, given = one.text("channel", "").lstrip("#"), one.text("turns", ""), one.get("people")
        if turns and turns not in set(routes.Strategy):
            raise one.fault("{turns} is none of {values}.", turns=turns, values=", ".join(routes.Strategy))
        wanted = [str(who.value) for who in given.each()] if given else []
        found = {who: [one.id for one in staff if who in {one.email, one.name}] for who in wanted}
        missing = [*(["#" + channel] if channel and channel not in channels else [])]
        missing += [who for who, ids in found.items() if len(ids) != 1]
        said = " ".join(["route", *(value for value in for_what.values() if value)])
        changed += [f"{LEFT_OUT}{said}: {', '.join(missing)}"] if missing else []
        people = [ids[0] for ids in found.values() if len(ids) == 1]
        if channel not in channels and not people:
            continue
        with at(one):
            how: Any = {"strategy": turns} if turns else {}
            routes.add(session, **for_what, channel_id=channels.get(channel), people=people, **how)
        changed.append(f"+ {said}")
    return changed


def _conditions(session: Session, one: FilePart, known: Surroundings) -> dict[str, Any]:
    said = one.text("category", "")
    there = known.categories(session)
    category = next((key for key, called in there.items() if said and name_key(said) in {key, name_key(called)}), None)
    if said and category is None:
        raise one.fault("there is no category {name}.", name=short(said))
    return {"category": category, "tier": one.text("tier", "") or None, "language": one.text("language", "") or None}


def _save_hours(session: Session) -> Any:
    row = session.scalars(select(BusinessHours)).first()
    off = session.scalars(select(Holiday).order_by(Holiday.day)).all()
    saved: dict[str, Any] = {}
    if row is not None:
        saved = {"zone": row.zone} | {DAYS[int(day)]: "-".join(span) for day, span in sorted(row.hours.items())}
    return saved | ({"holidays": [{"day": one.day.isoformat(), "name": one.name} for one in off]} if off else {})


def _apply_hours(session: Session, part: FilePart, known: Surroundings) -> list[str]:
    part.only("zone", *DAYS, "holidays")
    changed = []
    stored = {
        str(number): list(said.partition("-")[::2]) for number, day in enumerate(DAYS) if (said := part.text(day, ""))
    }
    if (stored or part.get("zone")) and session.scalars(select(BusinessHours)).first() is None:
        zone = part.text("zone", hours(session).zone)
        try:
            week = from_stored(zone, stored).week
        except (ValueError, KeyError):
            raise part.fault("hours are written as 09:00-17:00.") from None
        with at(part):
            sla.set_hours(session, week, zone=zone)
        changed.append("+ hours: " + ", ".join(f"{DAYS[int(day)]} {'-'.join(span)}" for day, span in stored.items()))
    there = set(session.scalars(select(Holiday.day)))
    for one in given.each() if (given := part.get("holidays")) else ():
        one.only("day", "name")
        try:
            day = date.fromisoformat(one.text("day"))
        except ValueError:
            raise one.fault("a day is written as 2027-12-24.") from None
        if day not in there:
            with at(one):
                sla.add_holiday(session, day, one.text("name"))
            changed.append(f"+ holiday: {one.text('name')}")
    return changed


def _save_quiet(session: Session) -> Any:
    channels = _channel_names(session)
    saved = []
    # What people want for themselves is theirs.
    for row in session.scalars(select(Attention).where(Attention.target.in_(channels)).order_by(Attention.target)):
        one: dict[str, Any] = {"channel": channels[row.target]}
        if row.quiet_from is not None and row.quiet_until is not None:
            one |= {"from": f"{row.quiet_from:%H:%M}", "until": f"{row.quiet_until:%H:%M}"}
        one |= {"off": [DAYS[day] for day in row.days_off]} if row.days_off else {}
        saved.append(one | ({"a_day": row.daily_budget} if row.daily_budget is not None else {}))
    return [one for one in saved if len(one) > 1]


def _apply_quiet(session: Session, part: FilePart, known: Surroundings) -> list[str]:
    changed = []
    channels = {name: number for number, name in _channel_names(session).items()}
    for one in part.each():
        one.only("channel", "from", "until", "off", "a_day")
        name = one.text("channel").lstrip("#")
        if name not in channels:
            changed.append(f"{LEFT_OUT}quiet: #{name}")
            continue
        if preferences.get(session, channels[name]) is not None:
            continue
        try:
            spans = (
                (time.fromisoformat(one.text("from")), time.fromisoformat(one.text("until")))
                if one.get("from")
                else None
            )
            off = [DAYS.index(str(day.value)) for day in given.each()] if (given := one.get("off")) else []
        except ValueError:
            raise one.fault("times are written as 18:00, days as sat.") from None
        with at(one):
            preferences.set_quiet(session, channels[name], spans, off)
            if (most := one.number("a_day")) is not None:
                preferences.set_budget(session, channels[name], most)
        changed.append(f"+ quiet: #{name}")
    return changed


def _save_replies(session: Session) -> Any:
    return [{"name": one.name, "text": one.text} for one in replies.saved(session)]


def _apply_replies(session: Session, part: FilePart, known: Surroundings) -> list[str]:
    changed = []
    for one in part.each():
        one.only("name", "text")
        if name_key(one.text("name")) in {name_key(there.name) for there in replies.saved(session)}:
            continue
        with at(one):
            replies.save(session, one.text("name"), one.text("text"))
        changed.append(f"+ reply: {one.text('name')}")
    return changed


def _save_promises(session: Session) -> Any:
    keys = {"priority": "priority", "tier": "tier", "answer": "first_response_minutes", "solve": "resolution_minutes"}
    return [
        {key: value for key, at in keys.items() if (value := getattr(one, at)) is not None}
        for one in sla.targets(session)
    ]


def _apply_promises(session: Session, part: FilePart, known: Surroundings) -> list[str]:
    changed = []
    for one in part.each():
        one.only("priority", "tier", "answer", "solve")
        which = {"priority": one.text("priority", "") or None, "tier": one.text("tier", "") or None}
        with at(one):
            if any((there.priority, there.tier) == tuple(which.values()) for there in sla.targets(session)):
                continue
            sla.set_target(
                session,
                **which,
                first_response_minutes=one.number("answer"),
                resolution_minutes=one.number("solve"),
            )
        changed.append("+ " + " ".join(["promise", *filter(None, which.values())]))
    return changed


SUPPORT: Mapping[str, SetupSection] = {
    "replies": SetupSection(_save_replies, _apply_replies),
    "service_levels": SetupSection(_save_promises, _apply_promises),
    "categories": SetupSection(_save_categories, _apply_categories),
    "routes": SetupSection(_save_routes, _apply_routes),
    "hours": SetupSection(_save_hours, _apply_hours),
    "quiet": SetupSection(_save_quiet, _apply_quiet),
}
"""The parts about support, in the order in which one may need another."""
