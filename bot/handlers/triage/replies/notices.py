"""Bring the file that goes with an answer to the customer, under the answer."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.handlers.triage.declaration import plugin
from bot.handlers.triage.replies.wording import LARGEST
from bot.kit import blocks as b
from bot.kit.replies import Message, SentFile
from bot.plugin import _
from storage.queues.outbox import Delivery
from storage.records import history
from storage.support import replies


@plugin.renderer("reply_file", kind=None, outside=True)
def file(delivery: Delivery, session: Session) -> Message | None:
    """Send the file of an answer on from where Slack keeps it; None when the answer is gone."""
    found = replies.get(session, int(delivery.payload["reply"]))
    if found is None:
        return None
    kept = delivery.payload["file"]
    who = history.actor_name(session, found.author_id)
    sent = SentFile(str(kept["name"]), address=str(kept["address"]), most=LARGEST)
    return Message(b.markup(_("— {who}"), who=who), file=sent)
