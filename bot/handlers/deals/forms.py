"""Ask in a modal why a deal was lost."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from bot.handlers.deals.cards import card
from bot.handlers.deals.declaration import plugin
from bot.kit import blocks as b
from bot.kit import cards, format
from bot.kit.format import Reader
from bot.kit.replies import Message, Modal
from bot.plugin import Member, Role, _
from storage.crm import deals
from storage.records import named


@plugin.view("lost", title="Lost", role=Role.REP)
def lost(control: b.Control, session: Session) -> Modal:
    """Ask why a deal was lost."""
    deal = deals.resolve(session, control.record)
    if overtaken := format.overtaken(session, deal, control):
        return Modal(_("Lost"), [b.section(overtaken), b.section(cards.headline(deal))])
    reason = b.text_input(
        "reason", _("Why was it lost?"), multiline=True, optional=True, placeholder=_("Price, timing, a competitor …")
    )
    state = {"record": deal.reference, "version": str(deal.version)}
    return Modal(_("Lost"), [b.section(cards.headline(deal)), reason], submit=_("Mark as lost"), state=state)


@lost.submit
def lose(
    values: Mapping[str, str], state: Mapping[str, str], session: Session, actor: Member, reader: Reader
) -> Message:
    """Mark the deal as lost, unless somebody else has changed it since the form was opened."""
    deal = named.at_version(session, deals.resolve(session, state["record"]), int(state["version"]))
    notice = cards.cancelling(_("Marked as lost."), deals.lose(session, deal, values["reason"] or None))
    return card(session, deal, reader, actor, notice=notice, undo=True)


plugin.button_opens("lost", lost)
