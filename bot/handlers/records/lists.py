"""List the records of any noun by filters, in pages, with a total of what they are worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.grammar import Args, FilterValues
from bot.grammar.lists import understood
from bot.handlers.records.declaration import plugin
from bot.kit import blocks as b
from bot.kit import records
from bot.kit.format import Reader
from bot.kit.pages import Page
from bot.kit.records import lines
from bot.kit.replies import Message
from bot.plugin import Catalogue, Declaration, DeclaredNoun, Member, Role, _
from storage.errors import Invalid
from storage.records import listing
from storage.records.fields import MoneyField
from storage.records.listing import Listed
from storage.records.named import Named
from storage.records.query import parse_filters
from storage.transfer.exports import asked
from storage.workspace.workspaces import Workspace

LINES = 10
State = Mapping[str, str]


def _words(noun: Declaration) -> str:
    own = [word for word in noun.filters.words if word not in {"all", "unassigned"}]
    return " ".join(own[:2]) or "sort:-created"


@plugin.each_noun(
    "list",
    usage=lambda _noun: f"[filters] {records.AS_FILE}",
    types=lambda _noun: records.AS_FILE_KEYS,
    example=_words,
    changes=False,
)
def listed(
    noun: Declaration,
    args: Args,
    session: Session,
    actor: Member,
    reader: Reader,
    workspace: Workspace,
    catalogue: Catalogue,
) -> Message:
    """List records, or those that filters name, like created>january, sort:-created, also as:csv or as:xlsx."""
    values = FilterValues(actor.id, workspace.currency, reader.zone.key, reader.now, reader.locale)
    filters = understood(args.filters, session, noun.filters, values)
    if form := args.typed("as", records.FORM):
        query = parse_filters(filters)
        if count := asked.listed(session, noun, query, values, form=form, words=" ".join(filters)):
            return records.on_its_way(_(noun.plural).casefold(), count)
    return _page(catalogue, noun.key, Page(filters), session, values, reader)


@plugin.action("page", role=Role.VIEWER)
def page(
    control: b.Control,
    state: State,
    session: Session,
    actor: Member,
    reader: Reader,
    workspace: Workspace,
    catalogue: Catalogue,
) -> Message:
    """Turn to another page of a list."""
    # Lists of an older version name no noun before their page.
    key, turned = (state.get("noun", ""), control.detail)
    if not turned.startswith("["):
        key, _sep, turned = turned.partition(" ")
    if key not in catalogue.nouns:
        raise Invalid("This button no longer works.", hint="Please repeat the command.")
    values = FilterValues(actor.id, workspace.currency, reader.zone.key, reader.now, reader.locale)
    drawn = _page(catalogue, key, Page.load(turned), session, values, reader)
    return Message(drawn.text, drawn.blocks, replace=True)


def _page(
    catalogue: Catalogue, key: str, page: Page, session: Session, values: FilterValues, reader: Reader
) -> Message:
    noun, query = catalogue.nouns[key], parse_filters(page.filters)
    how = {"beyond": page.beyond, "back": page.back} if page.beyond is not None else {"offset": page.offset}
    found = listing.page(session, noun.declaration, query, values, limit=LINES, **how)
    if page.back and len(found.records) < LINES:
        # What came before is fewer by now: that is the first page.
        return _page(catalogue, key, Page(page.filters), session, values, reader)
    if not found.records:
        return Message(_nothing(catalogue, noun, found, page, reader))
    words = noun.declaration.filters.words
    title = page.title(_(found.plural), len(found.records), reader, more=found.more, words=words)
    ends = (found.first, found.last)
    turns = page.turns(plugin.id("page"), size=LINES, more=found.more, of=key, ends=ends)
    shown = lines(session, noun, found.records, reader)
    totals = _totals(noun, found.records, reader, part=bool(turns))
    return Message(title, [b.section(title), *totals, *shown, *turns])


def _totals(noun: DeclaredNoun, found: Sequence[Named], reader: Reader, *, part: bool) -> list[Block]:
    """Say what the records shown are worth together, in each currency."""
    summed = [field for field in noun.declaration.fields if isinstance(field, MoneyField) and field.summed]
    worth = [field.of(one) for field in summed for one in found]
    sums = reader.totals(worth)
    label = _("Total of the {count} on this page: {sums}") if part else _("Total: {sums}")
    return [b.context(b.markup(label, count=len(found), sums="  ·  ".join(sums)))] if sums else []


def _nothing(catalogue: Catalogue, noun: DeclaredNoun, found: Listed, page: Page, reader: Reader) -> b.Markup:
    nouns = _(noun.declaration.plural).casefold()
    if page.offset:
        return b.markup(_("There are no more {nouns}."), nouns=nouns)
    if page.filters:
        filters = page.said(reader, noun.declaration.filters.words)
        return b.markup(_("No {nouns} match {filters}"), nouns=nouns, filters=filters)
    add = catalogue.commands[f"{noun.declaration.key} add"]
    typed = f"{catalogue.spell(add.words)} {add.example}"
    return b.markup(_("No {nouns} yet. Add one: `{typed}`"), nouns=_(found.plural).casefold(), typed=typed)
