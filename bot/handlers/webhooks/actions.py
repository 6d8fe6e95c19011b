"""Answer the buttons and menus of webhooks and of their logs."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.handlers.webhooks import lists
from bot.handlers.webhooks.declaration import plugin
from bot.handlers.webhooks.forms import edit
from bot.handlers.webhooks.wording import hook_of, paused, removed, resumed
from bot.kit import blocks as b
from bot.kit.format import Reader
from bot.kit.replies import Message
from bot.plugin import Role, _
from storage.errors import Invalid
from storage.webhooks import occurrences, queue, settings


@plugin.action("more", role=Role.ADMIN, opens=edit, choice="edit")
def more(control: b.Control, session: Session, reader: Reader) -> Message:
    """Show a webhook's log, try it, pause, resume or remove it."""
    hook = hook_of(session, control.record)
    match control.detail:
        case "log":
            return lists.log(session, hook, reader)
        case "test":
            occurrences.test(session, hook)
            return lists.tested(hook)
        case "pause":
            done = settings.pause(session, hook)
            return lists.webhooks(session, reader, notice=paused(hook, done=done), undo=done, replace=True)
        case "resume":
            settings.resume(session, hook)
            return lists.webhooks(session, reader, notice=resumed(hook), replace=True)
        case "remove":
            settings.remove(session, hook)
            return lists.webhooks(session, reader, notice=removed(hook), undo=True, replace=True)
    raise Invalid("This button no longer works.", hint="Please repeat the command.")


@plugin.action("log", role=Role.ADMIN)
def log(control: b.Control, session: Session, reader: Reader) -> Message:
    """Show a webhook's log as it is now."""
    return lists.log(session, hook_of(session, control.record), reader)


@plugin.action("older", role=Role.ADMIN)
def older(control: b.Control, session: Session, reader: Reader) -> Message:
    """Show what a webhook was told before."""
    return lists.log(session, hook_of(session, control.record), reader, before=control.number)


@plugin.action("replay", role=Role.ADMIN)
def replay(control: b.Control, session: Session, reader: Reader) -> Message:
    """Tell a webhook an event again."""
    hook = hook_of(session, control.record)
    again = queue.replay(session, hook, control.number)
    notice = b.markup(_("`{event}` is sent again."), event=again.event)
    return lists.log(session, hook, reader, notice=notice, replace=True)


@plugin.action("replay_all", role=Role.ADMIN)
def replay_all(control: b.Control, session: Session) -> Message:
    """Tell a webhook again all that was given up."""
    hook = hook_of(session, control.record)
    return lists.replayed(hook, queue.replay_failed(session, hook))


@plugin.action("resume", role=Role.ADMIN)
def resume(control: b.Control, session: Session, reader: Reader) -> Message:
    """Send to a webhook again that was switched off."""
    hook = hook_of(session, control.record)
    settings.resume(session, hook)
    return lists.webhooks(session, reader, notice=resumed(hook), replace=True)
