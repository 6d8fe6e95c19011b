"""Read what Slack sent, command, click, modal or event, into one shape; the same again from an inbox row."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bot.kit.blocks import Control
from bot.plugin import Place

KEY_LIMIT = 200
MOST_MENTIONS = 10
_MENTION = re.compile(r"<@([UW][A-Z0-9]+)")


class RequestKind(StrEnum):
    """Name the kinds of request that want an answer."""

    COMMAND = "command"
    ACTION = "action"
    VIEW = "view"
    OPTIONS = "options"
    SHORTCUT = "shortcut"
    EVENT = "event"
    JOB = "job"


@dataclass(frozen=True, slots=True)
class Origin:
    """Remember, inside a modal, where it was opened from, so that the answer finds its way back."""

    channel_id: str = ""
    response_url: str = ""
    control: str = ""
    home: bool = False
    state: Mapping[str, str] = field(default_factory=dict)

    def dump(self) -> str:
        """Write it for a view's private_metadata."""
        return json.dumps(
            {"c": self.channel_id, "r": self.response_url, "v": self.control, "h": self.home, "s": dict(self.state)},
            ensure_ascii=False,
        )

    @classmethod
    def load(cls, text: str) -> Origin:
        """Read a view's private_metadata; what is not ours is an empty origin."""
        try:
            data = json.loads(text or "{}")
            return cls(data.get("c", ""), data.get("r", ""), data.get("v", ""), data.get("h", False), data.get("s", {}))
        except (ValueError, AttributeError):
            return cls()


@dataclass(frozen=True, slots=True)
class Request:
    """Hold one request: who, where, what, and the key under which its effect happens once."""

    kind: RequestKind
    name: str
    """The command (`/deal`), action_id, callback_id, or event type."""
    workspace_id: str
    user_id: str
    place: Place
    key: str
    body: Mapping[str, Any]
    trigger_id: str = ""
    response_url: str = ""
    text: str = ""
    control: Control = field(default_factory=Control)
    origin: Origin = field(default_factory=Origin)
    view: Mapping[str, Any] = field(default_factory=dict)
    from_home: bool = False
    ephemeral: bool = False
    """The control that was used sits in a message only one person sees."""


def readable(body: Any) -> bool:
    """Tell whether what Slack sent has the shape that Bolt takes for granted."""
    if not isinstance(body, dict) or not body:
        return False
    match body.get("type"):
        case "event_callback":
            event = body.get("event")
            return isinstance(event, dict) and isinstance(event.get("type"), str)
        case "block_actions":
            actions = body.get("actions")
            return isinstance(actions, list) and bool(actions) and isinstance(actions[0], dict)
        case "view_submission" | "view_closed":
            return isinstance(body.get("view"), dict)
        case _:
            return True


def read(kind: RequestKind, body: Mapping[str, Any], workspace_id: str) -> Request:
    """Read a Bolt body into a request."""
    match kind:
        case RequestKind.COMMAND:
            return _command(body, workspace_id)
        case RequestKind.ACTION:
            return _action(body, workspace_id)
        case RequestKind.VIEW:
            return _view(body, workspace_id)
        case RequestKind.OPTIONS:
            return _options(body, workspace_id)
        case RequestKind.SHORTCUT:
            return _shortcut(body, workspace_id)
        case RequestKind.EVENT | RequestKind.JOB:
            return _event(kind, body, workspace_id)


def _command(body: Mapping[str, Any], workspace_id: str) -> Request:
    return Request(
        RequestKind.COMMAND,
        body["command"],
        workspace_id,
        body["user_id"],
        Place(body.get("channel_id", ""), body.get("thread_ts")),
        _key("command", body.get("trigger_id", "")),
        body,
        trigger_id=body.get("trigger_id", ""),
        response_url=body.get("response_url", ""),
        text=body.get("text") or "",
    )


def _action(body: Mapping[str, Any], workspace_id: str) -> Request:
    action = body["actions"][0]
    view = body.get("view") or {}
    container = body.get("container") or {}
    channel_id = (body.get("channel") or {}).get("id") or container.get("channel_id", "")
    value = _chosen(action)
    stamp = container.get("message_ts", "")
    where = view.get("id") or (f"{channel_id}:{stamp}" if stamp else "")
    return Request(
        RequestKind.ACTION,
        # What follows a colon only tells the buttons of a row apart.
        action["action_id"].partition(":")[0],
        workspace_id,
        body["user"]["id"],
        Place(channel_id, container.get("thread_ts")),
        _key("action", where, body["user"]["id"], action["action_id"], value),
        body,
        trigger_id=body.get("trigger_id", ""),
        response_url=body.get("response_url", ""),
        control=Control.parse(value),
        origin=Origin.load(view.get("private_metadata", "")),
        view=view,
        from_home=view.get("type") == "home",
        ephemeral=bool(container.get("is_ephemeral")),
    )


