"""Say by when something is promised to a ticket's customer."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot.i18n import _
from bot.kit import blocks as b
from bot.kit.format import Reader
from storage.support import sla
from storage.support.sla import FIRST_RESPONSE
from storage.support.tickets import DONE, Ticket


def promised(session: Session, ticket: Ticket, reader: Reader) -> list[b.Markup]:
    """Return a line for each promise that is not kept yet, with the time that is left, which Slack counts down."""
    if ticket.status in DONE:
        return []
    lines = []
    for clock in sla.of_ticket(session, ticket.id):
        if clock.due_at is None:
            continue
        late = clock.due_at <= reader.now
        answer = clock.kind == FIRST_RESPONSE
        words = {
            (True, False): _("⏳ First answer promised by {when} ({left})"),
            (True, True): _("🚨 First answer was promised by {when} ({left})"),
            (False, False): _("⏳ Solution promised by {when} ({left})"),
            (False, True): _("🚨 Solution was promised by {when} ({left})"),
        }[answer, late]
        when = _moment(clock.due_at, "{date_short_pretty} {time}", reader.moment(clock.due_at))
        left = _moment(clock.due_at, "{ago}", reader.ago(clock.due_at))
        lines.append(b.markup(words, when=when, left=left))
    return lines


def _moment(at: datetime, template: str, fallback: str) -> b.Markup:
    """Show a moment as each reader's clock does, by Slack's tokens."""
    return b.Markup(f"<!date^{int(at.timestamp())}^{template}|{b.esc(fallback)}>")
