"""Draw a ticket's card for support: who wrote what, what it is about, how sure that is and why, and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.handlers.triage.card import belonging, controls, similar, verdict
from bot.handlers.triage.declaration import plugin
from bot.handlers.triage.incidents import folding
from bot.kit import blocks as b
from bot.kit import categories, fields
from bot.kit.format import Reader, duration, locale_of, quoted, said
from bot.kit.links import permalink
from bot.kit.replies import Message, Picture
from bot.kit.tickets import files, previews, promised, rated
from bot.plugin import Member, Notice, _, ngettext
from storage.errors import NotFound
from storage.names import short
from storage.queues.outbox import Delivery
from storage.support import messages, replies, tickets
from storage.support.messages import CHATTER, IncomingMessage
from storage.support.replies import Reply
from storage.support.tickets import DONE, TICKET, Ticket, TicketStatus
from storage.workspace.workspaces import Workspace

if TYPE_CHECKING:
    from ml.classify.classifier import MessageClassifier

TEXT_LIMIT = 1_500
AGAIN_LIMIT = 300
AGAIN = 3
"""So many of the last messages stand on a card, so that those of a ticket that was merged are among them."""
MESSAGES = 100
MARKS: Mapping[str, str] = {"urgent": "🔴", "high": "🟠", "normal": "🔵", "low": "⚪"}


@plugin.renderer("card", kind=Notice.TICKETS)
def card(
    delivery: Delivery,
    session: Session,
    receiver: Member | None,
    reader: Reader,
    workspace: Workspace,
    model: MessageClassifier | None,
) -> Message | None:
    """Draw the card of the ticket that a delivery names; None when the ticket is gone."""
    try:
        ticket = tickets.resolve(session, delivery.record or "")
    except NotFound:
        return None
    written = messages.of_ticket(session, ticket.id, limit=MESSAGES)
    return draw(session, ticket, written, locale_of(receiver, workspace), url=workspace.url, model=model, reader=reader)


def draw(
    session: Session,
    ticket: Ticket,
    written: Sequence[IncomingMessage],
    locale: str,
    *,
    url: str | None = None,
    model: MessageClassifier | None = None,
    reader: Reader | None = None,
) -> Message:
    """Draw a ticket's card from its messages, first to last; `url` is where the workspace is in the browser.

    One that is done shrinks to what became of it.
    """
    who = _who(ticket, written)
    title = b.join([b.markup("{ref} · {who}", ref=ticket.reference, who=who), ticket.name], ": ")
    answered = replies.sent(session, ticket.id) if ticket.first_response_at is not None else []
    if ticket.status in DONE:
        shrunk = [_done(ticket, who), b.context(*_closing(session, ticket, written, locale, url))]
        shrunk += [*_answers(answered[:1]), *rated(session, ticket)]
        return Message(title, [*shrunk, *folding.blocks(session, ticket, locale)])
    own = categories.own(session)
    headline = _headline(ticket, written, who, url, verdict.changes(written, own))
    if _is_titled(ticket, written):
        headline = b.join([headline, b.markup("*{name}*", name=ticket.name)])
    blocks: list[Block] = [b.section(headline)]
    pictures: dict[int, Picture] = {}
    if written:
        first = written[0]
        blocks += [b.section(quoted(first, TEXT_LIMIT)), *files(first, locale)]
        pictures = _pictures(written, len(blocks))
        blocks += _notes(written, locale)
        blocks += belonging.blocks(session, ticket, written)
        blocks += verdict.blocks(session, ticket, written, locale, own)
        blocks += similar.blocks(session, ticket, first, model, locale, own)
    blocks += [*folding.blocks(session, ticket, locale), *_answers(answered), *rated(session, ticket)]
    due = [b.context(line) for line in promised(session, ticket, reader)] if reader else []
    blocks += [b.context(_standing(session, ticket, locale)), *due, *controls.blocks(ticket, own)]
    return Message(title, blocks, pictures=pictures)


def _pictures(written: Sequence[IncomingMessage], place: int) -> dict[int, Picture]:
    """Return what is to be seen below the first message: the newest picture that came with the ticket."""
    for message in reversed(written):
        for picture in previews(message):
            return {place: picture}
    return {}


def _who(ticket: Ticket, written: Sequence[IncomingMessage]) -> str:
    if ticket.customer is not None:
        return ticket.customer.name
    return (written[0].author_name if written else None) or _("Somebody")


def _is_titled(ticket: Ticket, written: Sequence[IncomingMessage]) -> bool:
    """Tell whether a ticket has a title of its own, beside the words of its first message."""
    if not written:
        return True
    # Words that were changed are not what the title was made of.
    return written[0].edited_at is None and ticket.name != tickets.subject_of(written[0].text)


def _headline(
    ticket: Ticket, written: Sequence[IncomingMessage], who: str, url: str | None, changes: Sequence[b.Text]
) -> b.Markup:
    parts: list[b.Text] = [
        b.markup("{mark} *{ref}*  *{who}*", mark=MARKS[ticket.priority], ref=ticket.reference, who=who),
        *changes,
    ]
    if ticket.customer is not None and ticket.customer.tier:
        parts.append(b.markup("_{tier}_", tier=ticket.customer.tier))
    author = written[0].author_name if written else None
    if author and author != who:
        parts.append(author)
    if ticket.channel_id is not None:
        parts.append(b.markup(_("in {channel}"), channel=b.channel(ticket.channel_id)))
    address = permalink(url, written[0]) if written else None
    if address:
        parts.append(b.link(address, _("Open message")))
    return b.join(parts, "  ·  ")


def _notes(written: Sequence[IncomingMessage], locale: str) -> list[Block]:
    """Say in small text what was written after the first message, and that it reads otherwise than it did."""
    first, later = written[0], written[1:]
    notes: list[b.Text] = []
    if first.edited_at is not None and first.deleted_at is None:
        notes.append(_("✏️ edited by its author"))
    if len(later) > AGAIN:
        more = f"{len(later)}+" if len(written) == MESSAGES else len(later)
        notes.append(b.markup(ngettext("{count} more message", "{count} more messages", len(later)), count=more))
    standing = [message for message in later if message.deleted_at is None]
    telling = _telling(standing)
    for message in telling:
        again = short(" ".join(said(message).split()), AGAIN_LIMIT)
        notes.append(b.markup(_("*{who}* wrote again: {text}"), who=message.author_name or "", text=again))
    sent = [block for message in telling for block in files(message, locale)]
    return [*(b.context(note) for note in notes), *sent]


def _telling(later: Sequence[IncomingMessage]) -> list[IncomingMessage]:
    """Return the last message and, of those before it, what says most: who leaves, then a request, then the newest."""

    def weight(at: int) -> tuple[bool, bool, bool, int]:
        message = later[at]
        says = message.category not in {None, CHATTER}
        return at == len(later) - 1, bool(message.wants_to_cancel), says, at

    return [later[at] for at in sorted(sorted(range(len(later)), key=weight)[-AGAIN:])]


def _answers(answered: Sequence[tuple[Reply, Delivery | None]]) -> list[Block]:
    """Show what was answered last, and whether it could not be brought to the customer."""
    if not answered:
        return []
    reply, delivery = answered[0]
    who = b.person(reply.author_id) if reply.author_id else "Rapport"
    text = b.cut(" ".join(reply.text.split()), AGAIN_LIMIT)
    if delivery is not None and delivery.state == "dead":
        why = b.markup(
            _("⚠️ {who}'s answer did not reach the customer: Slack says {why}. {text}"),
            who=who,
            why=delivery.reason or "",
            text=text,
        )
        return [b.context(why)]
    return [b.context(b.markup(_("💬 {who} answered: {text}"), who=who, text=text))]


def _done(ticket: Ticket, who: str) -> Block:
    mark = "✅" if ticket.is_request else "➖"
    line = b.markup("{mark} *{ref}*  *{who}*  {name}", mark=mark, ref=ticket.reference, who=who, name=ticket.name)
    reopen = b.button(_("Reopen"), plugin.id("reopen"), b.Control(ticket.reference, ticket.version))
    return b.section(line, accessory=reopen)


def _closing(
    session: Session, ticket: Ticket, written: Sequence[IncomingMessage], locale: str, url: str | None
) -> list[b.Text]:
    lines: list[b.Text] = [_standing(session, ticket, locale)]
    if written and written[0].deleted_at is not None:
        lines.append(_("🗑 message deleted by its author"))
    if ticket.is_request and ticket.category:
        lines.append(categories.name(session, ticket.category))
    address = permalink(url, written[0]) if written else None
    if address:
        lines.append(b.link(address, _("Open message")))
    return lines


def _standing(session: Session, ticket: Ticket, locale: str) -> b.Markup:
    who = b.person(ticket.assignee_id) if ticket.assignee_id else b.esc(_("nobody yet"))
    waiting = _("waiting on customer") if ticket.standing == TicketStatus.WAITING else ""
    known = fields.called(session, TICKET, "status", ticket.standing, waiting)
    status = known if ticket.is_request else _("not a request")
    parts: list[b.Text] = [b.markup(_("Status: *{status}*"), status=status)]
    if ticket.status not in DONE:
        parts.append(
            b.markup(_("Priority: *{priority}*"), priority=fields.called(session, TICKET, "priority", ticket.priority))
        )
    parts.append(b.markup(_("With: {who}"), who=who))
    if ticket.first_response_at is not None:
        took = max(ticket.first_response_at - ticket.created_at, timedelta(seconds=1))
        parts.append(b.markup(_("Answered after {time}"), time=duration(took, locale)))
    return b.join(parts, "   ")
