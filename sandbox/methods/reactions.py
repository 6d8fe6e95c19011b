"""Answer reactions.*: the bot's own emoji on messages."""

from sandbox.methods.registry import Call, method
from sandbox.world.in_flight import SlackError
from sandbox.world.shapes import message_object
from sandbox.world.workspace import Json, Message


@method("reactions.add", "reactions:write")
def add(call: Call) -> Json:
    """React to a message."""
    message, name = _message(call), call.required("name", "invalid_name").strip(":")
    if not call.core.membership.react(message, call.bot.bot_user_id, name):
        raise SlackError("already_reacted")
    return {}


@method("reactions.remove", "reactions:write")
def remove(call: Call) -> Json:
    """Take a reaction back."""
    message, name = _message(call), call.required("name", "invalid_name").strip(":")
    if not call.core.membership.unreact(message, call.bot.bot_user_id, name):
        raise SlackError("no_reaction")
    return {}


@method("reactions.get", "reactions:read")
def get(call: Call) -> Json:
    """Return a message with its reactions."""
    message = _message(call)
    return {"type": "message", "channel": message.channel, "message": message_object(call.workspace, message)}


def _message(call: Call) -> Message:
    channel = call.member_channel()
    message = call.workspace.message(channel.id, call.required("timestamp", "message_not_found"))
    if message is None or message.visible_to:
        raise SlackError("message_not_found")
    return message
