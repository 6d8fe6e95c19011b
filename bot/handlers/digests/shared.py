"""Keep a digest out of a channel that other organisations have come to read, and tell whose digest it is."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot import blocks as b
from bot.handlers.digests.declaration import plugin
from bot.plugin import Notice, _
from bot.replies import Message
from storage import channels, digests, outbox
from storage.digests import Digest
from storage.errors import NotFound
from storage.outbox import Delivery


def others_read(session: Session, delivery: Delivery, digest: Digest) -> bool:
    """Tell whether the channel a digest goes to is known to be shared by now; the digest's owner is then told, once."""
    channel = channels.get(session, delivery.target_channel) if delivery.target_channel else None
    if channel is None or not channel.is_ext_shared:
        return False
    if digest.owner_id is not None:
        outbox.enqueue(
            session,
            target_user=digest.owner_id,
            renderer=plugin.id("shared"),
            record=digest.reference,
            payload={"channel": channel.id},
            # Once for each setting-up: whoever changed it since may hope that this has helped.
            dedupe_key=f"digest-shared:{digest.reference}:{digest.version}",
        )
    return True


@plugin.renderer("shared", kind=Notice.PROBLEMS)
def told(delivery: Delivery, session: Session) -> Message | None:
    """Tell the owner of a digest that its channel is shared by now; None when the digest goes elsewhere or is gone."""
    try:
        digest = digests.resolve(session, delivery.record or "")
    except NotFound:
        return None
    if digest.target_channel != delivery.payload["channel"]:
        return None
    text = b.markup(
        _(
            "*{name}* was not sent: {channel} is shared with another organisation by now."
            " Choose another channel with Edit in `/digest list`."
        ),
        name=digest.name,
        channel=b.channel(str(delivery.payload["channel"])),
    )
    return Message(text)
