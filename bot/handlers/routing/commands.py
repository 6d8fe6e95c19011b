"""List, add and remove the rules by which tickets go to channels and people."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.grammar.types import CHANNEL, PEOPLE
from bot.handlers.routing.declaration import plugin
from bot.handlers.routing.wording import (
    STRATEGIES,
    conditions,
    read_language,
    read_strategy,
)
from bot.kit import blocks as b
from bot.kit import categories
from bot.kit.format import undo_hint
from bot.kit.replies import Message
from bot.plugin import Member, Role, Slack, _
from storage.crm import customers
from storage.errors import Invalid, NotFound, Refused
from storage.support import channels, routes, sharing
from storage.support.routes import Route, Strategy
from storage.workspace import members
from storage.workspace.workspaces import Workspace

_NUMBER = re.compile(r"[0-9]{1,18}")
USAGE = '[category:billing] [tier:gold] [language:zh] [channel:#billing] [to:"@ada @ben"] [by:turn]'


def _join(args: Args, workspace: Workspace, slack: Slack) -> Mapping[str, Any] | None:
    """Join the channel that was named, if one was; cards do not go where other organisations read."""
    channel_id = args.channel("channel")
    if channel_id is None:
        return None
    channel = slack.join(channel_id)
    if sharing.others_read(channel, workspace.id):
        raise Refused(
            "That channel is shared with another organisation, which must not see the cards.",
            field="channel",
            hint="Choose one of your own.",
        )
    return channel


@plugin.command("route", role=Role.VIEWER)
def listed(session: Session, now: datetime) -> Message:
    """List the routes of tickets to channels and people; the most specific wins, then the oldest."""
    found = routes.list_routes(session)
    if not found:
        text = _(
            "No routes yet: every card goes to support's channel, and a ticket has no assignee until somebody takes it."
        )
        begin = _("Begin with `/crm route add category:billing channel:#billing to:@ada` (for managers).")
        return Message(text, [b.section(text), b.context(begin)])
    title = b.markup("*{title}*", title=_("Routes"))
    lines: list[Block] = [
        b.section(
            b.join([b.markup("*{number}.*", number=number), _line(session, route, now)], " "),
            accessory=b.button(
                _("Remove"),
                plugin.id("remove"),
                b.Control(detail=str(route.id)),
                confirm=_("Tickets like these go to support's channel again, without an assignee."),
            ),
        )
        for number, route in enumerate(found, start=1)
    ]
    hint = _("The most specific route wins, then the first. Add one with `/crm route add`; remove one by its number.")
    return Message(title, [b.section(title), *lines, b.context(hint)])


@plugin.command(
    "route add",
    usage=USAGE,
    role=Role.MANAGER,
    example="category:billing channel:#billing to:@rosa",
    before=_join,
    channel=CHANNEL,
    to=PEOPLE,
)
def add(args: Args, found: Mapping[str, Any] | None, session: Session, actor: Member, now: datetime) -> Message:
    """Send tickets of a category, tier or language to a channel, to people in turn, or to the least busy."""
    tier, category, language = args.get("tier"), args.get("category"), args.get("language")
    route = routes.add(
        session,
        category=categories.find(session, category) if category else None,
        tier=customers.check_tier(tier) if tier else None,
        language=read_language(language) if language else None,
        channel_id=_remember(session, found) if found else None,
        people=list(args.typed("to", PEOPLE) or ()),
        strategy=read_strategy(args.get("by")),
    )
    text = b.join([_("Added."), _line(session, route, now)], " ")
    return Message(text, [b.section(text), undo_hint()])


def _remember(session: Session, found: Mapping[str, Any]) -> str:
    channel_id = str(found["id"])
    if channels.link_of(session, channel_id) is not None:
        raise Refused(
            "Messages in that channel become tickets, so cards cannot go there.",
            field="channel",
            hint="Choose another, or `/crm unlink` it first.",
        )
    name = str(found.get("name") or "")
    return channels.seen(session, channel_id, name=name, is_private=bool(found.get("is_private"))).id


@plugin.command("route remove", usage="<number>", role=Role.MANAGER, example="2")
def remove(args: Args, session: Session, now: datetime) -> Message:
    """Remove a route by its number in `/crm route`."""
    found = routes.list_routes(session)
    typed = args["number"].strip().rstrip(".").removeprefix("#")
    if not typed.isascii() or not typed.isdigit():
        raise Invalid("{word} is not a number.", field="number", word=args["number"], hint="`/crm route` numbers them.")
    if not 1 <= int(typed[:6]) <= len(found):
        raise NotFound("There is no route {number}.", number=typed, hint="`/crm route` numbers them.")
    return _removed(session, found[int(typed[:6]) - 1], now)


@plugin.action("remove", role=Role.MANAGER)
def remove_pressed(control: b.Control, session: Session, now: datetime) -> Message:
    """Remove the route beside the button."""
    if not _NUMBER.fullmatch(control.detail):
        raise Invalid("This button no longer works.", hint="Please repeat `/crm route`.")
    return _removed(session, routes.get(session, int(control.detail)), now)


def _removed(session: Session, route: Route, now: datetime) -> Message:
    text = b.join([_("Removed."), _line(session, route, now)], " ")
    routes.remove(session, route)
    return Message(text, [b.section(text), undo_hint()])


def _line(session: Session, route: Route, now: datetime) -> b.Markup:
    """Say a rule in one line: what it is for, and where that goes."""
    name = categories.name(session, route.category) if route.category else None
    parts: list[b.Text] = [b.markup("*{which}* →", which=conditions(route, name))]
    if route.channel_id:
        parts.append(b.channel(route.channel_id))
    if route.strategy != Strategy.NONE:
        parts.append(b.join([_person(session, one, now) for one in route.people], ", "))
        if len(route.people) > 1:
            parts.append(b.markup("({how})", how=_(STRATEGIES[Strategy(route.strategy)])))
    return b.join(parts, " ")


def _person(session: Session, member_id: str, now: datetime) -> b.Markup:
    member = members.get(session, member_id)
    if member is None or not member.has(Role.AGENT):
        return b.markup(_("{who} (not an agent, so gets none)"), who=b.person(member_id))
    return b.markup(_("{who} (away)"), who=b.person(member_id)) if member.is_away(now) else b.person(member_id)
