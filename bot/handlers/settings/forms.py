"""Ask for the settings of a plugin in a form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from bot.handlers.settings import lists
from bot.handlers.settings.declaration import plugin
from bot.handlers.settings.wording import from_form, plugin_called, store
from bot.kit import blocks as b
from bot.kit.faces import Hand, face
from bot.kit.format import Reader
from bot.kit.replies import Message, Modal
from bot.plugin import Catalogue, Member, Role, _
from storage.workspace.workspaces import Workspace


@plugin.view("edit", title="Settings", role=Role.ADMIN)
def edit(control: b.Control, session: Session, catalogue: Catalogue) -> Modal:
    """Open the form with the settings of a plugin."""
    name = plugin_called(catalogue, control.detail)
    about = b.context(b.markup(_("Settings of {plugin}"), plugin=_(catalogue.title(name))))
    entries = [
        face(one.field).entry(one.field, None if one.secret else one.of(session), not one.field.required, session)
        for one in catalogue.settings[name]
    ]
    return Modal(_("Settings"), [about, *entries], submit=_("Save"), state={"plugin": name})


@edit.submit
def save(
    values: Mapping[str, Any],
    state: Mapping[str, str],
    session: Session,
    actor: Member,
    reader: Reader,
    workspace: Workspace,
    catalogue: Catalogue,
) -> Message:
    """Save what was entered."""
    name = plugin_called(catalogue, state.get("plugin", ""))
    hand = Hand(session, actor, reader, workspace)
    store(session, from_form(catalogue.settings[name], values, hand))
    return lists.of_plugin(session, catalogue, name, reader, saved=True)


plugin.button_opens("edit", edit)
