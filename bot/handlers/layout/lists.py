"""Draw what a noun's records show where, with a preview of the newest one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slack_sdk.models.blocks import ActionsBlock, Block
from sqlalchemy.orm import Session

from bot.handlers.layout.declaration import plugin
from bot.handlers.layout.wording import TITLES, known, newest, sections
from bot.kit import blocks as b
from bot.kit import records
from bot.kit.format import Reader, undo_hint
from bot.kit.replies import Message
from bot.plugin import Catalogue, DeclaredNoun, Member, _
from storage.records.schema import of
from storage.records.schema.layout_definitions import HOME

if TYPE_CHECKING:
    from bot.registry import Registry


def nouns(session: Session, catalogue: Catalogue) -> Message:
    """Draw every noun and the Home, with a button that shows what each shows."""
    title = b.markup("*{title}*: {about}", title=_("Layout"), about=_("what cards, lists, forms and the Home show"))
    layouts = of(session).layouts
    blocks: list[Block] = [b.section(title)]
    for key, noun in records.kinds(catalogue).items():
        laid = ", ".join(_(TITLES[place]) for place in layouts.get(key, {})) or _("as it comes")
        show = b.button(_("Show"), plugin.id("show"), b.Control(detail=key))
        text = b.markup("*{plural}*\n{laid}", plural=_(noun.declaration.plural), laid=laid)
        blocks.append(b.section(text, accessory=show))
    laid = _("your own order") if HOME in layouts else _("as it comes")
    show = b.button(_("Show"), plugin.id("show"), b.Control(detail=HOME))
    blocks.append(b.section(b.markup("*{title}*\n{laid}", title=_("Home"), laid=laid), accessory=show))
    return Message(title, blocks)


def of_noun(
    session: Session, noun: DeclaredNoun, reader: Reader, actor: Member, *, notice: b.Text | None = None
) -> Message:
    """Draw what a noun shows at each place, and how its newest record looks with it."""
    declaration = noun.declaration
    title = b.markup(_("*Layout of {nouns}*"), nouns=_(declaration.plural).casefold())
    blocks: list[Block] = [b.context(notice)] if notice else []
    blocks.append(b.section(title))
    for place, there in known(session, noun, reader, actor).items():
        shown = declaration.layout.get(place)
        keys = ", ".join(there if shown is None else shown) or _("nothing")
        left = [key for key in there if shown is not None and key not in shown]
        parts = [b.markup("*{place}*\n`{keys}`", place=_(TITLES[place]), keys=keys)]
        if left:
            parts.append(b.markup(_("not shown: {keys}"), keys=", ".join(left)))
        blocks.append(b.section(b.join(parts)))
    blocks.append(b.actions(b.button(_("Change"), plugin.id("change"), b.Control(detail=declaration.key))))
    record = newest(session, noun)
    if record is not None:
        shown_card = records.card(session, noun, record, reader, actor)
        blocks += [b.divider(), b.context(_("So a card looks now:")), *_without_ids(shown_card)]
        blocks += [b.context(_("And a line of a list:")), *records.lines(session, noun, [record], reader)]
    else:
        blocks.append(b.context(_("There is no record yet to show a preview of.")))
    if notice:
        blocks.append(undo_hint())
    return Message(b.join([notice, title], " ") if notice else title, blocks)


def _without_ids(message: Message) -> list[Block]:
    """Return the blocks of a card for a preview, its buttons named and not to be pressed."""
    drawn: list[Block] = []
    for block in message.blocks:
        if isinstance(block, ActionsBlock):
            labels = [getattr(getattr(one, "text", None), "text", "") for one in block.elements]
            drawn.append(b.context(" · ".join(f"[{label}]" for label in labels if label)))
        else:
            drawn.append(block)
    return drawn


def home(session: Session, catalogue: Registry, *, notice: b.Text | None = None) -> Message:
    """Draw the parts of the Home in their order."""
    titles = sections(catalogue)
    shown = of(session).layouts.get(HOME, {}).get(HOME)
    title = b.markup("*{title}*", title=_("Layout of the Home"))
    lines = [b.markup("• {title} `{key}`", title=_(titles[key]), key=key) for key in (shown or titles) if key in titles]
    left = [key for key in titles if shown is not None and key not in shown]
    blocks: list[Block] = [b.context(notice)] if notice else []
    blocks.append(b.section(b.join([title, *lines])))
    if left:
        blocks.append(b.context(b.markup(_("not shown: {keys}"), keys=", ".join(left))))
    blocks.append(b.context(b.markup(_("Change: `/crm layout home show:{keys}`, or `show:usual`."), keys=",".join(
        list(titles)[:2]))))  # fmt: skip
    blocks.append(b.context(_("What is for admins alone stays on their Home.")))
    if notice:
        blocks.append(undo_hint())
    return Message(b.join([notice, title], " ") if notice else title, blocks)
