"""Answer the buttons and the menu of deals' cards, and a button that older cards have."""

from __future__ import annotations

import json

from sqlalchemy.orm import Session

from bot.handlers.deals.cards import card
from bot.handlers.deals.declaration import plugin
from bot.handlers.deals.wording import asking, closed
from bot.kit import blocks as b
from bot.kit import cards, format
from bot.kit.format import Reader
from bot.kit.replies import Message
from bot.plugin import Member, Role, _
from storage.crm import deals, pipelines
from storage.crm.deals import DEAL
from storage.crm.pipelines import Outcome
from storage.errors import Invalid, NotFound
from storage.records import lifecycle


@plugin.action("add_anyway", role=Role.REP)
def add_anyway(control: b.Control, session: Session, actor: Member, reader: Reader) -> Message:
    """Add a deal though another is called the same, as cards asked before they asked for every noun."""
    try:
        name, minor, currency, customer, close, owner, stage = json.loads(control.detail)
        values = {"name": name, "amount": [minor, currency] if currency else None, "customer": customer}
        known = DEAL.from_json({**values, "close": close, "owner": owner})
        known |= {"stage": pipelines.resolve_stage(session, stage).id} if stage else {}
    except (ValueError, TypeError, AttributeError):
        raise Invalid("This button no longer works.", hint="Please repeat the command.") from None
    deal = lifecycle.add(session, DEAL, known)
    return card(session, deal, reader, actor, notice=_("Added."), undo=True, replace=True)


@plugin.action("won", role=Role.REP)
def won(control: b.Control, session: Session, actor: Member, reader: Reader) -> Message:
    """Mark the card's deal as won."""
    deal = deals.resolve(session, control.record)
    if overtaken := format.overtaken(session, deal, control):
        return card(session, deal, reader, actor, notice=overtaken, replace=True)
    if asked := asking(session, deal, Outcome.WON, replace=True):
        return asked
    notice = cards.cancelling(closed(Outcome.WON), deals.win(session, deal))
    return card(session, deal, reader, actor, notice=notice, undo=True, replace=True)


@plugin.action("move", role=Role.REP)
def move(control: b.Control, session: Session, actor: Member, reader: Reader) -> Message:
    """Move the card's deal to the stage that was chosen."""
    deal = deals.resolve(session, control.record)
    if overtaken := format.overtaken(session, deal, control):
        return card(session, deal, reader, actor, notice=overtaken, replace=True)
    stage = next((one for one in pipelines.every_stage(session) if str(one.id) == control.detail), None)
    if stage is None:
        raise NotFound("This stage is gone.", hint="Open the deal again.")
    if asked := asking(session, deal, stage.outcome, replace=True):
        return asked
    deals.move(session, deal, stage.name, pipeline_id=stage.pipeline_id)
    notice = b.markup(_("Moved to {stage}."), stage=deal.stage.name)
    return card(session, deal, reader, actor, notice=notice, undo=True, replace=True)
