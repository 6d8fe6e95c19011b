"""Store, change and delete messages, whoever writes them, and announce what happened."""

import uuid
from collections.abc import Sequence

from sandbox.blocks_check import complete_blocks, message_problems
from sandbox.wire.core import Core
from sandbox.world.in_flight import SlackError
from sandbox.world.shapes import bot_profile
from sandbox.world.workspace import Channel, Installation, Json, Message, User

TEXT_LIMIT = 40_000


def read_content(args: Json, partial: bool = False) -> Json:
    """Return text, blocks and attachments of a call, checked as Slack checks them."""
    content: Json = {}
    for name in ("text", "blocks", "attachments"):
        if args.get(name) is not None:
            content[name] = args[name]
    if isinstance(content.get("text"), str) and len(content["text"]) > TEXT_LIMIT:
        raise SlackError("msg_too_long")
    if not content.get("text") and not content.get("blocks") and not content.get("attachments") and not partial:
        raise SlackError("no_text")
    check_blocks(content)
    return content


def check_blocks(content: Json) -> None:
    """Refuse blocks that Slack would refuse, and give the rest their missing block and action ids."""
    if "blocks" not in content:
        return
    code, problems = message_problems(content["blocks"])
    if code:
        raise SlackError(code, errors=problems, response_metadata={"messages": [f"[ERROR] {one}" for one in problems]})
    content["blocks"] = complete_blocks(content["blocks"])


def post(
    core: Core,
    install: Installation,
    channel: Channel,
    content: Json,
    *,
    thread_ts: str = "",
    broadcast: bool = False,
    visible_to: str = "",
    client_msg_id: str = "",
    as_webhook: bool = False,
) -> Message:
    """Store a bot's message and announce it, unless only one person sees it."""
    workspace = core.world.workspace
    body: Json = {
        "type": "message",
        "ts": workspace.next_ts(),
        "text": "",
        "user": install.bot_user_id,
        "bot_id": install.bot_id,
        "app_id": install.app_id,
        "team": install.team_id,
        "bot_profile": bot_profile(workspace, install),
    } | content
    if as_webhook:
        body["subtype"] = "bot_message"
    if thread_ts:
        body["thread_ts"] = thread_ts
    if broadcast and thread_ts:
        body["subtype"] = "thread_broadcast"
    message = Message(channel.id, body["ts"], body, install.app_id, visible_to, client_msg_id)
    workspace.add(message)
    if not visible_to:
        core.events.message(message)
    return message


def say(
    core: Core, user: User, channel: Channel, text: str, thread_ts: str = "", files: Sequence[Json] = ()
) -> Message:
    """Store a person's message with files, its text already in Slack's markup, and announce it."""
    workspace = core.world.workspace
    body: Json = {
        "type": "message",
        "user": user.id,
        "ts": workspace.next_ts(),
        "client_msg_id": str(uuid.uuid4()),
        "text": text,
        "team": user.team_id,
        "blocks": [rich_text(text)],
    }
    if files:
        body |= {"subtype": "file_share", "files": list(files), "upload": False}
    if thread_ts:
        body["thread_ts"] = thread_ts
        root = workspace.message(channel.id, thread_ts)
        if root is not None and root.body.get("user"):
            body["parent_user_id"] = root.body["user"]
    message = workspace.add(Message(channel.id, body["ts"], body))
    channel.last_read[user.id] = message.ts
    core.events.message(message)
    return message


def rich_text(text: str) -> Json:
    """Return the `rich_text` block that Slack's composer sends along with a text."""
    element: Json = {"type": "text", "text": text}
    section = {"type": "rich_text_section", "elements": [element]}
    return {"type": "rich_text", "block_id": uuid.uuid4().hex[:5], "elements": [section]}


def change(core: Core, message: Message, content: Json, editor: str) -> None:
    """Replace what a message says and announce the change."""
    workspace = core.world.workspace
    before = dict(message.body)
    if "text" in content and "blocks" not in content:
        message.body.pop("blocks", None)
    message.body |= content
    message.body["edited"] = {"user": editor, "ts": workspace.next_ts()}
    workspace.changes.bump()
    if not message.visible_to:
        channel = workspace.channels[message.channel]
        fields = {"message": _inner(message.body), "previous_message": _inner(before)}
        _announce(core, channel, str(before.get("team", "")), "message_changed", fields)


def remove(core: Core, message: Message) -> None:
    """Delete a message and announce it; a root with replies stays behind as a tombstone, as in Slack."""
    workspace = core.world.workspace
    channel = workspace.channels[message.channel]
    before = dict(message.body)
    if workspace.replies(message.channel, message.ts):
        kept = {key: message.body[key] for key in ("type", "ts", "thread_ts") if key in message.body}
        message.body = kept | {"subtype": "tombstone", "text": "This message was deleted.", "user": "USLACKBOT"}
    else:
        workspace.drop(message)
    workspace.changes.bump()
    if not message.visible_to:
        fields = {"deleted_ts": message.ts, "previous_message": _inner(before)}
        _announce(core, channel, str(before.get("team", "")), "message_deleted", fields)


def _inner(body: Json) -> Json:
    return {key: value for key, value in body.items() if key != "metadata"}


def _announce(core: Core, channel: Channel, team_id: str, subtype: str, fields: Json) -> None:
    at = core.world.workspace.next_ts()
    event: Json = {
        "type": "message",
        "subtype": subtype,
        "hidden": True,
        "channel": channel.id,
        "ts": at,
        "event_ts": at,
        "channel_type": channel.event_type,
    }
    core.events.in_channel(channel, event | fields, team_id)