def _view(body: Mapping[str, Any], workspace_id: str) -> Request:
    view = body["view"]
    origin = Origin.load(view.get("private_metadata", ""))
    return Request(
        RequestKind.VIEW,
        view["callback_id"],
        workspace_id,
        body["user"]["id"],
        Place(origin.channel_id),
        _key("view", view["id"], view.get("hash", "")),
        body,
        trigger_id=body.get("trigger_id", ""),
        response_url=origin.response_url,
        control=Control.parse(origin.control),
        origin=origin,
        view=view,
        from_home=origin.home,
    )


def _options(body: Mapping[str, Any], workspace_id: str) -> Request:
    view = body.get("view") or {}
    return Request(
        RequestKind.OPTIONS,
        body["action_id"],
        workspace_id,
        body["user"]["id"],
        Place((body.get("channel") or {}).get("id", "")),
        "",
        body,
        text=body.get("value") or "",
        control=Control(detail=str(body.get("block_id", ""))),
        origin=Origin.load(view.get("private_metadata", "")),
        view=view,
    )


def _shortcut(body: Mapping[str, Any], workspace_id: str) -> Request:
    message = body.get("message") or {}
    return Request(
        RequestKind.SHORTCUT,
        body["callback_id"],
        workspace_id,
        body["user"]["id"],
        Place((body.get("channel") or {}).get("id", ""), message.get("thread_ts")),
        _key("shortcut", body.get("trigger_id", "")),
        body,
        trigger_id=body.get("trigger_id", ""),
        response_url=body.get("response_url", ""),
        control=Control(detail=message.get("ts", "")),
    )


def _event(kind: RequestKind, body: Mapping[str, Any], workspace_id: str) -> Request:
    event = body["event"]
    inner = event.get("message") or event.get("previous_message") or {}
    user = event.get("user") or inner.get("user") or ""
    channel = event.get("channel") or ""
    return Request(
        kind,
        # Slack tells of it twice, in either order, and only what comes first is kept.
        "message" if event["type"] == "app_mention" else event["type"],
        workspace_id,
        user if isinstance(user, str) else user.get("id", ""),
        Place(
            channel if isinstance(channel, str) else channel.get("id", ""),
            event.get("thread_ts"),
            bool(body.get("is_ext_shared_channel")),
        ),
        _key("event", body.get("event_id", "")),
        body,
    )


def _chosen(action: Mapping[str, Any]) -> str:
    """Return what a control was used with: a button's value, or what was chosen in a menu or picker."""
    for key in (
        "value",
        "selected_user",
        "selected_date",
        "selected_time",
        "selected_channel",
        "selected_conversation",
    ):
        if action.get(key):
            return str(action[key])
    option = action.get("selected_option")
    return str(option["value"]) if option else ""


def submitted(view: Mapping[str, Any]) -> dict[str, Any]:
    """Return a submitted modal's fields by name: text, or a list of what is chosen or of files; empty is ''."""
    fields: dict[str, Any] = {}
    for block_id, inputs in (view.get("state") or {}).get("values", {}).items():
        for element in inputs.values():
            options = element.get("selected_options")
            several = [o["value"] for o in options] if options is not None else element.get("files")
            fields[block_id] = _chosen(element) if several is None else several
    return fields


def unoffered(view: Mapping[str, Any]) -> str | None:
    """Return the field of a submitted modal for which something was chosen that the modal does not offer, else None."""
    chosen = (view.get("state") or {}).get("values", {})
    for block in view.get("blocks") or ():
        element = block.get("element") or {}
        if "options" not in element:
            continue
        offered = {option["value"] for option in element["options"]}
        state = chosen.get(block.get("block_id"), {}).get(element.get("action_id")) or {}
        picked = [state["selected_option"]] if state.get("selected_option") else state.get("selected_options") or []
        if not offered.issuperset(option["value"] for option in picked):
            return str(block["block_id"])
    return None


def mentioned(request: Request) -> list[str]:
    """Return the ids of the people whom a request names, each once, at most ten.

    That is in a command's text, a form's fields, or the message that a shortcut or an event is about.
    """
    event = request.body.get("event") or {}
    about = request.body.get("message") if request.kind is RequestKind.SHORTCUT else None
    told = (about, event, event.get("message"), event.get("previous_message"))
    texts = [request.text, *(str(one.get("text") or "") for one in told if isinstance(one, Mapping))]
    named = _MENTION.findall("\n".join(texts))
    for inputs in (request.view.get("state") or {}).get("values", {}).values():
        named += [str(element["selected_user"]) for element in inputs.values() if element.get("selected_user")]
    return list(dict.fromkeys(named))[:MOST_MENTIONS]


def _key(*parts: str) -> str:
    """Join the parts of a request key; a long one is hashed so that it fits an index.

    Without its first part, which names the occasion, there is no key: two requests would share it.
    """
    if not parts[1]:
        return ""
    joined = "|".join(parts)
    if len(joined) <= KEY_LIMIT:
        return joined
    return f"{parts[0]}|{hashlib.sha256(joined.encode()).hexdigest()}"
