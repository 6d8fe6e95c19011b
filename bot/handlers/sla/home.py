"""Show on the App Home what is about to be late, and what is."""

from __future__ import annotations

from datetime import datetime, timedelta

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.handlers.sla.declaration import plugin
from bot.handlers.sla.notices import line
from bot.kit import blocks as b
from bot.kit.format import Reader, paragraphs
from bot.plugin import Role, _
from storage.support import sla

ON_HOME = 8
LOOKED_AT = 50
AHEAD = timedelta(days=1)


@plugin.home("Running late", role=Role.AGENT, order=20)
def running_late(session: Session, reader: Reader, now: datetime) -> list[Block]:
    """Show the tickets that are late or soon will be, those missed first at the top; nothing where none is."""
    near = sla.late(session, until=now + AHEAD, limit=LOOKED_AT)
    # A promise of days is not about to be missed just because it ends tomorrow.
    found = [one for one in near if one.due_at and (one.due_at <= now or (one.warn_at and one.warn_at <= now))]
    if not found:
        return []
    lines = [line(one.ticket, one, reader) for one in found[:ON_HOME]]
    more = [b.context(_("More are late; `/ticket list sort:urgency` shows them."))] if len(found) > ON_HOME else []
    return [*paragraphs(lines), *more]
