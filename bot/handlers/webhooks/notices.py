"""Tell admins of a webhook that was switched off."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.handlers.webhooks.declaration import plugin
from bot.handlers.webhooks.wording import control
from bot.kit import blocks as b
from bot.kit.replies import Message
from bot.plugin import Notice, _
from storage.errors import NotFound
from storage.queues.outbox import Delivery
from storage.webhooks import queue, settings


@plugin.renderer("off", kind=Notice.PROBLEMS)
def off(delivery: Delivery, session: Session) -> Message | None:
    """Say which webhook is off and why; None once somebody has seen to it."""
    try:
        hook = settings.get(session, int(delivery.payload["webhook"]))
    except NotFound:
        return None
    if hook.disabled_at is None:
        return None
    last = next((row for row in queue.log(session, hook) if row.reason), None)
    text = b.markup(
        _("The webhook *{name}* took nothing any more ({why}), so it is switched off. What happens is kept."),
        name=hook.name,
        why=last.reason if last and last.reason else _("no reason is known"),
    )
    buttons = b.actions(
        b.button(_("Resume"), plugin.id("resume"), control(hook), style="primary"),
        b.button(_("Show the log"), plugin.id("log"), control(hook)),
    )
    return Message(text, [b.section(text), buttons])
