"""Tell people in a direct message what concerns them alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from slack_sdk.models.blocks import Block, InteractiveElement
from sqlalchemy.orm import Session

from bot.handlers.triage.declaration import plugin
from bot.kit import blocks as b
from bot.kit import cards, commands, fields
from bot.kit.replies import Message
from bot.plugin import Member, Notice, _
from storage.errors import NotFound
from storage.names import short
from storage.queues import outbox
from storage.queues.outbox import Delivery
from storage.support import answers, messages, replies, tickets
from storage.support.messages import IncomingMessage
from storage.support.tickets import TICKET, Ticket
from storage.workspace.members import MemberKind

if TYPE_CHECKING:
    from bot.registry import Registry

BURST = timedelta(minutes=2)
"""What a customer writes with smaller gaps is told in one message, which grows."""
SHOWN = 300
MOST_QUOTED = 10


def wrote_again(session: Session, ticket: Ticket, message: IncomingMessage) -> None:
    """Have the assignee told what the customer wrote in their ticket, whatever its status.

    Several messages in a row are told in one. What comes after an answer is another row of messages.
    """
    if ticket.assignee_id is None or ticket.assignee_id == message.author_id:
        return
    answered = [
        replies.last_sent(session, ticket.id, message.at),
        answers.last(session, message.channel_id, message.thread, message.at),
    ]
    since = max((at for at in answered if at is not None), default=None)
    began = messages.burst(session, ticket.id, message.at, BURST, since=since)
    this = [message.id, message.at.isoformat()]
    told = outbox.enqueue(
        session,
        target_user=ticket.assignee_id,
        renderer=plugin.id("wrote_again"),
        record=ticket.reference,
        payload={"message": this},
        dedupe_key=f"wrote_again:{ticket.reference}:{ticket.assignee_id}:{began.isoformat()}",
    )
    first = session.get_one(Delivery, (ticket.workspace_id, told)).payload["message"]
    if first != this:
        outbox.enqueue(
            session,
            kind="update",
            edits=told,
            renderer=plugin.id("wrote_again"),
            record=ticket.reference,
            payload={"message": min(first, this, key=_at), "last": max(first, this, key=_at)},
        )


def _at(key: Sequence[Any]) -> datetime:
    return datetime.fromisoformat(key[1])


def wants_to_cancel(session: Session, message: IncomingMessage) -> None:
    """Have a customer's owner told that it wants to leave, once for each ticket."""
    owner_id = message.customer.owner_id if message.customer is not None else None
    if not message.wants_to_cancel or owner_id is None or owner_id == message.author_id:
        return
    about = message.ticket_id or f"{message.channel_id}:{message.thread}"
    outbox.enqueue(
        session,
        target_user=owner_id,
        renderer=plugin.id("leaving"),
        record=message.customer.reference if message.customer else None,
        payload={"message": [message.id, message.at.isoformat()]},
        dedupe_key=f"leaving:{message.customer_id}:{owner_id}:{about}",
    )


def greet(session: Session, user_id: str, text: str, occasion: str) -> None:
    """Answer in a direct message what was said to Rapport, once for each occasion."""
    outbox.enqueue(
        session,
        target_user=user_id,
        renderer=plugin.id("greeting"),
        record=None,
        payload={"text": short(text, SHOWN)},
        dedupe_key=f"greeting:{user_id}:{occasion}",
    )


@plugin.renderer("wrote_again", kind=Notice.REPLIES)
def draw_wrote_again(delivery: Delivery, session: Session) -> Message | None:
    """Say in which ticket the customer wrote, and what; None where the ticket is gone."""
    try:
        ticket = tickets.resolve(session, delivery.record or "")
    except NotFound:
        return None
    written = _between(session, delivery.payload["message"], delivery.payload.get("last"))
    if not written:
        return None
    who = written[0].author_name or (ticket.customer.name if ticket.customer else None) or _("Somebody")
    wrote = (
        _("*{who}* wrote again in {ref} *{name}*, which is {status}")
        if ticket.status in tickets.DONE
        else _("*{who}* wrote again in {ref} *{name}*")
    )
    title = b.markup(
        wrote,
        who=who,
        ref=ticket.reference,
        name=ticket.name,
        status=fields.called(session, TICKET, "status", ticket.standing),
    )
    show = b.button(_("Show"), cards.SHOW, cards.control(ticket))
    return Message(title, [b.section(title), *map(_quoted, written), b.actions(show)])


def _between(session: Session, first: Sequence[Any], last: Sequence[Any] | None) -> list[IncomingMessage]:
    """Return the messages of a ticket from one to another that were not deleted, at most `MOST_QUOTED`."""
    one = messages.get(session, first[0], _at(first))
    if one is None:
        return []
    row = [one] if last is None or one.ticket_id is None else messages.from_to(session, one, _at(last), MOST_QUOTED)
    return [message for message in row if message.deleted_at is None]


def _quoted(message: IncomingMessage, control: InteractiveElement | None = None) -> Block:
    said = b.cut(message.text.strip() or _("(no text)"), SHOWN)
    return b.section(b.Markup("\n".join(f">{line}" for line in said.splitlines())), accessory=control)


@plugin.renderer("leaving", kind=Notice.YOURS)
def draw_leaving(delivery: Delivery, session: Session) -> Message | None:
    """Say which customer wants to leave, in whose words; None where that was taken back."""
    key = delivery.payload["message"]
    message = messages.get(session, key[0], _at(key))
    if message is None or message.deleted_at is not None or not message.wants_to_cancel or message.customer is None:
        return None
    customer = message.customer
    title = b.markup(_("🚪 Your customer *{name}* {ref} wants to cancel"), name=customer.name, ref=customer.reference)
    show = b.button(_("Show customer"), cards.SHOW, cards.control(customer))
    quoted = _quoted(message)
    if message.ticket_id is not None:
        ticket = tickets.get(session, message.ticket_id)
        quoted = _quoted(message, b.button(_("Show ticket"), cards.SHOW, cards.control(ticket)))
    # One in a block each: Slack refuses two controls of one id in a row.
    return Message(title, [b.section(title, accessory=show), quoted])


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
    show = b.button(_("Show"), cards.SHOW, cards.control(into))
    return Message(text, [b.section(text, accessory=show)])
