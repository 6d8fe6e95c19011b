"""Send the pictures that came with a ticket to who asks, as what only one person sees in a channel shows none."""

from __future__ import annotations

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.handlers.tickets.declaration import plugin
from bot.kit import blocks as b
from bot.kit.format import Reader
from bot.kit.replies import Message, Picture
from bot.kit.tickets import previews
from bot.plugin import _, ngettext
from storage.errors import NotFound
from storage.queues import outbox
from storage.queues.outbox import Delivery
from storage.support import messages, tickets
from storage.support.tickets import Ticket

MOST = 10
"""So many of the newest pictures go with one message."""


def send(session: Session, ticket: Ticket, member_id: str) -> None:
    """Send a ticket's pictures to a person as a DM."""
    outbox.enqueue(session, target_user=member_id, renderer=plugin.id("pictures"), record=ticket.reference, payload={})


@plugin.renderer("pictures", kind=None)
def pictures(delivery: Delivery, session: Session, reader: Reader) -> Message | None:
    """Show the newest pictures of a ticket, each below who sent it; None when the ticket is gone."""
    try:
        ticket = tickets.resolve(session, delivery.record or "")
    except NotFound:
        return None
    title = b.markup(_("Pictures of {ref}: {name}"), ref=ticket.reference, name=ticket.name)
    sent = [(one, picture) for one in messages.last_of_ticket(session, ticket.id) for picture in previews(one)]
    blocks: list[Block] = [b.section(title)]
    if left_out := len(sent[:-MOST]):
        older = ngettext("{count} older picture is not shown.", "{count} older pictures are not shown.", left_out)
        blocks.append(b.context(older.format(count=left_out)))
    shown: dict[int, Picture] = {}
    for message, picture in sent[-MOST:]:
        blocks.append(b.context(b.join([picture.name, message.author_name or "", reader.ago(message.at)], " · ")))
        shown[len(blocks)] = picture
    return Message(title, blocks, pictures=shown)
