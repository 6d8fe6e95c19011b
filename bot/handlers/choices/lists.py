"""Draw the choices of a field, with what an admin can do about each."""

from __future__ import annotations

from slack_sdk.models.blocks import Block
from slack_sdk.models.blocks.block_elements import InteractiveElement
from sqlalchemy.orm import Session

from bot.handlers.choices.declaration import plugin
from bot.handlers.choices.wording import Choices, control
from bot.kit import blocks as b
from bot.kit.format import undo_hint
from bot.kit.replies import Message
from bot.plugin import Member, Role, _
from storage.records.schema import choice_definitions
from storage.records.schema.choice_rows import ChoiceRow, declared_choices

LINES = 15
"""As many as fit in one message with their menus."""
RETIRED_SHOWN = 5
SETTINGS = "settings.edit"
"""The button that opens the form for the settings of a plugin."""


def choices(
    session: Session,
    of: Choices,
    actor: Member,
    *,
    notice: b.Text | None = None,
    undo: bool = False,
    replace: bool = False,
    begin: int = 0,
) -> Message:
    """Draw the choices of a field in their order."""
    may_change = actor.has(Role.ADMIN)
    title = b.Markup(_(of.title))
    blocks: list[Block] = [b.context(notice)] if notice else []
    blocks += [b.section(title), b.context(_(of.about))]
    offered = of.offered(session)
    rows = {row.key: row for row in choice_definitions.live_rows(session, of.noun, of.field)}
    for key, name in list(offered.items())[begin : begin + LINES]:
        menu = _menu(of, key, rows.get(key)) if may_change else None
        blocks.append(b.section(_line(of, key, name, rows.get(key)), accessory=menu))
    blocks += _turns(of, begin, len(offered))
    if not offered:
        blocks.append(b.section(_(of.empty)))
    if may_change:
        blocks += _retired(session, of)
        add = [b.button(_("Add one"), plugin.id("new"), control(of), style="primary")] if of.grows else []
        ask = [b.button(_("When to ask"), SETTINGS, b.Control(detail=of.asked_by))] if of.asked_by else []
        blocks += [b.actions(*add, *ask)] if add or ask else []
    else:
        blocks.append(b.context(_("An admin can change them.")))
    if undo:
        blocks.append(undo_hint())
    return Message(b.join([notice, title], " ") if notice else title, blocks, replace=replace)


def retired(name: str) -> b.Markup:
    """Say that a choice was taken out of use."""
    return b.markup(_("*{name}* is retired, and can be brought back."), name=name)


def _line(of: Choices, key: str, name: str, row: ChoiceRow | None) -> b.Markup:
    bold = b.markup("*{name}*", name=name)
    if not of.kinds and not declared_choices(of.noun, of.field):
        return bold
    kind = _(row.kind if row is not None else key)
    if row is not None and not row.standard:
        return b.join([bold, b.markup(_("counts as {kind}"), kind=kind)])
    return bold if row is None else b.join([bold, b.markup(_("what Rapport calls {kind}"), kind=kind)])


def _turns(of: Choices, begin: int, count: int) -> list[Block]:
    """Say which part is shown, with the buttons that turn to the others; nothing where all are."""
    if count <= LINES:
        return []
    to = [(_("Back"), max(0, begin - LINES))] if begin else []
    to += [(_("More"), begin + LINES)] if begin + LINES < count else []
    shown = b.markup(_("{first} to {last} of {count}"), first=begin + 1, last=min(begin + LINES, count), count=count)
    # A row each, as Slack refuses two controls of one id in a row.
    turns = [b.actions(b.button(label, plugin.id("page"), control(of, str(at), "page"))) for label, at in to]
    return [b.context(shown), *turns]


def _menu(of: Choices, key: str, row: ChoiceRow | None) -> InteractiveElement:
    options = [b.Option(_("Rename"), str(control(of, key, "edit")))]
    if row is not None and key not in declared_choices(of.noun, of.field):
        options += [
            b.Option(_("Move up"), str(control(of, key, "up"))),
            b.Option(_("Move down"), str(control(of, key, "down"))),
            b.Option(_("Retire"), str(control(of, key, "retire"))),
        ]
    return b.overflow(plugin.id("more"), options)


def _retired(session: Session, of: Choices) -> list[Block]:
    rows = of.retired(session)
    if not rows:
        return []
    names = ", ".join(row.name for row in rows)
    back = [
        b.button(
            b.cut(_("Bring back {name}").format(name=row.name), b.LABEL_LIMIT),
            plugin.id("restore"),
            control(of, str(row.id), "restore"),
        )
        for row in rows[:RETIRED_SHOWN]
    ]
    return [b.context(b.markup(_("Retired: {names}"), names=names)), b.actions(*back)]
