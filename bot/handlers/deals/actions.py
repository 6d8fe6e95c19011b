"""Answer the buttons and the menu of deals' cards and lists."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.handlers.deals import cards
from bot.handlers.deals.declaration import plugin
from bot.handlers.deals.wanted import WantedDeal
from bot.kit import blocks as b
from bot.kit import format
from bot.kit.format import Reader
from bot.kit.replies import Message
from bot.plugin import Role, _
from storage.crm import deals, pipelines
from storage.errors import NotFound


@plugin.action("show", role=Role.VIEWER)
def show(control: b.Control, session: Session, reader: Reader) -> Message:
    """Show the deal of a list's line."""
    return cards.card(session, deals.resolve(session, control.record), reader)


@plugin.action("add_anyway", role=Role.REP)
def add_anyway(control: b.Control, session: Session, reader: Reader) -> Message:
    """Add a deal though another is called the same."""
    deal = WantedDeal.load(session, control.detail).add(session)
    return cards.card(session, deal, reader, notice=_("Added."), undo=True, replace=True)


@plugin.action("won", role=Role.REP)
def won(control: b.Control, session: Session, reader: Reader) -> Message:
    """Mark the card's deal as won."""
    deal = deals.resolve(session, control.record)
    if overtaken := format.overtaken(session, deal, control):
        return cards.card(session, deal, reader, notice=overtaken, replace=True)
    notice = cards.closed(_("Won. Congratulations!"), deals.win(session, deal))
    return cards.card(session, deal, reader, notice=notice, undo=True, replace=True)


@plugin.action("move", role=Role.REP)
def move(control: b.Control, session: Session, reader: Reader) -> Message:
    """Move the card's deal to the stage that was chosen."""
    deal = deals.resolve(session, control.record)
    if overtaken := format.overtaken(session, deal, control):
        return cards.card(session, deal, reader, notice=overtaken, replace=True)
    known = {str(stage.id): stage.name for stage in pipelines.stages(session, deal.stage.pipeline_id)}
    if control.detail not in known:
        raise NotFound("This stage is gone.", hint="Open the deal again.")
    deals.move(session, deal, known[control.detail])
    notice = b.markup(_("Moved to {stage}."), stage=deal.stage.name)
    return cards.card(session, deal, reader, notice=notice, undo=True, replace=True)
