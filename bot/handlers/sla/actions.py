"""Act on a ticket from the alert that it runs late."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot.handlers.sla import commands, notices
from bot.handlers.sla.declaration import plugin
from bot.kit import blocks as b
from bot.kit import format
from bot.kit.format import Reader, overtaken
from bot.kit.replies import Message
from bot.plugin import Member, Role, _
from storage.support import sla, tickets
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


@plugin.action("usual", role=Role.MANAGER)
def usual(session: Session, reader: Reader) -> Message:
    """Promise what is usual for each priority."""
    sla.set_usual(session)
    return commands.overview(session, reader, notice=_("Promised."), replace=True)
