"""Answer the buttons and menus of the list of kinds of records."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.handlers.nouns import lists
from bot.handlers.nouns.commands import retired
from bot.handlers.nouns.declaration import plugin
from bot.handlers.nouns.forms import edit
from bot.kit import blocks as b
from bot.kit.replies import Message
from bot.plugin import Catalogue, Member, Role, _
from storage.errors import Invalid
from storage.records.schema import noun_definitions


@plugin.action("more", role=Role.ADMIN, opens=edit, choice="edit")
def more(control: b.Control, session: Session, actor: Member, catalogue: Catalogue) -> Message:
    """Offer the fields of a kind of record, or retire it."""
    row = lists.row_of(session, control.record)
    if control.detail == "fields":
        text = b.markup(_("What *{plural}* hold"), plural=row.plural)
        show = b.button(_("Fields"), lists.FIELDS, b.Control(detail=row.key))
        return Message(text, [b.section(text, accessory=show)])
    if control.detail != "retire":
        raise Invalid("This button no longer works.", hint="Please repeat the command.")
    done = noun_definitions.retire(session, row)
    return lists.nouns(session, actor, catalogue, notice=retired(row.plural) if done else None, undo=done, replace=True)


@plugin.action("restore", role=Role.ADMIN)
def restore(control: b.Control, session: Session, actor: Member, catalogue: Catalogue) -> Message:
    """Bring a retired kind of record back, with its records."""
    back = noun_definitions.restore(session, lists.row_of(session, control.record))
    notice = _("It is back.") if back else None
    return lists.nouns(session, actor, catalogue, notice=notice, undo=back, replace=True)
