"""Answer files.*: a place to upload to, and its completion, for the bot alone."""

import json

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
    """Say that uploads are complete; without a channel they stay the bot's own."""
    try:
        named = json.loads(call.required("files"))
        ids = [str(one["id"]) for one in named]
    except (ValueError, TypeError, KeyError) as error:
        raise SlackError("invalid_arguments") from error
    found = [call.workspace.files.get(one) for one in ids]
    for file in found:
        if file is None or file.team_id != call.bot.team_id or not file.content:
            raise SlackError("file_not_found")
        file.complete = True
    call.workspace.changes.bump()
    return {"files": [{"id": file.id, "title": file.name} for file in found if file is not None]}
