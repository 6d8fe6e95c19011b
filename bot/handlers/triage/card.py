"""Draw a ticket's card for support: who wrote what, what it is about, how sure that is and why, and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot import blocks as b
from bot.handlers.triage.plugin import plugin
from bot.plugin import Member, _
from bot.replies import Message
from bot.shown import duration, locale_of, percent
from ml.starter import CATEGORIES
from storage import labels, messages, tickets
from storage.errors import NotFound
from storage.messages import IncomingMessage
from storage.outbox import Delivery
from storage.tickets import DONE, Ticket
from storage.workspaces import Workspace

TEXT_LIMIT = 2_000
MARKS: Mapping[str, str] = {"urgent": "🔴", "high": "🟠", "normal": "🔵", "low": "⚪"}


@plugin.renderer("card")
def card(delivery: Delivery, session: Session, reader: Member | None, workspace: Workspace) -> Message | None:
    """Draw the card of the ticket that a delivery names; None when the ticket is gone."""
    try:
        ticket = tickets.resolve(session, delivery.record or "")
    except NotFound:
        return None
    written = messages.of_ticket(session, ticket.id)
    return draw(session, ticket, written, locale_of(reader, workspace))


def draw(session: Session, ticket: Ticket, written: Sequence[IncomingMessage], locale: str) -> Message:
    """Draw a ticket's card from its messages, first to last."""
    who = ticket.customer.name if ticket.customer else (written[0].author_name if written else None) or _("Somebody")
    title = b.markup(_("{ref} · {who}"), ref=ticket.reference, who=who)
    blocks: list[Block] = [b.section(_headline(ticket, who))]
    if written:
        blocks += [b.section(_quote(written[0].text)), *_more(written), _about(session, ticket, written[0], locale)]
    blocks += [b.context(_standing(ticket, locale)), _controls(ticket)]
    return Message(b.join([title, ticket.name], ": "), blocks)


def _headline(ticket: Ticket, who: str) -> b.Markup:
    tier = b.markup(" _{tier}_", tier=ticket.customer.tier) if ticket.customer and ticket.customer.tier else b.esc("")
    where = b.markup(_(" in {channel}"), channel=b.channel(ticket.channel_id)) if ticket.channel_id else b.esc("")
    return b.markup(
        "{mark} *{ref}*  *{who}*{tier}{where}",
        mark=MARKS.get(ticket.priority, "🔵"),
        ref=ticket.reference,
        who=who,
        tier=tier,
        where=where,
    )


def _quote(text: str) -> b.Markup:
    shown = b.cut(text.strip() or _("(no text)"), TEXT_LIMIT)
    return b.Markup("\n".join(f">{line}" for line in shown.splitlines()))


def _more(written: Sequence[IncomingMessage]) -> list[Block]:
    later = written[1:]
    if not later:
        return []
    last = b.markup(_("*{who}* wrote again: {text}"), who=later[-1].author_name or "", text=later[-1].text[:300])
    count = b.markup(_("{count} more messages in the thread"), count=len(later)) if len(later) > 1 else None
    return [b.context(*[line for line in (count, last) if line])]


def _about(session: Session, ticket: Ticket, message: IncomingMessage, locale: str) -> Block:
    """Say what the message is about, and who or what says so."""
    said = labels.of_message(session, message)
    if said:
        name = category_name(said[-1].new_category)
        who = b.person(said[-1].actor_id) if said[-1].actor_id else b.esc("")
        return b.section(b.markup(_("*{category}*  said {who}"), category=name, who=who))
    if message.category is None:
        return b.section(_("*Not sure* what this is about: there is nothing in it to go by."))
    sure = percent(message.confidence or 0.0, locale)
    words = b.join([b.markup("“{word}”", word=str(word)) for word in message.reasons or []], ", ")
    because = b.markup(_("  because of {words}"), words=words) if words else b.esc("")
    name = category_name(message.category)
    template = (
        _("*Not sure*, perhaps {category} ({sure}){because}") if message.abstained else "*{category}*  {sure}{because}"
    )
    return b.section(b.markup(template, category=name, sure=sure, because=because))


def category_name(key: str) -> str:
    """Return a category as people read it."""
    return _(CATEGORIES.get(key, key.capitalize()))


def _standing(ticket: Ticket, locale: str) -> b.Markup:
    who = b.person(ticket.assignee_id) if ticket.assignee_id else b.esc(_("nobody yet"))
    status = _("not a request") if not ticket.is_request else _(ticket.status)
    standing = b.markup(
        _("Status: *{status}*   Priority: *{priority}*   With: {who}"),
        status=status,
        priority=_(ticket.priority),
        who=who,
    )
    if ticket.first_response_at is None:
        return standing
    took = max(ticket.first_response_at - ticket.created_at, timedelta(seconds=1))
    answered = b.markup(_("Answered after {time}"), time=duration(took, locale))
    return b.join([standing, answered], "   ")


def _controls(ticket: Ticket) -> Block:
    control = b.Control(ticket.reference, ticket.version)
    if ticket.status in DONE:
        return b.actions(b.button(_("Reopen"), plugin.id("reopen"), control))
    choices = [
        b.Option(_(name), str(b.Control(ticket.reference, ticket.version, key))) for key, name in CATEGORIES.items()
    ]
    take = [] if ticket.assignee_id else [b.button(_("Take"), plugin.id("take"), control, style="primary")]
    return b.actions(
        *take,
        b.menu(_("Category"), plugin.id("category"), choices),
        b.button(_("Not a request"), plugin.id("dismiss"), control),
        b.button(_("Resolve"), plugin.id("resolve"), control),
    )
