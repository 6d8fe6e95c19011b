"""Act on a ticket from the alert that it runs late."""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy.orm import Session

from bot.handlers.sla import commands, notices
from bot.handlers.sla.declaration import plugin
from bot.kit import blocks as b
from bot.kit import format
from bot.kit.format import Reader, overtaken
from bot.kit.replies import Message
from bot.plugin import Member, Role, _
from storage.errors import Invalid
from storage.support import sla, tickets
from storage.support.sla import FIRST_RESPONSE, RESOLUTION
from storage.support.tickets import TicketStatus
from storage.workspace.workspaces import Workspace


@plugin.action("take", role=Role.AGENT)
def take(control: b.Control, session: Session, actor: Member, workspace: Workspace, now: datetime) -> Message:
    """Take a ticket that runs late."""
    ticket, reader = tickets.resolve(session, control.record), format.reader(None, workspace, now)
    late = overtaken(session, ticket, control)
    if late is None:
        tickets.take(session, ticket, actor.id)
    notice = late or b.markup(_("{who} has taken it."), who=b.person(actor.id))
    return notices.draw(session, ticket, None, reader, workspace, notice=notice)


@plugin.action("resolve", role=Role.AGENT)
def resolve(control: b.Control, session: Session, actor: Member, workspace: Workspace, now: datetime) -> Message:
    """Resolve a ticket that runs late; whoever resolves one that is nobody's has taken it."""
    ticket, reader = tickets.resolve(session, control.record), format.reader(None, workspace, now)
    late = overtaken(session, ticket, control)
    if late is None:
        tickets.set_status(session, ticket, TicketStatus.RESOLVED, by=actor.id)
    notice = late or b.markup(_("{who} has resolved it."), who=b.person(actor.id))
    return notices.draw(session, ticket, None, reader, workspace, notice=notice)


@plugin.action("promise", role=Role.MANAGER)
def promise(control: b.Control, session: Session, reader: Reader) -> Message:
    """Promise the time that was named for what was chosen: the first answer, or the solution."""
    try:
        priority, tier, kind, minutes = json.loads(control.detail)
        times = {FIRST_RESPONSE: "first_response_minutes", RESOLUTION: "resolution_minutes"}
        sla.set_target(session, priority=priority, tier=tier, **{times[kind]: int(minutes)})
    except (ValueError, TypeError, KeyError):
        raise Invalid("This button no longer works.", hint="Please repeat the command.") from None
    notice = _("Saved. The clocks of open tickets follow within seconds.")
    return commands.overview(session, reader, notice=notice, undo=True, replace=True)


@plugin.action("usual", role=Role.MANAGER)
def usual(session: Session, reader: Reader) -> Message:
    """Promise what is usual for each priority."""
    sla.set_usual(session)
    return commands.overview(session, reader, notice=_("Promised."), replace=True)
