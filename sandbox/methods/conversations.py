"""Answer conversations.*: find, join, read."""

import itertools

from sandbox.methods.registry import HISTORY, READ, Call, method
from sandbox.world.in_flight import SlackError
from sandbox.world.paging import page
from sandbox.world.shapes import channel_object, message_object
from sandbox.world.workspace import Json, Message

KINDS = {"public_channel": "public", "private_channel": "private", "im": "im", "mpim": "mpim"}


@method("conversations.open", "im:write", "mpim:write")
def open_conversation(call: Call) -> Json:
    """Open the direct message with a person."""
    if call.text("channel"):
        channel = call.channel()
        return {"channel": {"id": channel.id}, "no_op": True, "already_open": True}
    users = call.args.get("users", "")
    wanted = [one for one in (users if isinstance(users, list) else str(users).split(",")) if one]
    if not wanted:
        raise SlackError("users_list_not_supplied")
    if len(wanted) > 1:
        raise SlackError("method_not_supported_for_channel_type")
    user = call.workspace.users.get(wanted[0])
    if user is None or not call.knows(user):
        raise SlackError("user_not_found")
    if user.team_id != call.bot.team_id:
        raise SlackError("user_not_visible")
    if user.is_bot:
        raise SlackError("cannot_dm_bot")
    if user.deleted:
        raise SlackError("user_disabled")
    return {"channel": {"id": call.workspace.im_between(call.bot.bot_user_id, user.id).id}}


@method("conversations.join", "channels:join")
def join(call: Call) -> Json:
    """Join a public channel."""
    channel = call.channel()
    if channel.kind != "public":
        raise SlackError("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise SlackError("is_archived")
    already = call.bot.bot_user_id in channel.members
    if not already:
        call.core.membership.join(channel, call.workspace.users[call.bot.bot_user_id])
    shape = {"channel": channel_object(channel, call.bot.bot_user_id, call.bot.team_id)}
    return shape | ({"warning": "already_in_channel"} if already else {})


@method("conversations.info", *READ)
def info(call: Call) -> Json:
    """Describe a conversation."""
    channel = call.channel()
    shape = channel_object(channel, call.bot.bot_user_id, call.bot.team_id)
    if not call.flag("include_num_members"):
        shape.pop("num_members", None)
    return {"channel": shape}


@method("conversations.list", *READ)
def list_conversations(call: Call) -> Json:
    """List the conversations of the team that this bot may know of."""
    return _list(call, lambda channel: channel.kind == "public" or call.bot.bot_user_id in channel.members)


@method("users.conversations", *READ)
def users_conversations(call: Call) -> Json:
    """List the conversations of a user, this bot when none is named."""
    user_id = call.user().id if call.text("user") else call.bot.bot_user_id
    bot = call.bot.bot_user_id
    return _list(call, lambda one: user_id in one.members and (one.kind == "public" or bot in one.members))


@method("conversations.members", *READ)
def members(call: Call) -> Json:
    """List who is in a conversation."""
    chosen, cursor = page(call.channel().members, call.number("limit", 100, 1000), call.text("cursor"))
    return {"members": chosen, "response_metadata": {"next_cursor": cursor}}


@method("conversations.history", *HISTORY)
def history(call: Call) -> Json:
    """Return a conversation's messages, newest first."""
    channel = call.member_channel()
    stored = call.workspace.messages.get(channel.id, [])
    messages = [m for m in _between(call, stored) if not m.is_reply or m.body.get("subtype") == "thread_broadcast"]
    return _messages(call, list(reversed(messages)), pin=True)


@method("conversations.replies", *HISTORY)
def replies(call: Call) -> Json:
    """Return a thread: its root, then the replies, oldest first."""
    channel = call.member_channel()
    root = call.workspace.message(channel.id, call.required("ts", "thread_not_found"))
    if root is None or root.visible_to:
        raise SlackError("thread_not_found")
    thread = _between(call, call.workspace.replies(channel.id, root.thread_ts))
    top = call.workspace.message(channel.id, root.thread_ts)
    return _messages(call, ([top] if top else []) + thread, pin=False)


def _between(call: Call, messages: list[Message]) -> list[Message]:
    try:
        oldest = float(call.text("oldest", "0") or 0)
        latest = float(call.text("latest") or "inf")
    except ValueError as error:
        raise SlackError("invalid_ts_oldest") from error
    inclusive = call.flag("inclusive")

    def inside(ts: str) -> bool:
        at = float(ts)
        return oldest < at < latest or (inclusive and at in (oldest, latest))

    recent = itertools.takewhile(lambda message: float(message.ts) >= oldest, reversed(messages))
    return [m for m in recent if not m.visible_to and inside(m.ts)][::-1]


def _messages(call: Call, messages: list[Message], pin: bool) -> Json:
    limit = call.number("limit", 100, min(999, call.core.world.settings.history_objects))
    chosen, cursor = page(messages, limit, call.text("cursor"))
    with_metadata = call.flag("include_all_metadata")
    answer: Json = {
        "messages": [message_object(call.workspace, one, with_metadata) for one in chosen],
        "has_more": bool(cursor),
        "response_metadata": {"next_cursor": cursor},
    }
    return answer | ({"pin_count": 0} if pin else {})


def _list(call: Call, wanted: object) -> Json:
    assert callable(wanted)
    kinds = {KINDS.get(one.strip(), "") for one in call.text("types", "public_channel").split(",")}
    if "" in kinds:
        raise SlackError("invalid_types")
    channels = [
        channel
        for channel in call.workspace.channels.values()
        if channel.kind in kinds
        and call.bot.team_id in channel.teams
        and not (call.flag("exclude_archived") and channel.is_archived)
        and wanted(channel)
    ]
    chosen, cursor = page(channels, call.number("limit", 100, 1000), call.text("cursor"))
    shapes = [channel_object(one, call.bot.bot_user_id, call.bot.team_id) for one in chosen]
    return {"channels": shapes, "response_metadata": {"next_cursor": cursor}}
