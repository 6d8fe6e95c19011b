"""Set and show quiet hours, muted kinds and budgets."""

from __future__ import annotations

from datetime import datetime

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.handlers.attention.declaration import plugin
from bot.handlers.attention.wording import (
    NONE,
    muted_words,
    quiet_words,
    read_days,
    read_hours,
    read_kind,
    target_of,
    whose,
)
from bot.kit import blocks as b
from bot.kit import format
from bot.kit.format import Reader, undo_hint
from bot.kit.replies import Message
from bot.plugin import Member, Notice, Role, _
from storage.errors import Invalid, Refused
from storage.names import name_key
from storage.notifications import preferences, throttle
from storage.workspace.workspaces import Workspace

COUNTED = 100


@plugin.command("quiet", usage='[hours] [off:"sat,sun"]', role=Role.VIEWER, example="18:00-09:00 off:sat,sun")
def quiet(args: Args, session: Session, actor: Member, workspace: Workspace, now: datetime) -> Message:
    """Show or set your quiet hours; a manager can set a channel's: `/crm quiet #support 20:00-08:00`."""
    target, typed = target_of(args, "hours", actor)
    if not typed and "off" not in args:
        return show(session, target, actor, workspace, now)
    known = preferences.get(session, target)
    hours = None
    if known is not None and known.quiet_from is not None and known.quiet_until is not None:
        hours = known.quiet_from, known.quiet_until
    days = read_days(args["off"]) if "off" in args else list(known.days_off) if known is not None else []
    if name_key(typed) in NONE:
        hours, days = None, read_days(args["off"]) if "off" in args else []
    elif typed:
        hours = read_hours(typed)
    preferences.set_quiet(session, target, hours, days)
    return show(session, target, actor, workspace, now, saved=True)


@plugin.command("mute", usage="<kind>", role=Role.VIEWER, example="news")
def mute(args: Args, session: Session, actor: Member, workspace: Workspace, now: datetime) -> Message:
    """Mute a kind of message, urgent ones too; a manager can for a channel: `/crm mute news #support`."""
    target, typed = target_of(args, "kind", actor)
    preferences.mute(session, target, read_kind(typed))
    return show(session, target, actor, workspace, now, saved=True)


@plugin.command("unmute", usage="[kind]", role=Role.VIEWER, example="news")
def unmute(args: Args, session: Session, actor: Member, workspace: Workspace, now: datetime) -> Message:
    """Unmute a kind of message, or all; a manager can for a channel: `/crm unmute news #support`."""
    target, typed = target_of(args, "kind", actor)
    preferences.unmute(session, target, read_kind(typed) if typed else None)
    return show(session, target, actor, workspace, now, saved=True)


@plugin.command("budget", usage="<channel> [messages]", role=Role.MANAGER, example="#support 20")
def budget(args: Args, session: Session, actor: Member, workspace: Workspace, now: datetime) -> Message:
    """Show or set a channel's daily limit of messages that can wait; `off` for no limit."""
    channel_id = args.channel("channel")
    assert channel_id is not None, "the usage says that it is required"
    if "messages" not in args:
        return show(session, channel_id, actor, workspace, now)
    preferences.set_budget(session, channel_id, _number(args["messages"]))
    return show(session, channel_id, actor, workspace, now, saved=True)


def _number(typed: str) -> int | None:
    word = name_key(typed)
    if word in NONE:
        return None
    if not word.isascii() or not word.isdigit():
        raise Invalid(
            "{word} is not a number.", field="messages", typed=typed, word=typed, hint="Write for example 20, or off."
        )
    return int(word[:6])


def show(
    session: Session, target: str, actor: Member, workspace: Workspace, now: datetime, *, saved: bool = False
) -> Message:
    """Draw the wishes of a person or channel, and what they do at this moment."""
    mine = target == actor.id
    if not mine and not actor.has(Role.VIEWER):
        raise Refused("Only the team can see that.")
    wishes, reader = preferences.get(session, target), format.reader(actor, workspace, now)
    zone = format.zone_of(actor if mine else None, workspace)
    words = quiet_words(wishes, reader)
    who = whose(target, actor)
    lines: list[b.Text] = [
        b.markup(_("*Quiet* for {who}: {when} ({zone})"), who=who, when=words, zone=zone.key)
        if words
        else b.markup(_("No quiet hours for {who}."), who=who)
    ]
    until = preferences.next_allowed(wishes, zone, now)
    if until > now:
        lines.append(b.markup(_("🌙 Quiet now, until {when}."), when=reader.moment(until)))
    if wishes is not None and wishes.muted:
        lines.append(b.markup(_("*Muted:* {kinds}"), kinds=muted_words(wishes)))
    if wishes is not None and wishes.daily_budget is not None:
        spent = throttle.spent_today(session, target, zone=zone, now=now)
        lines.append(
            b.markup(_("*Budget:* {budget} messages a day, {spent} today"), budget=wishes.daily_budget, spent=spent)
        )
    blocks: list[Block] = [
        b.section(b.join([*([_("Saved.")] if saved else []), *lines])),
        *_hints(session, target, mine),
    ]
    return Message(b.join(lines[:1]), [*blocks, *([undo_hint()] if saved else [])])


def _hints(session: Session, target: str, mine: bool) -> list[Block]:
    held = len(throttle.waiting(session, target, COUNTED))
    hints = [_("New urgent tickets, late ones and incidents come at any time, unless their kind is muted.")]
    if held:
        command = "`/crm held`" if mine else _("`/crm held` with the channel")
        hints.insert(0, _("Held back now: {count}. {command} lists them.").format(count=held, command=command))
    kinds = _("Kinds to mute: {kinds}.").format(kinds=", ".join(Notice))
    change = _("Change: `/crm quiet 18:00-09:00 off:sat,sun`, `/crm quiet off`, `/crm mute news`.")
    return [b.context(b.Markup(" ".join(hints))), b.context(b.Markup(f"{change} {kinds}"))]


@plugin.home("Quiet hours", role=Role.VIEWER, order=95)
def mine(session: Session, actor: Member, reader: Reader) -> list[Block]:
    """Show when I am left alone, what I have muted, and how much is held back."""
    wishes = preferences.get(session, actor.id)
    words = quiet_words(wishes, reader)
    if wishes is None or not (words or wishes.muted):
        return [b.context(_("You get everything at once. Set quiet hours: `/crm quiet 18:00-09:00 off:sat,sun`."))]
    lines: list[b.Text] = [b.markup(_("Quiet: {when}"), when=words)] if words else []
    if wishes.muted:
        lines.append(b.markup(_("Muted: {kinds}"), kinds=muted_words(wishes)))
    held = len(throttle.waiting(session, actor.id, COUNTED))
    lines.append(_("Held back now: {count}. `/crm held` lists them.").format(count=held) if held else "")
    return [b.section(b.join([line for line in lines if line]))]
