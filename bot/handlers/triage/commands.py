"""Say which channels customers write in, and where support is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.grammar.types import CHANNEL
from bot.handlers.triage.declaration import plugin
from bot.handlers.triage.events import bring_refused
from bot.kit import blocks as b
from bot.kit.format import paragraphs, undo_hint
from bot.kit.replies import Message
from bot.plugin import Place, Role, Slack, _, ngettext
from storage.crm import customers
from storage.errors import Invalid, Refused
from storage.names import short
from storage.support import channels, routes, sharing
from storage.support.channels import ChannelLink, Grouping
from storage.workspace.workspaces import Workspace

Found = Mapping[str, Any]


def _join(args: Args, place: Place, slack: Slack) -> Found:
    """Join the channel that was named, or the one the command was typed in."""
    channel_id = args.channel("channel") or place.channel_id
    if not channel_id or channel_id.startswith("D"):
        raise Invalid("Name a channel.", field="channel", hint="Write # and pick one, or type the command in it.")
    return slack.join(channel_id)


def _remember(session: Session, found: Found) -> str:
    name = str(found.get("name") or "")
    private = bool(found.get("is_private"))
    return channels.seen(session, str(found["id"]), name=name, is_private=private).id


def _refuse_where_cards_are(session: Session, channel_id: str) -> None:
    for_one = any(link.cards_channel_id == channel_id for link in channels.links(session))
    if channels.triage(session) == channel_id or for_one or routes.uses_channel(session, channel_id):
        raise Refused(
            "Support's cards go to that channel, so messages there cannot become tickets.",
            hint="Choose another, or `/crm unlink` it first.",
        )


@plugin.command(
    "customer link",
    usage="<customer> [channel:#ext-acme]",
    role=Role.REP,
    example="acme",
    before=_join,
    channel=CHANNEL,
)
def link(args: Args, found: Found, session: Session) -> Message:
    """Link this channel to a customer: their messages here become tickets."""
    customer = customers.resolve(session, args.text)
    channel_id = _remember(session, found)
    _refuse_where_cards_are(session, channel_id)
    before = channels.link_of(session, channel_id)
    earlier = before.customer if before else None
    channels.link(session, channel_id, customer.id)
    text = b.markup(
        _("{channel} now belongs to *{name}*. Their messages there become tickets; they see nothing of it."),
        channel=b.channel(channel_id),
        name=customer.name,
    )
    if earlier is not None and earlier.id != customer.id:
        text = b.join([text, b.markup(_("Until now it belonged to *{name}*."), name=earlier.name)], " ")
    return Message(text, [b.section(text), _alerts(session), undo_hint()])


@plugin.command("inbox", usage="[channel]", role=Role.MANAGER, example="#help", before=_join)
def inbox(found: Found, session: Session) -> Message:
    """Make a channel an inbox: every message there becomes a ticket."""
    channel_id = _remember(session, found)
    _refuse_where_cards_are(session, channel_id)
    channels.make_inbox(session, channel_id)
    text = b.markup(
        _("{channel} is now an inbox. Messages there become tickets, whoever writes them."),
        channel=b.channel(channel_id),
    )
    return Message(text, [b.section(text), _alerts(session), undo_hint()])


_FOR: dict[str, Any] = {"for": CHANNEL}
"""A key that Python takes for no argument's name."""


@plugin.command(
    "triage",
    usage="[channel] [for:#ext-acme]",
    role=Role.MANAGER,
    example="#support for:#ext-acme",
    before=_join,
    **_FOR,
)
def triage(args: Args, found: Found, session: Session, workspace: Workspace) -> Message:
    """Choose support's channel: it shows a card for each customer message, or for those of one channel."""
    if sharing.others_read(found, workspace.id):
        raise Refused(
            "That channel is shared with another organisation, which must not see the cards.",
            field="channel",
            hint="Choose one of your own.",
        )
    channel_id = _remember(session, found)
    if channels.link_of(session, channel_id) is not None:
        raise Refused(
            "Messages in that channel become tickets, so cards cannot go there.",
            field="channel",
            hint="Choose another, or `/crm unlink` it first.",
        )
    of = args.channel("for")
    if of is not None:
        channels.show_cards_in(session, _used(session, of, field="for"), channel_id)
        text = _("Support sees the cards for {of} in {channel} from now on.")
        said = b.markup(text, of=b.channel(of), channel=b.channel(channel_id))
        return Message(said, [b.section(said), *_brought(session), undo_hint()])
    before = channels.triage(session)
    if before == channel_id:
        return Message(b.markup(_("Support sees the cards in {channel} already."), channel=b.channel(channel_id)))
    channels.set_triage(session, channel_id)
    text = _("Support sees a card for each customer message in {channel} from now on.")
    if before:
        text = _("Support sees a card for each customer message in {channel} from now on, and no longer in {before}.")
    said = b.markup(text, channel=b.channel(channel_id), before=b.channel(before or ""))
    return Message(said, [b.section(said), *_brought(session), undo_hint()])


