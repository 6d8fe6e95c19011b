"""Turn what a customer writes into a ticket, or a part of one, and tell support."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from bot.grammar import unescape
from bot.handlers.triage.plugin import plugin
from bot.plugin import Member, Place
from storage import channels, contacts, messages, outbox, tickets
from storage.channels import ChannelLink, Use
from storage.contacts import Contact
from storage.events import TicketChanged, TicketRemoved
from storage.members import Kind
from storage.messages import IncomingMessage
from storage.tickets import Ticket

if TYPE_CHECKING:
    from ml.classifier import MessageClassifier

WRITTEN = frozenset({None, "file_share", "thread_broadcast"})
"""The subtypes of a message that a person wrote; edits, joins and what bots post are not."""
ALERT_PRIORITY = 5


@plugin.event("message")
def on_message(
    event: Mapping[str, Any],
    place: Place,
    actor: Member | None,
    model: MessageClassifier,
    session: Session,
) -> None:
    """Store a customer's message, classify it, open or join its ticket, and show it to support.

    Whom Slack tells us nothing about is somebody else's, so what they write counts.
    """
    if event.get("subtype") not in WRITTEN or event.get("bot_id") or not event.get("user"):
        return
    link = channels.link_of(session, place.channel_id)
    if link is None or (actor and actor.kind == Kind.BOT):
        return
    if actor and actor.kind == Kind.STAFF and _answers(session, link, event, actor):
        return
    message = _receive(session, link, event, actor)
    if message is not None:
        _handle(session, message, model)


def _answers(session: Session, link: ChannelLink, event: Mapping[str, Any], actor: Member) -> bool:
    """Tell whether what one of us wrote is no customer's message; an answer in a ticket's thread is noted on it."""
    thread = event.get("thread_ts")
    ticket = tickets.by_thread(session, link.channel_id, str(thread)) if thread else None
    if ticket is not None and ticket.requester_id != actor.id:
        if ticket.is_request:
            tickets.responded(session, ticket, messages.slack_time(str(event["ts"])))
        return True
    return link.use == Use.CUSTOMER


def _receive(
    session: Session, link: ChannelLink, event: Mapping[str, Any], actor: Member | None
) -> IncomingMessage | None:
    contact = None if actor is None or actor.kind == Kind.STAFF else _contact(session, link, actor)
    files = ", ".join(str(f.get("name") or "file") for f in event.get("files") or ())
    text = unescape(str(event.get("text") or ""))
    return messages.receive(
        session,
        channel_id=link.channel_id,
        ts=str(event["ts"]),
        text="\n".join(part for part in (text, f"[{files}]" if files else "") if part),
        author_id=str(event["user"]),
        author_name=actor.name if actor else None,
        thread_ts=event.get("thread_ts"),
        customer_id=link.customer_id or (contact.customer_id if contact else None),
        contact_id=contact.id if contact else None,
    )


def _contact(session: Session, link: ChannelLink, actor: Member) -> Contact:
    # Somebody new may write twice at once.
    session.get_one(Member, (actor.workspace_id, actor.id), with_for_update=True, populate_existing=True)
    return contacts.by_slack_user(session, actor.id) or contacts.add(
        session, name=actor.name, email=actor.email, customer_id=link.customer_id, slack_user_id=actor.id
    )


def _handle(session: Session, message: IncomingMessage, model: MessageClassifier) -> None:
    verdict = model.classify(message.text)
    messages.classified(
        session,
        message,
        category=verdict.category,
        confidence=verdict.confidence,
        reasons=[reason.word for reason in verdict.reasons],
        model_version=verdict.version,
        abstained=verdict.abstained,
    )
    known = tickets.by_thread(session, message.channel_id, message.thread)
    if verdict.chatter and known is None:
        return
    ticket, _opened = tickets.open_from_message(session, message, reopens=not verdict.chatter)
    show(session, ticket)


def show(session: Session, ticket: Ticket) -> None:
    """Post a ticket's card to support's channel, or bring the one that is there up to date."""
    triage_channel_id = channels.triage(session)
    if ticket.card_delivery_id is not None:
        refresh(session, ticket)
    elif triage_channel_id is not None:
        ticket.card_delivery_id = outbox.enqueue(
            session,
            target_channel=triage_channel_id,
            renderer=plugin.id("card"),
            record=ticket.reference,
            dedupe_key=f"card:{ticket.reference}",
            priority=ALERT_PRIORITY,
        )
        session.flush()


def refresh(session: Session, ticket: Ticket) -> None:
    """Bring a ticket's card up to date where it has one."""
    if ticket.card_delivery_id is not None:
        outbox.enqueue(
            session,
            kind="update",
            edits=ticket.card_delivery_id,
            renderer=plugin.id("card"),
            record=ticket.reference,
            priority=ALERT_PRIORITY,
        )


@plugin.on(TicketChanged)
def on_ticket_changed(fact: TicketChanged, session: Session) -> None:
    """Keep the card true, whoever changed the ticket from wherever."""
    refresh(session, fact.record)


@plugin.on(TicketRemoved)
def on_ticket_removed(fact: TicketRemoved, session: Session) -> None:
    """Take the card of a ticket away that is no longer there."""
    if fact.record.card_delivery_id is not None:
        outbox.enqueue(
            session,
            kind="delete",
            edits=fact.record.card_delivery_id,
            renderer=plugin.id("card"),
            record=fact.record.reference,
            priority=ALERT_PRIORITY,
        )
