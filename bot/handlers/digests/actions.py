"""Send a digest now, stop, start or delete it from its card."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from bot import blocks as b
from bot import shown
from bot.handlers.digests.cards import card
from bot.handlers.digests.declaration import plugin
from bot.plugin import Member, Role, _
from bot.replies import Message
from bot.shown import overtaken
from storage import digests, outbox
from storage.digests import Digest
from storage.workspaces import Workspace


def _change(
    control: b.Control,
    actor: Member,
    workspace: Workspace,
    session: Session,
    change: Callable[[Session, Digest], Digest],
) -> Message:
    digest = digests.resolve(session, control.record)
    late = overtaken(session, digest, control)
    if late is None:
        change(session, digest)
    blocks = card(digest, shown.locale_of(actor, workspace))
    return Message(digest.name, [*([b.context(late)] if late else []), *blocks], replace=True)


@plugin.action("stop", role=Role.MANAGER)
def stop(control: b.Control, actor: Member, workspace: Workspace, session: Session) -> Message:
    """Send a digest no longer."""
    return _change(control, actor, workspace, session, digests.stop)


@plugin.action("start", role=Role.MANAGER)
def start(control: b.Control, actor: Member, workspace: Workspace, session: Session) -> Message:
    """Send a stopped digest again."""
    return _change(control, actor, workspace, session, digests.start)


@plugin.action("delete", role=Role.MANAGER)
def delete(control: b.Control, session: Session) -> Message:
    """Delete a digest."""
    digest = digests.resolve(session, control.record)
    digests.remove(session, digest)
    return Message(b.markup(_("*{name}* is deleted. `/crm undo` takes this back."), name=digest.name), replace=True)


@plugin.action("send", role=Role.MANAGER)
def send(control: b.Control, now: datetime, session: Session) -> Message:
    """Send a digest at once, besides its usual times."""
    digest = digests.resolve(session, control.record)
    outbox.enqueue(
        session,
        target_user=digest.target_user,
        target_channel=digest.target_channel,
        renderer=plugin.id("digest"),
        record=digest.reference,
        payload={"due_at": now.isoformat(), "asked": True},
        dedupe_key=f"digest-now:{digest.reference}:{now:%Y-%m-%dT%H:%M}",
    )
    return Message(b.markup(_("*{name}* is on its way."), name=digest.name))
