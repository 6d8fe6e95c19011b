"""Flatten what a person sees into texts: messages with their blocks, ephemerals, modals, Home."""

from collections.abc import Iterator

from sandbox.content.views import home_key
from sandbox.world.inputs import FIELDS
from sandbox.world.markup import readable
from sandbox.world.workspace import Json, Message, User, View, Workspace


def texts_in(node: object) -> Iterator[str]:
    """Yield every text of a block or element in reading order."""
    if isinstance(node, list):
        for one in node:
            yield from texts_in(one)
        return
    if not isinstance(node, dict):
        return
    kind = node.get("type")
    if kind in ("mrkdwn", "plain_text", "text", "raw_text", "markdown") and isinstance(node.get("text"), str):
        yield node["text"]
        return
    if kind == "raw_number":
        yield str(node.get("text", node.get("value", "")))
        return
    if kind == "link":
        yield str(node.get("text") or node.get("url", ""))
        return
    if kind == "user":
        yield f"<@{node['user_id']}>"
        return
    if kind == "channel":
        yield f"<#{node['channel_id']}>"
        return
    if kind == "emoji":
        yield f":{node.get('name', '')}:"
        return
    for key, value in node.items():
        if key in ("alt_text", "title") and isinstance(value, str):
            yield value
        elif isinstance(value, dict | list) and key != "confirm":
            yield from texts_in(value)


def message_texts(message: Message) -> list[str]:
    """Return what a message shows: its blocks and attachments, or its text when it has none."""
    body = message.body
    shown = list(texts_in(body.get("blocks"))) if body.get("bot_id") else []
    if not shown:
        shown = [str(body.get("text", ""))]
    for attachment in body.get("attachments") or []:
        shown += [str(attachment[key]) for key in ("pretext", "title", "text", "fallback") if attachment.get(key)]
        shown += texts_in(attachment.get("blocks"))
    return shown


def view_texts(view: View) -> list[str]:
    """Return what a view shows, filled-in values, errors and notices too."""
    body = view.body
    shown = [*texts_in(body.get("title")), *texts_in(body["blocks"])]
    for block in view.values.values():
        for state in block.values():
            value = state.get(FIELDS[state["type"]])
            shown += [value] if isinstance(value, str) else list(texts_in(value))
    shown += [*texts_in(body.get("submit")), *texts_in(body.get("close"))]
    return [*shown, *view.errors.values(), view.notice]


def sight(workspace: Workspace, user: User, channel_id: str = "") -> list[Json]:
    """Return everything this person sees now as `{where, channel, ts, text, raw}`, one a message or view."""
    seen: list[Json] = []

    def add(where: str, parts: list[str], **more: str) -> None:
        raw = "\n".join(part for part in parts if part)
        seen.append({"where": where, "text": readable(workspace, raw), "raw": raw} | more)

    for channel in workspace.channels.values():
        if channel_id in ("", channel.id) and workspace.sees_channel(channel, user):
            for message in workspace.visible(channel.id, user.id):
                kind = "ephemeral" if message.visible_to else "message"
                add(kind, message_texts(message), channel=channel.id, ts=message.ts)
    if not channel_id:
        for view in workspace.modals.get(user.id, [])[-1:]:
            add("modal", view_texts(view))
        for install in workspace.installations:
            home = workspace.homes.get(home_key(install.app_id, user.id))
            if home is not None and install.team_id == user.team_id:
                add("home", view_texts(home))
    return seen
