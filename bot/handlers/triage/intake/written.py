"""Read what Slack says of a message: that it was written, changed or deleted, by a person or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.grammar import unescape
from bot.grammar.entities import NameOf
from storage.names import NAME_LIMIT, short
from storage.support import messages

MOST_FILES = 10
"""So many files Slack takes with a message that a person writes."""
WRITTEN = frozenset({None, "file_share", "thread_broadcast", "me_message"})
"""The subtypes of a message that a person wrote; joins, topics and what bots post are not."""


@dataclass(frozen=True, slots=True)
class Written:
    """Hold a person's message as one event tells of it.

    `edited_at` says since when it reads like this, None as long as it is as it was first; `before` is what an edit or a
    deletion says that it read earlier.
    """

    ts: str
    text: str
    author_id: str | None
    thread_ts: str | None = None
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    before: str | None = None
    first: bool = True
    """The event is that of the writing itself."""
    files: Sequence[Mapping[str, Any]] = ()


def read(event: Mapping[str, Any], name_of: NameOf) -> Written | None:
    """Return what a message event tells; None for what no person wrote, and for what does not say what was written.

    `name_of` tells the names that mentions lack.
    """
    match event.get("subtype"):
        case "message_changed":
            now, earlier = _object(event, "message"), _object(event, "previous_message")
            if now.get("subtype") == "tombstone":
                return _deleted(earlier, event, name_of)
            before = text_of(earlier, name_of) if earlier else None
            return _message(now, name_of, first=False, before=before)
        case "message_deleted":
            return _deleted(_object(event, "previous_message"), event, name_of)
        case _:
            return _message(event, name_of)


def text_of(message: Mapping[str, Any], name_of: NameOf) -> str:
    """Return what a message says: its text, what was forwarded with it, and the names of its files in brackets."""
    shared = [
        str(one.get("text") or one.get("fallback") or "")
        for one in message.get("attachments") or ()
        if one.get("is_share")
    ]
    files = ", ".join(str(one.get("name") or "file") for one in message.get("files") or ())
    parts = (
        *(unescape(text, name_of) for text in (str(message.get("text") or ""), *shared)),
        f"[{files}]" if files else "",
    )
    return "\n".join(part for part in parts if part)


def files_of(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what is kept of a message's files: Slack's id of each, its name, its kind and its size."""
    return [_file(one) for one in (message.get("files") or ())[:MOST_FILES] if isinstance(one, Mapping)]


def _file(one: Mapping[str, Any]) -> dict[str, Any]:
    name, kind, size = (one.get(key) for key in ("name", "filetype", "size"))
    return {
        "id": messages.storable(str(one.get("id") or "")),
        "name": short(messages.storable(str(name or "file")), NAME_LIMIT),
        "kind": short(messages.storable(str(kind or "")), NAME_LIMIT),
        "size": size if isinstance(size, int) and not isinstance(size, bool) and size >= 0 else None,
        "outside": bool(one.get("is_external")) or str(one.get("mode") or "hosted") != "hosted",
    }


def _message(
    message: Mapping[str, Any],
    name_of: NameOf,
    *,
    first: bool = True,
    before: str | None = None,
    deleted_at: datetime | None = None,
) -> Written | None:
    if message.get("subtype") not in WRITTEN or message.get("bot_id") or not message.get("user"):
        return None
    edited = _object(message, "edited").get("ts")
    return Written(
        ts=str(message["ts"]),
        text=text_of(message, name_of),
        author_id=str(message["user"]),
        thread_ts=message.get("thread_ts"),
        edited_at=messages.slack_time(str(edited)) if edited else None,
        deleted_at=deleted_at,
        before=before,
        first=first,
        files=files_of(message),
    )


def _deleted(message: Mapping[str, Any], event: Mapping[str, Any], name_of: NameOf) -> Written | None:
    at = messages.slack_time(str(event.get("event_ts") or event["ts"]))
    return _message(message, name_of, first=False, deleted_at=at)


def _object(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = holder.get(name)
    return found if isinstance(found, Mapping) else {}
