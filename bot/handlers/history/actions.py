"""Take back what a program or an agent changed, where the history shows it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot.handlers.history.declaration import plugin
from bot.handlers.history.undo.commands import taken_back
from bot.kit import blocks as b
from bot.kit.format import Reader
from bot.kit.replies import Message
from bot.plugin import Catalogue, Member, Role
from storage.errors import Conflict
from storage.records import history
from storage.workspace import api_keys


@plugin.action("undo", role=Role.VIEWER)
def undo(
    control: b.Control, session: Session, actor: Member, reader: Reader, now: datetime, catalogue: Catalogue
) -> Message:
    """Take back one request of a program or an agent; people take their own back by `/crm undo`."""
    found = history.undoable(session, [control.number], now)
    if not found or not api_keys.is_key(found[0].actor_id or ""):
        raise Conflict("This was taken back already, or is older than 24 hours.", hint="Change it by hand instead.")
    return taken_back(session, found[0], actor, reader, catalogue)
