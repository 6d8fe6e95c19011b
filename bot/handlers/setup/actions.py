"""Show every part of the set-up where somebody asked for it by command."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.handlers.setup.declaration import plugin
from bot.handlers.setup.home import home
from bot.kit import blocks as b
from bot.kit.replies import Message
from bot.plugin import Catalogue, Role, _
from storage.workspace.workspaces import Workspace


@plugin.action("all", role=Role.ADMIN)
def everything(session: Session, workspace: Workspace, catalogue: Catalogue) -> Message:
    """Show what an admin's Home shows under "Set up"."""
    return Message(_("Set up"), [b.header(_("Set up")), *home(session, workspace, catalogue)])
