"""Answer chat.*: post, update, delete, whisper, link."""

import json
import time

from sandbox.content import messages
from sandbox.content.files import check_blocks
from sandbox.methods.registry import Call, method
from sandbox.world.in_flight import SlackError
from sandbox.world.shapes import message_object
from sandbox.world.workspace import Channel, Json, User


@method("chat.postMessage", "chat:write")
def post_message(call: Call) -> Json:
    """Post a message; refused unless both unfurls are switched off, which is a rule of this house, not of Slack."""
    channel = _target(call)
    if channel.is_archived:
        raise SlackError("is_archived")
    if call.flag("unfurl_links", True) or call.flag("unfurl_media", True):
        raise SlackError(
            "unfurl_not_disabled",
            response_metadata={"messages": ["[ERROR] post with unfurl_links=false and unfurl_media=false"]},
        )
    content = messages.read_content(call.args)
    check_blocks(call.core, call.bot.team_id, content.get("blocks", []))
    content |= _metadata(call)
    content |= _speaker(call)
    given_id = call.text("client_msg_id")
    if given_id and call.core.world.settings.honour_client_msg_id:
        for earlier in call.workspace.messages.get(channel.id, []):
            if earlier.client_msg_id == given_id:
                return _posted(call, channel, earlier.ts)
    message = messages.post(
        call.core,
        call.bot,
        channel,
        content,
        thread_ts=_thread(call, channel),
        broadcast=call.flag("reply_broadcast"),
        client_msg_id=given_id,
    )
    return _posted(call, channel, message.ts)


@method("chat.postEphemeral", "chat:write")
def post_ephemeral(call: Call) -> Json:
    """Show a message to one member of a channel only."""
    channel = call.member_channel()
    if channel.is_archived:
        raise SlackError("is_archived")
    user = call.workspace.users.get(call.required("user", "user_not_in_channel"))
    if user is None or user.id not in channel.members:
        raise SlackError("user_not_in_channel")
    content = messages.read_content(call.args)
    message = messages.post(call.core, call.bot, channel, content, thread_ts=_thread(call, channel), visible_to=user.id)
    return {"message_ts": message.ts}


@method("chat.update", "chat:write")
def update(call: Call) -> Json:
    """Change a message of this bot's own."""
    channel = call.member_channel()
    message = call.own_message(channel, "cant_update_message")
    if channel.is_archived:
        raise SlackError("is_archived")
    content = messages.read_content(call.args, partial=True)
    content |= _metadata(call)
    messages.change(call.core, message, content, editor=call.bot.bot_user_id)
    return {
        "channel": channel.id,
        "ts": message.ts,
        "text": message.body.get("text", ""),
        "message": message_object(call.workspace, message),
    }


@method("chat.delete", "chat:write")
def delete(call: Call) -> Json:
    """Delete a message of this bot's own."""
    channel = call.member_channel()
    message = call.own_message(channel, "cant_delete_message")
    messages.remove(call.core, message)
    return {"channel": channel.id, "ts": message.ts}


@method("chat.getPermalink")
def get_permalink(call: Call) -> Json:
    """Give the address of a message."""
    channel = call.channel()
    ts = call.required("message_ts", "message_not_found")
    if call.workspace.message(channel.id, ts) is None:
        raise SlackError("message_not_found")
    link = f"{call.core.world.base_url}/archives/{channel.id}/p{ts.replace('.', '')}"
    return {"channel": channel.id, "permalink": link}


def _target(call: Call) -> Channel:
    """Return where to post: a channel by id or name, or a person, whose direct message is opened."""
    reference = call.required("channel", "channel_not_found")
    workspace = call.workspace
    if reference in workspace.users:
        return workspace.im_between(call.bot.bot_user_id, _reachable(call, reference).id)
    named = reference.removeprefix("#")
    for channel in workspace.channels.values():
        if channel.name and channel.name == named and call.bot.team_id in channel.teams:
            call.args["channel"] = channel.id
    channel = call.channel()
    granted = call.bot.scopes or []
    if call.bot.bot_user_id not in channel.members and "chat:write.public" not in granted:
        raise SlackError("not_in_channel")
    return channel


def _reachable(call: Call, user_id: str) -> User:
    user = call.workspace.users[user_id]
    if user.team_id != call.bot.team_id:
        raise SlackError("channel_not_found")
    if user.deleted:
        raise SlackError("user_disabled")
    return user


def _thread(call: Call, channel: Channel) -> str:
    thread = call.text("thread_ts")
    if not thread:
        return ""
    root = call.workspace.message(channel.id, thread)
    if root is None or root.visible_to:
        raise SlackError("thread_not_found")
    return root.thread_ts


def _speaker(call: Call) -> Json:
    """Return under whose name and with whose picture a message appears, which needs a scope of its own."""
    name, picture = call.text("username"), call.text("icon_url")
    if not name and not picture:
        return {}
    scope = "chat:write.customize"
    if call.bot.scopes is not None and scope not in call.bot.scopes:
        raise SlackError("missing_scope", needed=scope, provided=",".join(call.bot.scopes))
    return {"username": name, **({"icons": {"image_48": picture}} if picture else {})}


def _metadata(call: Call) -> Json:
    metadata = call.args.get("metadata")
    if not metadata:
        return {}
    if isinstance(metadata, str):
        metadata = json.loads(metadata)
    if not isinstance(metadata, dict) or not metadata.get("event_type") or "event_payload" not in metadata:
        raise SlackError("invalid_metadata_format")
    if len(json.dumps(metadata)) > 8000:
        raise SlackError("metadata_too_large")
    return {"metadata": metadata}


def _posted(call: Call, channel: Channel, ts: str) -> Json:
    message = call.workspace.message(channel.id, ts)
    assert message is not None
    call.workspace.users[call.bot.bot_user_id].updated = int(time.time())
    return {"channel": channel.id, "ts": ts, "message": message_object(call.workspace, message, include_metadata=True)}
