"""Show a person's open deals in the App Home."""

from __future__ import annotations

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.handlers.deals.cards import line
from bot.handlers.deals.declaration import plugin
from bot.kit import blocks as b
from bot.kit import cards
from bot.kit.format import Reader
from bot.plugin import Member, Role, _
from storage.crm import deals

LINES = 5


@plugin.home("My open deals", role=Role.REP, order=20)
def mine(session: Session, actor: Member, reader: Reader) -> list[Block]:
    """Show the open deals of the person, the one that closes first at the top."""
    found = deals.list_deals(session, owner_id=actor.id, limit=LINES + 1)
    if not found:
        return [b.section(_("You have no open deals. Add one: `/deal add Acme renewal amount:12k`"))]
    shown = [cards.line(deal, line(session, deal, reader, owner=False), action=cards.OPEN) for deal in found[:LINES]]
    return [*shown, *([b.context(_("More: `/deal list owner:me`"))] if len(found) > LINES else [])]
