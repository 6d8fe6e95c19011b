"""List saved replies, and add or delete one by command."""

from __future__ import annotations

from slack_sdk.models.blocks import Block, ButtonElement
from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.handlers.replies.declaration import plugin
from bot.kit import blocks as b
from bot.kit.format import undo_hint
from bot.kit.replies import Message
from bot.plugin import Member, Role, _
from storage.support import replies
from storage.support.replies import PLACEHOLDERS, SavedReply

SHOWN = 40
CUT = 300


@plugin.command("replies", role=Role.AGENT)
def listed(session: Session, actor: Member) -> Message:
    """List your team's saved replies to customers."""
    found = replies.saved(session)
    may_edit = actor.has(Role.MANAGER)
    add = [b.actions(b.button(_("Add a reply"), plugin.id("new"), style="primary"))] if may_edit else []
    if not found:
        text = _("There are no saved replies yet. Write one once, and use it in *Reply to customer* on any card.")
        who = [] if may_edit else [b.context(_("A manager can add them."))]
        return Message(b.Markup(text), [b.section(b.Markup(text)), *who, *add])
    title = b.markup(_("*Saved replies*: {count}"), count=len(found))
    rest = len(found) - SHOWN
    more = [b.context(b.markup(_("… and {count} more"), count=rest))] if rest > 0 else []
    lines = [line(one, may_edit=may_edit) for one in found[:SHOWN]]
    return Message(title, [b.section(title), *lines, *more, b.context(placeholders()), *add])


@plugin.command(
    "replies add",
    usage="<name> <text>",
    role=Role.MANAGER,
    example='"Asking for logs" Hello {contact}, could you send us the log file?',
)
def add(args: Args, session: Session) -> Message:
    """Add a saved reply; its text may hold {customer}, {contact}, {ticket} and {agent}."""
    made = replies.save(session, args["name"], args["text"])
    notice = _("Added. Agents find it in *Reply to customer*.")
    return Message(b.markup(_("Added the saved reply *{name}*."), name=made.name), [b.section(notice), line(made)])


@plugin.command("replies remove", usage="<name>", role=Role.MANAGER, example="Asking for logs")
def remove(args: Args, session: Session) -> Message:
    """Delete a saved reply; shows its text first."""
    found = replies.called(session, args.text)
    text = b.markup(_("Delete the saved reply *{name}*?"), name=found.name)
    return Message(text, [b.section(text), quote(found), b.actions(delete_button(found, "delete_listed"))])


@plugin.action("delete_listed", role=Role.MANAGER)
def delete_listed(control: b.Control, session: Session) -> Message:
    """Delete the saved reply that was shown."""
    found = replies.get_saved(session, control.detail)
    replies.remove(session, found)
    text = b.markup(_("The saved reply *{name}* is deleted."), name=found.name)
    return Message(text, [b.section(text), undo_hint()], replace=True)


def line(saved: SavedReply, *, may_edit: bool = True) -> Block:
    """Draw a saved reply as one entry of the list, with a button to change it for who may."""
    edit = b.button(_("Edit"), plugin.id("edit"), b.Control(detail=str(saved.id))) if may_edit else None
    return b.section(b.markup("*{name}*\n{text}", name=saved.name, text=b.cut(saved.text, CUT)), accessory=edit)


def quote(saved: SavedReply) -> Block:
    """Draw what a saved reply says."""
    return b.section(b.Markup("\n".join(f">{part}" for part in b.cut(saved.text, b.FIELD_LIMIT).splitlines())))


def delete_button(saved: SavedReply, action: str) -> ButtonElement:
    """Draw the button that deletes a saved reply once its question is answered."""
    return b.button(
        _("Delete"),
        plugin.id(action),
        b.Control(detail=str(saved.id)),
        style="danger",
        confirm=_("Messages sent with it stay."),
    )


def placeholders() -> b.Markup:
    """Say what is filled in when a saved reply is used."""
    names = " ".join(f"{{{name}}}" for name in PLACEHOLDERS)
    return b.markup(_("Filled in when it is used: {names}"), names=names)