def _brought(session: Session) -> list[Block]:
    """Bring the cards that others would have read where they used to go."""
    count = bring_refused(session)
    text = ngettext(
        "{count} earlier card comes there too; it was held back because others read its channel.",
        "{count} earlier cards come there too; they were held back because others read their channel.",
        count,
    )
    return [b.context(b.markup(text, count=count))] if count else []


@plugin.command(
    "grouping",
    usage="[channel] [by:matter] [minutes:10]",
    role=Role.MANAGER,
    example="#ext-acme by:window minutes:15",
)
def grouping(args: Args, session: Session, place: Place) -> Message:
    """Show or set which messages form one ticket: by matter, window, thread, message, or manual."""
    channel_id = args.channel("channel")
    if "by" not in args and "minutes" not in args:
        shown = [_used(session, channel_id, field="channel")] if channel_id else channels.links(session)
        return _groupings(shown)
    link = _used(session, channel_id or place.channel_id, field="channel")
    channels.group_by(session, link, args.get("by") or Grouping.WINDOW, _minutes(args))
    text = _grouped(link)
    return Message(text, [b.section(text), undo_hint()])


def _groupings(shown: Sequence[ChannelLink]) -> Message:
    """List which messages of each channel form one ticket."""
    if not shown:
        return Message(_("Customers write in no channel yet. Name one: `/crm inbox #help`."))
    title = b.markup("*{title}*", title=_("Which messages form one ticket"))
    hint = b.context(_("Change: `/crm grouping #ext-acme by:matter`, or `by:window minutes:15`."))
    return Message(title, [b.section(title), *paragraphs(map(_grouped, shown)), hint])


def _grouped(link: ChannelLink) -> b.Markup:
    how = {
        Grouping.MATTER: _(
            "what one person writes about one matter, with all answers; if it is not sure, the card asks you"
        ),
        Grouping.WINDOW: ngettext(
            "messages of one person within {minutes} minute of each other, with all answers",
            "messages of one person within {minutes} minutes of each other, with all answers",
            link.window_minutes,
        ),
        Grouping.THREAD: _("each message outside a thread, with all answers"),
        Grouping.MESSAGE: _("each message, also in a thread"),
        Grouping.MANUAL: _("only messages that you mark with :ticket: or by “Open a ticket”"),
    }[link.groups_by]
    template = "{channel}: *{grouping}*, {how}"
    said = b.markup(how, minutes=link.window_minutes)
    return b.markup(template, channel=b.channel(link.channel_id), grouping=link.groups_by, how=said)


def _minutes(args: Args) -> int | None:
    typed = args.get("minutes")
    if typed is None:
        return None
    try:
        return int(typed)
    except ValueError:
        raise Invalid("{value} is not a number of minutes.", field="minutes", typed=typed, value=short(typed)) from None


def _used(session: Session, channel_id: str, *, field: str) -> ChannelLink:
    link = channels.link_of(session, channel_id)
    if link is None:
        raise Invalid(
            "That channel is neither linked nor an inbox.",
            field=field,
            hint="Link it first: `/customer link acme channel:#ext-acme`, or `/crm inbox #help`.",
        )
    return link


@plugin.command("unlink", usage="[channel]", role=Role.MANAGER, example="#ext-acme")
def unlink(args: Args, session: Session, place: Place) -> Message:
    """Stop turning a channel's messages into tickets, or stop showing cards in it."""
    channel_id = args.channel("channel") or place.channel_id
    if channels.triage(session) == channel_id:
        channels.set_triage(session, None)
        return Message(b.markup(_("No cards are shown in {channel} from now on."), channel=b.channel(channel_id)))
    if not channels.unlink(session, channel_id):
        raise Invalid("That channel is neither linked nor an inbox.", field="channel")
    text = b.markup(_("Rapport ignores messages in {channel} from now on."), channel=b.channel(channel_id))
    return Message(text, [b.section(text), undo_hint()])


def _alerts(session: Session) -> Block:
    channel_id = channels.triage(session)
    if channel_id:
        return b.context(b.markup(_("Support sees them in {channel}."), channel=b.channel(channel_id)))
    return b.context(_("Nobody gets alerts yet: choose support's channel with `/crm triage #support`."))
