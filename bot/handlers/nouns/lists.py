"""Draw the kinds of records that a team made for itself."""

from __future__ import annotations

import re

from slack_sdk.models.blocks import Block
from slack_sdk.models.blocks.block_elements import InteractiveElement
from sqlalchemy.orm import Session

from bot.handlers.nouns.declaration import plugin
from bot.kit import blocks as b
from bot.kit.format import undo_hint
from bot.kit.replies import Message
from bot.plugin import Catalogue, Member, Role, _
from storage.errors import Invalid
from storage.records.schema import NounRow, noun_definitions

FIELDS = "fields.show"
"""The button that shows the fields of a kind of record."""


def nouns(
    session: Session,
    actor: Member,
    catalogue: Catalogue,
    *,
    notice: b.Text | None = None,
    undo: bool = False,
    replace: bool = False,
) -> Message:
    """Draw every kind of record of the team's own, with what an admin can do about it."""
    may_change = actor.has(Role.ADMIN)
    rows = noun_definitions.all_rows(session)
    title = b.Markup(_("*Kinds of records of your own*"))
    blocks: list[Block] = [b.context(notice)] if notice else []
    blocks.append(b.section(title))
    live = [row for row in rows if row.retired_at is None]
    blocks += [b.section(_line(row, catalogue), accessory=_menu(row) if may_change else None) for row in live]
    if not live:
        blocks.append(
            b.section(_("None yet. Make contracts, sites, assets: they get commands, cards, lists and search at once."))
        )
    if may_change:
        blocks += [
            b.section(
                b.markup(_("*{name}* is retired; its records are kept."), name=row.name),
                accessory=b.button(_("Bring back"), plugin.id("restore"), control(row)),
            )
            for row in rows
            if row.retired_at is not None
        ]
        blocks.append(b.actions(b.button(_("New kind of record"), plugin.id("new"), style="primary")))
    else:
        blocks.append(b.context(_("An admin can make and change them.")))
    if undo:
        blocks.append(undo_hint())
    return Message(b.join([notice, title], " ") if notice else title, blocks, replace=replace)


def control(row: NounRow, what: str = "") -> b.Control:
    """Return what a control carries about a kind of record."""
    return b.Control(f"NOUN-{row.id}", detail=what)


def row_of(session: Session, typed: str) -> NounRow:
    """Return the kind of record of a control; raise Invalid for anything else."""
    number = re.fullmatch(r"(?:NOUN-)?([0-9]{1,18})", typed)
    if number is None:
        raise Invalid("This button no longer works.", hint="Please repeat the command.")
    return noun_definitions.get(session, int(number[1]))


def begin(row: NounRow, catalogue: Catalogue) -> b.Markup:
    """Say how a record of this kind is made."""
    return b.markup("`{command} …`", command=catalogue.spell(f"{row.key} add"))


def _line(row: NounRow, catalogue: Catalogue) -> b.Markup:
    about = b.markup(
        _("{command} makes {ref} and so on. Who has the role {role} may change them."),
        command=begin(row, catalogue),
        ref=f"{row.letter}-1",
        role=row.role,
    )
    return b.join([b.markup("*{plural}*", plural=row.plural), about])


def _menu(row: NounRow) -> InteractiveElement:
    return b.overflow(
        plugin.id("more"),
        [
            b.Option(_("Fields"), str(control(row, "fields"))),
            b.Option(_("Rename"), str(control(row, "edit"))),
            b.Option(_("Retire"), str(control(row, "retire"))),
        ],
    )
