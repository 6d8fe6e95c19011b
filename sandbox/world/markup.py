"""Turn what a person types into Slack's markup, and markup back into what a person reads."""

import html
import re
from collections.abc import Callable
from functools import partial

from sandbox.world.workspace import User, Workspace

URL = re.compile(r"https?://[^\s<>|]+[^\s<>|.,;:!?)\]}'\"]")
EMAIL = re.compile(r"(?<![\w.@/])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
BROADCAST = re.compile(r"(?<!\S)@(channel|here|everyone)\b")
CHANNEL = re.compile(r"(?<![\w&])#([\w-]+)")
CONTROL = re.compile(r"<([^<>]*)>")


def escape(text: str) -> str:
    """Escape the three characters Slack escapes."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _people(workspace: Workspace, author: User) -> list[tuple[str, str, str]]:
    met = {m for c in workspace.channels.values() if author.id in c.members for m in c.members}
    names = []
    for user in workspace.users.values():
        if user.team_id == author.team_id or user.id in met:
            names += [(name, user.id, user.name) for name in {user.real_name, user.display_name, user.name} if name]
    return sorted(names, key=lambda one: -len(one[0]))


def _mention(user_id: str, handle: str, _match: re.Match[str]) -> str:
    return f"<@{user_id}|{handle}>" if handle else f"<@{user_id}>"


def typed(workspace: Workspace, author: User, text: str, *, named: bool = False, entities: bool = True) -> str:
    """Return what Slack's client makes of typed text: escaped, and with `entities` mentions, channels and links.

    `named` adds the name to a mention, as slash commands with `should_escape` get it (`<@U1|ada>`).
    """
    out = escape(text)
    if not entities:
        return out
    out = URL.sub(lambda match: f"<{match[0]}>", out)
    out = _outside(out, EMAIL, lambda match: f"<mailto:{match[0]}|{match[0]}>")
    for name, user_id, handle in _people(workspace, author):
        mention = re.compile(rf"(?<![\w@])@{re.escape(escape(name))}(?!\w)", re.IGNORECASE)
        out = _outside(out, mention, partial(_mention, user_id, handle if named else ""))
    channels = {c.name: c.id for c in workspace.channels.values() if c.name and author.team_id in c.teams}
    out = _outside(out, CHANNEL, lambda m: f"<#{channels[m[1]]}|{m[1]}>" if m[1] in channels else m[0])
    return _outside(out, BROADCAST, lambda match: f"<!{match[1]}>")


def _outside(text: str, pattern: re.Pattern[str], replace: Callable[[re.Match[str]], str]) -> str:
    """Replace outside of control sequences that are there already."""
    parts = re.split(r"(<[^<>]*>)", text)
    return "".join(part if part.startswith("<") else pattern.sub(replace, part) for part in parts)


def readable(workspace: Workspace, text: str) -> str:
    """Return what a person reads: names for mentions, labels for links, entities undone."""

    def show(match: re.Match[str]) -> str:
        body, _, label = match[1].partition("|")
        if body.startswith("@"):
            user = workspace.users.get(body[1:])
            return "@" + (user.label if user else label or body[1:])
        if body.startswith("#"):
            channel = workspace.channels.get(body[1:])
            return "#" + (channel.name if channel else label or body[1:])
        if body.startswith("!date"):
            return label
        if body.startswith("!"):
            return "@" + (label or body[1:].split("^")[0])
        return label or body.removeprefix("mailto:")

    return html.unescape(CONTROL.sub(show, text))
