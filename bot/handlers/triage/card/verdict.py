"""Say on a card what a message is about, who or what says so, how sure that is, and in which mood it is written."""

from __future__ import annotations

from collections.abc import Mapping

from slack_sdk.models.blocks import Block, ButtonElement
from sqlalchemy.orm import Session

from bot.handlers.triage.declaration import plugin
from bot.kit import blocks as b
from bot.kit import categories, format
from bot.kit.format import percent
from bot.plugin import _
from storage.support import labels
from storage.support.labels import LabelSource
from storage.support.messages import IncomingMessage
from storage.support.tickets import Ticket

REMEMBERED = "+memory"
"""How the version of a model ends that did not guess, but knows what a person said of such a message."""
BAR = 5
MOODS: Mapping[str, str] = {"negative": "🙁 unhappy", "positive": "🙂 happy"}
HURRIES: Mapping[str, str] = {"urgent": "🔥 urgent", "high": "⏱ in a hurry", "low": "🐌 no hurry"}


def blocks(session: Session, ticket: Ticket, message: IncomingMessage, locale: str, own: categories.Own) -> list[Block]:
    """Draw the verdict on a ticket's first message, with two guesses to choose from where the model is not sure."""
    said = labels.of_message(session, message)
    if said:
        last = said[-1]
        who = format.who(session, last.actor_id) if last.actor_id else b.esc("")
        if last.source == LabelSource.DISMISSED and ticket.is_request:
            about = categories.called(own, ticket.category) if ticket.category else _("Not sure")
            later = _("*{category}*  asked later; {who} marked the first message as not a request")
            return [b.section(_with_marks(b.markup(later, category=about, who=who), message))]
        name = categories.called(own, last.new_category)
        by = (
            _("*{category}*  confirmed by {who}")
            if last.source == LabelSource.CONFIRMED
            else _("*{category}*  set by {who}")
        )
        return [b.section(_with_marks(b.markup(by, category=name, who=who), message))]
    if message.category is None:
        unsure = _("*Not sure* what this is about: the message says too little.")
        return [b.section(_with_marks(b.Markup(unsure), message))]
    if message.abstained:
        text = b.markup(_("🤔 *Not sure.* Is it one of these?{because}"), because=_because(message))
        return [b.section(_with_marks(text, message)), b.actions(*_guesses(ticket, message, own))]
    return [b.section(_with_marks(_verdict(message, locale, own), message))]


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


def _with_marks(text: b.Markup, message: IncomingMessage) -> b.Markup:
    """Put below what strikes about a message beside what it is about; nothing where nothing does."""
    marks = [
        HURRIES.get(message.urgency or ""),
        MOODS.get(message.sentiment or ""),
        "🚪 *wants to cancel*" if message.wants_to_cancel else None,
    ]
    shown = [b.Markup(_(mark)) for mark in marks if mark]
    return b.join([text, b.join(shown, "   ")]) if shown else text
