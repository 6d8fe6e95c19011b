"""Draw the fields of a noun: those that come with Rapport, the workspace's own, and the retired ones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.handlers.fields.declaration import plugin
from bot.handlers.fields.wording import NAMES, begins, control, own_count, seen_by
from bot.kit import blocks as b
from bot.kit import format
from bot.kit.format import undo_hint
from bot.kit.records import kinds
from bot.kit.replies import Message
from bot.plugin import Catalogue, Declaration, Member, Role, _, ngettext
from storage.database.engine import current_workspace
from storage.records.schema import FieldRow, extended, field_definitions, of
from storage.workspace.workspaces import Workspace

LINES = 12
"""As many as fit in one message with their menus, choices and hints."""
CHOICES_SHOWN = 10


def nouns(catalogue: Catalogue) -> Message:
    """Draw every noun with how many fields of the workspace's own it has."""
    title = _("*Fields*: what your records hold")
    lines: list[Block] = []
    for noun in (one.declaration for one in kinds(catalogue).values()):
        own = own_count(noun)
        said = ngettext("{count} field of your own", "{count} fields of your own", own).format(count=own)
        show = b.button(_("Show"), plugin.id("show"), b.Control(detail=noun.key))
        line = b.markup("*{plural}*\n{own}", plural=_(noun.plural), own=said if own else _("none of your own yet"))
        lines.append(b.section(line, accessory=show))
    return Message(b.Markup(title), [b.section(b.Markup(title)), *lines])


def fields(
    session: Session,
    noun: Declaration,
    actor: Member,
    *,
    notice: b.Text | None = None,
    undo: bool = False,
    replace: bool = False,
    begin: int = 0,
) -> Message:
    """Draw the fields of a noun, with what an admin can do about each of the workspace's own."""
    may_change = actor.has(Role.ADMIN)
    noun = extended(session, noun)
    workspace = session.get_one(Workspace, current_workspace(session))
    reader = format.reader(actor, workspace, datetime.now(UTC))
    # Whoever may not see a field has no use for its name; an admin has to find also one whose type is gone.
    rows = [row for row in field_definitions.live_rows(session, noun.key) if may_change or row.id in of(session).by_id]
    shown = rows[begin : begin + LINES]
    title = b.markup("*{title}*", title=_("Fields of {nouns}").format(nouns=_(noun.plural).casefold()))
    declared = ", ".join(_(field.label) for field in noun.fields if not field.custom_id)
    blocks: list[Block] = [b.context(notice)] if notice else []
    blocks += [b.section(title), b.context(b.markup(_("They come with Rapport: {names}"), names=declared))]
    blocks += [_line(row, begins(session, row, reader), may_change=may_change) for row in shown]
    if not rows:
        blocks.append(b.section(_("None of your own yet.")))
    if begin + LINES < len(rows):
        more = b.Control(detail=f"{noun.key} {begin + LINES}")
        blocks.append(b.actions(b.button(_("More"), plugin.id("show"), more)))
    else:
        blocks += _retired(session, noun, may_change=may_change)
    if may_change:
        blocks.append(b.actions(b.button(_("Add a field"), plugin.id("new"), _of(noun), style="primary")))
    else:
        blocks.append(b.context(_("An admin can add and change fields.")))
    if undo:
        blocks.append(undo_hint())
    said = b.join([notice, title], " ") if notice else title
    return Message(said, blocks, replace=replace)


def retired(row: FieldRow) -> b.Markup:
    """Say that a field was taken out of use."""
    return b.markup(_("*{name}* is retired: records keep their values, and it can be brought back."), name=row.name)


def _line(row: FieldRow, begins_with: b.Text, *, may_change: bool) -> Block:
    about: list[b.Text] = [b.markup("`{key}:`", key=row.key), _(NAMES[row.type])]
    if row.required:
        about.append(_("required"))
    if begins_with:
        about.append(b.markup(_("begins with {value}"), value=begins_with))
    parts: list[b.Text] = [b.markup("*{name}*", name=row.name), b.join(about, " · ")]
    if row.offered:
        parts.append(_choices(list(row.offered.values())))
    if row.seen_by:
        parts.append(seen_by(row))
    if row.hint:
        parts.append(b.markup("_{hint}_", hint=row.hint))
    menu = b.overflow(
        plugin.id("more"),
        [
            b.Option(_("Edit"), str(control(row, "edit"))),
            b.Option(_("Move up"), str(control(row, "up"))),
            b.Option(_("Move down"), str(control(row, "down"))),
            b.Option(_("Retire"), str(control(row, "retire"))),
        ],
    )
    return b.section(b.join(parts), accessory=menu if may_change else None)


def _choices(names: Sequence[str]) -> str:
    shown = ", ".join(names[:CHOICES_SHOWN])
    rest = len(names) - CHOICES_SHOWN
    return shown if rest <= 0 else _("{choices} and {count} more").format(choices=shown, count=rest)


def _retired(session: Session, noun: Declaration, *, may_change: bool) -> list[Block]:
    rows = field_definitions.retired_rows(session, noun.key)
    rows = [row for row in rows if may_change or row.id in of(session).by_id]
    if not rows:
        return []
    names = ", ".join(row.name for row in rows)
    said = b.context(b.markup(_("Retired, with the values kept: {names}"), names=names))
    if not may_change:
        return [said]
    back = [
        b.button(
            b.cut(_("Bring back {name}").format(name=row.name), b.LABEL_LIMIT),
            plugin.id("restore"),
            control(row),
        )
        for row in rows[: b.CONTROLS]
    ]
    return [said, b.actions(*back)]


def _of(noun: Declaration) -> b.Control:
    return b.Control(detail=noun.key)
