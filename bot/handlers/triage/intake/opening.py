"""Open a ticket by hand from any message, also one that was never stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from bot.handlers.triage.events import show
from bot.handlers.triage.intake.classification import judge
from bot.handlers.triage.intake.messages import author, begin
from bot.handlers.triage.intake.written import files_of, text_of
from bot.kit.lookup import mentioned
from bot.plugin import Member, Slack
from storage.errors import CrmError, NotFound
from storage.support import channels, messages, tickets
from storage.support.channels import Grouping
from storage.support.messages import IncomingMessage
from storage.support.tickets import Ticket
from storage.workspace import members

if TYPE_CHECKING:
    from ml.classify.classifier import MessageClassifier


@dataclass(frozen=True, slots=True)
class Asked:
    """Hold what Slack says of a message: the message itself, and its author's profile unless a bot wrote it."""

    message: Mapping[str, Any]
    profile: Mapping[str, Any] | None


def ask(slack: Slack, channel_id: str, ts: str) -> Asked:
    """Ask Slack for a message and for who wrote it; raise CrmError where it cannot be had."""
    message = slack.message(channel_id, ts)
    user_id = message.get("user")
    try:
        profile = slack.user(str(user_id)) if user_id and not message.get("bot_id") else None
    except CrmError as exc:
        if exc.kind not in {"not_found", "refused"}:
            raise
        profile = None
    return Asked(message, profile)


def open_ticket(
    session: Session,
    channel_id: str,
    ts: str,
    asked: Asked | None,
    model: MessageClassifier,
    *,
    name: str | None = None,
) -> tuple[Ticket, bool]:
    """Return the ticket of a message and whether it was opened now; raise NotFound where nobody knows the message."""
    tickets.lock(session, channel_id)
    message = messages.by_ts(session, channel_id, ts)
    if message is None:
        if asked is None:
            raise NotFound("That message no longer exists.")
        message = _receive(session, channel_id, ts, asked, model)
    if message.ticket_id is not None:
        return tickets.get(session, message.ticket_id), False
    link = channels.link_of(session, channel_id)
    each = link is not None and link.groups_by is Grouping.MESSAGE
    grouping = Grouping.MESSAGE if each else Grouping.THREAD
    ticket, opened = tickets.group(session, message, grouping=grouping, name=name)
    assert ticket is not None, "what asks is always part of a ticket"
    if opened:
        begin(session, ticket, message, model)
    else:
        show(session, ticket)
    return ticket, opened


def _receive(session: Session, channel_id: str, ts: str, asked: Asked, model: MessageClassifier) -> IncomingMessage:
    link, writer = channels.link_of(session, channel_id), _writer(session, asked)
    contact = author(session, writer, link.customer_id if link else None)
    customer_id = link.customer_id if link else None
    text = text_of(asked.message, mentioned(session))
    judged, _asking = judge(messages.storable(text), model)
    message = messages.receive(
        session,
        channel_id=channel_id,
        ts=ts,
        text=text,
        author_id=writer.id if writer else None,
        author_name=writer.name if writer else str(asked.message.get("username") or "") or None,
        thread_ts=asked.message.get("thread_ts"),
        customer_id=customer_id or (contact.customer_id if contact else None),
        contact_id=contact.id if contact else None,
        judged=judged,
        files=files_of(asked.message),
    )
    assert message is not None, "whoever decides about messages of this channel waits for us"
    return message


def _writer(session: Session, asked: Asked) -> Member | None:
    if asked.profile is None:
        return None
    return members.ensure(session, str(asked.profile["id"]), asked.profile)
