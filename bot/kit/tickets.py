"""Say what a ticket's cards share: by when something is promised, and what the customer answered afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.i18n import _
from bot.kit import blocks as b
from bot.kit import format
from bot.kit.format import Reader
from bot.kit.replies import Picture
from storage.support import ratings, sla
from storage.support.messages import IncomingMessage
from storage.support.ratings import Rating
from storage.support.sla import FIRST_RESPONSE
from storage.support.tickets import DONE, Ticket

RATING_SHOWN = 300
SHOWABLE = frozenset({"png", "jpg", "jpeg", "gif"})
"""The kinds of pictures that a message of ours can show, by Slack's list."""


def score_words(score: int) -> str:
    """Return what customers call a score."""
    return [_("very bad"), _("bad"), _("okay"), _("good"), _("very good")][score - 1]


def rated(session: Session, ticket: Ticket) -> list[Block]:
    """Show what customers answered last about how they were served; nothing where nobody did."""
    return [b.context(rating_line(session, one)) for one in ratings.of_ticket(session, ticket.id)[:1]]


def rating_line(session: Session, rating: Rating) -> b.Markup:
    """Say in one line who answered what, in their own words if there are any."""
    assert rating.score is not None, "it was answered"
    line = b.markup(
        _("{mark} {who} answered: *{score}* ({number} of 5)"),
        mark="👎" if rating.score <= ratings.BAD else "⭐",
        who=ratings.called(session, rating),
        score=score_words(rating.score),
        number=rating.score,
    )
    said = b.cut(" ".join((rating.words or "").split()), RATING_SHOWN)
    return b.markup("{line}  “{said}”", line=line, said=said) if said else line


def files(message: IncomingMessage, locale: str | None) -> list[Block]:
    """Name the files that came with a message, each with its kind and size; nothing where there are none."""
    if not message.files or message.deleted_at is not None:
        return []
    shown = [_file(one, locale) for one in message.files]
    return [b.context(b.join([b.Markup("📎"), b.join(shown, "  ·  ")], " "))]


def _file(one: Mapping[str, Any], locale: str | None) -> b.Markup:
    size = format.size(one["size"], locale) if one["size"] is not None else ""
    parts = (one["kind"].upper(), size, _("kept outside Slack") if one["outside"] else "")
    about = ", ".join(part for part in parts if part)
    return b.markup("{name} ({about})", name=one["name"], about=about) if about else b.esc(one["name"])


def previews(message: IncomingMessage) -> list[Picture]:
    """Return the pictures that came with a message, as Slack has them; none of those kept elsewhere."""
    if message.deleted_at is not None:
        return []
    shown = [one for one in message.files or () if one["kind"].lower() in SHOWABLE and one["id"] and not one["outside"]]
    return [Picture(one["name"], one["name"], file_id=one["id"]) for one in shown]


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
