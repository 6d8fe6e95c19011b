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
LOOKED_AT = 100


@plugin.home("My open deals", role=Role.REP, order=20)
def mine(session: Session, actor: Member, reader: Reader) -> list[Block]:
    """Show the open deals of the person, the one that closes first at the top."""
    found = deals.list_deals(session, owner_id=actor.id, limit=LOOKED_AT)
    if not found:
        ask = _("You have no open deals. Add one: `/deal add Acme renewal amount:12k`")
        return [] if actor.has(Role.MANAGER) else [b.section(ask)]
    tell = line(session, reader, owner=False)
    shown = [cards.line(deal, tell(deal), action=cards.OPEN) for deal in found[:LINES]]
    more = [b.context(_("More: `/deal list owner:me`"))] if len(found) > LINES else []
    total = f"{len(found)}+" if len(found) == LOOKED_AT else len(found)
    worth = ", ".join(reader.totals(deal.amount for deal in found))
    late = sum(1 for deal in found if deal.close_on is not None and deal.close_on < reader.today)
    parts: list[b.Text] = [b.markup(_("*{total}* open"), total=total), *([worth] if worth else [])]
    parts += [b.markup(_("⚠️ *{late}* should have closed"), late=late)] if late else []
    return [b.context(b.join(parts, " · ")), *shown, *more]
