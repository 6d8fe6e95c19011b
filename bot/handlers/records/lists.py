"""List the records of any noun by filters, in pages."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.grammar import Args, FilterValues
from bot.grammar.lists import understood
from bot.handlers.records.declaration import plugin
from bot.kit import blocks as b
from bot.kit import cards
from bot.kit.format import Page, Reader
from bot.kit.replies import Message
from bot.plugin import Catalogue, Declaration, Member, Role, _
from storage.errors import Invalid
from storage.records import lifecycle
from storage.records.query import parse_filters
from storage.workspace.workspaces import Workspace

LINES = 10


@plugin.each_noun("list", usage=lambda _noun: "[filters]", example=lambda _noun: "sort:-created", changes=False)
def listed(
    noun: Declaration, args: Args, session: Session, actor: Member, reader: Reader, workspace: Workspace
) -> Message:
    """List every record by name, or by filters like created>january, sort:-created."""
    values = FilterValues(actor.id, workspace.currency, reader.zone.key, reader.now, reader.locale)
    filters = understood(args.filters, session, noun.filters, values)
    return _page(noun, Page(filters), session, actor, workspace, reader)


@plugin.action("page", role=Role.VIEWER)
def page(
    control: b.Control, session: Session, actor: Member, reader: Reader, workspace: Workspace, catalogue: Catalogue
) -> Message:
    """Turn to another page of a list."""
    key, _sep, turned = control.detail.partition(" ")
    if key not in catalogue.nouns:
        raise Invalid("This button no longer works.", hint="Please repeat the command.")
    drawn = _page(catalogue.nouns[key].declaration, Page.load(turned), session, actor, workspace, reader)
    return Message(drawn.text, drawn.blocks, replace=True)


def _page(
    noun: Declaration, page: Page, session: Session, actor: Member, workspace: Workspace, reader: Reader
) -> Message:
    query = parse_filters(page.filters)
    values = FilterValues(actor.id, workspace.currency, reader.zone.key, reader.now, reader.locale)
    found = lifecycle.list_records(
        session,
        noun,
        *query.where(session, noun.filters, values),
        order_by=query.order_by(noun.filters),
        limit=LINES + 1,
        offset=page.offset,
    )
    if not found:
        return Message(_nothing(noun, page))
    more = len(found) > LINES
    title = page.title(_(noun.plural), min(len(found), LINES), more=more)
    lines = [cards.line(session, noun, record, reader) for record in found[:LINES]]
    turns = page.turns(plugin.id("page"), size=LINES, more=more, of=noun.key)
    return Message(title, [b.section(title), *lines, *turns])


def _nothing(noun: Declaration, page: Page) -> b.Markup:
    nouns = _(noun.plural).casefold()
    if page.offset:
        return b.markup(_("There are no more {nouns}."), nouns=nouns)
    if page.filters:
        return b.markup(_("No {nouns} match {filters}"), nouns=nouns, filters=page.written)
    return b.markup(_("No {nouns} yet. Add one: `/crm {key} add`"), nouns=nouns, key=noun.key)
