"""See a digest before it is sent, send it now, pause, resume, leave or delete it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from bot.handlers.digests import notices
from bot.handlers.digests.cards import card
from bot.handlers.digests.declaration import plugin
from bot.kit import blocks as b
from bot.kit import format
from bot.kit.format import overtaken
from bot.kit.replies import Message
from bot.plugin import Member, Role, _
from storage.digests import schedules
from storage.digests.schedules import Digest
from storage.errors import Refused
from storage.queues import outbox
from storage.workspace.workspaces import Workspace


def _change(
    control: b.Control,
    actor: Member,
    workspace: Workspace,
    session: Session,
    change: Callable[[Session, Digest], Digest],
) -> Message:
    digest = schedules.resolve(session, control.record)
    late = overtaken(session, digest, control)
    if late is None:
        change(session, digest)
    blocks = card(session, digest, format.locale_of(actor, workspace))
    return Message(digest.name, [*([b.context(late)] if late else []), *blocks], replace=True)


@plugin.action("stop", role=Role.MANAGER)
def stop(control: b.Control, session: Session, actor: Member, workspace: Workspace) -> Message:
    """Pause a digest: it is sent no longer until it is resumed."""
    return _change(control, actor, workspace, session, schedules.stop)


@plugin.action("start", role=Role.MANAGER)
def start(control: b.Control, session: Session, actor: Member, workspace: Workspace) -> Message:
    """Resume a paused digest."""
    return _change(control, actor, workspace, session, schedules.start)


@plugin.action("unsubscribe", role=Role.VIEWER)
def unsubscribe(control: b.Control, session: Session, actor: Member) -> Message:
    """Have a digest sent no longer: to oneself, or, as a manager, to a channel or somebody else."""
    digest = schedules.resolve(session, control.record)
    if digest.target_user != actor.id and not actor.has(Role.MANAGER):
        raise Refused("This digest goes to others too.", hint="Ask a manager to pause it.")
    if not digest.active:
        return Message(b.markup(_("*{name}* is already paused."), name=digest.name))
    schedules.stop(session, digest)
    text = b.markup(_("*{name}* no longer comes. `/crm undo` takes this back."), name=digest.name)
    return Message(text)


@plugin.action("delete", role=Role.MANAGER)
def delete(control: b.Control, session: Session) -> Message:
    """Delete a digest."""
    digest = schedules.resolve(session, control.record)
    schedules.remove(session, digest)
    return Message(b.markup(_("*{name}* is deleted. `/crm undo` takes this back."), name=digest.name), replace=True)


@plugin.action("preview", role=Role.MANAGER)
def preview(
    control: b.Control,
    session: Session,
    actor: Member,
    workspace: Workspace,
    now: datetime,
    catalogue: notices.RegistryForDigests,
) -> Message:
    """Show a digest as it would be sent now, only to who asks."""
    digest = schedules.resolve(session, control.record)
    receiver = None if digest.target_channel else actor
    wanted = notices.of_digest(session, digest, receiver, workspace, now)
    sheet, blocks = notices.draw(session, replace(wanted, at_once=True), catalogue)
    shown_to_me = notices.message(wanted, sheet, blocks, notices.keep(session, wanted, sheet, user_id=actor.id))
    skipped = digest.skip_empty and sheet.empty
    note = (
        _("A preview. Right now nothing would be sent, because there is nothing to report.")
        if skipped
        else _("A preview.")
    )
    return Message(shown_to_me.text, [b.context(note), *shown_to_me.blocks])


@plugin.action("send", role=Role.MANAGER)
def send(control: b.Control, session: Session, now: datetime) -> Message:
    """Send a digest at once, besides its usual times."""
    digest = schedules.resolve(session, control.record)
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
