"""Ask for a follow-up in a form, put one off, or log what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy.orm import Session

from bot.grammar import When, parse_moment, parse_when, unescape
from bot.handlers.followups import cards
from bot.handlers.followups.commands import finish, promise
from bot.handlers.followups.declaration import plugin
from bot.handlers.followups.rights import check_logs, check_owner, mine_or_ours
from bot.kit import blocks as b
from bot.kit.format import Reader, overtaken
from bot.kit.lookup import mentioned
from bot.kit.replies import Message, Modal, Options
from bot.plugin import Member, Place, Role, _
from storage.crm import deals, followups, notes
from storage.crm.followups import Followup
from storage.errors import Invalid
from storage.names import NOTE_LIMIT
from storage.records import named, search
from storage.records.named import Named
from storage.subjects import called, subject_of
from storage.support import channels, messages, tickets

OFFERED = 20
ONCE = "once"
AGAIN: Mapping[str, str] = {
    ONCE: "Just once",
    "every day": "Every day",
    "every weekday": "Every weekday",
    "every week": "Every week",
    "every 2 weeks": "Every two weeks",
    "every month": "Every month",
}


@plugin.view("new", title="New follow-up", role=Role.VIEWER)
def new(control: b.Control, session: Session, reader: Reader) -> Modal:
    """Open the form for a new follow-up."""
    about = called(session, control.record) if control.record else None
    return form(about, "", reader)


def form(about: Named | None, text: str, me: Reader) -> Modal:
    """Ask what is to be done about a record, when and how often."""
    chosen = b.record_option(about.name, about.reference) if about else None
    return Modal(
        _("New follow-up"),
        [
            b.search_input("record", _("About"), plugin.id("pick"), initial=chosen, placeholder=_("Type to search")),
            b.text_input(
                "text",
                _("What to do"),
                initial=text,
                placeholder=_("Call back about pricing"),
                optional=True,
                multiline=True,
                max_length=min(NOTE_LIMIT, 3_000),
            ),
            b.date_input("day", _("Day"), initial=me.today + timedelta(days=1)),
            b.time_input("time", _("Time"), initial="09:00"),
            b.choice_input("again", _("Again"), [b.Option(_(name), key) for key, name in AGAIN.items()], initial=ONCE),
        ],
        submit=_("Remind me"),
    )


@new.submit
def create(values: Mapping[str, Any], session: Session, actor: Member, reader: Reader) -> Message:
    """Store the follow-up of a form."""
    about = called(session, str(values["record"]), field="record")
    followup = promise(session, about, str(values["text"]), _when(values, reader), str(reader.zone), actor)
    return cards.card(session, followup, reader, notice=cards.reminding(followup, reader))


def _when(values: Mapping[str, Any], me: Reader) -> When:
    try:
        day, at = date.fromisoformat(str(values["day"])), time.fromisoformat(str(values["time"]))
    except ValueError:
        raise Invalid("Choose a day and a time.", field="day") from None
    first = f"{day.isoformat()} {at.strftime('%H:%M')}"
    moment = parse_moment(first, zone=me.zone, now=me.now, field="day")
    again = str(values.get("again") or ONCE)
    if again not in AGAIN:
        raise Invalid("Choose one of these.", field="again")
    if again == ONCE:
        return When(moment)
    # Counted from the day that was chosen, whatever day it is today.
    counted = parse_when(f"{again} {at.strftime('%H:%M')}", zone=me.zone, now=_counting_from(day, again, me))
    return When(moment, counted.recurrence)


def _counting_from(day: date, again: str, me: Reader) -> datetime:
    """Return a moment from which the first of the times is on the given day."""
    back = timedelta(weeks=2) if again == "every 2 weeks" else timedelta()
    return datetime.combine(day - back, time(12), tzinfo=me.zone)


@plugin.view("remind", title="Remind me about this", role=Role.VIEWER)
def remind(message: Mapping[str, Any], session: Session, reader: Reader, place: Place) -> Modal:
    """Be reminded of a message, about the ticket it belongs to or the customer whose channel it is in."""
    written = messages.by_ts(session, place.channel_id, str(message.get("ts", "")))
    link = channels.link_of(session, place.channel_id)
    about: Named | None = link.customer if link else None
    if written is not None and written.ticket_id is not None:
        about = tickets.get(session, written.ticket_id)
    text = unescape(str(message.get("text") or ""), mentioned(session))
    return form(about, b.shortened(text, b.ENTRY_LIMIT), reader)


remind.submit(create)


@plugin.options("pick", role=Role.VIEWER)
def pick(query: str, session: Session, actor: Member) -> Options:
    """Offer records by what was typed so far, and before that the actor's open deals."""
    if not query.strip():
        mine = deals.list_deals(session, owner_id=actor.id, limit=OFFERED)
        return Options([b.record_option(deal.name, deal.reference) for deal in mine])
    hits = search.find(session, query, limit=OFFERED)
    return Options([b.record_option(hit.name, hit.reference) for hit in hits])


