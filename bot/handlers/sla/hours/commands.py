"""Say when the team works: the hours of a week, and the days that are off."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.grammar.types import DAY
from bot.handlers.sla.declaration import plugin
from bot.handlers.sla.wording import read_week, typed_week, week_words
from bot.kit import blocks as b
from bot.kit.format import Reader, paragraphs, undo_hint
from bot.kit.replies import Message
from bot.plugin import Role, _
from storage.support import sla

LISTED = 30
NEXT = 3


@plugin.command(
    "hours",
    usage="[hours] [zone:Europe/Berlin]",
    role=Role.MANAGER,
    example="mon-fri 09:00-17:00, sat 10:00-14:00 zone:Europe/Berlin",
)
def hours(args: Args, session: Session, reader: Reader) -> Message:
    """Show or set business hours, in which the clocks of tickets run; other days are off."""
    before = sla.hours(session)
    if not args.text and "zone" not in args:
        return _shown(session, reader, [])
    week = read_week(args.text) if args.text else before.week
    sla.set_hours(session, week, zone=args.get("zone"))
    back = b.markup(
        _("`/crm undo` does not take this back; `/crm hours {typed} zone:{zone}` does."),
        typed=typed_week(before),
        zone=before.zone,
    )
    return _shown(session, reader, [_("Saved. The clocks of open tickets follow within seconds."), back])


@plugin.command("holiday add", usage="<day> <name>", role=Role.MANAGER, example="2026-12-25 Christmas", day=DAY)
def add(args: Args, session: Session, reader: Reader) -> Message:
    """Add a day off; clocks stand still on it."""
    holiday = sla.add_holiday(session, _day(args, reader), args.text)
    text = b.markup(_("{day} is a day off: {name}."), day=reader.day(holiday.day), name=holiday.name)
    return Message(text, [b.section(text), undo_hint()])


@plugin.command("holiday remove", usage="<day>", role=Role.MANAGER, example="2026-12-25", day=DAY)
def remove(args: Args, session: Session, reader: Reader) -> Message:
    """Remove a day off."""
    holiday = sla.remove_holiday(session, _day(args, reader))
    text = b.markup(
        _("{day} is a working day again; it was off for {name}."), day=reader.day(holiday.day), name=holiday.name
    )
    return Message(text, [b.section(text), undo_hint()])


@plugin.command("holiday list", role=Role.AGENT)
def list_(session: Session, reader: Reader) -> Message:
    """List the coming days off."""
    found = sla.holidays(session, since=reader.today, limit=LISTED)
    if not found:
        return Message(_("No day is off yet. Add one: `/crm holiday add 2026-12-25 Christmas`"))
    title = b.markup("*{title}*", title=_("Days off"))
    lines = [b.markup("• {day}: {name}", day=reader.day(one.day), name=one.name) for one in found]
    return Message(title, paragraphs([title, *lines]))


def _day(args: Args, reader: Reader) -> date:
    day = args.date("day")
    assert day is not None, "the usage says that it is required"
    return day


def _shown(session: Session, reader: Reader, notices: list[b.Text]) -> Message:
    known = sla.hours(session)
    text = b.markup(_("Business hours: {week} ({zone})."), week=week_words(known, reader.locale), zone=known.zone)
    off = sla.holidays(session, since=reader.today - timedelta(days=1), limit=NEXT)
    days = b.join([b.markup("{day} {name}", day=reader.day(one.day), name=one.name) for one in off], ", ")
    hint = _("Change: `/crm hours mon-fri 09:00-17:00 zone:Europe/Berlin`, or `/crm hours always`.")
    lines = [
        b.context(
            b.markup(_("Off: {days}"), days=days) if off else _("Days off: `/crm holiday add 2026-12-25 Christmas`.")
        ),
        b.context(notices[-1] if notices else hint),
    ]
    head = [b.section(notices[0])] if notices else []
    return Message(b.join([*notices[:1], text], " "), [*head, b.section(text), *lines])
