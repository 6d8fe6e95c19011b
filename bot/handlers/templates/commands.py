"""Show the set-ups to begin with, say what one would add, and add it."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.handlers.templates.declaration import plugin
from bot.kit import blocks as b
from bot.kit import categories
from bot.kit.format import paragraphs, undo_hint
from bot.kit.replies import Message
from bot.plugin import Catalogue, Declaration, Role, _
from storage import templates as setup
from storage.errors import NotFound
from storage.names import name_key, short
from storage.templates import FilePart

ABOUT = {
    "software": "Selling software: plans and seats, contracts, a pipeline for renewals",
    "agency": "An agency: services and hours, projects with budgets, a pipeline for new work",
    "shop": "A shop: orders, statuses for goods and refunds, a ready answer, promises",
    "adviser": "An adviser: policies, households, a pipeline from the first talk to the signature",
}
SHOWN = 40


@plugin.command("templates", usage="[name]", role=Role.ADMIN, example="software")
def templates(args: Args, session: Session, catalogue: Catalogue) -> Message:
    """Show the set-ups to begin with; with a name, what that would add."""
    return previewed(session, catalogue, name_key(args.text)) if args.text else offered()


@plugin.action("show", role=Role.ADMIN)
def show(control: b.Control, session: Session, catalogue: Catalogue) -> Message:
    """Say what a set-up would add, or show all."""
    return previewed(session, catalogue, control.detail) if control.detail else offered()


@plugin.action("apply", role=Role.ADMIN)
def apply(control: b.Control, session: Session, catalogue: Catalogue) -> Message:
    """Add what a set-up has and the workspace lacks, as one change."""
    changed = setup.apply(session, _read(control.detail), _known(catalogue))
    if not changed:
        return Message(_("Everything is there already."), replace=True)
    title = b.Markup(_("*Added*"))
    return Message(title, [*paragraphs([title, *map(b.esc, changed[:SHOWN])]), undo_hint()], replace=True)


def offered() -> Message:
    """Draw the set-ups, each with what it is for."""
    title = b.Markup(_("*Begin with a set-up*: nothing of yours is changed, and one click takes it back."))
    lines = [
        b.section(_(ABOUT.get(name, name)), accessory=b.button(_("Look"), plugin.id("show"), b.Control(detail=name)))
        for name in setup.ready()
    ]
    return Message(title, [b.section(title), *lines])


def previewed(session: Session, catalogue: Catalogue, name: str) -> Message:
    """Say what a set-up would add, with the button that does."""
    changes = setup.preview(session, _read(name), _known(catalogue))
    title = b.markup("*{about}*", about=_(ABOUT.get(name, name)))
    if not changes:
        return Message(title, [*paragraphs([title, _("Everything of it is there already.")])])
    more = [b.markup(_("… and {count} more"), count=len(changes) - SHOWN)] if len(changes) > SHOWN else []
    said = paragraphs([title, _("It adds:"), *map(b.esc, changes[:SHOWN]), *more])
    button = b.button(_("Add all of it"), plugin.id("apply"), b.Control(detail=name), style="primary")
    return Message(title, [*said, b.actions(button)])


def _read(name: str) -> FilePart:
    known = setup.ready()
    if name not in known:
        raise NotFound(
            "There is no template {name}.", hint="There are {names}.", name=short(name), names=", ".join(known)
        )
    return setup.read(known[name])


def _known(catalogue: Catalogue) -> setup.Surroundings:
    def reserved(_session: Session, noun: Declaration | None) -> Collection[str]:
        return catalogue.reserved(noun)

    return setup.Surroundings(reserved, categories.taken)
