"""Ask in a modal why a deal was won or lost."""

from __future__ import annotations

from collections.abc import Mapping

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.handlers.deals.cards import card
from bot.handlers.deals.declaration import plugin
from bot.handlers.deals.wording import closed, why
from bot.kit import blocks as b
from bot.kit import cards, format
from bot.kit.format import Reader
from bot.kit.replies import Message, Modal
from bot.plugin import Member, Role, _
from storage.crm import deals
from storage.crm.deals import reasons
from storage.crm.pipelines import Outcome
from storage.records import named

Values = Mapping[str, str]
State = Mapping[str, str]


@plugin.view("won", title="Won", role=Role.REP)
def won(control: b.Control, session: Session) -> Modal:
    """Ask why a deal was won."""
    return _asking(session, control, Outcome.WON)


@won.submit
def win(values: Values, state: State, session: Session, actor: Member, reader: Reader) -> Message:
    """Mark the deal as won, unless somebody else has changed it since the form was opened."""
    deal = named.at_version(session, deals.resolve(session, state["record"]), int(state["version"]))
    cancelled = deals.win(session, deal, values.get(reasons.FIELD) or None)
    notice = cards.cancelling(closed(Outcome.WON), cancelled)
    return card(session, deal, reader, actor, notice=notice, undo=True)


@plugin.view("lost", title="Lost", role=Role.REP)
def lost(control: b.Control, session: Session) -> Modal:
    """Ask why a deal was lost."""
    return _asking(session, control, Outcome.LOST)


@lost.submit
def lose(values: Values, state: State, session: Session, actor: Member, reader: Reader) -> Message:
    """Mark the deal as lost, unless somebody else has changed it since the form was opened."""
    deal = named.at_version(session, deals.resolve(session, state["record"]), int(state["version"]))
    cancelled = deals.lose(session, deal, values["reason"] or None, values.get(reasons.FIELD) or None)
    notice = cards.cancelling(closed(Outcome.LOST), cancelled)
    return card(session, deal, reader, actor, notice=notice, undo=True)


plugin.button_opens("reason.won", won)
plugin.button_opens("lost", lost)


def _asking(session: Session, control: b.Control, outcome: Outcome) -> Modal:
    """Ask for one of the workspace's reasons where it has some, and what else there is to say of a loss."""
    deal = deals.resolve(session, control.record)
    title = _("Won") if outcome == Outcome.WON else _("Lost")
    if overtaken := format.overtaken(session, deal, control):
        return Modal(title, [b.section(overtaken), b.section(cards.headline(deal))])
    fields: list[Block] = [b.section(cards.headline(deal))]
    known = reasons.offered(session, outcome)
    if known:
        options = [b.Option(name, key) for key, name in known.items()]
        optional = not reasons.asked(session, outcome)
        fields.append(b.choice_input(reasons.FIELD, why(outcome), options, optional=optional))
    if outcome == Outcome.LOST:
        label = _("What else is there to say?") if known else why(outcome)
        hint = _("Price, timing, a competitor …")
        fields.append(b.text_input("reason", label, multiline=True, optional=True, placeholder="" if known else hint))
    submit = _("Mark as lost") if outcome == Outcome.LOST else _("Mark as won")
    return Modal(title, fields, submit=submit, state={"record": deal.reference, "version": str(deal.version)})
