"""Put a delivery into the one call to Slack that carries it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bot.delivery import speaking
from bot.i18n import _
from bot.kit import blocks as b
from bot.kit.replies import Picture, SentFile, Speaker
from bot.slack.posting import metadata
from storage.names import short
from storage.queues.outbox import DELETE, POST, UPDATE, Delivery
from storage.support.messages import storable

METHODS = {POST: "chat.postMessage", UPDATE: "chat.update", DELETE: "chat.delete"}
SEND_FILE = "files.completeUploadExternal"


REASON_LIMIT = 300


class Unrenderable(Exception):
    """What is to be sent could not be drawn; `str()` is the reason to keep, of what a database stores."""

    def __init__(self, reason: str) -> None:
        super().__init__(short(storable(reason), REASON_LIMIT))


@dataclass(frozen=True, slots=True)
class Limit:
    """Say how often a method may be called in a workspace: so many times a minute, after a burst at first."""

    per_minute: float
    burst: int


# Slack's tier 2 takes 20 calls a minute, tier 3 50 and more; messages it takes "several hundred" a minute of (Rate
# limits). What it thinks of an app besides, it says with a 429.
LIMITS: Mapping[str, Limit] = {
    "chat.postMessage": Limit(300, 200),
    "chat.update": Limit(50, 50),
    "chat.delete": Limit(50, 25),
    "conversations.info": Limit(50, 50),
    "conversations.open": Limit(50, 25),
    "conversations.history": Limit(50, 25),
    "conversations.replies": Limit(50, 25),
    "files.getUploadURLExternal": Limit(100, 50),
    "files.completeUploadExternal": Limit(100, 50),
    "users.list": Limit(20, 5),
    "users.info": Limit(60, 20),
}


def at_pace(pace: float) -> Mapping[str, Limit]:
    """Return the limits for a Slack that takes so many times what it publishes."""
    return {name: Limit(one.per_minute * pace, max(1, round(one.burst * pace))) for name, one in LIMITS.items()}


@dataclass(frozen=True, slots=True)
class Rendered:
    """Hold what a message says: `text` for notifications, and Slack's JSON for its blocks."""

    text: str
    blocks: Sequence[Mapping[str, Any]] = ()
    pictures: Mapping[int, Picture] = field(default_factory=dict)
    """Pictures by the number of blocks above them."""
    file: SentFile | None = None
    speaker: Speaker | None = None


@dataclass(frozen=True, slots=True)
class SlackCall:
    """Hold a call: a Web API method, its arguments, and the conversation they name.

    `pictures` and a `file` are yet to be uploaded; `plain` is the same call without the pictures that were.
    """

    method: str
    channel: str
    arguments: Mapping[str, Any]
    pictures: Mapping[int, Picture] = field(default_factory=dict)
    plain: SlackCall | None = None
    file: SentFile | None = None


def call_for(row: Delivery, edited: Delivery | None, channel: str, rendered: Rendered) -> SlackCall:
    """Return the call for a delivery to a channel, or for one that edits another, which was sent."""
    if edited is None and rendered.file is not None:
        said = {"channel_id": channel, "initial_comment": rendered.text}
        said |= {"thread_ts": row.thread_ts} if row.thread_ts else {}
        return SlackCall(SEND_FILE, channel, said, file=rendered.file)
    says: dict[str, Any] = {"text": rendered.text, "blocks": list(rendered.blocks), "link_names": False}
    if edited is None:
        says |= {
            "channel": channel,
            "metadata": metadata(row.id),
            "client_msg_id": str(row.id),
            "unfurl_links": False,
            "unfurl_media": False,
        }
        says |= {"thread_ts": row.thread_ts} if row.thread_ts else {}
        says |= speaking.arguments(rendered.speaker) if rendered.speaker else {}
        return SlackCall(METHODS[POST], channel, says, rendered.pictures)
    assert edited.channel is not None
    place = {"channel": edited.channel, "ts": edited.ts}
    if row.kind == DELETE:
        return SlackCall(METHODS[DELETE], edited.channel, place)
    # With the metadata of the message it is now the text of: without any, Slack may drop what it had.
    there = {at: picture for at, picture in rendered.pictures.items() if picture.file_id}
    return SlackCall(METHODS[UPDATE], edited.channel, says | place | {"metadata": metadata(edited.id)}, there)


def marked_as_repeat(rendered: Rendered) -> Rendered:
    """Return a message that says of itself that it may have been seen before."""
    note = _("(may be a repeat)")
    blocks = [b.context(note).to_dict(), *rendered.blocks][: b.MESSAGE_BLOCKS] if rendered.blocks else []
    pictures = {place + 1: picture for place, picture in rendered.pictures.items()}
    return replace(rendered, text=f"{note} {rendered.text}", blocks=blocks, pictures=pictures)
