"""Tell people in a direct message what concerns them alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from bot.handlers.triage.declaration import plugin
from bot.kit import blocks as b
from bot.kit import commands
from bot.kit.replies import Message
from bot.plugin import Member, Notice, _
from storage.errors import NotFound
from storage.queues import outbox
from storage.queues.outbox import Delivery
from storage.support import answers, messages, replies, tickets
from storage.support.messages import IncomingMessage
from storage.support.tickets import Ticket
from storage.workspace.members import MemberKind

if TYPE_CHECKING:
    from bot.registry import Registry

BURST = timedelta(minutes=10)
"""What a customer writes with smaller gaps is told once."""
SHOWN = 300


def wrote_again(session: Session, ticket: Ticket, message: IncomingMessage) -> None:
    """Have the assignee told that the customer wrote in their ticket, once for several messages in a row.

    What comes after an answer is another row of messages.
    """
    if ticket.assignee_id is None or ticket.assignee_id == message.author_id:
        return
    answered = [
        replies.last_sent(session, ticket.id, message.at),
        answers.last(session, message.channel_id, message.thread, message.at),
    ]
    since = max((at for at in answered if at is not None), default=None)
    began = messages.burst(session, ticket.id, message.at, BURST, since=since)
    outbox.enqueue(
        session,
        target_user=ticket.assignee_id,
        renderer=plugin.id("wrote_again"),
        record=ticket.reference,
        payload={"message": [message.id, message.at.isoformat()]},
        dedupe_key=f"wrote_again:{ticket.reference}:{ticket.assignee_id}:{began.isoformat()}",
    )


def greet(session: Session, user_id: str, text: str, occasion: str) -> None:
    """Answer in a direct message what was said to Rapport, once for each occasion."""
    outbox.enqueue(
        session,
        target_user=user_id,
        renderer=plugin.id("greeting"),
        record=None,
        payload={"text": text[:SHOWN]},
        dedupe_key=f"greeting:{user_id}:{occasion}",
    )


@plugin.renderer("wrote_again", kind=Notice.REPLIES)
def draw_wrote_again(delivery: Delivery, session: Session) -> Message | None:
    """Say in which ticket the customer wrote, and what; None where the ticket is gone."""
    try:
        ticket = tickets.resolve(session, delivery.record or "")
    except NotFound:
        return None
    message_id, at = delivery.payload["message"]
    message = messages.get(session, message_id, datetime.fromisoformat(at))
    if message is None or message.deleted_at is not None:
        return None
    who = message.author_name or (ticket.customer.name if ticket.customer else None) or _("Somebody")
    title = b.markup(_("*{who}* wrote again in {ref} *{name}*"), who=who, ref=ticket.reference, name=ticket.name)
    said = b.cut(message.text.strip() or _("(no text)"), SHOWN)
    quoted = b.Markup("\n".join(f">{line}" for line in said.splitlines()))
    show = b.button(_("Show"), "tickets.show", b.Control(ticket.reference, ticket.version))
    return Message(title, [b.section(title), b.section(quoted), b.actions(show)])


@plugin.renderer("greeting", kind=None)
def draw_greeting(delivery: Delivery, receiver: Member | None, catalogue: Registry) -> Message:
    """Name the commands nearest to what was said and all that one of our own may use; send others to their channel."""
    if receiver is None or receiver.kind != MemberKind.STAFF:
        return Message(
            _(
                "Hello! Nobody reads what is written to me here."
                " Please write in the channel you share with us, and somebody will see it."
            )
        )
    near = commands.nearest(str(delivery.payload.get("text", "")), catalogue.allowed(receiver), guess=False)
    text = b.esc(_("Hello! I answer commands."))
    if near:
        text = b.join([text, b.markup(_("Did you mean {near}?"), near=commands.named(catalogue, near))], " ")
    hint = _("`/crm help deal` explains the commands of one noun. I do not read other messages that you write to me.")
    return Message(text, [b.section(text), *commands.overview(catalogue, receiver), b.context(hint)])


@plugin.renderer("merged", kind=Notice.TICKETS)
def draw_merged(delivery: Delivery, session: Session) -> Message | None:
    """Say on the card of a ticket that was merged where it went; None where neither is there any more."""
    try:
        into = tickets.resolve(session, delivery.record or "")
    except NotFound:
        return None
    text = b.markup(
        _("~{ref}~ is now part of {into} *{name}*."), ref=delivery.record or "", into=into.reference, name=into.name
    )
    show = b.button(_("Show"), "tickets.show", b.Control(into.reference, into.version))
    return Message(text, [b.section(text, accessory=show)])
