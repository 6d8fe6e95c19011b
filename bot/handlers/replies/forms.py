"""Ask for a saved reply, or for its changes, in a form."""

from __future__ import annotations

from collections.abc import Mapping

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.handlers.replies.commands import delete_button, placeholders
from bot.handlers.replies.declaration import plugin
from bot.kit import blocks as b
from bot.kit.format import undo_hint
from bot.kit.replies import Message, Modal
from bot.plugin import Role, _
from storage.names import NAME_LIMIT
from storage.support import replies
from storage.support.replies import TEXT_LIMIT

Values = Mapping[str, str]


def _fields(name: str = "", text: str = "") -> list[Block]:
    return [
        b.text_input("name", _("Name"), initial=name, placeholder=_("Asking for logs"), max_length=NAME_LIMIT),
        b.text_input(
            "text",
            _("Text"),
            initial=text,
            placeholder=_("Hello {contact}, could you send us the log file?"),
            multiline=True,
            max_length=TEXT_LIMIT,
        ),
        b.context(placeholders()),
    ]


@plugin.view("new", title="New saved reply", role=Role.MANAGER)
def new() -> Modal:
    """Open the form for a new saved reply."""
    return Modal(_("New saved reply"), _fields(), submit=_("Add"))


@new.submit
def add(values: Values, session: Session) -> Message:
    """Keep the new saved reply."""
    made = replies.save(session, values["name"], values["text"])
    return Message(b.markup(_("Added the saved reply *{name}*."), name=made.name))


plugin.button_opens("new", new)


@plugin.view("edit", title="Edit saved reply", role=Role.MANAGER)
def edit(control: b.Control, session: Session) -> Modal:
    """Open the form with what a saved reply says."""
    found = replies.get_saved(session, control.detail)
    fields = [*_fields(found.name, found.text), b.actions(delete_button(found, "delete"))]
    return Modal(_("Edit saved reply"), fields, submit=_("Save"), state={"saved": str(found.id)})


@edit.submit
def save(values: Values, state: Mapping[str, str], session: Session) -> Message:
    """Save the changes of a saved reply."""
    found = replies.get_saved(session, state.get("saved", ""))
    replies.change(session, found, name=values["name"], text=values["text"])
    return Message(b.markup(_("Saved the reply *{name}*."), name=found.name))


plugin.button_opens("edit", edit)


@plugin.action("delete", role=Role.MANAGER)
def delete(control: b.Control, session: Session) -> Modal:
    """Delete the saved reply of the form that is open."""
    found = replies.get_saved(session, control.detail)
    replies.remove(session, found)
    said = b.section(b.markup(_("The saved reply *{name}* is deleted."), name=found.name))
    return Modal(_("Saved replies"), [said, undo_hint()])
