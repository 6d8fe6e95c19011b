"""Say which channels customers write in, and where support is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from bot import blocks as b
from bot.grammar import Args
from bot.handlers.triage.plugin import plugin
from bot.plugin import Place, Role, Slack, _
from bot.replies import Message
from storage import channels, customers
from storage.errors import Invalid
from storage.workspaces import Workspace

Found = Mapping[str, Any]


def _join(args: Args, place: Place, slack: Slack) -> Found:
    """Join the channel that was named, or the one the command was typed in."""
    channel_id = args.channel("channel") or place.channel_id
    if not channel_id or channel_id.startswith("D"):
        raise Invalid("Name a channel.", field="channel", hint="Write # and pick one, or type the command in it.")
    return slack.join(channel_id)


def _remember(session: Session, found: Found) -> str:
    shared = bool(found.get("is_ext_shared") or found.get("is_pending_ext_shared"))
    private = bool(found.get("is_private"))
    name = str(found.get("name") or "")
    return channels.seen(session, str(found["id"]), name=name, is_ext_shared=shared, is_private=private).id


@plugin.command("customer link", usage="<customer> [channel:#ext-acme]", role=Role.REP, example="acme", before=_join)
def link(args: Args, session: Session, found: Found, workspace: Workspace) -> Message:
    """Link this channel to a customer: what their people write here becomes tickets."""
    customer = customers.resolve(session, args.text)
    channel_id = _remember(session, found)
    channels.link(session, channel_id, customer.id)
    text = b.markup(
        _("{channel} now belongs to *{name}*. What their people write there becomes a ticket."),
        channel=b.channel(channel_id),
        name=customer.name,
    )
    return Message(text, [b.section(text), _alerts(workspace)])


@plugin.command("inbox", usage="[channel]", role=Role.MANAGER, example="#help", before=_join)
def inbox(session: Session, found: Found, workspace: Workspace) -> Message:
    """Make a channel an inbox: what anybody writes there becomes a ticket."""
    channel_id = _remember(session, found)
    channels.make_inbox(session, channel_id)
    text = b.markup(
        _("{channel} is an inbox now. What anybody writes there becomes a ticket."), channel=b.channel(channel_id)
    )
    return Message(text, [b.section(text), _alerts(workspace)])


@plugin.command("triage", usage="[channel]", role=Role.MANAGER, example="#support", before=_join)
def triage(session: Session, found: Found) -> Message:
    """Choose the channel in which support sees a card for each customer message."""
    channel_id = _remember(session, found)
    channels.set_triage(session, channel_id)
    return Message(
        b.markup(
            _("Support sees a card for each customer message in {channel} from now on."), channel=b.channel(channel_id)
        )
    )


@plugin.command("unlink", usage="[channel]", role=Role.MANAGER, example="#ext-acme")
def unlink(args: Args, place: Place, session: Session) -> Message:
    """Stop making tickets of what is written in a channel."""
    channel_id = args.channel("channel") or place.channel_id
    if not channels.unlink(session, channel_id):
        raise Invalid("That channel is neither linked nor an inbox.", field="channel")
    return Message(b.markup(_("Messages in {channel} are left alone from now on."), channel=b.channel(channel_id)))


def _alerts(workspace: Workspace) -> Any:
    if workspace.triage_channel_id:
        return b.context(b.markup(_("Support sees them in {channel}."), channel=b.channel(workspace.triage_channel_id)))
    return b.context(_("Nobody is alerted yet: choose support's channel with `/crm triage #support`."))
