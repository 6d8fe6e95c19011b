"""Show and change what cards, list lines, forms, buttons and the Home show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.handlers.layout import lists
from bot.handlers.layout.declaration import plugin
from bot.handlers.layout.wording import PLACES, fresh, known, lay_out, noun_called, read_keys, sections
from bot.kit import blocks as b
from bot.kit.format import Reader
from bot.kit.replies import Message
from bot.plugin import Member, Role, _
from storage.names import name_key
from storage.records.schema import layout_definitions
from storage.records.schema.layout_definitions import HOME

if TYPE_CHECKING:
    from bot.registry import Registry


@plugin.command(
    "layout",
    usage='[noun] [card:"amount, stage"] [line:amount] [form:amount] [buttons:"won, edit"] [show:usual]',
    role=Role.ADMIN,
    example='deal card:"stage, amount, owner"',
)
def layout(args: Args, session: Session, actor: Member, reader: Reader, catalogue: Registry) -> Message:
    """Say what cards, list lines, forms and buttons of a noun show, in which order; or what the Home shows."""
    if not args.text:
        return lists.nouns(session, catalogue)
    if name_key(args.text) == HOME:
        if "show" not in args:
            return lists.home(session, catalogue)
        layout_definitions.lay_out(session, HOME, HOME, read_keys(args["show"]), list(sections(catalogue)))
        return lists.home(session, catalogue, notice=_("Saved."))
    noun = noun_called(catalogue, args.text)
    asked = [place for place in PLACES if place in args]
    there = known(session, noun, reader, actor)
    for place in asked:
        lay_out(session, noun, place, args[place], there)
    notice = _("Saved.") if asked else None
    return lists.of_noun(session, fresh(session, noun), reader, actor, notice=notice)


@plugin.action("show", role=Role.ADMIN)
def show(control: b.Control, session: Session, actor: Member, reader: Reader, catalogue: Registry) -> Message:
    """Show the layout of a noun, or of the Home."""
    if control.detail == HOME:
        return lists.home(session, catalogue)
    return lists.of_noun(session, noun_called(catalogue, control.detail), reader, actor)
