"""Answer the buttons and menus of the list of fields."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.handlers.fields import lists
from bot.handlers.fields.declaration import plugin
from bot.handlers.fields.forms import edit
from bot.handlers.fields.wording import noun_called, row_of
from bot.kit import blocks as b
from bot.kit.replies import Message
from bot.plugin import Catalogue, Member, Role, _
from storage.errors import Invalid
from storage.records.schema import field_definitions


@plugin.action("show", role=Role.VIEWER)
def show(control: b.Control, session: Session, actor: Member, catalogue: Catalogue) -> Message:
    """Show the fields of a noun, from where the last page ended."""
    key, _sep, begin = control.detail.partition(" ")
    noun = noun_called(catalogue, key).declaration
    return lists.fields(session, noun, actor, begin=int(begin) if begin.isdigit() else 0)


@plugin.action("more", role=Role.ADMIN, opens=edit, choice="edit")
def more(control: b.Control, session: Session, actor: Member, catalogue: Catalogue) -> Message:
    """Move a field up or down, or retire it."""
    row = row_of(session, control.record)
    what = control.detail
    if what not in {"up", "down", "retire"}:
        raise Invalid("This button no longer works.", hint="Please repeat the command.")
    noun = noun_called(catalogue, row.noun).declaration
    if row.retired_at is not None:
        return lists.fields(session, noun, actor, notice=_("It is retired already."), replace=True)
    if what == "retire":
        field_definitions.retire(session, row)
        return lists.fields(session, noun, actor, notice=lists.retired(row), undo=True, replace=True)
    moved = field_definitions.move(session, row, up=what == "up")
    return lists.fields(session, noun, actor, notice=_("Moved.") if moved else None, undo=moved, replace=True)


@plugin.action("restore", role=Role.ADMIN)
def restore(control: b.Control, session: Session, actor: Member, catalogue: Catalogue) -> Message:
    """Bring a retired field back, with its values."""
    row = row_of(session, control.record)
    noun = noun_called(catalogue, row.noun).declaration
    back = field_definitions.restore(session, row, noun, reserved=catalogue.reserved(noun))
    notice = _("It is back.") if back else _("It is in use already.")
    return lists.fields(session, noun, actor, notice=notice, undo=back, replace=True)
