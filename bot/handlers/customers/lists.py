"""List customers by filters, in pages."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.grammar import Args, FilterValues
from bot.grammar.lists import understood
from bot.handlers.customers import cards
from bot.handlers.customers.declaration import plugin
from bot.kit import blocks as b
from bot.kit.format import Page, Reader
from bot.kit.replies import Message
from bot.plugin import Member, Role, _
from storage.crm import customers
from storage.records.query import parse_filters
from storage.workspace.workspaces import Workspace

LINES = 10


@plugin.command("customer list", usage="[filters]", role=Role.VIEWER, example="owner:me tier:gold")
def listed(args: Args, session: Session, actor: Member, reader: Reader, workspace: Workspace) -> Message:
    """List customers by name: mine, gold, or by filters like tier:gold, created>january, sort:-created."""
    values = FilterValues(actor.id, workspace.currency, reader.zone.key, reader.now, reader.locale)
    return _page(Page(understood(args.filters, session, customers.FIELDS, values)), session, actor, workspace, reader)


@plugin.action("page", role=Role.VIEWER)
def page(control: b.Control, session: Session, actor: Member, reader: Reader, workspace: Workspace) -> Message:
    """Turn to another page of a list."""
    turned = _page(Page.load(control.detail), session, actor, workspace, reader)
    return Message(turned.text, turned.blocks, replace=True)


def _page(page: Page, session: Session, actor: Member, workspace: Workspace, reader: Reader) -> Message:
    query = parse_filters(page.filters)
    values = FilterValues(actor.id, workspace.currency, reader.zone.key, reader.now, reader.locale)
    found = customers.list_customers(
        session,
        *query.where(session, customers.FIELDS, values),
        order_by=query.order_by(customers.FIELDS),
        limit=LINES + 1,
        offset=page.offset,
    )
    if not found:
        return Message(_nothing(page))
    more = len(found) > LINES
    title = page.title(_("Customers"), min(len(found), LINES), more=more)
    lines = map(cards.line, found[:LINES])
    return Message(title, [b.section(title), *lines, *page.turns(plugin.id("page"), size=LINES, more=more)])


def _nothing(page: Page) -> b.Markup:
    if page.offset:
        return b.Markup(_("There are no more customers."))
    if page.filters:
        return b.markup(_("No customers are like this: {filters}"), filters=page.written)
    return b.Markup(_("No customers yet. Add one: `/customer add Acme domain:acme.com`"))
