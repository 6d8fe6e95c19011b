"""Show on the App Home how the workspace is set up, and open each part of it."""

from __future__ import annotations

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.handlers.setup import wording
from bot.handlers.setup.declaration import plugin
from bot.handlers.setup.forms import part
from bot.kit import blocks as b
from bot.plugin import Catalogue, Role, _
from storage.workspace.workspaces import Workspace

SETTINGS = "admin.settings"
"""The button that opens the form for currency, time zone and language."""


@plugin.home("Set up", role=Role.ADMIN, order=90)
def home(session: Session, workspace: Workspace, catalogue: Catalogue) -> list[Block]:
    """Show every part of the set-up as it is, with a button that opens it."""
    about = f"{workspace.currency} · {workspace.zone} · {workspace.locale}"
    first = b.section(
        b.markup("*{title}*\n{about}", title=_("Currency, time zone, language"), about=about),
        accessory=b.button(_("Change settings"), SETTINGS),
    )
    return [first, *(_line(one, session, catalogue) for one in wording.parts(catalogue))]


def _line(one: wording.SetupPart, session: Session, catalogue: Catalogue) -> Block:
    text = b.markup("*{title}*\n{state}", title=_(one.title), state=one.state(session, catalogue))
    return b.section(
        text, accessory=b.button(_("Open"), f"{plugin.id('part')}:{one.command}", b.Control(detail=one.command))
    )


plugin.button_opens("part", part)
