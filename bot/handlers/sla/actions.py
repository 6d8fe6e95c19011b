"""Act on a ticket from the alert that it runs late."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot import blocks as b
from bot import shown
from bot.handlers.sla import alerts, commands
from bot.handlers.sla.declaration import plugin
from bot.plugin import Member, Role, _
from bot.replies import Message
from bot.shown import overtaken
from storage import sla, tickets
from storage.tickets import Status
from storage.workspaces import Workspace


@plugin.action("take", role=Role.AGENT)
def take(control: b.Control, actor: Member, workspace: Workspace, now: datetime, session: Session) -> Message:
    """Take a ticket that runs late."""
    ticket, reader = tickets.resolve(session, control.record), shown.reader(None, workspace, now)
    late = overtaken(session, ticket, control)
    if late is None:
        tickets.take(session, ticket, actor.id)
    notice = late or b.markup(_("{who} has taken it."), who=b.person(actor.id))
    return alerts.draw(session, ticket, None, reader, workspace, notice=notice)


@plugin.action("resolve", role=Role.AGENT)
def resolve(control: b.Control, actor: Member, workspace: Workspace, now: datetime, session: Session) -> Message:
    """Resolve a ticket that runs late; whoever resolves one that is nobody's has taken it."""
    ticket, reader = tickets.resolve(session, control.record), shown.reader(None, workspace, now)
    late = overtaken(session, ticket, control)
    if late is None:
        if ticket.assignee_id is None:
            tickets.assign(session, ticket, actor.id)
        tickets.set_status(session, ticket, Status.RESOLVED)
    notice = late or b.markup(_("{who} has resolved it."), who=b.person(actor.id))
    return alerts.draw(session, ticket, None, reader, workspace, notice=notice)


@plugin.action("usual", role=Role.MANAGER)
def usual(actor: Member, workspace: Workspace, now: datetime, session: Session) -> Message:
    """Promise what is usual for each priority."""
    sla.set_usual(session)
    return commands.overview(session, shown.reader(actor, workspace, now), notice=_("Promised."), replace=True)
