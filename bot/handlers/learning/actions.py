"""Have another version of the model answer, in one click that can be taken back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from bot.handlers.learning.commands import STARTER, card
from bot.handlers.learning.declaration import plugin
from bot.kit import blocks as b
from bot.kit.format import Reader
from bot.kit.replies import Message
from bot.plugin import Role, _
from storage.errors import Conflict
from storage.support import model_versions

if TYPE_CHECKING:
    from bot.learning.models import WorkspaceModel


_VERSION = re.compile(rf"{STARTER}|[0-9]{{1,18}}")


@plugin.action("use", role=Role.MANAGER)
def use(control: b.Control, session: Session, reader: Reader, model: WorkspaceModel) -> Message:
    """Have another version answer from now on: the one before, an earlier one, or the starter model."""
    wanted, drawn, *_turn = (*control.detail.split(":"), "")
    live = model_versions.live(session)
    if drawn != (str(live.id) if live else STARTER) or not _VERSION.fullmatch(wanted):
        raise Conflict(
            "The model has changed since this was shown, so nothing was done.",
            hint="Look again with `/crm model`.",
        )
    version = None if wanted == STARTER else model_versions.get(session, int(wanted))
    model_versions.make_live(session, version)
    called = version.version if version else _("the starter model")
    notice = b.markup(_("From now on *{version}* answers."), version=called)
    return card(session, reader, model, notice=notice)
