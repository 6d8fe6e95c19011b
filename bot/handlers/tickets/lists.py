"""List tickets by filters, in pages."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.orm import Session

from bot.grammar import Args, FilterValues
from bot.grammar.lists import understood
from bot.handlers.tickets import cards
from bot.handlers.tickets.declaration import plugin
from bot.kit import blocks as b
from bot.kit import categories
from bot.kit.format import Page, Reader
from bot.kit.replies import Message
from bot.plugin import Member, Role, _
from storage.records.comparisons import Field
from storage.records.query import parse_filters
from storage.support import tickets
from storage.workspace.workspaces import Workspace

LINES = 10

_CATEGORY = Field(tickets.Ticket.category, "keys", resolve=categories.stored_as)
FIELDS = replace(tickets.FIELDS, by_name={**tickets.FIELDS.by_name, "category": _CATEGORY})
"""What tickets can be filtered by, categories as the workspace calls them."""


@plugin.command("ticket list", usage="[filters]", role=Role.VIEWER, example="assignee:me priority:high,urgent")
def listed(args: Args, session: Session, actor: Member, reader: Reader, workspace: Workspace) -> Message:
    """List tickets, most urgent first: mine, unassigned, urgent, or by filters like status:waiting, customer:acme."""
    values = FilterValues(actor.id, workspace.currency, reader.zone.key, reader.now, reader.locale)
    return _page(Page(understood(args.filters, session, FIELDS, values)), session, actor, workspace, reader)


@plugin.action("page", role=Role.VIEWER)
def page(control: b.Control, session: Session, actor: Member, reader: Reader, workspace: Workspace) -> Message:
    """Turn to another page of a list."""
    turned = _page(Page.load(control.detail), session, actor, workspace, reader)
    return Message(turned.text, turned.blocks, replace=True)


def _page(page: Page, session: Session, actor: Member, workspace: Workspace, reader: Reader) -> Message:
    query = parse_filters(page.filters)
    values = FilterValues(actor.id, workspace.currency, reader.zone.key, reader.now, reader.locale)
    done = None if query.asks("status") else query.asks("resolved")
    found = tickets.list_tickets(
        session,
        *query.where(session, FIELDS, values),
        done=done,
        order_by=query.order_by(FIELDS),
        limit=LINES + 1,
        offset=page.offset,
    )
    if not found:
        return Message(_nothing(page))
    what = {None: _("Tickets"), False: _("Open tickets"), True: _("Resolved tickets")}[done]
    title = page.title(what, min(len(found), LINES), more=len(found) > LINES)
    lines = cards.lines(session, found[:LINES], reader)
    return Message(
        title, [b.section(title), *lines, *page.turns(plugin.id("page"), size=LINES, more=len(found) > LINES)]
    )


def _nothing(page: Page) -> b.Markup:
    if page.offset:
        return b.Markup(_("There are no more tickets."))
    if page.filters:
        return b.markup(_("No tickets match {filters}"), filters=page.written)
    return b.Markup(_("No open tickets. Add one: `/ticket add Login fails customer:acme priority:high`"))
