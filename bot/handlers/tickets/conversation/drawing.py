"""Draw what the customer wrote and what was answered, in order, and by when something is promised."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from slack_sdk.models.blocks import Block
from slack_sdk.models.blocks.block_elements import InteractiveElement
from sqlalchemy.orm import Session

from bot.handlers.tickets.declaration import plugin
from bot.kit import blocks as b
from bot.kit import categories
from bot.kit.format import Reader, quoted
from bot.kit.links import permalink
from bot.kit.tickets import files, previews, promised
from bot.plugin import _, ngettext
from storage.support import messages, replies
from storage.support.messages import IncomingMessage
from storage.support.replies import Reply
from storage.support.tickets import Ticket
from storage.workspace import workspaces

FIRST_LIMIT = 1_500
LATER_LIMIT = 600
LAST = 10
"""So many of the last messages and answers are shown below the first."""


def blocks(session: Session, ticket: Ticket, reader: Reader) -> list[Block]:
    """Draw a ticket's conversation, the first message and the last ones; nothing for a ticket of another origin."""
    first = messages.of_ticket(session, ticket.id, limit=1)
    said = _said(session, ticket, first)
    due = [b.context(line) for line in promised(session, ticket, reader)]
    if not said:
        return due
    workspace = workspaces.get(session, ticket.workspace_id)
    url = workspace.url if workspace else None
    drawn = _message(first[0], reader, url, FIRST_LIMIT) if first else []
    later = said[1:] if first else said
    left_out = len(later) - LAST
    if left_out > 0:
        gap = ngettext("… {count} message in between …", "… {count} messages in between …", left_out)
        drawn.append(b.context(gap.format(count=left_out)))
    for one in later[-LAST:]:
        drawn += _message(one, reader, url, LATER_LIMIT) if isinstance(one, IncomingMessage) else _answer(one, reader)
    return [*drawn, *due]


def controls(session: Session, ticket: Ticket) -> list[InteractiveElement]:
    """Draw the button that answers the customer and the menu of categories."""
    found: list[InteractiveElement] = []
    if ticket.channel_id is not None:
        where = b.Control(ticket.reference, ticket.version, ticket.channel_id)
        found.append(b.button(_("Reply to customer"), "triage.reply", where))
    options = [
        b.Option(name, str(b.Control(ticket.reference, ticket.version, key)))
        for key, name in categories.offered(categories.own(session)).items()
    ]
    return [*found, b.menu(_("Category"), plugin.id("category"), options)]


def pictures(session: Session, ticket: Ticket) -> list[InteractiveElement]:
    """Draw the button that sends the pictures of a ticket; nothing where none came with it."""
    if not any(previews(one) for one in messages.last_of_ticket(session, ticket.id)):
        return []
    return [b.button(_("Show pictures"), plugin.id("pictures"), b.Control(ticket.reference, ticket.version))]


def _said(session: Session, ticket: Ticket, first: Sequence[IncomingMessage]) -> list[IncomingMessage | Reply]:
    """Return the first message, and the last messages and answers, oldest first."""
    later = messages.last_of_ticket(session, ticket.id) if first else []
    answered = [reply for reply, _delivery in replies.sent(session, ticket.id)]
    rest: list[IncomingMessage | Reply] = [*(one for one in later if one is not first[0]), *answered]
    return [*first, *sorted(rest, key=_at)]


def _at(one: IncomingMessage | Reply) -> datetime:
    return one.at


def _message(message: IncomingMessage, reader: Reader, url: str | None, limit: int) -> list[Block]:
    parts: list[b.Text] = [message.author_name or _("Somebody"), reader.ago(message.at)]
    if message.edited_at is not None and message.deleted_at is None:
        parts.append(_("edited"))
    if address := permalink(url, message):
        parts.append(b.link(address, _("Open message")))
    said = b.section(quoted(message, limit))
    return [said, *files(message, reader.locale), b.context(b.join(parts, " · "))]


def _answer(reply: Reply, reader: Reader) -> list[Block]:
    who = b.person(reply.author_id) if reply.author_id else "Rapport"
    return [
        b.section(b.cut(reply.text, LATER_LIMIT)),
        b.context(b.markup(_("💬 {who} answered {ago}"), who=who, ago=reader.ago(reply.at))),
    ]
