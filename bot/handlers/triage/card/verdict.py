"""Say on a card what a message is about, who or what says so, how sure that is, and in which mood it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from slack_sdk.models.blocks import Block, ButtonElement
from sqlalchemy.orm import Session

from bot.handlers.triage.declaration import plugin
from bot.kit import blocks as b
from bot.kit import categories, format
from bot.kit.format import percent
from bot.plugin import _
from storage.support import labels, tickets
from storage.support.labels import LabelSource
from storage.support.messages import IncomingMessage
from storage.support.tickets import Judgement, Ticket

REMEMBERED = "+memory"
"""How the version of a model ends that did not guess, but knows what a person said of such a message."""
BAR = 5
MOODS: Mapping[str, str] = {"negative": "🙁 unhappy", "positive": "🙂 happy"}
HURRIES: Mapping[str, str] = {"urgent": "🔥 urgent", "high": "⏱ in a hurry", "low": "🐌 no hurry"}


def blocks(
    session: Session, ticket: Ticket, written: Sequence[IncomingMessage], locale: str, own: categories.Own
) -> list[Block]:
    """Draw what a ticket's messages come to, with two guesses to choose from where the model is not sure.

    What people said of the first message stands above that.
    """
    now = tickets.judgement([one for one in written if one.deleted_at is None] or written)
    said, message = labels.of_message(session, written[0]), now.message
    if said:
        last = said[-1]
        who = format.who(session, last.actor_id) if last.actor_id else b.esc("")
        if last.source == LabelSource.DISMISSED and ticket.is_request:
            about = categories.called(own, ticket.category) if ticket.category else _("Not sure")
            later = _("*{category}*  asked later; {who} marked the first message as not a request")
            return [b.section(_with_marks(b.markup(later, category=about, who=who), now))]
        name = categories.called(own, last.new_category)
        by = (
            _("*{category}*  confirmed by {who}")
            if last.source == LabelSource.CONFIRMED
            else _("*{category}*  set by {who}")
        )
        return [b.section(_with_marks(b.markup(by, category=name, who=who), now))]
    if message is not written[0] and (corrected := labels.of_message(session, message)):
        # The words behind it were those of what the model had said, and a merge or a person said otherwise.
        last = corrected[-1]
        who = format.who(session, last.actor_id) if last.actor_id else b.esc("")
        text = b.markup(_("*{category}*  set by {who}"), category=categories.called(own, last.new_category), who=who)
        return [b.section(_with_marks(text, now))]
    if message.category is None:
        unsure = _("*Not sure* what this is about: the message says too little.")
        return [b.section(_with_marks(b.Markup(unsure), now))]
    if message.abstained:
        text = b.markup(_("🤔 *Not sure.* Is it one of these?{because}"), because=_because(message))
        return [b.section(_with_marks(text, now)), b.actions(*_guesses(ticket, message, own))]
    return [b.section(_with_marks(_verdict(message, locale, own), now))]


def _verdict(message: IncomingMessage, locale: str, own: categories.Own) -> b.Markup:
    name = categories.called(own, message.category or "")
    if (message.model_version or "").endswith(REMEMBERED):
        return b.markup(_("*{category}*  set by somebody for a message like this before"), category=name)
    sure = message.promised
    if sure is None:
        return b.markup(_("*{category}*  likely{because}"), category=name, because=_because(message))
    filled = round(sure * BAR)
    return b.markup(
        "*{category}*  {bar} {sure}{because}",
        category=name,
        bar="▰" * filled + "▱" * (BAR - filled),
        sure=percent(sure, locale),
        because=_because(message),
    )


def _guesses(ticket: Ticket, message: IncomingMessage, own: categories.Own) -> list[ButtonElement]:
    names = categories.offered(own)
    guesses = [("guess", message.category), ("second_guess", message.second)]
    return [
        b.button(names[key], plugin.id(action), b.Control(ticket.reference, ticket.version, key))
        for action, key in guesses
        if key in names
    ]


def _because(message: IncomingMessage) -> b.Markup:
    words = b.join([b.markup("“{word}”", word=str(word)) for word in message.reasons or []], ", ")
    return b.markup(_("  because of {words}"), words=words) if words else b.esc("")


def _with_marks(text: b.Markup, now: Judgement) -> b.Markup:
    """Put below what strikes about the messages beside what they are about; nothing where nothing does."""
    marks = [
        HURRIES.get(now.urgency or ""),
        MOODS.get(now.sentiment or ""),
        "🚪 *wants to cancel*" if now.wants_to_cancel else None,
    ]
    shown = [b.Markup(_(mark)) for mark in marks if mark]
    return b.join([text, b.join(shown, "   ")]) if shown else text


def changes(written: Sequence[IncomingMessage], own: categories.Own) -> list[b.Text]:
    """Say what the later messages have changed: what it is about, how urgent it is, whether the customer may leave."""
    standing = [one for one in written if one.deleted_at is None]
    if len(standing) < 2:
        return []
    first, now = standing[0], tickets.judgement(standing)
    was, told = tickets.judgement(standing[:1]), []
    if now.message is not first and now.category != was.category:
        told.append(categories.called(own, now.category or ""))
    if now.urgency != was.urgency:
        told.append(_(now.urgency or ""))
    if now.wants_to_cancel and not was.wants_to_cancel:
        told.append(_("wants to cancel"))
    return [b.markup(_("now: *{what}*"), what=", ".join(told))] if told else []
