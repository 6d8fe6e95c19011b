"""Show on the App Home what is about to be late, and what is."""

from __future__ import annotations

from datetime import datetime, timedelta

from slack_sdk.models.blocks import Block, InteractiveElement
from sqlalchemy.orm import Session

from bot.handlers.sla.declaration import plugin
from bot.handlers.sla.notices import line
from bot.kit import blocks as b
from bot.kit import cards
from bot.kit.format import Reader
from bot.plugin import Role, _
from storage.support import sla
from storage.support.sla import SlaClock
from storage.support.tickets import Ticket

ON_HOME = 8
LOOKED_AT = 50
AHEAD = timedelta(days=1)


@plugin.home("Running late", role=Role.AGENT, order=20)
def running_late(session: Session, reader: Reader, now: datetime) -> list[Block]:
    """Show the tickets that are late or soon will be, those missed first at the top; nothing where none is."""
    near = sla.late(session, until=now + AHEAD, limit=LOOKED_AT)
    # A promise of days is not about to be missed just because it ends tomorrow. Of a ticket the first promise counts.
    first: dict[int, SlaClock] = {}
    for one in near:
        if one.due_at and (one.due_at <= now or (one.warn_at and one.warn_at <= now)):
            first.setdefault(one.ticket_id, one)
    if not first:
        return []
    missed = sum(1 for one in first.values() if one.due_at and one.due_at <= now)
    total = b.markup(_("*{missed}* late, *{soon}* soon"), missed=missed, soon=len(first) - missed)
    shown = list(first.values())[:ON_HOME]
    lines = [b.section(line(session, one.ticket, one, reader), accessory=_open(one.ticket)) for one in shown]
    more = [b.context(_("More are late; `/ticket list overdue` shows them."))] if len(first) > ON_HOME else []
    return [b.context(total), *lines, *more]


def _open(ticket: Ticket) -> InteractiveElement:
    """Draw the button that shows a ticket on the Home, where it is taken, answered and resolved."""
    return b.button(_("Show"), cards.OPEN, cards.control(ticket))
