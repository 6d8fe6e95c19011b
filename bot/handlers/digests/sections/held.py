"""Say in a digest what was held back from those who read it."""

from __future__ import annotations

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.kit import blocks as b
from bot.plugin import _
from storage.digests.metrics import Period
from storage.notifications import throttle
from storage.notifications.throttle import HeldCount


def held_back(session: Session, target: str, period: Period) -> list[Block]:
    """Draw what quiet hours, a mute or a budget kept from a person or channel, by kind; nothing where nothing was."""
    found = throttle.held_back(session, target, period.since, period.until)
    if not found:
        return []
    title = b.markup("*{title}*", title=_("Held back"))
    hint = _("`/crm held` lists waiting messages; name a channel for that channel's. The reasons: `/crm quiet`.")
    return [b.divider(), b.section(b.join([title, *(_line(one) for one in found)])), b.context(hint)]


def _line(one: HeldCount) -> b.Markup:
    more = [_("…")] if one.count > len(one.records) > 0 else []
    line = b.markup("{kind}  *{count}*", kind=_(one.notice.words).capitalize(), count=one.count)
    return b.join(
        [line, b.markup("_{records}_", records=", ".join([*one.records, *more]))] if one.records else [line], "  "
    )
