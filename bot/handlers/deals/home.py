"""Show a person's open deals in the App Home, and open one there in a modal."""

from __future__ import annotations

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.handlers.deals import cards
from bot.handlers.deals.declaration import plugin
from bot.kit import blocks as b
from bot.kit.format import Reader
from bot.kit.replies import Modal
from bot.plugin import Member, Role, _
from storage.crm import deals

LINES = 5


@plugin.home("My open deals", role=Role.REP, order=20)
def mine(session: Session, actor: Member, reader: Reader) -> list[Block]:
    """Show the open deals of the person, the one that closes first at the top."""
    found = deals.list_deals(session, owner_id=actor.id, limit=LINES + 1)
    if not found:
        return [b.section(_("You have no open deals. Add one: `/deal add Acme renewal amount:12k`"))]
    lines = [cards.line(deal, reader, action="open", owner=False) for deal in found[:LINES]]
    more = [b.context(_("More: `/deal list owner:me`"))] if len(found) > LINES else []
    return [*lines, *more]


@plugin.view("open", title="Deal", role=Role.VIEWER)
def opened(control: b.Control, session: Session, reader: Reader) -> Modal:
    """Show a deal in a modal."""
    deal = deals.resolve(session, control.record)
    return Modal(deal.reference, cards.card(session, deal, reader).blocks)


plugin.button_opens("open", opened)
