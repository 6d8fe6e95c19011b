"""Answer files.*: a place to upload to, and its completion, for the bot alone or in a conversation."""

import json

from sandbox.content import messages
from sandbox.content.files import described
from sandbox.methods.registry import Call, method
from sandbox.world.in_flight import SlackError
from sandbox.world.workspace import File, Json


@method("files.getUploadURLExternal", "files:write")
def get_upload_url(call: Call) -> Json:
    """Give a place to upload a file to, of the length that is announced."""
    name = call.required("filename")
    length = call.text("length")
    if not length.isdecimal() or not int(length):
        raise SlackError("invalid_arguments")
    file = File(call.workspace.new_id("F"), call.bot.team_id, name, int(length))
    call.workspace.files[file.id] = file
    host = call.core.world.hosts[call.caller.id]
    return {"upload_url": f"http://{host}/upload/{file.id}", "file_id": file.id}


@method("files.completeUploadExternal", "files:write")
def complete_upload(call: Call) -> Json:
    """Say that uploads are complete; with `channel_id` they are sent there, else they stay the bot's own."""
    try:
        named = json.loads(call.required("files"))
        titles = {str(one["id"]): str(one.get("title") or "") for one in named}
    except (ValueError, TypeError, KeyError) as error:
        raise SlackError("invalid_arguments") from error
    found = [file for one in titles if (file := call.workspace.files.get(one)) is not None]
    if len(found) < len(titles) or any(
        file.team_id != call.bot.team_id or not file.content or file.sent for file in found
    ):
        raise SlackError("file_not_found")
    channel = call.channel("channel_id") if call.text("channel_id") else None
    if channel is not None and call.bot.bot_user_id not in channel.members:
        raise SlackError("not_in_channel")
    for file in found:
        file.complete, file.title, file.sent = True, titles[file.id] or file.name, channel is not None
    if channel is not None:
        sent = [described(call.core, file, call.bot.bot_user_id) for file in found]
        content: Json = {"text": call.text("initial_comment"), "subtype": "file_share", "files": sent, "upload": True}
        messages.post(call.core, call.bot, channel, content, thread_ts=call.text("thread_ts"))
    call.workspace.changes.bump()
    return {"files": [{"id": file.id, "title": file.title} for file in found]}
