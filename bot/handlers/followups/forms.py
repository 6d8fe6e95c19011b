"""Ask for a follow-up in a form."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy.orm import Session

from bot import blocks as b
from bot import shown
from bot.grammar import parse_moment
from bot.handlers.followups import cards
from bot.handlers.followups.commands import promise
from bot.handlers.followups.declaration import plugin
from bot.plugin import Member, Role, _
from bot.replies import Message, Modal, Options
from storage import deals, search
from storage.about import called
from storage.errors import Invalid
from storage.names import NOTE_LIMIT
from storage.workspaces import Workspace

OFFERED = 20


@plugin.view("new", title="New follow-up", role=Role.VIEWER)
def new(control: b.Control, actor: Member, workspace: Workspace, now: datetime, session: Session) -> Modal:
    """Promise a follow-up in a form."""
    me = shown.reader(actor, workspace, now)
    about = called(session, control.record) if control.record else None
    chosen = b.Option(f"{getattr(about, 'name', '')} ({control.record})", control.record) if about else None
    return Modal(
        _("New follow-up"),
        [
            b.search_input("record", _("About"), plugin.id("pick"), initial=chosen, placeholder=_("Type to search")),
            b.text_input(
                "text",
                _("What to do"),
                placeholder=_("Call back about pricing"),
                optional=True,
                multiline=True,
                max_length=min(NOTE_LIMIT, 3_000),
            ),
            b.date_input("day", _("Day"), initial=me.today + timedelta(days=1)),
            b.time_input("time", _("Time"), initial="09:00"),
        ],
        submit=_("Remind me"),
    )


@new.submit
def create(values: Mapping[str, Any], actor: Member, workspace: Workspace, now: datetime, session: Session) -> Message:
    """Store the follow-up of a form."""
    me = shown.reader(actor, workspace, now)
    try:
        day, at = date.fromisoformat(str(values["day"])), time.fromisoformat(str(values["time"]))
    except ValueError:
        raise Invalid("Choose a day and a time.", field="day") from None
    when = parse_moment(f"{day.isoformat()} {at.strftime('%H:%M')}", zone=me.zone, now=now, field="day")
    followup = promise(
        session, called(session, str(values["record"]), field="record"), str(values["text"]), when, str(me.zone), actor
    )
    notice = b.markup(_("I will remind you {when}."), when=me.moment(when))
    return cards.card(session, followup, me, notice=notice)


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
