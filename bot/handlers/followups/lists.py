"""List follow-ups by filters, in pages."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.grammar import Args, FilterValues
from bot.grammar.lists import understood
from bot.handlers.followups import cards
from bot.handlers.followups.declaration import plugin
from bot.kit import blocks as b
from bot.kit import records
from bot.kit.format import Reader
from bot.kit.pages import Page
from bot.kit.replies import Message
from bot.plugin import Member, Role, _
from storage.crm import followups
from storage.crm.followups import Followup
from storage.records.query import parse_filters
from storage.transfer.exports import asked as exported
from storage.workspace.workspaces import Workspace


@plugin.command(
    "followup list", usage=f"[filters] {records.AS_FILE}", role=Role.VIEWER, example="overdue", **records.AS_FILE_KEYS
)
def listed(args: Args, session: Session, actor: Member, reader: Reader, workspace: Workspace) -> Message:
    """List follow-ups, yours unless you name someone, the next one first: overdue, today, or like due<friday."""
    values = FilterValues(actor.id, workspace.currency, reader.zone.key, reader.now, reader.locale)
    filters = understood(args.filters, session, followups.FIELDS, values)
    asked = filters if parse_filters(filters).asks("owner") else (f"owner:<@{actor.id}>", *filters)
    if form := args.typed("as", records.FORM):
        found = followups.page(session, parse_filters(asked), values, limit=exported.MOST + 1)
        rows = map(_row, found.records)
        header = ["Follow-up", "Text", "Due", "Status", "Owner", "About"]
        if count := exported.table(session, "followup", header, rows, form=form, words=" ".join(asked)):
            return records.on_its_way(_("follow-ups"), count)
    return _page(Page(asked), session, actor, workspace, reader)


def _row(followup: Followup) -> list[str]:
    owner = followup.owner.email or followup.owner.id if followup.owner else ""
    due = followup.due_at.isoformat(" ")
    return [followup.reference, followup.text, due, followup.status, owner, followup.about_reference or ""]


@plugin.action("page", role=Role.VIEWER)
def page(control: b.Control, session: Session, actor: Member, reader: Reader, workspace: Workspace) -> Message:
    """Turn to another page of a list."""
    turned = _page(Page.load(control.detail), session, actor, workspace, reader)
    return Message(turned.text, turned.blocks, replace=True)


def _page(page: Page, session: Session, actor: Member, workspace: Workspace, reader: Reader) -> Message:
    query = parse_filters(page.filters)
    values = FilterValues(actor.id, workspace.currency, reader.zone.key, reader.now, reader.locale)
    next_to = {"beyond": page.beyond, "back": page.back} if page.beyond is not None else {"offset": page.offset}
    found = followups.page(session, query, values, limit=cards.LISTED, **next_to)
    if page.back and len(found.records) < cards.LISTED:
        # What came before is fewer by now: that is the first page.
        return _page(Page(page.filters), session, actor, workspace, reader)
    if not found.records:
        return Message(_nothing(page, actor, reader))
    what = _("Follow-ups") if query.asks("status") else _("Open follow-ups")
    title = page.title(what, len(found.records), reader, more=found.more, words=followups.FIELDS.words)
    lines = cards.listing(session, found.records, reader)
    turns = page.turns(plugin.id("page"), size=cards.LISTED, more=found.more, ends=(found.first, found.last))
    return Message(title, [b.section(title), *lines, *turns])


def _nothing(page: Page, actor: Member, reader: Reader) -> b.Text:
    if page.offset:
        return _("There are no more follow-ups.")
    if page.filters == (f"owner:<@{actor.id}>",):
        return cards.nothing()
    return b.markup(_("No follow-ups match {filters}"), filters=page.said(reader, followups.FIELDS.words))
