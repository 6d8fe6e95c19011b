"""Turn what a customer writes, changes and deletes into a ticket, or a part of one, and tell support.

Events come twice, late and in any order. What a message says is decided by when it was changed, not by which event came
last; that it was changed or deleted is believed also where its writing was never heard of.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from bot.grammar.files import tables_in
from bot.handlers.triage import events
from bot.handlers.triage.declaration import plugin
from bot.handlers.triage.events import refresh, show, show_in
from bot.handlers.triage.incidents import folding
from bot.handlers.triage.intake.classification import asks, classify, judge
from bot.handlers.triage.intake.placing import placer
from bot.handlers.triage.intake.written import Written, read
from bot.handlers.triage.notices import greet, wants_to_cancel, wrote_again
from bot.kit.lookup import mentioned
from bot.plugin import Member, Place
from storage.crm import contacts
from storage.crm.contacts import Contact
from storage.support import channels, labels, messages, tickets
from storage.support.channels import ChannelLink, Grouping, Use
from storage.support.messages import IncomingMessage
from storage.support.tickets import Ticket
from storage.workspace import workspaces
from storage.workspace.members import MemberKind

if TYPE_CHECKING:
    from ml.classify.classifier import MessageClassifier

__all__ = ["begin", "on_message", "refresh", "show"]


@plugin.event("message")
def on_message(
    event: Mapping[str, Any], session: Session, actor: Member | None, place: Place, model: MessageClassifier
) -> None:
    """Store a customer's message, classify it, open or join its ticket, and show it to support.

    Whom Slack tells us nothing about is somebody else's, so what they write counts.
    """
    written = read(event, mentioned(session))
    if written is None or (actor and actor.kind == MemberKind.BOT):
        return
    if place.channel_id.startswith("D"):
        if tables_in(event):
            return  # what answers is the import
        if written.first and written.author_id:
            ours = actor is not None and actor.kind == MemberKind.STAFF
            # Others are told once a day where to write; our own people get an answer each time.
            greet(session, written.author_id, written.text, written.ts if ours else f"{_day(written.ts)}")
        return
    if actor and actor.kind == MemberKind.STAFF and written.first and _is_mentioned(session, event):
        greet(session, actor.id, written.text, f"{place.channel_id}:{written.ts}")
    link = channels.link_of(session, place.channel_id)
    if link is None:
        return
    tickets.lock(session, link.channel_id)
    contact = author(session, actor, link.customer_id)
    if actor and actor.kind == MemberKind.STAFF and contact is None and _is_ours(session, link, written, actor):
        return
    message = messages.by_ts(session, link.channel_id, written.ts)
    if message is not None:
        _again(session, link, message, written, model)
    elif written.first or messages.slack_time(written.ts) > link.created_at:
        judged, asking = judge(messages.storable(written.text), model)
        message = _receive(session, link, written, actor, contact, judged)
        asking = asking or (written.before is not None and asks(written.before, model))
        if written.deleted_at is not None:
            messages.deleted(session, message, written.deleted_at)
        _group(session, link, message, model, asking=asking)
        wants_to_cancel(session, message)


def _day(ts: str) -> date:
    return messages.slack_time(ts).date()


def _is_mentioned(session: Session, event: Mapping[str, Any]) -> bool:
    said = str(event.get("text") or "")
    # Hardly any message mentions anybody, and who Rapport is costs a look.
    installed = workspaces.installation(session) if "<@" in said else None
    return installed is not None and installed.bot_user_id is not None and f"<@{installed.bot_user_id}" in said


def _is_ours(session: Session, link: ChannelLink, written: Written, actor: Member) -> bool:
    """Tell whether what one of us wrote is no customer's message; an answer in a ticket's thread is noted on it."""
    if written.thread_ts is None or written.thread_ts == written.ts:
        return link.use == Use.CUSTOMER
    ticket = tickets.of_thread(session, link.channel_id, written.thread_ts)
    if link.use == Use.INBOX and (ticket is None or ticket.requester_id == actor.id):
        return False
    if written.first:
        tickets.answered(session, link.channel_id, written.thread_ts, messages.slack_time(written.ts))
    return True


def author(session: Session, actor: Member | None, customer_id: int | None) -> Contact | None:
    """Return the contact who writes, known by Slack id or by address, else added; of our own people only known ones."""
    if actor is None:
        return None
    known = contacts.by_slack_user(session, actor.id)
    if known is not None:
        return known
    # Somebody new may write twice at once.
    session.get_one(Member, (actor.workspace_id, actor.id), with_for_update=True, populate_existing=True)
    known = contacts.recognise(session, actor.id, actor.email)
    if known is None and actor.kind != MemberKind.STAFF:
        return contacts.add_member(session, actor, customer_id=customer_id)
    return known


def _receive(
    session: Session,
    link: ChannelLink,
    written: Written,
    actor: Member | None,
    contact: Contact | None,
    judged: Mapping[str, Any],
) -> IncomingMessage:
    message = messages.receive(
        session,
        channel_id=link.channel_id,
        ts=written.ts,
        text=written.text,
        author_id=written.author_id,
        author_name=actor.name if actor else None,
        thread_ts=written.thread_ts,
        customer_id=link.customer_id or (contact.customer_id if contact else None),
        contact_id=contact.id if contact else None,
        judged=judged,
        files=written.files,
    )
    assert message is not None, "whoever decides about messages of this channel waits for us"
    if written.edited_at is not None:
        messages.edited(session, message, written.text, written.edited_at, written.files)
    return message


def _again(
    session: Session, link: ChannelLink, message: IncomingMessage, written: Written, model: MessageClassifier
) -> None:
    """Bring a message that is known up to date: it was changed or deleted, or this is what it said before."""
    was = message.text
    newer = written.edited_at is not None and messages.edited(
        session, message, written.text, written.edited_at, written.files
    )
    changed = newer and message.text != was
    asking = changed and not labels.of_message(session, message) and classify(session, message, model)
    if changed:
        wants_to_cancel(session, message)
    if written.deleted_at is not None and message.deleted_at is None:
        messages.deleted(session, message, written.deleted_at)
        changed = True
    if message.ticket_id is None:
        # It may have asked for something before it was changed to a word of thanks, or does now.
        earlier = {text for text in (written.text, written.before) if text is not None} - {message.text}
        if asking or any(asks(text, model) for text in earlier):
            _group(session, link, message, model, asking=True)
    elif changed:
        show(session, tickets.settle(session, tickets.get(session, message.ticket_id)))


def _group(
    session: Session, link: ChannelLink, message: IncomingMessage, model: MessageClassifier, *, asking: bool
) -> None:
    by_hand = link.groups_by is Grouping.MANUAL
    ticket, opened = tickets.group(
        session,
        message,
        asks=asking and not by_hand,
        grouping=link.groups_by,
        within=timedelta(minutes=link.window_minutes),
        place=placer(session),
    )
    if ticket is None:
        return
    if opened:
        begin(session, ticket, message, model)
        return
    show(session, ticket)
    wrote_again(session, ticket, message)


def begin(session: Session, ticket: Ticket, message: IncomingMessage, model: MessageClassifier) -> None:
    """Bring a ticket that was just opened from a message to its people: by its route, and on a card or under one."""
    route = events.route_of(session, ticket)
    channel_id = events.cards_channel(session, ticket, route)
    if ticket.is_request:
        events.give(session, ticket, route)
    if not ticket.is_request or not folding.fold(session, ticket, message, model, channel_id):
        show_in(session, ticket, channel_id)
