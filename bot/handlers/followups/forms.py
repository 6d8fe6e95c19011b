"""Ask for a follow-up in a form."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy.orm import Session

from bot import blocks as b
from bot import shown
from bot.grammar import When, parse_moment, parse_when, unescape
from bot.handlers.followups import cards
from bot.handlers.followups.commands import promise
from bot.handlers.followups.declaration import plugin
from bot.plugin import Member, Place, Role, _
from bot.replies import Message, Modal, Options
from bot.shown import Reader
from storage import channels, deals, messages, search, tickets
from storage.about import called
from storage.errors import Invalid
from storage.names import NOTE_LIMIT
from storage.records import Named
from storage.workspaces import Workspace

OFFERED = 20
TEXT_SHOWN = 500
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
def new(control: b.Control, actor: Member, workspace: Workspace, now: datetime, session: Session) -> Modal:
    """Promise a follow-up in a form."""
    about = called(session, control.record) if control.record else None
    return form(about, "", shown.reader(actor, workspace, now))


def form(about: Named | None, text: str, me: Reader) -> Modal:
    """Ask what is to be done about a record, when and how often."""
    chosen = b.Option(f"{about.name} ({about.reference})", about.reference) if about else None
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
def create(values: Mapping[str, Any], actor: Member, workspace: Workspace, now: datetime, session: Session) -> Message:
    """Store the follow-up of a form."""
    me = shown.reader(actor, workspace, now)
    about = called(session, str(values["record"]), field="record")
    followup = promise(session, about, str(values["text"]), _when(values, me), str(me.zone), actor)
    return cards.card(session, followup, me, notice=cards.reminding(followup, me))


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
def remind(
    message: Mapping[str, Any], place: Place, actor: Member, workspace: Workspace, now: datetime, session: Session
) -> Modal:
    """Be reminded of a message, about the ticket it belongs to or the customer whose channel it is in."""
    written = messages.by_ts(session, place.channel_id, str(message.get("ts", "")))
    link = channels.link_of(session, place.channel_id)
    about: Named | None = link.customer if link else None
    if written is not None and written.ticket_id is not None:
        about = tickets.get(session, written.ticket_id)
    text = unescape(str(message.get("text") or ""))
    return form(about, text[:TEXT_SHOWN], shown.reader(actor, workspace, now))


remind.submit(create)


@plugin.options("pick", role=Role.VIEWER)
def pick(query: str, actor: Member, session: Session) -> Options:
    """Offer records by what was typed so far, and before that the actor's open deals."""
    if not query.strip():
        mine = deals.list_deals(session, owner_id=actor.id, limit=OFFERED)
        return Options([b.Option(f"{deal.name} ({deal.reference})", deal.reference) for deal in mine])
    hits = search.find(session, query, limit=OFFERED)
    return Options([b.Option(f"{hit.name} ({hit.reference})", hit.reference) for hit in hits])


plugin.opens("followup", new)
plugin.button_opens("new", new)
plugin.shortcut("remind", remind, title="Remind me about this", on_message=True)
