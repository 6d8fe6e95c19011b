"""List webhooks, add and change them, try them, and read what became of their events, by command."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.grammar.types import FLAG
from bot.handlers.webhooks import lists
from bot.handlers.webhooks.declaration import plugin
from bot.handlers.webhooks.wording import paused, read_events, removed, resumed, unknown_host
from bot.kit import blocks as b
from bot.kit.format import Reader
from bot.kit.replies import Message
from bot.plugin import Role, _
from storage.webhooks import occurrences, queue, settings
from storage.webhooks.addresses import Allowed


@plugin.command("webhooks", role=Role.ADMIN)
def listed(session: Session, reader: Reader) -> Message:
    """List the webhooks: where each goes, which events it is told, and how it fares."""
    return lists.webhooks(session, reader)


@plugin.command(
    "webhook add",
    usage="<url> [events:deal.won,customer.*] [name:ERP] [sensitive:no]",
    role=Role.ADMIN,
    example="https://erp.example.com/rapport events:deal.won,customer.*",
    before=unknown_host,
    sensitive=FLAG,
)
def add(args: Args, session: Session, inside: Allowed, found: bool) -> Message:
    """Tell another program of events; its secret is shown once."""
    hook = settings.add(
        session,
        url=args["url"],
        patterns=read_events(args.get("events") or occurrences.ANY),
        name=args.get("name") or "",
        sensitive=args.flag("sensitive") if "sensitive" in args else False,
        inside=inside,
    )
    occurrences.test(session, hook)
    return lists.added(hook, unknown=found)


@plugin.command(
    "webhook edit",
    usage="<webhook> [url:https://example.com] [events:deal.won] [name:ERP] [sensitive:no]",
    role=Role.ADMIN,
    example="ERP events:deal.*",
    sensitive=FLAG,
)
def edit(args: Args, session: Session, reader: Reader, inside: Allowed) -> Message:
    """Change where a webhook goes, which events it is told, its name, or whether it is told 🔒 fields."""
    hook = settings.called(session, args["webhook"])
    events = args.get("events")
    settings.change(
        session,
        hook,
        url=args.get("url"),
        patterns=read_events(events) if events else None,
        name=args.get("name"),
        sensitive=args.flag("sensitive") if "sensitive" in args else None,
        inside=inside,
    )
    return lists.webhooks(session, reader, notice=_("Saved."), undo=True)


@plugin.command("webhook log", usage="<webhook>", role=Role.ADMIN, example="ERP")
def log(args: Args, session: Session, reader: Reader) -> Message:
    """Show what a webhook was told, what it answered, and what waits."""
    return lists.log(session, settings.called(session, args.text), reader)


@plugin.command("webhook test", usage="<webhook>", role=Role.ADMIN, example="ERP")
def test(args: Args, session: Session) -> Message:
    """Send an event that says that it is a test."""
    hook = settings.called(session, args.text)
    occurrences.test(session, hook)
    return lists.tested(hook)


@plugin.command("webhook pause", usage="<webhook>", role=Role.ADMIN, example="ERP")
def pause(args: Args, session: Session, reader: Reader) -> Message:
    """Send nothing for now; what happens meanwhile is kept and sent later."""
    hook = settings.called(session, args.text)
    done = settings.pause(session, hook)
    return lists.webhooks(session, reader, notice=paused(hook, done=done), undo=done)


@plugin.command("webhook resume", usage="<webhook>", role=Role.ADMIN, example="ERP")
def resume(args: Args, session: Session, reader: Reader) -> Message:
    """Send again, what was kept meanwhile too, and try at once what waits."""
    hook = settings.called(session, args.text)
    settings.resume(session, hook)
    return lists.webhooks(session, reader, notice=resumed(hook))


@plugin.command("webhook replay", usage="<webhook>", role=Role.ADMIN, example="ERP")
def replay(args: Args, session: Session) -> Message:
    """Send again all events that were given up; the log sends single ones again."""
    hook = settings.called(session, args.text)
    return lists.replayed(hook, queue.replay_failed(session, hook))


@plugin.command("webhook secret", usage="<webhook>", role=Role.ADMIN, example="ERP")
def secret(args: Args, session: Session) -> Message:
    """Make a new secret, shown once; for a day events are signed with the old one too."""
    hook = settings.called(session, args.text)
    settings.renew_secret(session, hook)
    text = b.markup(
        _("Here is the new secret of *{name}*. It is shown only now: `{secret}`"), name=hook.name, secret=hook.secret
    )
    hint = b.context(_("For 24 hours events are signed with both, so give it to the other program by then."))
    return Message(text, [b.section(text), hint], once=True)


@plugin.command("webhook remove", usage="<webhook>", role=Role.ADMIN, example="ERP")
def remove(args: Args, session: Session, reader: Reader) -> Message:
    """Take a webhook away; nothing more is sent to it."""
    hook = settings.called(session, args.text)
    settings.remove(session, hook)
    return lists.webhooks(session, reader, notice=removed(hook), undo=True)
