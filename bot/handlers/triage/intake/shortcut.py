"""Open a ticket from a message's menu in Slack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from bot.handlers.triage.declaration import plugin
from bot.handlers.triage.intake.opening import Asked, ask, open_ticket
from bot.handlers.triage.intake.reactions import ticket_at
from bot.handlers.triage.intake.written import text_of
from bot.kit import blocks as b
from bot.kit import cards
from bot.kit.format import undo_hint
from bot.kit.lookup import mentioned
from bot.kit.replies import Message, Modal
from bot.plugin import Place, Role, Slack, _
from storage.names import NAME_LIMIT
from storage.support.tickets import subject_of

if TYPE_CHECKING:
    from ml.classify.classifier import MessageClassifier

SHOWN = 500
State = Mapping[str, str]


def _ask(control: b.Control, place: Place, state: State, slack: Slack) -> Asked:
    """Ask Slack for the message the menu was opened on."""
    return ask(slack, state.get("channel") or place.channel_id, state.get("ts") or control.detail)


@plugin.view("open", title="Open a ticket", role=Role.AGENT, before=_ask)
def opening(control: b.Control, found: Asked, session: Session, place: Place) -> Modal:
    """Show the message, and ask for the ticket's title; or say which ticket it belongs to."""
    known = ticket_at(session, place.channel_id, control.detail)
    if known is not None:
        text = b.markup(_("This already belongs to {ref} *{name}*."), ref=known.reference, name=known.name)
        show = b.button(_("Show"), cards.SHOW, cards.control(known))
        return Modal(_("Open a ticket"), [b.section(text, accessory=show)])
    said = text_of(found.message, mentioned(session))
    title = b.text_input("title", _("Title"), initial=subject_of(said), max_length=NAME_LIMIT)
    quoted = b.Markup("\n".join(f">{line}" for line in b.cut(said.strip() or _("(no text)"), SHOWN).splitlines()))
    state = {"channel": place.channel_id, "ts": control.detail}
    return Modal(_("Open a ticket"), [b.section(quoted), title], submit=_("Open"), state=state)


@opening.submit
def opened(values: State, state: State, found: Asked, session: Session, model: MessageClassifier) -> Message:
    """Open the ticket, once, and say which it is."""
    ticket, new = open_ticket(session, state["channel"], state["ts"], found, model, name=values["title"])
    template = _("Opened {ref} *{name}*.") if new else _("This already belongs to {ref} *{name}*.")
    text = b.markup(template, ref=ticket.reference, name=ticket.name)
    show = b.button(_("Show"), cards.SHOW, cards.control(ticket))
    return Message(text, [b.section(text, accessory=show), *([undo_hint()] if new else [])])


plugin.shortcut("open", opening, title="Open a ticket", on_message=True)
