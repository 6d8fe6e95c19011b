"""List deals by filters, with totals and pages."""

from __future__ import annotations

from collections.abc import Sequence

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.grammar import Args, FilterValues
from bot.grammar.lists import understood
from bot.handlers.deals import cards
from bot.handlers.deals.declaration import plugin
from bot.kit import blocks as b
from bot.kit.format import Page, Reader
from bot.kit.replies import Message
from bot.plugin import Member, Role, _
from storage.crm import deals
from storage.crm.deals import Deal
from storage.crm.pipelines import Outcome
from storage.records.query import Query, meant, parse_filters
from storage.workspace.workspaces import Workspace

LINES = 10
STAGE = deals.FIELDS.named("stage")


@plugin.command("deal list", usage="[filters]", role=Role.VIEWER, example="owner:me amount>10k close<friday")
def listed(args: Args, session: Session, actor: Member, reader: Reader, workspace: Workspace) -> Message:
    """List deals: mine, overdue, or by filters like amount>10k, close<friday, stage:proposal, sort:-amount."""
    values = FilterValues(actor.id, workspace.currency, reader.zone.key, reader.now, reader.locale)
    filters = understood(args.filters, session, deals.FIELDS, values)
    return _page(Page(filters), session, actor, workspace, reader)


@plugin.action("page", role=Role.VIEWER)
def page(control: b.Control, session: Session, actor: Member, reader: Reader, workspace: Workspace) -> Message:
    """Turn to another page of a list."""
    turned = _page(Page.load(control.detail), session, actor, workspace, reader)
    return Message(turned.text, turned.blocks, replace=True)


def _page(page: Page, session: Session, actor: Member, workspace: Workspace, reader: Reader) -> Message:
    query = parse_filters(page.filters)
    values = FilterValues(actor.id, workspace.currency, reader.zone.key, reader.now, reader.locale)
    closed = _closed(session, query)
    found = deals.list_deals(
        session,
        *query.where(session, deals.FIELDS, values),
        order_by=query.order_by(deals.FIELDS),
        limit=LINES + 1,
        offset=page.offset,
        closed=closed,
    )
    if not found:
        return Message(_nothing(page))
    more = len(found) > LINES
    what = {None: _("Deals"), False: _("Open deals"), True: _("Closed deals")}[closed]
    title = page.title(what, min(len(found), LINES), more=more)
    lines = [cards.line(deal, reader) for deal in found[:LINES]]
    turns = page.turns(plugin.id("page"), size=LINES, more=more)
    return Message(title, [b.section(title), *_totals(found[:LINES], reader), *lines, *turns])


def _totals(found: Sequence[Deal], reader: Reader) -> list[Block]:
    sums = reader.totals(deal.amount for deal in found)
    return [b.context(b.markup(_("Total: {sums}"), sums="  ·  ".join(sums)))] if sums else []


def _closed(session: Session, query: Query) -> bool | None:
    """Tell which deals filters are about: open ones (False) unless they speak of closed ones, None for both."""
    if query.asks("closed"):
        return True
    if query.asks("status"):
        asked = [c.value.casefold() for c in query.conditions if c.name == "status" and c.operator in {":", "="}]
        return False if asked == [Outcome.OPEN] else None
    stages = [stage for c in query.conditions if c.name == "stage" for stage in meant(session, STAGE, c.value)]
    return None if any(stage.outcome != Outcome.OPEN for stage in stages) else False


def _nothing(page: Page) -> b.Markup:
    if page.offset:
        return b.Markup(_("There are no more deals."))
    if page.filters:
        return b.markup(_("No deals match {filters}"), filters=page.written)
    return b.Markup(_("No open deals yet. Add one: `/deal add Acme renewal amount:12k`"))
