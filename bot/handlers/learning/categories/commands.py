"""Show and change which categories there are: list, rename and merge by command."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.handlers.learning.declaration import CATEGORY, plugin, redraw
from bot.kit import blocks as b
from bot.kit import categories as named
from bot.kit.format import Reader, paragraphs, undo_hint
from bot.kit.lookup import gone_and_kept
from bot.kit.replies import Message
from bot.plugin import Role, _, ngettext
from ml.starter import load_examples
from storage.errors import NotFound
from storage.support import categories, labels, routes, tickets
from storage.support.categories import Category

EXAMPLE_CUT = 80


@plugin.command("categories", role=Role.MANAGER)
def show(session: Session) -> Message:
    """List the categories, each with its number of labelled messages and an example."""
    return listing(session)


def listing(session: Session, *, notice: b.Text | None = None) -> Message:
    """Draw the list of categories; `notice` is what was just done."""
    shipped = load_examples()
    examples: dict[str, str] = {}
    for label, text in zip(shipped.labels, shipped.texts, strict=True):
        examples.setdefault(label, text)
    merged = categories.merges(session)
    for example in categories.examples_of(session):
        examples[labels.resolve(merged, example.category)] = example.text
    told = counted(session)
    own = named.own(session)
    lines = [
        b.markup(
            "• *{name}*  {told}  _{example}_",
            name=name,
            told=told(key),
            example=b.cut(" ".join(examples.get(key, "").split()), EXAMPLE_CUT),
        )
        for key, name in named.offered(own).items()
    ]
    gone = [
        b.markup(_("{name} is now {into}"), name=row.name, into=named.name(session, row.key))
        for row in own.values()
        if row.merged_into is not None
    ]
    archived = [
        b.markup("{name} ({ref})", name=row.name, ref=row.reference)
        for row in own.values()
        if row.archived_at is not None
    ]
    blocks: list[Block] = [
        *([b.section(notice), undo_hint()] if notice else []),
        b.header(_("Categories")),
        *paragraphs(lines),
        *([b.context(b.join([_("Merged: "), b.join(gone, ", ")], ""))] if gone else []),
        *([b.context(b.join([_("Archived: "), b.join(archived, ", ")], ""))] if archived else []),
        b.actions(
            b.button(_("Add"), plugin.id("add"), style="primary"),
            b.button(_("Add examples"), plugin.id("examples")),
            b.button(_("Rename"), plugin.id("rename")),
            b.button(_("Merge"), plugin.id("merge")),
        ),
    ]
    return Message(notice or _("Categories"), blocks)


def counted(session: Session) -> Callable[[str], b.Markup]:
    """Return what tells of a category, by its key, how often people said it and how many examples they wrote."""
    merged = categories.merges(session)
    said: Counter[str] = Counter()
    for key, count in labels.counts(session).items():
        said[labels.resolve(merged, key)] += count
    written = Counter(labels.resolve(merged, one.category) for one in categories.examples_of(session))
    return lambda key: b.markup("{labels}, {written}", labels=_labels(said[key]), written=_examples(written[key]))


def line(session: Session, _reader: Reader) -> Callable[[Category], b.Markup]:
    """Return what tells of a category what matters in a list."""
    told = counted(session)
    return lambda category: told(category.key)


plugin.noun(CATEGORY, line=line)


def _labels(count: int) -> str:
    return ngettext("{count} label", "{count} labels", count).format(count=count)


def _examples(count: int) -> str:
    return ngettext("{count} example of yours", "{count} examples of yours", count).format(count=count)


@plugin.command("categories rename", usage="<category> to:Defects", role=Role.MANAGER, example="bug to:Defects")
def rename(args: Args, session: Session) -> Message:
    """Rename a category; its labels and what the model learned stay."""
    return renamed(session, named.find(session, args.text, field="category"), args["to"])


def renamed(session: Session, key: str, name: str) -> Message:
    """Rename a category and say so."""
    named.begin(session)
    taken = named.taken(session)
    row = categories.rename(session, key, name, taken=taken)
    redraw(session)
    return listing(session, notice=b.markup(_("*{old}* is now called *{new}*."), old=taken[key], new=row.name))


@plugin.command("categories merge", usage="<category> [into:billing]", role=Role.MANAGER, example="refund into:billing")
@plugin.command("category merge", usage="<category> [into:CA-1]", role=Role.MANAGER, example="refund into billing")
def merge(args: Args, session: Session) -> Message:
    """Merge one category into another; asks first."""
    gone, kept = gone_and_kept(args, "category")
    key, into = named.find(session, gone, field="category"), named.find(session, kept, field="into")
    offered = named.names(session)
    question = consequences(session, key, into)
    control = b.Control(detail=f"{key}\n{into}")
    button = b.button(
        _("Merge"), plugin.id("merge_now"), control, style="danger", confirm=_("Merge the two categories?")
    )
    title = b.markup(_("Merge *{name}* into *{into}*?"), name=offered[key], into=offered[into])
    return Message(title, [b.section(title), b.section(question), b.actions(button)])


def consequences(session: Session, key: str, into: str) -> b.Markup:
    """Say what a merge would do, before it is done."""
    offered = named.names(session)
    open_ = len(tickets.list_tickets(session, category=key, limit=1_000))
    text = _(
        "{labels} and {tickets} of {name} will count as {into}, also the past ones, and its routes will be for"
        " {into}. Rapport then fits a new model. `/crm undo` takes it back."
    )
    return b.markup(
        text,
        labels=_labels(labels.counts(session).get(key, 0)),
        tickets=ngettext("{count} open ticket", "{count} open tickets", open_).format(count=open_),
        name=offered[key],
        into=offered[into],
    )


@plugin.action("merge_now", role=Role.MANAGER)
def merge_now(control: b.Control, session: Session) -> Message:
    """Merge the two categories that were asked about."""
    key, _line, into = control.detail.partition("\n")
    return merged(session, key, into)


def merged(session: Session, key: str, into: str) -> Message:
    """Merge a category into another and say so."""
    named.begin(session)
    offered = named.names(session)
    for one in (key, into):
        if one not in offered:
            raise NotFound("The category {name} no longer exists.", name=named.name(session, one))
    categories.merge(session, key, into, taken=offered)
    routes.follow(session, key, into)
    redraw(session)
    notice = b.markup(_("*{name}* is now part of *{into}*."), name=offered[key], into=offered[into])
    return listing(session, notice=notice)
