"""Bring tickets together that are about the same, and make a ticket of its own of a message that is not."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy.orm import Session

from bot import blocks as b
from bot import shown
from bot.grammar import Args
from bot.handlers.tickets import cards
from bot.handlers.tickets.declaration import plugin
from bot.plugin import Member, Role, _
from bot.replies import Message
from storage import messages, tickets
from storage.errors import CrmError, Invalid
from storage.messages import IncomingMessage
from storage.workspaces import Workspace

_LINK = re.compile(r"/archives/([A-Z0-9]+)/p(\d+)(\d{6})")


@plugin.command("ticket merge", usage="<ticket> into:T-7", role=Role.AGENT, example="T-1042 into:T-1041")
def merge(args: Args, session: Session, actor: Member, workspace: Workspace, now: datetime) -> Message:
    """Make a ticket part of another, with all its messages; its reference leads there from then on."""
    ticket = tickets.resolve(session, args["ticket"])
    try:
        into = tickets.resolve(session, args["into"])
    except CrmError as error:
        raise error.on_field("into") from None
    gone = ticket.reference
    tickets.merge(session, ticket, into)
    notice = b.markup(_("{gone} is part of {ref} now."), gone=gone, ref=into.reference)
    return cards.card(session, into, shown.reader(actor, workspace, now), actor=actor, notice=notice, undo=True)


@plugin.command("ticket split", usage="<message>", role=Role.AGENT, example="T-1042")
def split(args: Args, session: Session, actor: Member, workspace: Workspace, now: datetime) -> Message:
    """Make a ticket of its own of a message, named by its link, or of the last one of a ticket."""
    message = _meant(session, args["message"])
    earlier = tickets.get(session, message.ticket_id) if message.ticket_id is not None else None
    own = tickets.split(session, message)
    notice = b.markup(_("Split off {ref}."), ref=earlier.reference if earlier else "")
    return cards.card(session, own, shown.reader(actor, workspace, now), actor=actor, notice=notice, undo=True)


def _meant(session: Session, typed: str) -> IncomingMessage:
    link = _LINK.search(typed)
    if link is None:
        written = messages.newest_of_ticket(session, tickets.resolve(session, typed).id)
        if written is None:
            raise Invalid("No messages belong to that ticket.", field="message", typed=typed)
        return written
    message = messages.by_ts(session, link[1], f"{link[2]}.{link[3]}")
    if message is None:
        raise Invalid("That message belongs to no ticket.", field="message", typed=typed)
    return message