plugin.opens("followup", new)
plugin.button_opens("new", new)
plugin.shortcut("remind", remind, title="Remind me about this", on_message=True)


KINDS: Mapping[str, str] = {"call": "Call", "meeting": "Meeting", "email": "E-mail", "note": "Note"}


@plugin.view("reschedule", title="Reschedule", role=Role.VIEWER)
def reschedule(control: b.Control, session: Session, actor: Member, reader: Reader) -> Modal:
    """Choose another time for a follow-up."""
    followup = mine_or_ours(session, control.record, actor)
    due = followup.due_at.astimezone(reader.zone)
    return Modal(
        _("Reschedule"),
        [
            b.section(b.markup("*{text}*", text=b.cut(followup.text, 200))),
            b.text_input(
                "when",
                _("When"),
                initial=f"{due:%Y-%m-%d %H:%M}" if due > reader.now else "",
                placeholder=_("tomorrow 9am"),
                hint=_("Such as: next tue 3pm, in 2 hours, every monday 9am, last weekday of the month"),
            ),
        ],
        submit=_("Reschedule"),
        state=_seen(followup),
    )


@reschedule.submit
def rescheduled(
    values: Mapping[str, Any], state: Mapping[str, str], session: Session, actor: Member, reader: Reader, now: datetime
) -> Message:
    """Have the follow-up due at that time, unless somebody else has changed it since the form was opened."""
    followup = _unchanged(session, state)
    check_owner(followup, actor)
    when = parse_when(str(values["when"]), zone=reader.zone, now=now, locale=reader.locale)
    followups.reschedule(session, followup, when.at, recurrence=when.recurrence)
    return cards.card(session, followup, reader, notice=cards.reminding(followup, reader))


@plugin.view("log", title="Log", role=Role.VIEWER)
def log(control: b.Control, session: Session, actor: Member) -> Modal:
    """Say what came of a follow-up, which is then done."""
    followup = mine_or_ours(session, control.record, actor)
    if late := overtaken(session, followup, control):
        return Modal(_("Log"), [b.section(late), b.section(b.markup("*{text}*", text=b.cut(followup.text, 200)))])
    if followup.about is None:
        raise Invalid("This follow-up has no record, so you cannot log it.")
    check_logs(session, followup, actor)
    options = [b.Option(_(name), key) for key, name in KINDS.items()]
    return Modal(
        _("Log"),
        [
            b.section(b.markup("*{text}*", text=b.cut(followup.text, 200))),
            b.choice_input("kind", _("Kind"), options, initial="call"),
            b.text_input("text", _("Result"), multiline=True, max_length=min(NOTE_LIMIT, 3_000)),
        ],
        submit=_("Log and finish"),
        state=_seen(followup),
    )


@log.submit
def logged(
    values: Mapping[str, Any], state: Mapping[str, str], session: Session, actor: Member, reader: Reader
) -> Message:
    """Write it down on the record and finish the follow-up, unless somebody else has changed that meanwhile."""
    followup = _unchanged(session, state)
    about = subject_of(session, followup)
    if about is None:
        raise Invalid("Its record no longer exists.")
    check_logs(session, followup, actor)
    notes.add(session, about, str(values["text"]), kind=str(values["kind"]))
    return finish(session, followup, reader)


def _seen(followup: Followup) -> dict[str, str]:
    return {"followup": followup.reference, "version": str(followup.version)}


def _unchanged(session: Session, state: Mapping[str, str]) -> Followup:
    return named.at_version(session, followups.resolve(session, state["followup"]), int(state["version"]))


plugin.button_opens("reschedule", reschedule)
plugin.button_opens("log", log)
